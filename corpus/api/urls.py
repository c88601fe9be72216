from django.urls import path

from corpus.api import (
    audit_log,
    corpora,
    dialogues,
    editing,
    jobs,
    media,
    members,
    sources,
    uploads,
)

urlpatterns = [
    path("corpora/", corpora.Corpora.as_view(), name="api_corpora"),
    path("corpora/<int:pk>/", corpora.CorpusThing.as_view(), name="api_corpus"),
    path("corpora/<int:pk>/archival/", corpora.CorpusArchival.as_view(), name="api_archival"),
    path("corpora/<int:pk>/audit-log/", audit_log.AuditLog.as_view(), name="api_audit_log"),
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
    path("speakers/<int:pk>/", dialogues.SpeakerThing.as_view(), name="api_speaker"),
    path("speakers/<int:pk>/merger/", dialogues.SpeakerMerger.as_view(), name="api_merge_speaker"),
    path("corpora/<int:pk>/jobs/", jobs.CorpusJobs.as_view(), name="api_corpus_jobs"),
    path("jobs/<slug:kind>/<int:pk>/", jobs.JobThing.as_view(), name="api_job"),
    path("jobs/<slug:kind>/<int:pk>/stop/", jobs.JobStop.as_view(), name="api_job_stop"),
    path(
        "jobs/<slug:kind>/<int:pk>/attempts/", jobs.JobAttempts.as_view(), name="api_job_attempts"
    ),
]
