from django.urls import path

from annotation import api
from annotation.views import finding, republishing, rounds, work

urlpatterns = [
    path("corpora/<int:pk>/utterances/", finding.finding, name="finding"),
    path("work/", work.work, name="work"),
    path("assignments/<int:pk>/", work.assignment, name="assignment"),
    path("assignments/<int:pk>/judgements/", work.judgements, name="judgements"),
    path("assignments/<int:pk>/submission/", work.submission, name="submission"),
    path("corpora/<int:pk>/rounds/", rounds.rounds, name="rounds"),
    path("corpora/<int:pk>/rounds/new/", rounds.new_round, name="new_round"),
    path("rounds/<int:pk>/", rounds.round_page, name="round"),
    path("rounds/<int:pk>/items/", rounds.round_items, name="round_items"),
    path("rounds/<int:pk>/adjudications/", rounds.adjudications, name="adjudications"),
    path("rounds/<int:pk>/closure/", rounds.closure, name="closure"),
    path("dialogues/<int:pk>/republication/", republishing.republication, name="republication"),
    path("api/rounds/<int:pk>/agreement/", api.RoundAgreement.as_view(), name="api_agreement"),
]
