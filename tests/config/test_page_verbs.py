"""Whatever a person can read or change on a page, a script can by the API: each route of a page has
its operation here, or the reason why it has none.
"""

from tests.permissions.walk import routes

OPERATIONS = {  # route of a page -> the operation that does the same, "METHOD route"
    "account": "PATCH api_account",
    "account_notifications": "PATCH api_account",
    "theme": "PATCH api_account",
    "set_language": "PATCH api_account",
    "account_token_revocation": "DELETE api_token",
    "new_corpus": "POST api_corpora",
    "corpus_settings": "PATCH api_corpus",
    "archive_corpus": "POST api_archival",
    "unarchive_corpus": "DELETE api_archival",
    "offer_ownership": "POST api_ownership_offer",
    "withdraw_offer": "DELETE api_ownership_offer",
    "accept_ownership": "POST api_ownership",
    "delete_corpus": "POST api_delete_corpus",
    "attempt_deletion": "POST api_attempt_deletion",
    "check_clips": "POST api_check_clips",
    "recut_clips": "POST api_recut_clips",
    "stop_clip_job": "POST api_job_stop",
    "job_stop": "POST api_job_stop",
    "job_attempt": "POST api_job_attempts",
    "webhooks": "POST api_webhooks",
    "webhook": "PATCH api_webhook",
    "webhook_secret": "POST api_webhook_secret",
    "webhook_test": "POST api_webhook_tests",
    "delete_webhook": "DELETE api_webhook",
    "attempt_delivery": "POST api_delivery_attempts",
    "membership": "PATCH api_membership",
    "invitations": "POST api_invitations",
    "revoke_invitation": "DELETE api_invitation",
    "renew_invitation": "POST api_renew_invitation",
    "extend_invitation": "POST api_extend_invitation",
    "accept_invitation": "POST api_accept_invitation",
    "decline_invitation": "POST api_decline_invitation",
    "join_link": "POST api_join_link",
    "join_request": "POST api_join_request",
    "new_source": "POST api_sources",
    "new_upload": "POST api_uploads",
    "upload": "PATCH api_upload",
    "preview": "POST api_confirm_source",
    "confirm_source": "POST api_confirm_source",
    "confirm_drafts": "POST api_confirm_source",
    "choose_track": "PATCH api_source",
    "choose_subtitles": "PATCH api_source",
    "segmentation": "POST api_segmentation",
    "remove_source": "POST api_delete_source",
    "delete_source": "POST api_delete_source",
    "replace_source": "POST api_replace_source",
    "stop_source": "POST api_job_stop",
    "attempt_source": "POST api_job_attempts",
    "publish_source": "POST api_publish_source",
    "dialogues": "POST api_publish_dialogue",
    "publish_dialogue": "POST api_publish_dialogue",
    "undo_publication": "DELETE api_publish_dialogue",
    "split_dialogue": "POST api_split_dialogue",
    "join_dialogue": "POST api_join_dialogue",
    "revisions": "POST api_revisions",
    "dialogue_head": "POST api_head",
    "utterance_search": "POST api_revisions",
    "new_speaker": "POST api_speakers",
    "speaker": "PATCH api_speaker",
    "merge_speaker": "POST api_merge_speaker",
    "pseudonyms": "POST api_pseudonyms",
    "judgements": "POST api_assignment",
    "submission": "POST api_assignment",
    "skip": "POST api_skip",
    "undo_skip": "DELETE api_skip",
    "reopen_assignment": "POST api_reopen_assignment",
    "next_assignment": "POST api_round_work",
    "comments": "POST api_own_comments",
    "new_round": "POST api_rounds",
    "closure": "POST api_closure",
    "reopening": "DELETE api_closure",
    "pause": "POST api_pause",
    "resume": "DELETE api_pause",
    "extension": "POST api_extension",
    "participants": "POST api_participants",
    "participant": "PATCH api_participant",
    "round_dialogue": "POST api_withdrawal",
    "comparison": "POST api_comparison",
    "reports": "POST api_reports",
    "consensus": "POST api_consensus",
    "adjudications": "POST api_adjudications",
    "comment": "POST api_replies",
    "quality_flag_reviews": "POST api_flag_reviews",
    "dialogue_expert_labels": "POST api_expert_labels",
    "annotation_settings": "PATCH api_annotation_settings",
    "new_scheme": "POST api_schemes",
    "new_guideline": "POST api_guidelines",
    "new_table_import": "POST api_imports",
    "column_mapping": "POST api_import_mapping",
    "value_mapping": "POST api_import_mapping",
    "table_import_reading": "POST api_import_reading",
    "confirm_table_import": "POST api_confirm_import",
    "stop_table_import": "POST api_job_stop",
    "attempt_table_import": "POST api_job_attempts",
    "remove_table_import": "DELETE api_import",
    "undo_table_import": "POST api_undo_import",
    "republication": "POST api_republication",
    "new_release": "POST api_releases",
    "release_settings": "PATCH api_release_settings",
    "attempt_release": "POST api_job_attempts",
    "stop_release": "POST api_job_stop",
    "discard_release": "DELETE api_release",
    "retraction": "POST api_retractions",
    "verification": "POST api_verification",
    "member_access": "POST api_member_access",
    "release_links": "POST api_release_links",
    "revoke_link": "POST api_revoke_link",
    "diff": "POST api_diffs",
    "personal_data_review": "POST api_personal_data_review",
    "new_run": "POST api_experiments",
    "stop_experiment": "POST api_stop_experiment",
    "resume_experiment": "POST api_resume_experiment",
    "repeat_experiment": "POST api_repeat_experiment",
    "evaluate_experiment": "POST api_evaluate_experiment",
    "delete_experiment": "DELETE api_experiment",
    "new_protocol": "POST api_protocols",
    "stop_protocol": "POST api_stop_protocol",
    "resume_protocol": "POST api_resume_protocol",
    "report_protocol": "POST api_report_protocol",
    "delete_protocol": "DELETE api_protocol",
    "stop_run": "POST api_job_stop",
    "attempt_run": "POST api_job_attempts",
    "delete_run": "DELETE api_run",
    "extract_features": "POST api_extract_features",
    "register_model": "POST api_register_model",
    "evaluate_run": "POST api_evaluate_run",
    "suggest_run": "POST api_suggest_predictions",
    "imported_features": "POST api_feature_imports",
    "confirm_feature_import": "POST api_confirm_feature_import",
    "discard_feature_import": "DELETE api_feature_import",
    "remove_features": "DELETE api_features",
    "new_language_model_judge": "POST api_language_model_judges",
}

