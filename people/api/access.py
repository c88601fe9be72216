"""Who asks: the token that a script sends with each request, and what it may do."""

from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated

from core.statements import Prepared, true_if
from people.access_tokens import USED_EVERY, AccessToken, digest_of
from people.models import Person

NEEDED = {"id", "username", "name", "is_active", "is_superuser"}
# in the order of the columns, in which `from_db` takes their values
FIELDS = [f.attname for f in Person._meta.concrete_fields if f.attname in NEEDED]
BEARER = Prepared(
    lambda digest, at_now, at_last: (
        AccessToken.objects.active_at(at_now)
        .filter(digest=digest, person__is_active=True)
        .annotate(used_long_ago=true_if(Q(last_used_at=None) | Q(last_used_at__lt=at_last)))
        .values_list(*(f"person__{name}" for name in FIELDS), "pk", "scopes", "used_long_ago")
    )
)


class TokenAccess(NamedTuple):
    """What is known of the token that a request came with."""

    pk: int
    scopes: list[str]


class PersonalToken(TokenAuthentication):
    """The header `Authorization: Token sq_…`, checked by one statement."""

    def authenticate_credentials(self, key):
        now, digest = timezone.now(), digest_of(key)
        row = BEARER.first(digest, now, now - USED_EVERY)
        if row is None:
            raise AuthenticationFailed(_why_refused(digest))
        *fields, pk, scopes, used_long_ago = row
        if used_long_ago:
            AccessToken.objects.filter(pk=pk).update(last_used_at=now)
        return Person.from_db(None, FIELDS, fields), TokenAccess(pk, scopes.split())


def _why_refused(digest):
    """A sentence for whoever has a token that was good once; None for any other."""
    token = AccessToken.objects.filter(digest=digest, person__is_active=True).first()
    if token is None:
        return None
    if token.revoked_at:
        return _("The token “%(name)s” was revoked. Create another one on your account page.") % {
            "name": token.name
        }
    return _(
        "The token “%(name)s” expired on %(date)s. Create another one on your account page."
    ) % {"name": token.name, "date": date_format(timezone.localtime(token.expires_at))}


class HasScope(IsAuthenticated):
    """Signed in, or with a token of the scope that the view names as `required_scope`, or, where
    something is changed, as `change_scope`; "" is any token.
    """

    def has_permission(self, request, view):
        if not super().has_permission(request, view):
            return False
        scope = view.required_scope
        if request.method not in SAFE_METHODS:
            scope = getattr(view, "change_scope", scope)
        if not scope or not isinstance(request.auth, TokenAccess) or scope in request.auth.scopes:
            return True
        self.message = _("This token lacks the scope “%(scope)s”.") % {"scope": scope}
        return False
