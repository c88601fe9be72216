"""What can go wrong: the server refuses (a Problem), a job fails, nobody answers."""

from collections.abc import Mapping
from typing import Any


class ShengqingError(Exception):
    """Any error of this client."""


class Unreachable(ShengqingError):
    """The server did not answer, however often it was asked."""


class JobFailed(ShengqingError):
    """A job ended without its result; `job` says how."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self.job = job
        words = job["failure"] or f"The job was {job['state']}."
        super().__init__(f"{job['name']}: {words}")


class Damaged(ShengqingError):
    """A file is not as its checksum says."""


class Problem(ShengqingError):
    """What the server refused, as problem details (RFC 9457): `status`, `code`, `detail`, of a
    wrong body `errors` by field, of an overtaken change what stands there now as `current`; `wait`
    is the seconds after which to ask again, as the server said them.
    """

    def __init__(self, status: int, members: Mapping[str, Any], wait: str = "") -> None:
        self.status, self.wait = status, wait
        self.code = str(members.get("code", ""))
        self.detail = str(members.get("detail") or f"The server answered {status}.")
        self.errors: list[Mapping[str, str]] = list(members.get("errors", ()))
        self.current: Mapping[str, Any] | None = members.get("current")
        super().__init__(self.detail)


class Invalid(Problem):
    """400, 413, 415, 422: the request is not one that the server takes."""


class NotAllowed(Problem):
    """401, 403: the token is none, lacks a scope, or its person may not do this now."""


class NotFound(Problem):
    """404: it is not there, or not for this person."""


class Conflict(Problem):
    """409: it cannot be done as things stand."""


class Overtaken(Problem):
    """412: somebody changed the thing since it was read."""


class Throttled(Problem):
    """429: too many requests, also after waiting as long as the server said."""


KINDS: dict[int, type[Problem]] = {
    400: Invalid, 401: NotAllowed, 403: NotAllowed, 404: NotFound, 409: Conflict, 412: Overtaken,
    413: Invalid, 415: Invalid, 422: Invalid, 429: Throttled,
}  # fmt: skip


def problem_of(status: int, members: Mapping[str, Any], wait: str = "") -> Problem:
    """The error of an answer."""
    return KINDS.get(status, Problem)(status, members, wait)
