"""What the side bar shows: the places of a corpus by role, where one is, what needs somebody."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from core.places import GROUPS, MOST, CappedCount, Place, current_place, places
from core.statements import Prepared
from corpus.models import Corpus, Dialogue, Membership
from people.models import Person

SHOWN = ("work", "corpus", "annotation", "publish", "manage")  # groups; others are found by search
COOKIE = "corpus"  # the corpus that was looked at last, set by the script of the side bar


@dataclass
class Link:
    """A place with its address, and how many things wait there."""

    place: Place
    href: str
    current: bool
    waiting: int = 0

    @property
    def count(self) -> str:
        return f"{MOST - 1}+" if self.waiting >= MOST else str(self.waiting or "")


@dataclass
class Group:
    key: str
    label: Any
    links: list[Link] = field(default_factory=list)


@dataclass
class SideBar:
    corpus: Corpus | None
    role: str | None
    groups: list[Group]

    @property
    def role_label(self) -> str:
        return str(Membership.Role(self.role).label) if self.role else ""


def side_bar(person: Person, corpus: Corpus | None, url_name: str | None, last: str) -> SideBar:
    """The side bar of a page; away from a corpus that of the one looked at `last`, or of one that
    the person belongs to. Costs a query, and one more away from a corpus.
    """
    role = getattr(corpus, "my_role", None)
    if role is None:
        membership = last_membership(person, corpus.pk if corpus else last)
        corpus, role = (membership.corpus, membership.role) if membership else (None, None)
    here = current_place(url_name)
    shown = [one for one in places() if one.group in SHOWN and one.is_for(person, role)]
    links = {one: Link(one, address_of(one, corpus), one is here) for one in shown}
    for place, count in waiting_counts(person, corpus, shown).items():
        links[place].waiting = count
    groups = {key: Group(key, label) for key, label in GROUPS.items()}
    for place, link in links.items():
        groups[place.group].links.append(link)
    filled = [one for key, one in groups.items() if one.links]
    return SideBar(corpus, role, filled)


def address_of(place: Place, corpus: Corpus | None) -> str:
    address = reverse(place.url, args=[corpus.pk] if corpus and place.of_corpus else [])
    return address + place.query


def waiting_counts(person: Person, corpus: Corpus | None, shown: list[Place]) -> dict[Place, int]:
    """How much waits at each place, in one query."""
    counted = tuple(one for one in shown if one.waiting)
    if not counted:
        return {}
    found = _counts(counted).first(person.pk, corpus.pk if corpus else 0)
    return dict(zip(counted, found, strict=True))


@cache
def _counts(counted: tuple[Place, ...]) -> Prepared:
    """The query of these places, of which there are a few by role. It stands on every page, and
    composing it took more than the rest of the frame.
    """

    def compose(person: int, corpus: int) -> QuerySet[Any]:
        rows = [one.waiting(Person(pk=person), corpus) for one in counted if one.waiting]
        return Person.objects.filter(pk=person).order_by().values_list(*map(CappedCount, rows))

    return Prepared(compose)


def last_membership(person: Person, last: Any) -> Membership | None:
    """The person's membership in the corpus that was looked at last; else in the first of theirs
    that is in use and has dialogues, as there is something to do.
    """
    mine = Membership.objects.filter(person=person).select_related("corpus__archival")
    talks = Dialogue.objects.filter(corpus=OuterRef("corpus")).order_by()
    found = list(mine.annotate(filled=Exists(talks)).order_by("corpus__name")[:200])
    chosen = next((one for one in found if str(one.corpus_id) == str(last)), None)
    return chosen or min(
        found, key=lambda one: (one.corpus.is_archived, not one.filled), default=None
    )
