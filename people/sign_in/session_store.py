"""Sessions in the database, read by a statement that is composed once: each request reads one."""

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from core.statements import Prepared

DATA = Prepared(
    lambda key, at: Session.objects.filter(session_key=key, expire_date__gt=at).values_list(
        "session_data"
    )
)


class SessionStore(DatabaseStore):
    """Django's own, but for the reading."""

    def load(self):
        row = DATA.first(self.session_key, timezone.now())
        if row is None:
            self._session_key = None
            return {}
        return self.decode(row[0])
