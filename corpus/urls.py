from django.urls import path

from corpus.views import corpora, dialogues, sources

urlpatterns = [
    path("", corpora.home, name="home"),
    path("corpora/new/", corpora.new_corpus, name="new_corpus"),
    path("corpora/<int:pk>/", corpora.corpus, name="corpus"),
    path("corpora/<int:pk>/people/", corpora.people, name="people"),
    path("corpora/<int:pk>/invitations/", corpora.invite, name="invite"),
    path("corpora/<int:pk>/events/", corpora.events, name="events"),
    path("corpora/<int:pk>/health/", corpora.health, name="health"),
    path("memberships/<int:pk>/", corpora.membership, name="membership"),
    path("corpora/<int:pk>/sources/new/", sources.new_source, name="new_source"),
    path("sources/<int:pk>/", sources.source, name="source"),
    path("sources/<int:pk>/preview/", sources.preview, name="preview"),
    path("sources/<int:pk>/confirmation/", sources.confirmation, name="confirm_source"),
    path("sources/<int:pk>/removal/", sources.removal, name="remove_source"),
    path("sources/<int:pk>/progress/", sources.progress, name="source_progress"),
    path("sources/<int:pk>/stop/", sources.stop, name="stop_source"),
    path("sources/<int:pk>/attempts/", sources.attempt, name="attempt_source"),
    path("sources/<int:pk>/publication/", sources.publication, name="publish_source"),
    path("sources/<int:pk>/findings/", sources.findings, name="findings"),
    path("sources/<int:pk>/findings.csv", sources.findings_csv, name="findings_csv"),
    path("corpora/<int:pk>/dialogues/", dialogues.dialogues, name="dialogues"),
    path("dialogues/<int:pk>/", dialogues.dialogue, name="dialogue"),
    path("dialogues/<int:pk>/publication/", dialogues.publish, name="publish_dialogue"),
    path("dialogues/<int:pk>/<str:name>/", dialogues.media, name="dialogue_media"),
    path("utterances/<int:pk>/text/", dialogues.text, name="utterance_text"),
]
