"""Who signs in to the demo corpus; the password is made when the demo is loaded."""

import secrets
from pathlib import Path

from django.conf import settings

from people.models import Person

NAME = "声情演示 Shengqing demo"  # of the corpus
PEOPLE = {
    "lead": ("林岚", "lead"),
    "anno1": ("陈墨", "annotator"),
    "anno2": ("吴桐", "annotator"),
    "anno3": ("赵昕", "annotator"),
    "judge": ("顾言", "adjudicator"),
}


def password_path() -> Path:
    return Path(settings.DATA_DIR) / "demo_password"


def password() -> str:
    """One password for all demo accounts of this installation, kept in DATA_DIR."""
    path = password_path()
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(f"demo-{secrets.randbelow(900_000) + 100_000}")
    return path.read_text()


def find_account(key: str) -> Person | None:
    """The demo account of a key of PEOPLE; the account of somebody else is none."""
    for person in Person.objects.filter(username__in=_usernames(key)):
        if person.name == PEOPLE[key][0] or person.check_password(password()):
            return person
    return None


def make_account(key: str) -> Person:
    """The demo account, made if need be: under its own name, or “demo-…” where that is taken.

    An account that an earlier removal switched off is switched on again.
    """
    person = find_account(key)
    if person is None:
        taken = set(Person.objects.values_list("username", flat=True))
        free = next(name for name in _usernames(key) if name not in taken)
        person = Person(username=free, name=PEOPLE[key][0])
    if person.pk is None or not person.is_active:
        person.is_active = True
        person.set_password(password())
        person.save()
    return person


def accounts() -> dict[str, Person]:
    """The demo accounts that exist and can sign in, by their keys."""
    found = {key: find_account(key) for key in PEOPLE}
    return {key: person for key, person in found.items() if person and person.is_active}


def _usernames(key: str) -> list[str]:
    return [key, f"demo-{key}", *(f"demo-{key}-{number}" for number in range(2, 100))]
