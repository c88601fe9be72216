from django.urls import path

from annotation.api import work

urlpatterns = [
    path("rounds/<int:pk>/assignments/", work.RoundWork.as_view(), name="api_round_work"),
    path("assignments/<int:pk>/", work.AssignmentWork.as_view(), name="api_assignment"),
    path("rounds/<int:pk>/agreement/", work.RoundAgreement.as_view(), name="api_agreement"),
]
