"""Structured logs: JSON lines in files that several processes share, words on the console.

A line has time, level and event; within a request its id, method, address and person, within a
worker the job. Secrets do not get in: `masked` takes tokens out of every text.
"""

import fcntl
import json
import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import structlog

Line = MutableMapping[str, Any]
SECRET = "***"
SECRET_KEYS = re.compile(r"(?i)passw|secret|token|cookie|authorization|api_?key|csrf|session_key")
# In texts: a long part of an address or path (invitations, links, resets), what follows the name of
# a secret, a password within an address.
TOKEN_IN_PATH = re.compile(r"(?<=/)(?=[\w-]*[0-9A-Z_])[\w-]{20,}(?=[/\s?#\"'>,;:)\]]|$)", re.ASCII)
AFTER_NAME = re.compile(
    r"""(?ix)(\b\w*(?:password|secret|token|api_?key|sessionid|cookie|authorization)\w*["']?
    \s*[=:]\s*(?:(?:bearer|token|basic)\s+)?["']?)(?!\*\*\*)[^\s"'&,;)}]+""",
)
BEARER = re.compile(r"(?i)\b(bearer|token|basic)(\s+)[\w.~+/=-]{16,}")
CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")

now: ContextVar[Any] = ContextVar("request", default=None)  # the request that is being answered


def masked(text: str) -> str:
    """The text without tokens and passwords."""
    if "/" in text:
        text = TOKEN_IN_PATH.sub(SECRET, CREDENTIALS.sub(SECRET, text))
    if "=" in text or ":" in text:
        text = AFTER_NAME.sub(rf"\1{SECRET}", text)
    return BEARER.sub(rf"\1\2{SECRET}", text) if " " in text else text


def masked_value(value: Any, key: str = "") -> Any:
    """The same of whatever stands in a line."""
    if SECRET_KEYS.search(key):
        return SECRET
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {str(name): masked_value(each, str(name)) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked_value(each) for each in value]
    return value if value is None or isinstance(value, int | float) else masked(str(value))


def address_of(request: Any) -> str:
    """The path of a request without its tokens, which the route knows by name."""
    path: str = request.path
    match = getattr(request, "resolver_match", None)
    for name, value in (match.kwargs if match else {}).items():
        if name in ("token", "key", "uidb64", "code") and value:
            path = path.replace(str(value), SECRET)
    return masked(path)


def person_of(request: Any) -> int | None:
    """The id of who asks, if that was looked up; asking for it here would cost a query."""
    asker = getattr(request, "_cached_user", None) or request.__dict__.get("user")
    return asker.__dict__.get("id") if asker is not None else None


def about_request(request: Any) -> dict[str, Any]:
    """What a line says of the request within which it was written."""
    found = {
        "request_id": getattr(request, "request_id", None),
        "error_id": getattr(request, "error_id", None),
        "method": request.method,
        "path": address_of(request),
        "person": person_of(request),
    }
    return {name: value for name, value in found.items() if value is not None}


@contextmanager
def job_context(label: str, pk: int) -> Iterator[None]:
    """Lines within name the job that a worker does."""
    with structlog.contextvars.bound_contextvars(job=label, job_id=pk):
        yield


def add_context(_logger: Any, _name: str, line: Line) -> Line:
    """A processor: of which request, and from which process."""
    request = line.pop("request", None)
    if not hasattr(request, "method"):
        request = now.get()
    if request is not None:
        line = {**about_request(request), **line}
    line["pid"] = os.getpid()
    return line


def mask(_logger: Any, _name: str, line: Line) -> Line:
    """A processor: no secrets. What starts with an underscore is between the processors."""
    return {
        key: value if key.startswith("_") or key == "exc_info" else masked_value(value, key)
        for key, value in line.items()
    }


SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(allow=["request", "status_code", "error_id"]),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    add_context,
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *SHARED,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def _formatter(*last: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask,
            *last,
        ],
    )


def _to_json(line: Any, **_: Any) -> str:
    first = ("time", "level", "event")
    line = {name: line[name] for name in first if name in line} | line
    return json.dumps(line, ensure_ascii=False, default=str)


