"""Who asks: the account behind a token, and what the token may do."""

from rest_framework import serializers

from people.access_tokens import Scope
from people.api.access import TokenAccess
from people.api.views import ThingView


class AccountSerializer(serializers.Serializer):
    """The account that asks. `scopes` are those of the token; null for a browser."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), allow_null=True
    )


class Account(ThingView):
    """The account that asks, and the scopes of its token."""

    tag = "account"
    serializer_class = AccountSerializer

    def thing(self):
        person, token = self.request.user, self.request.auth
        scopes = token.scopes if isinstance(token, TokenAccess) else None
        return {
            "id": person.pk, "username": person.username, "name": str(person), "scopes": scopes,
        }  # fmt: skip
