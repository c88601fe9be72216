from django.urls import path

from people.api import account
from people.api.reference import Description

urlpatterns = [
    path("account/", account.Account.as_view(), name="api_account"),
    path("schema/", Description.as_view(), name="schema"),
]
