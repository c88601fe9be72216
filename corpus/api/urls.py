from django.urls import path

from corpus.api import (
    administration,
    audit_log,
    corpora,
    dialogues,
    editing,
    jobs,
    joining,
    media,
    members,
    sources,
    uploads,
)

urlpatterns = [
    path("corpora/", corpora.Corpora.as_view(), name="api_corpora"),
    path("corpora/<int:pk>/", corpora.CorpusThing.as_view(), name="api_corpus"),
    path("corpora/<int:pk>/archival/", corpora.CorpusArchival.as_view(), name="api_archival"),
    path(
        "corpora/<int:pk>/ownership-offer/",
        administration.Offer.as_view(),
        name="api_ownership_offer",
    ),
    path("corpora/<int:pk>/ownership/", administration.Ownership.as_view(), name="api_ownership"),
    path("corpora/<int:pk>/deletion/", administration.Deletion.as_view(), name="api_delete_corpus"),
    path("deletions/<int:pk>/", administration.DeletionThing.as_view(), name="api_deletion"),
    path(
        "deletions/<int:pk>/attempts/",
        administration.DeletionAttempts.as_view(),
        name="api_attempt_deletion",
    ),
    path(
        "corpora/<int:pk>/integrity/checks/",
        administration.IntegrityChecks.as_view(),
        name="api_check_clips",
    ),
    path(
        "corpora/<int:pk>/integrity/recuts/",
        administration.ClipRecuts.as_view(),
        name="api_recut_clips",
    ),
    path("corpora/<int:pk>/audit-log/", audit_log.AuditLog.as_view(), name="api_audit_log"),
    path("corpora/<int:pk>/members/", members.Members.as_view(), name="api_members"),
    path("memberships/<int:pk>/", members.Member.as_view(), name="api_membership"),
    path("corpora/<int:pk>/invitations/", members.Invitations.as_view(), name="api_invitations"),
    path("invitations/<int:pk>/", members.InvitationThing.as_view(), name="api_invitation"),
    path("account/invitations/", joining.OwnInvitations.as_view(), name="api_own_invitations"),
    path(
        "invitations/<int:pk>/acceptance/",
        joining.InvitationAcceptance.as_view(),
        name="api_accept_invitation",
    ),
    path(
        "invitations/<int:pk>/refusal/",
        joining.InvitationRefusal.as_view(),
        name="api_decline_invitation",
    ),
    path(
        "invitations/<int:pk>/renewal/",
        joining.InvitationRenewal.as_view(),
        name="api_renew_invitation",
    ),
    path(
        "invitations/<int:pk>/extension/",
        joining.InvitationExtension.as_view(),
        name="api_extend_invitation",
    ),
    path("corpora/<int:pk>/join-link/", joining.JoinLinkThing.as_view(), name="api_join_link"),
    path(
        "corpora/<int:pk>/join-requests/",
        joining.JoinRequests.as_view(),
        name="api_join_requests",
    ),
    path(
        "join-requests/<int:pk>/decision/",
        joining.JoinRequestDecision.as_view(),
        name="api_join_request",
    ),
    path("corpora/<int:pk>/uploads/", uploads.Uploads.as_view(), name="api_uploads"),
    path("uploads/<str:token>/", uploads.UploadThing.as_view(), name="api_upload"),
    path("corpora/<int:pk>/sources/", sources.Sources.as_view(), name="api_sources"),
    path("sources/<int:pk>/", sources.SourceThing.as_view(), name="api_source"),
    path(
        "sources/<int:pk>/confirmation/", sources.Confirmation.as_view(), name="api_confirm_source"
    ),
    path(
        "sources/<int:pk>/segmentation/",
        sources.SourceSegmentation.as_view(),
        name="api_segmentation",
    ),
    path(
        "sources/<int:pk>/replacement/",
        sources.SourceReplacement.as_view(),
        name="api_replace_source",
    ),
    path("sources/<int:pk>/publication/", sources.Publication.as_view(), name="api_publish_source"),
    path("sources/<int:pk>/deletion/", sources.Deletion.as_view(), name="api_delete_source"),
    path("sources/<int:pk>/files/<str:name>/", media.SourceFile.as_view(), name="api_source_file"),
    path("corpora/<int:pk>/dialogues/", dialogues.Dialogues.as_view(), name="api_dialogues"),
    path("dialogues/<int:pk>/", dialogues.DialogueThing.as_view(), name="api_dialogue"),
    path(
        "dialogues/<int:pk>/publication/",
        dialogues.DialoguePublication.as_view(),
        name="api_publish_dialogue",
    ),
    path("dialogues/<int:pk>/head/", editing.DialogueHead.as_view(), name="api_head"),
    path("dialogues/<int:pk>/revisions/", editing.Revisions.as_view(), name="api_revisions"),
    path("dialogues/<int:pk>/split/", editing.DialogueSplit.as_view(), name="api_split_dialogue"),
    path("dialogues/<int:pk>/join/", editing.DialogueJoin.as_view(), name="api_join_dialogue"),
    path(
        "dialogues/<int:pk>/media/<str:name>/",
        media.DialogueMedia.as_view(),
        name="api_dialogue_media",
    ),
    path(
        "utterances/<int:pk>/sound.wav",
        media.UtteranceSound.as_view(),
        name="api_utterance_sound",
    ),
    path("corpora/<int:pk>/utterances/", dialogues.Utterances.as_view(), name="api_utterances"),
    path(
        "corpora/<int:pk>/utterances.ndjson",
        dialogues.UtteranceLines.as_view(),
        name="api_utterance_lines",
    ),
    path("corpora/<int:pk>/speakers/", dialogues.Speakers.as_view(), name="api_speakers"),
    path("corpora/<int:pk>/pseudonyms/", dialogues.Pseudonyms.as_view(), name="api_pseudonyms"),
    path("speakers/<int:pk>/", dialogues.SpeakerThing.as_view(), name="api_speaker"),
    path("speakers/<int:pk>/merger/", dialogues.SpeakerMerger.as_view(), name="api_merge_speaker"),
    path("corpora/<int:pk>/jobs/", jobs.CorpusJobs.as_view(), name="api_corpus_jobs"),
    path("jobs/<slug:kind>/<int:pk>/", jobs.JobThing.as_view(), name="api_job"),
    path("jobs/<slug:kind>/<int:pk>/stop/", jobs.JobStop.as_view(), name="api_job_stop"),
    path(
        "jobs/<slug:kind>/<int:pk>/attempts/", jobs.JobAttempts.as_view(), name="api_job_attempts"
    ),
]
