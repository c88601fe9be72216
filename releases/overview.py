"""What releases add to the overview of a corpus: a stage."""

from django.urls import reverse
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.overview import complete_count
from corpus.overview import Stage, Step, add_stages
from corpus.permissions import LEAD
from releases.models import Release


def add_to_overview():
    add_stages(30, release_stages)


def newest_release(overview):
    """The newest release that can be used, or None."""
    return Release.objects.filter(corpus=overview.corpus).usable().first()


def release_stages(overview):
    corpus = overview.corpus
    if corpus.my_role != LEAD:
        return
    newest = overview.once(newest_release)
    published = overview.counts["published"]
    starts = newest is None and published and complete_count(overview)
    released = sum(newest.summary.get("dialogues", {}).values()) if newest else 0
    yield Stage(
        icon="package",
        label=gettext_lazy("Released"),
        count=released,
        total=published,
        note=_("dialogues in release %(version)s") % {"version": newest.version}
        if newest
        else _("of %(n)s dialogues") % {"n": localize(published)},
        href=newest.page_url if newest else reverse("releases", args=[corpus.pk]),
        step=Step(gettext_lazy("New release"), reverse("new_release", args=[corpus.pk]))
        if starts
        else None,
    )
