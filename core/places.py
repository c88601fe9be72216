"""The places of the interface: what the side bar lists and the command palette leads to.

Each app registers its own when it is ready; `waiting` gives the rows that need somebody there.
"""

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

GROUPS = {
    "work": _("Work"),
    "corpus": _("Corpus"),
    "annotation": _("Annotation"),
    "publish": _("Publish"),
    "manage": _("Manage"),
    "action": _("Action"),  # from here on in the palette alone
    "account": _("Account"),
    "installation": _("Installation"),
}
MOST = 100  # that a count says; more are "99+"
SEERS = frozenset({"lead", "adjudicator"})
LEADS = frozenset({"lead"})


@dataclass(frozen=True, eq=False, kw_only=True)
class Place:
    """A page that somebody goes to; `url` and `pages` are names of addresses.

    A place of a corpus has its id in the address. Without `roles` it is everybody's.
    """

    group: str
    order: int
    label: Promise | str
    icon: str
    url: str
    query: str = ""  # and fragment, after its address
    words: Promise | str = ""  # other words that find it
    pages: frozenset[str] = frozenset()  # other pages that belong to it
    of_corpus: bool = True
    roles: frozenset[str] = frozenset()
    administrators: bool = False  # of the installation alone
    # asked once for all people and corpora: may use no more of the person than the id
    waiting: Callable[[Any, int], QuerySet[Any]] | None = None

    def is_for(self, person: Any, role: str | None) -> bool:
        """Whether it is a place of a person with this role in the corpus (None: no corpus)."""
        if self.administrators and not person.is_superuser:
            return False
        if self.of_corpus and role is None:
            return False
        return not self.roles or role in self.roles


class CappedCount(Subquery):
    """How many rows a query has, in another query; no more than MOST are looked at."""

    template = "(SELECT count(*) FROM (%(subquery)s) capped)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values("pk")[:MOST])


_places: list[Place] = []


def register(*places: Place) -> None:
    for place in places:
        insort(_places, place, key=attrgetter("order"))


def places() -> list[Place]:
    """Every place in its order."""
    return list(_places)


def current_place(url_name: str | None) -> Place | None:
    """The place that a page belongs to."""
    places = (one for one in _places if one.group != "action")
    return next((one for one in places if url_name == one.url or url_name in one.pages), None)
