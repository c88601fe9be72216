"""Whom to invite, out of pasted lines or a table: each person, or by its line what is wrong.

A line is an e-mail address, a name with one, or the username of an account; a role may stand beside
it. A table has columns for name, e-mail address or username, and role, in any order, with headers
in English or Chinese.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError as InvalidValue
from django.core.validators import validate_email

from core.errors import UserError, ValidationError, gettext_noop
from core.input_checks import fault_of, read_json, shortened
from core.normalization import search_key
from core.translation import translate_error
from corpus import tabular
from corpus.encoding import EncodingError, decode
from corpus.models import Corpus, Invitation, Membership
from people.models import Person

MOST = 300  # people at once
LONGEST_NAME = 80  # characters
LARGEST_FILE = 1024**2  # bytes
SHEETS = (".xlsx", ".jsonl")
COLUMNS = {
    "name": ("name", "full name", "姓名", "名字", "名称", "称呼"),
    "email": (
        *("email", "e-mail", "mail", "email address", "e-mail address"),
        *("邮箱", "电子邮箱", "电子邮件", "邮件", "邮箱地址", "电子邮箱地址", "电子邮件地址"),
    ),
    "username": ("username", "user name", "user", "account", "用户名", "账号", "帐号", "账户"),
    "role": ("role", "角色", "身份"),
}
ROLES = {
    Membership.Role.ANNOTATOR: ("annotator", "标注者", "标注员", "标注人员"),
    Membership.Role.ADJUDICATOR: ("adjudicator", "裁决者", "裁决员", "裁决人员"),
    Membership.Role.LEAD: ("lead", "leader", "负责人"),
}
ADDRESS = re.compile(r"<?\s*([^\s<>]+@[^\s<>]+)\s*>?")
PARTS = re.compile(r"[,;\t|，；、]")
QUOTES = " \"'“”‘’"


@cache
def column_of() -> dict[str, str]:
    """Key of a header -> its column; made when it is asked for, as keys take 40 MB of tables."""
    return {search_key(word): name for name, words in COLUMNS.items() for word in words}


@cache
def role_of() -> dict[str, str]:
    return {search_key(word): str(role) for role, words in ROLES.items() for word in words}


@dataclass
class Invitee:
    """Somebody to be invited, with the line where they stand; texts as they are written there."""

    line: int
    name: str = ""
    email: str = ""
    username: str = ""
    role: str = ""
    person: Person | None = None  # the account of that username

    @property
    def text(self) -> str:
        return ", ".join(filter(None, [self.name, self.username, self.email, self.role]))

    @property
    def role_label(self) -> str:
        return str(Membership.Role(self.role).label)


@dataclass(frozen=True)
class Fault:
    """A line that is left out: what stands there, and why."""

    line: int
    text: str
    error: UserError

    @property
    def sentence(self) -> str:
        return translate_error(self.error)


@dataclass
class InviteeList:
    """Whom to invite, and what is left out."""

    people: list[Invitee] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def to_json(self) -> list[list[Any]]:
        """The people, to be read again by `from_json`."""
        return [[p.line, p.name, p.email, p.username, p.role] for p in self.people]


def read_lines(text: str) -> Iterator[Invitee]:
    """The people of pasted lines; several addresses in a line are several people."""
    for line, words in enumerate(text.splitlines(), 1):
        parts = [part.strip(QUOTES) for part in PARTS.split(words)]
        parts = [part for part in parts if part]
        with_address = [part for part in parts if "@" in part]
        if len(with_address) > 1:
            yield from (_person(line, [part]) for part in with_address)
        elif parts:
            yield _person(line, parts)


def _person(line: int, parts: list[str]) -> Invitee:
    """Somebody out of the parts of a line: an address, a role, a name."""
    person, others = Invitee(line), []
    for part in parts:
        if not person.email and (match := ADDRESS.search(part)):
            person.email = match[1]
            part = (part[: match.start()] + part[match.end() :]).strip(QUOTES)
        elif not person.role and search_key(part) in role_of():
            person.role, part = part, ""
        if part:
            others.append(part)
    if not person.email and others:
        person.username = others.pop(0)
    person.name = " ".join(others)
    return person


def read_file(name: str, data: bytes) -> InviteeList:
    """The people of a table, or of lines without a header, and the rows that cannot be read.

    Raises UserError where none can.
    """
    if len(data) > LARGEST_FILE:
        raise ValidationError(gettext_noop("The file is larger than 1 MB. Split it."))
    expected = tuple(word for words in COLUMNS.values() for word in words)
    table = tabular.read(name, data, expected=expected)
    columns = _columns(table.columns)
    if {"email", "username", "name"} & columns.keys():
        return _rows(table, columns)
    if any("@" in column for column in table.columns) and not name.lower().endswith(SHEETS):
        try:
            return InviteeList(list(read_lines(decode(data))))
        except EncodingError as error:
            raise ValidationError(error.template, **error.values) from error
    raise ValidationError(
        gettext_noop(
            "The table has no column for e-mail addresses or usernames; its columns are"
            " %(columns)s. Call them name, e-mail, role (姓名, 邮箱, 角色)."
        ),
        columns=shortened(", ".join(table.columns)),
    )


def _columns(headers: list[str]) -> dict[str, str]:
    """What a column holds -> its header; the first of each kind."""
    found: dict[str, str] = {}
    for header in headers:
        kind = column_of().get(search_key(header.strip().rstrip("*:：")))
        if kind:
            found.setdefault(kind, header)
    return found


def _rows(table: tabular.Table, columns: dict[str, str]) -> InviteeList:
    found = InviteeList()
    for problem in table.problems:
        if problem.outcome == "rejected":
            error = ValidationError(problem.reason, **problem.details)
            found.faults.append(Fault(problem.line, shortened(problem.value), error))
    for row in table.rows:
        cells = {kind: row.cells.get(header, "").strip() for kind, header in columns.items()}
        if any(cells.values()):
            found.people.append(Invitee(row.line, **cells))  # type: ignore[arg-type]
    return found


def from_json(text: str) -> list[Invitee]:
    """The people that `to_json` wrote. Raises ValidationError for anything else."""
    rows = read_json(text)
    if not isinstance(rows, list) or not all(
        isinstance(row, list)
        and len(row) == 5
        and isinstance(row[0], int)
        and all(isinstance(cell, str) for cell in row[1:])
        for row in rows
    ):
        raise ValidationError(gettext_noop("The list of people cannot be read. Begin again."))
    return [Invitee(*row) for row in rows]


def checked(corpus: Corpus, people: list[Invitee], role: str) -> InviteeList:
    """Those who can be invited into the corpus, with their role (`role` where none is written),
    and why the others cannot. Raises ValidationError for too many.
    """
    if len(people) > MOST:
        raise ValidationError(
            gettext_noop("%(count)d people; at most %(most)d can be invited at once."),
            count=len(people),
            most=MOST,
        )
    check, found = _Check(corpus, people, role), InviteeList()
    for person in people:
        text = shortened(person.text)
        try:
            found.people.append(check.of(person))
        except UserError as error:
            found.faults.append(Fault(person.line, text, error))
    return found


class _Check:
    """Whether people can be invited, each of a list in turn."""

    def __init__(self, corpus: Corpus, people: list[Invitee], role: str):
        usernames = {person.username for person in people if person.username}
        accounts = Person.objects.filter(username__in=usernames, is_active=True)
        self.accounts = {person.username: person for person in accounts}
        self.members = set(corpus.memberships.values_list("person_id", flat=True))
        waiting = Invitation.objects.open().filter(corpus=corpus)
        self.invited = {email.casefold() for email in waiting.values_list("email", flat=True)}
        self.invited_accounts = set(waiting.values_list("person_id", flat=True))
        self.lines: dict[str, int] = {}  # key of a person -> line
        self.role = role

    def of(self, person: Invitee) -> Invitee:
        """The person with account and role. Raises UserError if they cannot be invited."""
        for text in (person.name, person.email, person.username, person.role):
            if fault := fault_of(text):
                raise ValidationError(
                    gettext_noop("Has %(fault)s, which cannot be kept."),
                    fault={"template": fault, "values": {}},
                )
        self._check_texts(person)
        if person.username:
            self._find_account(person)
        self._check_repetition(person)
        return person

    def _check_texts(self, person: Invitee) -> None:
        if len(person.name) > LONGEST_NAME:
            raise ValidationError(
                gettext_noop("The name has more than %(most)d characters."), most=LONGEST_NAME
            )
        if not person.email and not person.username:
            raise ValidationError(gettext_noop("No e-mail address and no username."))
        if person.email:
            try:
                validate_email(person.email)
            except InvalidValue as error:
                raise ValidationError(
                    gettext_noop("“%(email)s” is no e-mail address."),
                    email=shortened(person.email),
                ) from error
        written = person.role
        person.role = role_of().get(search_key(written), "") if written else self.role
        if not person.role:
            raise ValidationError(
                gettext_noop("“%(role)s” is no role; the roles are annotator, adjudicator, lead."),
                role=shortened(written),
            )

    def _find_account(self, person: Invitee) -> None:
        person.person = self.accounts.get(person.username)
        if person.person is None:
            raise ValidationError(
                gettext_noop("There is no account “%(name)s”. Give an e-mail address, or a link."),
                name=shortened(person.username),
            )
        if person.person.pk in self.members:
            raise ValidationError(
                gettext_noop("%(name)s is already a member."), name=str(person.person)
            )
        if person.person.pk in self.invited_accounts:
            raise ValidationError(
                gettext_noop("%(name)s has an open invitation already."), name=str(person.person)
            )

    def _check_repetition(self, person: Invitee) -> None:
        key = person.username or person.email.casefold()
        if not person.username and key in self.invited:
            raise ValidationError(
                gettext_noop("%(name)s has an open invitation already."), name=person.email
            )
        if key in self.lines:
            raise ValidationError(
                gettext_noop("The same person as in line %(line)d."), line=self.lines[key]
            )
        self.lines[key] = person.line
