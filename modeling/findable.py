"""Experiments and runs, as the search finds them."""

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.findable import Finder, Hit
from modeling.models import Experiment, Protocol, TrainingRun
from people.models import Person

SOME = 50


def find_experiments(person: Person, words: str, corpus: int | None) -> Iterable[Hit]:
    """Experiments of corpora that the person leads."""
    rows = Experiment.objects.of(person).filter(name__icontains=words)
    if not words:
        return
    for row in (rows.filter(release__corpus=corpus) if corpus else rows).order_by("-pk")[:SOME]:
        yield Hit(row, reverse("experiment", args=[row.pk]), row.release)


def find_runs(person: Person, words: str, corpus: int | None) -> Iterable[Hit]:
    """Runs by recipe, release or number; their results stay on their pages."""
    if not words:
        return
    known = (
        Q(recipe__icontains=words)
        | Q(release__version=words)
        | Q(experiment__name__icontains=words)
    )
    if words.isdecimal() and len(words) < 18:
        known |= Q(pk=int(words))
    rows = TrainingRun.objects.of(person).filter(known)
    for row in (rows.filter(release__corpus=corpus) if corpus else rows).order_by("-pk")[:SOME]:
        yield Hit(row, reverse("run", args=[row.pk]), f"{row.release} · {row.get_status_display()}")


def find_protocols(person: Person, words: str, corpus: int | None) -> Iterable[Hit]:
    """Protocols of corpora that the person leads, by name."""
    rows = Protocol.objects.of(person).filter(name__icontains=words)
    if not words:
        return
    for row in (rows.filter(release__corpus=corpus) if corpus else rows).order_by("-pk")[:SOME]:
        yield Hit(row, row.page_url, row.release)


FINDERS = (
    Finder(
        key="experiments",
        order=60,
        label=_("Experiments"),
        icon="flask-conical",
        find=find_experiments,
    ),
    Finder(
        key="protocols",
        order=62,
        label=_("Protocols"),
        icon="flask-conical",
        find=find_protocols,
    ),
    Finder(key="runs", order=65, label=_("Runs"), icon="chart-line", find=find_runs),
)
