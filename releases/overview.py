"""What releases add to the overview of a corpus: a stage."""

from django.urls import reverse
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.overview import complete_dialogues
from corpus.overview import Stage, Step, add_stages
from corpus.permissions import LEAD
from releases.models import Release


def add_to_overview():
    add_stages(30, release_stages)


def release_stages(corpus, person):
    if corpus.my_role != LEAD:
        return
    newest = Release.objects.filter(corpus=corpus).usable().first()
    published = corpus.counts()["published"]
    starts = newest is None and published and complete_dialogues(corpus).exists()
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
