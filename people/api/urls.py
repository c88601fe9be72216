from django.urls import path

from people.api import account

urlpatterns = [
    path("account/", account.Account.as_view(), name="api_account"),
]
