"""Who asks: the account behind a token, its settings, its tokens."""

from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, check_form
from people import notifications
from people.access_tokens import Scope
from people.account_forms import ProfileForm
from people.api.access import TokenAccess
from people.api.views import ListView, ThingView
from people.models import PROFILE, Person

ACCOUNT = {
    "id": 7,
    "username": "wang",
    "name": "王小明",
    "scopes": ["read", "annotate"],
    "language": "zh-hans",
    "theme": "system",
    "time_zone": "Asia/Shanghai",
    "notifications": ["round", "reply"],
}
TOKEN = {
    "id": 3,
    "name": "nightly export",
    "scopes": ["read"],
    "state": "active",
    "created_at": "2026-03-02T09:30:00+08:00",
    "expires_at": "2026-05-31T09:30:00+08:00",
    "last_used_at": None,
    "revoked_at": None,
    "asks": False,
}


@extend_schema_serializer(examples=[OpenApiExample("an account", ACCOUNT, response_only=True)])
class AccountSerializer(serializers.Serializer):
    """The account that asks. `scopes` are those of the token; null for a browser. `name` is what
    others see, `notifications` the e-mails that it gets.
    """

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField(source="__str__")
    scopes = serializers.SerializerMethodField()
    language = serializers.CharField(
        allow_blank=True, help_text="such as zh-hans; empty: as in the browser"
    )
    theme = serializers.ChoiceField(choices=Person.Theme.choices)
    time_zone = serializers.CharField(
        allow_blank=True, help_text="such as Asia/Shanghai; empty: the installation's"
    )
    notifications = serializers.SerializerMethodField()

    def get_scopes(self, person) -> list[str] | None:
        token = self.context["request"].auth
        return token.scopes if isinstance(token, TokenAccess) else None

    def get_notifications(self, person) -> list[str]:
        return [kind for kind, _label, wanted in notifications.choices(person) if wanted]


@extend_schema_serializer(
    examples=[OpenApiExample("fewer e-mails", {"notifications": ["round"]}, request_only=True)]
)
class ChangedAccount(Body):
    """What shall be otherwise; whatever is left out stays."""

    name = serializers.CharField(
        required=False, allow_blank=True, max_length=80, help_text="empty: the username"
    )
    language = serializers.CharField(required=False, allow_blank=True, max_length=10)
    theme = serializers.ChoiceField(choices=Person.Theme.choices, required=False)
    time_zone = serializers.CharField(required=False, allow_blank=True, max_length=40)
    notifications = serializers.ListField(
        child=serializers.ChoiceField(choices=[*notifications.KINDS]),
        required=False,
        max_length=len(notifications.KINDS),
        help_text="the e-mails that you want; all others are not sent",
    )


class Account(ThingView):
    """The account that asks, and the scopes of its token."""

    tag = "account"
    change_scope = Scope.MANAGE
    serializer_class = AccountSerializer
    bodies = {"PATCH": ChangedAccount}

    def thing(self):
        return Person.objects.get(pk=self.request.user.pk)

    @transaction.atomic
    def patch(self, request):
        """Change what others see of you, and how you see pages and e-mails."""
        sent, person = self.body(), self.thing()
        wanted = sent.pop("notifications", None)
        form = ProfileForm({name: getattr(person, name) for name in PROFILE} | sent)
        check_form(form)
        if sent:
            person.change_profile(**{name: form.cleaned_data[name] for name in sent})
        if wanted is not None:
            muted = [kind for kind in notifications.KINDS if kind not in wanted]
            person.change_setting("muted_notifications", muted)
        return self.answer(self.thing())


@extend_schema_serializer(examples=[OpenApiExample("a token", TOKEN, response_only=True)])
class AccessTokenSerializer(serializers.Serializer):
    """A token of yours, never the token itself. `asks`: it is the one that asks."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    scopes = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=["active", "expired", "revoked"])
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="null: never")
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="to the hour")
    revoked_at = serializers.DateTimeField(allow_null=True)
    asks = serializers.SerializerMethodField()

    def get_scopes(self, token) -> list[str]:
        return token.scopes.split()

    def get_asks(self, token) -> bool:
        asking = self.context["request"].auth
        return isinstance(asking, TokenAccess) and asking.pk == token.pk


class Tokens(ListView):
    """Your tokens, the newest first. New ones are made on the account page alone, so that a token
    which was stolen makes no other.
    """

    tag = "account"
    ordering = ("-pk",)
    serializer_class = AccessTokenSerializer

    def rows(self):
        return self.request.user.access_tokens.all()


class TokenThing(ThingView):
    """A token of yours."""

    tag = "account"
    change_scope = Scope.MANAGE
    serializer_class = AccessTokenSerializer

    def thing(self):
        return get_object_or_404(self.request.user.access_tokens, pk=self.kwargs["pk"])

    def delete(self, request, pk):
        """Revoke a token at once; twice changes nothing."""
        self.thing().revoke(request.user)
        return self.answer(None)


class OwnToken(ThingView):
    """The token that asks; 404 for a browser. Needs no scope."""

    tag = "account"
    required_scope = change_scope = ""  # type: ignore[assignment]
    serializer_class = AccessTokenSerializer

    def thing(self):
        token = self.request.auth
        if not isinstance(token, TokenAccess):
            raise Http404
        return self.request.user.access_tokens.get(pk=token.pk)

    def delete(self, request):
        """Revoke the token that asks: whoever finds one may end it."""
        self.thing().revoke(request.user)
        return self.answer(None)
