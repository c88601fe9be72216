from django.urls import path

from corpus.api import audit_log, corpora, dialogues, jobs, members, sources, uploads, webhooks

urlpatterns = [
    path("corpora/", corpora.Corpora.as_view(), name="api_corpora"),
    path("corpora/<int:pk>/", corpora.CorpusThing.as_view(), name="api_corpus"),
    path("corpora/<int:pk>/archival/", corpora.CorpusArchival.as_view(), name="api_archival"),
    path("corpora/<int:pk>/audit-log/", audit_log.AuditLog.as_view(), name="api_audit_log"),
    path("corpora/<int:pk>/webhooks/", webhooks.Webhooks.as_view(), name="api_webhooks"),
    path("webhooks/<int:pk>/", webhooks.WebhookThing.as_view(), name="api_webhook"),
    path("webhooks/<int:pk>/secret/", webhooks.Secret.as_view(), name="api_webhook_secret"),
    path("webhooks/<int:pk>/tests/", webhooks.Tests.as_view(), name="api_webhook_tests"),
    path(
        "webhooks/<int:pk>/deliveries/",
        webhooks.Deliveries.as_view(),
        name="api_webhook_deliveries",
    ),
    path("webhook-deliveries/<int:pk>/", webhooks.Delivery.as_view(), name="api_webhook_delivery"),
    path(
        "webhook-deliveries/<int:pk>/attempts/",
        webhooks.Attempts.as_view(),
        name="api_delivery_attempts",
    ),
    path("corpora/<int:pk>/members/", members.Members.as_view(), name="api_members"),
    path("memberships/<int:pk>/", members.Member.as_view(), name="api_membership"),
    path("corpora/<int:pk>/invitations/", members.Invitations.as_view(), name="api_invitations"),
    path("invitations/<int:pk>/", members.InvitationThing.as_view(), name="api_invitation"),
    path("corpora/<int:pk>/uploads/", uploads.Uploads.as_view(), name="api_uploads"),
    path("uploads/<str:token>/", uploads.UploadThing.as_view(), name="api_upload"),
    path("corpora/<int:pk>/sources/", sources.Sources.as_view(), name="api_sources"),
    path("sources/<int:pk>/", sources.SourceThing.as_view(), name="api_source"),
    path(
        "sources/<int:pk>/confirmation/", sources.Confirmation.as_view(), name="api_confirm_source"
    ),
    path("sources/<int:pk>/publication/", sources.Publication.as_view(), name="api_publish_source"),
    path("sources/<int:pk>/deletion/", sources.Deletion.as_view(), name="api_delete_source"),
    path("corpora/<int:pk>/dialogues/", dialogues.Dialogues.as_view(), name="api_dialogues"),
    path("dialogues/<int:pk>/", dialogues.DialogueThing.as_view(), name="api_dialogue"),
    path(
        "dialogues/<int:pk>/publication/",
        dialogues.DialoguePublication.as_view(),
        name="api_publish_dialogue",
    ),
    path("corpora/<int:pk>/utterances/", dialogues.Utterances.as_view(), name="api_utterances"),
    path(
        "corpora/<int:pk>/utterances.ndjson",
        dialogues.UtteranceLines.as_view(),
        name="api_utterance_lines",
    ),
    path("corpora/<int:pk>/speakers/", dialogues.Speakers.as_view(), name="api_speakers"),
    path("speakers/<int:pk>/", dialogues.SpeakerThing.as_view(), name="api_speaker"),
    path("speakers/<int:pk>/merger/", dialogues.SpeakerMerger.as_view(), name="api_merge_speaker"),
    path("corpora/<int:pk>/jobs/", jobs.CorpusJobs.as_view(), name="api_corpus_jobs"),
    path("jobs/<slug:kind>/<int:pk>/", jobs.JobThing.as_view(), name="api_job"),
    path("jobs/<slug:kind>/<int:pk>/stop/", jobs.JobStop.as_view(), name="api_job_stop"),
    path(
        "jobs/<slug:kind>/<int:pk>/attempts/", jobs.JobAttempts.as_view(), name="api_job_attempts"
    ),
]
