from django.urls import path

from annotation import api

urlpatterns = [
    path("rounds/<int:pk>/assignments/", api.RoundWork.as_view(), name="api_round_work"),
    path("assignments/<int:pk>/", api.AssignmentWork.as_view(), name="api_assignment"),
    path("rounds/<int:pk>/agreement/", api.RoundAgreement.as_view(), name="api_agreement"),
]
