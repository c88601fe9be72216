"""Whatever a person can change on a page, a script can change by the API: each route of a page that
changes something has its operation here, or the reason why it has none.
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
    "imported_features": "POST api_feature_imports",
    "confirm_feature_import": "POST api_confirm_feature_import",
    "discard_feature_import": "DELETE api_feature_import",
    "remove_features": "DELETE api_features",
    "new_language_model_judge": "POST api_language_model_judges",
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
