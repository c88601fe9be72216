"""Which releases of a corpus were downloaded whole, before the corpus is deleted."""

from django.db.models import Exists, OuterRef
from django.urls import reverse

from corpus.deletion import Export
from releases.models import Download


def releases_to_download(corpus):
    """Every published release: frozen, not withdrawn. What a link gave was given to others."""
    taken = Exists(Download.objects.filter(release=OuterRef("pk"), what="archive", share=None))
    return [
        Export(
            f"release-{release.pk}",
            str(release),
            reverse("archive", args=[release.pk]),
            release.taken,
        )
        for release in corpus.releases.usable().annotate(taken=taken).order_by("pk")
    ]
