"""Plain: whether an error means that a disk is full, wherever it was noticed; what people read."""

import errno
import os

from core.errors import UserError, gettext_noop

NUMBERS = {errno.ENOSPC, errno.EDQUOT}
# as tools, SQLite and PostgreSQL say it
WORDS = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "database or disk is full")
NOT_SAVED = gettext_noop(
    "The server's disk is full, so this was not saved. What was saved before is kept. Tell the "
    "administrator, then try again."
)
NOT_DONE = gettext_noop(
    "The server's disk is full. What was stored before is kept. Free some space, then retry."
)


class FullDisk(UserError):
    """Something could not be written because there is no room."""


def is_full_disk(error: BaseException | None) -> bool:
    """Whether the error, or one that led to it, says that a disk or a quota is full."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, FullDisk) or getattr(error, "errno", None) in NUMBERS:
            return True
        if any(words in str(error) for words in WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False