def json_formatter() -> logging.Formatter:
    """One JSON object a line."""
    return _formatter(structlog.processors.JSONRenderer(serializer=_to_json))


def console_formatter() -> logging.Formatter:
    """Words for whoever reads along."""
    return _formatter(
        structlog.dev.ConsoleRenderer(
            colors=os.isatty(2),
            timestamp_key="time",
            exception_formatter=structlog.dev.plain_traceback,
        )
    )


class SharedLogFile(logging.Handler):
    """A file that several processes append to, each line by one write, and that whoever finds it
    full moves aside: FILE.1 is the one before. `limit` in bytes, `keep` how many old ones stay.
    """

    def __init__(self, filename: str | Path, limit: int, keep: int) -> None:
        super().__init__()
        self.path, self.limit, self.keep = Path(filename), limit, keep
        self.descriptor: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
            os.write(self._open(len(line)), line)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        self._release()
        super().close()

    def _release(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def _open(self, more: int) -> int:
        """The file that stands at the path now, with room for `more` bytes."""
        if self.descriptor is not None and not self._is_current():
            self._release()
        if self.descriptor is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        size = os.fstat(self.descriptor).st_size
        if size and size + more > self.limit:
            self._move_aside(more)
            return self._open(0)
        return self.descriptor

    def _is_current(self) -> bool:
        assert self.descriptor is not None
        try:
            return os.path.samestat(os.fstat(self.descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def _move_aside(self, more: int) -> None:
        self._release()
        with self.path.with_name(f".{self.path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.path.exists() or self.path.stat().st_size + more <= self.limit:
                return  # another process was first
            names = [self.path.name, *(f"{self.path.name}.{n + 1}" for n in range(self.keep))]
            files = [self.path.with_name(name) for name in names]
            for newer, older in reversed([*zip(files, files[1:], strict=False)]):
                if newer.exists():
                    newer.replace(older)
            if not self.keep:
                self.path.unlink()


class AdminMail(logging.Handler):
    """Errors by e-mail to ADMINS, from a thread, so that nobody waits; at most `most` an hour."""

    def __init__(self, most: int = 20) -> None:
        super().__init__(logging.ERROR)
        self.most, self.sent = most, [0.0] * most

    def emit(self, record: logging.LogRecord) -> None:
        oldest = self.sent[0]
        if record.created - oldest < 3600:
            return
        self.sent = [*self.sent[1:], record.created]
        text = self.format(record)
        subject = masked(record.getMessage()).splitlines()[0][:120]
        threading.Thread(target=self._send, args=[subject, text], daemon=True).start()

    def _send(self, subject: str, text: str) -> None:
        # Django's settings are read while logging is configured
        from django.core.mail import mail_admins

        try:
            mail_admins(subject, text)
        except Exception as error:
            logging.getLogger(__name__).warning("an error was not mailed: %s", error)


def configuration(
    file: Path, level: str, console_level: str, limit: int, keep: int, mail: bool
) -> dict[str, Any]:
    """Django's LOGGING: from `level` on to `file`, to the console, errors by `mail`."""
    handlers = ["console", "file", *(["mail"] if mail else [])]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "core.logs.json_formatter"},
            "console": {"()": "core.logs.console_formatter"},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "console",
                "level": console_level,
            },
            "file": {
                "()": "core.logs.SharedLogFile",
                "formatter": "json",
                "filename": str(file),
                "limit": limit,
                "keep": keep,
            },
            "mail": {"()": "core.logs.AdminMail", "formatter": "console"},
        },
        "root": {"handlers": handlers, "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": "INFO"},
            # what is refused is a line of the request, see core.request_log
            "django.request": {"level": "ERROR"},
            "django.security": {"level": "ERROR"},
            "django.server": {"handlers": [], "propagate": True},
            **dict.fromkeys(
                (
                    "amqp",
                    "axes",
                    "botocore",
                    "kombu",
                    "PIL",
                    "urllib3",
                    "matplotlib",
                    "sentry_sdk.errors",
                ),
                {"level": "WARNING"},
            ),
            "celery.app.trace": {"level": "WARNING"},  # a line for each task that came and went
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
