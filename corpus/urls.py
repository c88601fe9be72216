from django.urls import path

from core.redirects import moved
from corpus.views import (
    acceptance,
    corpora,
    dialogues,
    editor,
    integrity,
    invitations,
    join_links,
    member_reset,
    sources,
    speakers,
    uploads,
)

urlpatterns = [
    path("", corpora.home, name="home"),
    path("corpora/new/", corpora.new_corpus, name="new_corpus"),
    path("corpora/<int:pk>/", corpora.corpus, name="corpus"),
    path("corpora/<int:pk>/members/", corpora.members, name="members"),
    path(
        "corpora/<int:pk>/blind-adjudication/",
        corpora.blind_adjudication,
        name="blind_adjudication",
    ),
    path("corpora/<int:pk>/invitations/", invitations.invitations, name="invitations"),
    path(
        "corpora/<int:pk>/invitations/sheet/", invitations.invitation_sheet, name="invitation_sheet"
    ),
    path("corpora/<int:pk>/invitations.csv", invitations.invitations_csv, name="invitations_csv"),
    path("corpora/<int:pk>/join-link/", join_links.join_link, name="join_link"),
    path("corpora/<int:pk>/audit-log/", corpora.audit_log, name="audit_log"),
    path("corpora/<int:pk>/integrity/", integrity.integrity, name="integrity"),
    path("corpora/<int:pk>/integrity/checks/", integrity.integrity_check, name="check_clips"),
    path("corpora/<int:pk>/integrity/recuts/", integrity.clip_recut, name="recut_clips"),
    path(
        "corpora/<int:pk>/integrity/<slug:name>/",
        integrity.progress,
        name="clip_job_progress",
    ),
    path("corpora/<int:pk>/integrity/<slug:name>/stop/", integrity.stop, name="stop_clip_job"),
    path("memberships/<int:pk>/", corpora.membership, name="membership"),
    path("invitations/<str:token>/", acceptance.invitation, name="invitation"),
    path(
        "invitations/<int:pk>/acceptance/", acceptance.accept_invitation, name="accept_invitation"
    ),
    path("invitations/<int:pk>/refusal/", acceptance.decline_invitation, name="decline_invitation"),
    path(
        "invitations/<int:pk>/revocation/", invitations.revoke_invitation, name="revoke_invitation"
    ),
    path("invitations/<int:pk>/renewal/", invitations.renew_invitation, name="renew_invitation"),
    path(
        "invitations/<int:pk>/extension/", invitations.extend_invitation, name="extend_invitation"
    ),
    path("join/<str:token>/", join_links.join, name="join"),
    path("join-requests/<int:pk>/", join_links.join_request, name="join_request"),
    path(
        "memberships/<int:pk>/reset-link/",
        member_reset.member_reset_link,
        name="member_reset_link",
    ),
    path("corpora/<int:pk>/sources/new/", sources.new_source, name="new_source"),
    path("corpora/<int:pk>/uploads/", uploads.new_upload, name="new_upload"),
    path("uploads/<str:token>/", uploads.upload, name="upload"),
    path("sources/<int:pk>/", sources.source, name="source"),
    path("sources/<int:pk>/preview/", sources.preview, name="preview"),
    path("sources/<int:pk>/segmentation/", sources.segmentation, name="segmentation"),
    path("dialogues/<int:pk>/split/", sources.split_dialogue, name="split_dialogue"),
    path("dialogues/<int:pk>/join/", sources.join_dialogue, name="join_dialogue"),
    path("sources/<int:pk>/track/", sources.track, name="choose_track"),
    path("sources/<int:pk>/subtitles/", sources.subtitles, name="choose_subtitles"),
    path("sources/<int:pk>/confirmation/", sources.confirmation, name="confirm_source"),
    path("sources/<int:pk>/removal/", sources.removal, name="remove_source"),
    path("sources/<int:pk>/progress/", sources.progress, name="source_progress"),
    path("sources/<int:pk>/stop/", sources.stop, name="stop_source"),
    path("sources/<int:pk>/attempts/", sources.attempt, name="attempt_source"),
    path("sources/<int:pk>/publication/", sources.publication, name="publish_source"),
    path("sources/<int:pk>/problems/", sources.import_problems, name="import_problems"),
    path("sources/<int:pk>/problems.csv", sources.import_problems_csv, name="import_problems_csv"),
    path("corpora/<int:pk>/dialogues/", dialogues.dialogues, name="dialogues"),
    path("dialogues/<int:pk>/", dialogues.dialogue, name="dialogue"),
    path("dialogues/<int:pk>/publication/", dialogues.publish, name="publish_dialogue"),
    path("dialogues/<int:pk>/editor/", editor.editor, name="editor"),
    path("dialogues/<int:pk>/revisions/", editor.revisions, name="revisions"),
    path("dialogues/<int:pk>/head/", editor.head, name="dialogue_head"),
    path("dialogues/<int:pk>/history/", editor.history, name="dialogue_history"),
    path("dialogues/<int:pk>/media/<str:name>/", dialogues.media, name="dialogue_media"),
    path("corpora/<int:pk>/speakers/", speakers.speakers, name="speakers"),
    path("corpora/<int:pk>/speakers/new/", speakers.new_speaker, name="new_speaker"),
    path("corpora/<int:pk>/pseudonyms/", speakers.pseudonyms, name="pseudonyms"),
    path("speakers/<int:pk>/", speakers.speaker, name="speaker"),
    path("speakers/<int:pk>/merger/", speakers.merger, name="merge_speaker"),
    # Addresses of earlier versions.
    moved("corpora/<int:pk>/people/", "members"),
    moved("corpora/<int:pk>/events/", "audit_log"),
    moved("corpora/<int:pk>/health/", "integrity"),
    moved("corpora/<int:pk>/recut/", "recut_clips"),
    moved("sources/<int:pk>/parts/", "segmentation"),
    moved("sources/<int:pk>/findings/", "import_problems"),
    moved("sources/<int:pk>/findings.csv", "import_problems_csv"),
]
