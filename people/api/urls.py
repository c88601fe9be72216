from django.urls import path

from people.api import account
from people.api.reference import Description

urlpatterns = [
    path("account/", account.Account.as_view(), name="api_account"),
    path("account/token/", account.OwnToken.as_view(), name="api_own_token"),
    path("account/tokens/", account.Tokens.as_view(), name="api_tokens"),
    path("account/tokens/<int:pk>/", account.TokenThing.as_view(), name="api_token"),
    path("schema/", Description.as_view(), name="schema"),
]
