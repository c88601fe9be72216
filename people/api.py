"""Who asks: the token that a script sends with each request."""

from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed

from core.statements import Prepared
from people.models import Person

FIELDS = ["id", "username", "name", "is_active"]
BEARER = Prepared(
    lambda key: Token.objects.filter(key=key).values_list(*(f"user__{name}" for name in FIELDS))
)


class PersonalToken(TokenAuthentication):
    """As Django REST framework's own, which loads the person's every column."""

    def authenticate_credentials(self, key):
        row = BEARER.first(key)
        if row is None or not row[3]:
            raise AuthenticationFailed()
        return Person.from_db(None, FIELDS, row), key
