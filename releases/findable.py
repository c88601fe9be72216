"""Releases, as the search finds them."""

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.findable import Finder, Hit
from people.models import Person
from releases.models import Release

SOME = 50


def find_releases(person: Person, words: str, corpus: int | None) -> Iterable[Hit]:
    """Releases that the person may know of, by version and description."""
    if not words:
        return
    rows = Release.objects.of(person).filter(
        Q(version__icontains=words)
        | Q(description__icontains=words)
        | Q(corpus__name__icontains=words)
    )
    for row in (rows.filter(corpus=corpus) if corpus else rows).order_by("-pk")[:SOME]:
        yield Hit(row, reverse("release", args=[row.pk]), row.get_status_display())


FINDERS = (
    Finder(key="releases", order=50, label=_("Releases"), icon="package", find=find_releases),
)
