"""Rounds, as the search finds them."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.models import Round
from core.findable import Finder, Hit
from people.models import Person

SOME = 50


def find_rounds(person: Person, words: str, corpus: int | None) -> Iterable[Hit]:
    """Rounds of corpora that the person leads or adjudicates."""
    rows = Round.objects.of(person).filter(name__icontains=words)
    if not words:
        return
    for row in rows.filter(corpus=corpus)[:SOME] if corpus else rows[:SOME]:
        yield Hit(row, reverse("round", args=[row.pk]), row.corpus)


FINDERS = (Finder(key="rounds", order=30, label=_("Rounds"), icon="layers", find=find_rounds),)