JOB = "GET api_job"
READS = {  # page that is only read -> the operation that gives what it shows
    "corpus": "GET api_corpus",
    "corpus_card": "GET api_corpus",
    "corpus_administration": "GET api_ownership_offer",
    **dict.fromkeys(["storage_panel", "corpus_storage"], "GET api_storage"),
    "members": "GET api_members",
    **dict.fromkeys(["invitation_sheet", "invitations_csv"], "GET api_invitations"),
    "webhook_delivery": "GET api_webhook_delivery",
    **dict.fromkeys(["audit_log", "audit_log_csv", "audit_log_jsonl"], "GET api_audit_log"),
    "integrity": "GET api_integrity_issues",
    "corpus_jobs": "GET api_corpus_jobs",
    "drafts": "GET api_sources",
    "source": "GET api_source",
    "source_file": "GET api_source_file",
    **dict.fromkeys(["import_problems", "import_problems_csv"], "GET api_source_problems"),
    "dialogue": "GET api_dialogue",
    "editor": "GET api_head",
    "dialogue_history": "GET api_revisions",
    **dict.fromkeys(["download_clip", "dialogue_media"], "GET api_dialogue_media"),
    "speakers": "GET api_speakers",
    "my_tasks": "GET api_tasks",
    "assignment": "GET api_assignment",
    "annotation_history": "GET api_own_judgements",
    **dict.fromkeys(["rounds", "corpus_adjudication", "corpus_quality"], "GET api_rounds"),
    "round": "GET api_round",
    "round_history": "GET api_progress",
    "corpus_pace": "GET api_pace",
    **dict.fromkeys(["round_results", "corpus_agreement", "agreement_file"], "GET api_agreement"),
    "agreement": "GET api_report",
    "quality": "GET api_quality",
    **dict.fromkeys(["items", "adjudication"], "GET api_items"),
    "round_dialogues": "GET api_round_dialogues",
    "round_comments": "GET api_comments",
    "schemes": "GET api_schemes",
    **dict.fromkeys(["scheme", "scheme_file"], "GET api_scheme"),
    "guideline": "GET api_guideline",
    "expert_labels": "GET api_expert_labels",
    "table_imports": "GET api_imports",
    "table_import": "GET api_import",
    "mapping_file": "GET api_import_mapping",
    **dict.fromkeys(
        ["table_import_problems", "table_import_problems_csv"], "GET api_import_problems"
    ),
    "releases": "GET api_releases",
    "personal_data": "GET api_personal_data",
    "release": "GET api_release",
    "release_files": "GET api_release_files",
    **dict.fromkeys(["release_file", "release_card"], "GET api_release_file"),
    "release_layout": "GET api_release_layout",
    "archive": "GET api_archive",
    **dict.fromkeys(["release_diff", "diff_json"], "GET api_diff"),
    "runs": "GET api_runs",
    "compare_runs": "GET api_compare_runs",
    "feature_import": "GET api_feature_import",
    "experiment": "GET api_experiment",
    "experiment_csv": "GET api_experiment_results",
    "experiment_tensorboard": "GET api_experiment_tensorboard",
    "protocol": "GET api_protocol",
    "protocol_plan": "POST api_protocol_plans",
    "protocol_file": "GET api_protocol_file",
    "run": "GET api_run",
    **dict.fromkeys(["evaluation_json", "evaluation_tex"], "GET api_run_results"),
    **dict.fromkeys(["run_errors", "run_relations"], "GET api_run_predictions"),
    "run_tensorboard": "GET api_run_tensorboard",
    "models": "GET api_models",
    "model": "GET api_model",
    "model_card": "GET api_model_card",
    **dict.fromkeys(
        [
            *("clip_job_progress", "source_progress", "table_import_progress", "release_progress"),
            "personal_data_progress",
            *("report_progress", "diff_progress", "feature_import_progress", "run_progress"),
            *("experiment_progress", "protocol_progress", "evaluation_progress"),
            *("language_model_judge", "language_model_judge_progress"),
        ],
        JOB,
    ),
}

