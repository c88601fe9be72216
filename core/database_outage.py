"""Whether an error means that the database does not answer, and what people read then."""

from django.db import InterfaceError, OperationalError

from core.errors import gettext_noop

# of PostgreSQL: a connection that cannot be made or has broken (08), a server that stops or starts
CLASSES = ("08", "57P")
AWAY = gettext_noop(
    "The database does not answer at the moment. Nothing was saved; try again in a minute."
)


def is_database_away(error: BaseException | None) -> bool:
    """Whether the error, or one that led to it, says so. A connection that could not be made has no
    state at all; SQLite is never away.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OperationalError | InterfaceError):
            cause = error.__cause__
            if type(cause).__module__.startswith("psycopg"):
                state = getattr(cause, "sqlstate", None)
                return state is None or state.startswith(CLASSES)
        error = error.__cause__ or error.__context__
    return False
