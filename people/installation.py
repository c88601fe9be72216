"""The first account of an installation: whether it is there, and the one-time code that it needs.

The code lies in DATA_DIR/setup_code, readable by its owner alone; the second line of the file says
what was tried. A lock on it lets one request at a time compare a code or make the account.
"""

import fcntl
import hmac
import json
import logging
import os
import re
import secrets
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from core.errors import UserError, gettext_noop
from people.models import Person

log = logging.getLogger(__name__)

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is read as something else
GROUPS, GROUP = 3, 4  # 12 characters, 58 bits
MOST_WRONG = 5
PAUSE = 60  # seconds after so many wrong codes

USABLE = ~Q(password="") & ~Q(password__startswith="!")
MAY_SIGN_IN = Q(is_active=True) & (USABLE | Q(last_login__isnull=False))
_known: set[str] = set()  # what was found true once is not asked for again by this process


class WrongCode(UserError):
    """A code that is not the one of this installation, or one too many."""


class AlreadySetUp(Exception):
    """Somebody else has made the administrator's account meanwhile."""


def is_set_up():
    """Whether the installation has an administrator who can sign in."""
    return _holds("set up", MAY_SIGN_IN & Q(is_superuser=True))


def is_in_use():
    """Whether anybody at all can sign in."""
    return _holds("in use", MAY_SIGN_IN)


def _holds(name, condition):
    if name not in _known and Person.objects.filter(condition).exists():
        _known.add(name)
    return name in _known


def code_path():
    return settings.DATA_DIR / "setup_code"


def setup_code(logged=True):
    """The code of this installation, made and logged if there is none. Raises AlreadySetUp."""
    try:
        if code_path().exists():
            return _read(code_path().read_text())[0]
        if is_set_up():  # the account was saved before the file went
            raise AlreadySetUp
        made = _write_new()
        code = _read(code_path().read_text())[0]
    except FileNotFoundError as error:
        raise AlreadySetUp from error
    if made and logged:
        message = "Create the first account at %s with the code %s (also in %s)"
        log.warning(message, reverse("setup"), code, code_path())
    return code


def _write_new():
    """Write a new code unless somebody else just did; the file is never there half written."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
    with tempfile.NamedTemporaryFile("w", dir=settings.DATA_DIR) as file:  # has mode 0600
        file.write("-".join(groups) + "\n")
        file.flush()
        try:
            os.link(file.name, code_path())
        except FileExistsError:
            return False
    return True


def check_code(given):
    """Compare what somebody has typed. Raises WrongCode, also during a pause; both are stored."""
    with _locked() as file:
        code, wrong, until = _read(file.read())
        if (left := until - time.time()) > 0:
            raise WrongCode(
                gettext_noop("Too many wrong codes. Wait %(seconds)d s, then try again."),
                seconds=left + 1,
            )
        if _is_same(code, given):
            return
        wrong += 1
        over = wrong >= MOST_WRONG
        tried = {"wrong": 0 if over else wrong, "until": time.time() + PAUSE if over else 0}
        _rewrite(file, code, tried)
    if over:
        raise WrongCode(
            gettext_noop("This code is wrong. After %(count)d wrong codes, wait %(seconds)d s."),
            count=MOST_WRONG,
            seconds=PAUSE,
        )
    raise WrongCode(
        gettext_noop(
            "This code is wrong. The server's terminal shows the right one, and so does the file"
            " setup_code in the data directory."
        )
    )


def create_administrator(person, code):
    """Save the first account, with its Event, and use the code up. Raises AlreadySetUp if another
    request was first.
    """
    with _locked() as file:
        if is_set_up() or not _is_same(_read(file.read())[0], code):
            raise AlreadySetUp
        person.is_superuser = person.is_staff = True
        with transaction.atomic():
            person.save()
            person.record("create", person, administrator=True)
        code_path().unlink()
    return person


@contextmanager
def _locked():
    """The file with the code, for one request at a time. Raises AlreadySetUp where it is gone."""
    try:
        file = Path(code_path()).open("r+", encoding="utf-8")  # noqa: SIM115 (closed below)
    except FileNotFoundError as error:
        raise AlreadySetUp from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _read(text):
    """(code, wrong codes since the last pause, when the pause ends) of the file."""
    code, _newline, tried = text.partition("\n")
    found = json.loads(tried) if tried.strip() else {}
    return code.strip(), found.get("wrong", 0), found.get("until", 0.0)


def _rewrite(file, code, tried):
    file.seek(0)
    file.write(f"{code}\n{json.dumps(tried)}\n")
    file.truncate()


def _is_same(code, given):
    one, other = (re.sub(r"[\s-]", "", text).upper().encode() for text in (code, given))
    return hmac.compare_digest(one, other)