ACCOUNT = "how somebody signs in: no token changes what opens their account"
LOOKS = "how pages look to one person"
TYPED = "shows what is typed, changes nothing"
SITE = "administration of the installation: its pages, and commands of manage.py on its machine"
PAGES_OWN = {  # route -> why a script has nothing like it
    "account_tokens": "a token makes no other: one that was stolen could not be ended for good",
    "account_deletion": "an account is deleted by its person, after their password",
    "account_shortcuts": LOOKS,
    "checklist_dismissal": LOOKS,
    "setup": "the first account of an installation, before there is a token",
    "shared": "the page of a link, for who has no account",
    "restore_member": "takes back a click of a moment ago",
    "member_reset_link": "a way into somebody's account is shown to a person, never to a script",
    "file_pairs": "guesses which of the files that were dropped belong together",
    "presence": "the open workbench says that somebody sits before it",
    "warnings": "what the workbench showed, and what its reader did then",
    "search_personal_data": "the API searches the transcripts at each request",
    "scheme_preview": TYPED,
    "guideline_preview": TYPED,
    "installation_people": SITE,
    "installation_person": SITE,
    "installation_reset_link": SITE,
    "installation_settings": SITE,
    "installation_corpus": SITE,
    "appoint_owner": SITE,
    "installation_backups": SITE,
    "new_backup_check": SITE,
    "download_encoder": SITE,
    "import_encoder": SITE,
    "remove_encoder": SITE,
    "load_demo": SITE,
    "remove_demo": SITE,
}
LINKED = "for whoever has the link, with or without an account"
BESIDE = "shows two things beside each other, which can be read one by one"
UNREAD = {  # page that is only read -> why a script has nothing like it
    "schema": "is itself for scripts",
    "home": "what waits for somebody; each of it is in a list of its own",
    "site_search": "finds pages by their names",
    **dict.fromkeys(["getting_started", "guides", "guide"], "help for people"),
    "machine": "how busy the server is, for whoever waits at a page",
    "corpus_switcher": LOOKS,
    **dict.fromkeys(["invitation", "join", "grant"], LINKED),
    **dict.fromkeys(["granted_archive", "granted_file", "granted_layout"], LINKED),
    **dict.fromkeys(["scheme_comparison", "guideline_comparison"], BESIDE),
    **dict.fromkeys(["tuning_costs", "protocol_labels"], "a part of a form, guessed from the rest"),
    "run_faces": "a picture of what the detector has seen",
    **dict.fromkeys(["encoder_progress", "backup_progress", "backup_check_progress"], SITE),
    **dict.fromkeys(["demo", "demo_progress"], SITE),
}
SIGN_IN = ("sign-in/", "sign-out/", "account/")


def changing():
    """(name, pattern, method) of what changes something."""
    return [
        (route.name, route.pattern, route.method)
        for route in routes()
        if route.method not in ("GET", "HEAD")
    ]


def test_what_a_page_changes_a_script_can_change():
    found = {name: pattern for name, pattern, _method in changing() if not name.startswith("api_")}
    unnamed = {
        name
        for name, pattern in found.items()
        if name not in OPERATIONS and name not in PAGES_OWN and not pattern.startswith(SIGN_IN)
    }
    assert not unnamed, f"name the operation of the API that does the same: {sorted(unnamed)}"
    assert not OPERATIONS.keys() & PAGES_OWN.keys()
    assert not (OPERATIONS.keys() | PAGES_OWN.keys()) - found.keys(), "there are no such routes"
    assert all(len(reason) > 10 for reason in (*PAGES_OWN.values(), ACCOUNT))


def test_the_operations_are_there():
    offered = {f"{method} {name}" for name, _pattern, method in changing()}
    missing = {
        page: operation for page, operation in OPERATIONS.items() if operation not in offered
    }
    assert not missing


def test_what_a_page_shows_a_script_can_read():
    pages = {
        route.name
        for route in routes()
        if not route.name.startswith(("api_", "installation_"))
        and not route.pattern.startswith(SIGN_IN)
    }
    known = OPERATIONS.keys() | PAGES_OWN.keys()
    unnamed = pages - known - READS.keys() - UNREAD.keys()
    assert not unnamed, f"name the operation that gives what these pages show: {sorted(unnamed)}"
    assert not READS.keys() & (UNREAD.keys() | known) and not UNREAD.keys() & known
    assert not (READS.keys() | UNREAD.keys()) - pages, "there are no such pages"
    offered = {f"{route.method} {route.name}" for route in routes()}
    assert not {page: named for page, named in READS.items() if named not in offered}
