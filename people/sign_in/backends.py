"""Who a name or e-mail address with a password belongs to."""

from allauth.account.auth_backends import AuthenticationBackend
from django.core.exceptions import PermissionDenied

from core.statements import Prepared
from people.models import Person

PERSON = Prepared(lambda pk: Person.objects.filter(pk=pk, is_active=True))


class PasswordBackend(AuthenticationBackend):
    """As allauth's own; a name as it is written goes before names that differ in case.

    The backends after it are not asked: a wrong password would be hashed once more.
    """

    def authenticate(self, request, **credentials):
        person = super().authenticate(request, **credentials)
        if person is None:
            raise PermissionDenied
        return person

    def get_user(self, user_id):
        """Whom a session belongs to, None if there is no such active person; at each request."""
        return PERSON.instance(int(user_id))

    def _authenticate_by_username(self, username, password):
        exact = Person.objects.filter(username=username).first()
        if exact is None:
            return super()._authenticate_by_username(username, password)
        return self._check_password(exact, password)

    def _authenticate_by_email(self, email, password):
        person = super()._authenticate_by_email(email, password)
        if person is None:  # allauth compares with addresses in lower case
            for found in Person.objects.filter(email__iexact=email).exclude(email=email.lower()):
                person = person or self._check_password(found, password)
        return person
