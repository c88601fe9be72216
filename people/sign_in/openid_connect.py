"""OpenID Connect: who may come in through the provider, and the roles that its claims give."""

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from people.models import Person

ADMINISTRATOR = "admin"
# (person, {name of a corpus: role or None}): what the claims say of each corpus that roles name
RoleHook = Callable[[Person, dict[str, str | None]], None]
_hooks: list[RoleHook] = []


def on_roles(hook: RoleHook) -> None:
    """Have an app on the right apply what the claims say of its things."""
    _hooks.append(hook)


def check_roles(roles: Any) -> None:
    """Raises ImproperlyConfigured where OIDC_ROLES is not as `.env.example` describes it."""
    entries = roles.values() if isinstance(roles, dict) else [None]
    for entry in entries:
        named = isinstance(entry, dict) and {*entry} == {"corpus", "role"}
        if entry != ADMINISTRATOR and not named:
            raise ImproperlyConfigured(
                'OIDC_ROLES maps values of the claim to "admin" or to'
                ' {"corpus": NAME, "role": ROLE}, not to ' + repr(entry)
            )


def claimed_values(claims: dict[str, Any]) -> set[str]:
    """The values of the role claim; it may stand in the user info, the ID token, or both."""
    found: set[str] = set()
    for part in ("id_token", "userinfo"):
        value = (claims.get(part) or {}).get(settings.OIDC_ROLE_CLAIM)
        values: Iterable[Any] = value if isinstance(value, list) else [value]
        found.update(str(each) for each in values if each is not None)
    return found


@transaction.atomic
def apply_roles(person, account):
    """Give and take the roles that the provider's claims say, at each sign-in."""
    if not settings.OIDC_ROLES:
        return
    values = claimed_values(account.extra_data)
    granted = [entry for value, entry in settings.OIDC_ROLES.items() if value in values]
    if ADMINISTRATOR in settings.OIDC_ROLES.values():
        if ADMINISTRATOR in granted:
            person.grant_administrator(None)
        elif person.is_superuser and not person.is_last_administrator():
            person.remove_administrator(None)
    named = [entry for entry in settings.OIDC_ROLES.values() if entry != ADMINISTRATOR]
    wanted: dict[str, str | None] = {entry["corpus"]: None for entry in named}
    for entry in granted:
        if entry != ADMINISTRATOR:
            wanted.setdefault(entry["corpus"], None)
            wanted[entry["corpus"]] = wanted[entry["corpus"]] or entry["role"]
    for hook in _hooks:
        hook(person, wanted)


class OpenIDAdapter(DefaultSocialAccountAdapter):
    """Accounts are made and linked by verified e-mail addresses only."""

    def pre_social_login(self, request, sociallogin):
        if sociallogin.is_existing or sociallogin.state.get("process") == "connect":
            return
        verified = [each.email for each in sociallogin.email_addresses if each.verified]
        if not verified:
            self._refuse(
                request,
                _(
                    "%(service)s does not say that your e-mail address is verified, so no account"
                    " can be made or found by it. Ask an administrator of that service."
                ),
            )
        if any(filter_users_by_email(email) for email in verified):
            self._refuse(
                request,
                _(
                    "There is an account here with your e-mail address, which was never confirmed"
                    " here. Sign in to it with its password and link %(service)s on the page"
                    " “Security” of your account."
                ),
            )

    def _refuse(self, request, words):
        messages.error(request, words % {"service": settings.OIDC_NAME})
        raise ImmediateHttpResponse(redirect("login"))

    def authenticate_by_email(self, sociallogin):
        """The person whose address is verified there and confirmed here."""
        verified = [each.email for each in sociallogin.email_addresses if each.verified]
        here = EmailAddress.objects.filter(email__in=verified, verified=True)
        address = here.select_related("user").first()
        return (address.user, address.email) if address else None

    def is_open_for_signup(self, request, sociallogin):
        return True

    def populate_user(self, request, sociallogin, data):
        person = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name"), data.get("last_name"))
        name = data.get("name") or " ".join(part for part in parts if part)
        person.name = str(name or "")[:80]
        return person

    @transaction.atomic
    def save_user(self, request, sociallogin, form=None):
        person = super().save_user(request, sociallogin, form)
        person.record("accept", person, service=settings.OIDC_NAME)
        return person

    def get_connect_redirect_url(self, request, socialaccount):
        return reverse("account_security")

    def on_authentication_error(self, request, provider, error=None, **details):
        if error == "cancelled":
            words = _("Signing in through %(service)s was cancelled.")
        else:
            words = _(
                "Signing in through %(service)s did not succeed. Try again; if it fails again, ask"
                " an administrator of this installation."
            )
        self._refuse(request, words)
