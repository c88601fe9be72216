"""What modeling adds to the overview of a corpus: a stage."""

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from corpus.overview import Stage, Step, add_stages
from corpus.permissions import LEAD
from jobs.models import JobStatus
from modeling.models import TrainingRun
from releases.overview import newest_release

ACTIVE = [JobStatus.QUEUED, JobStatus.RUNNING]


def add_to_overview():
    add_stages(40, run_stages)


def run_stages(overview):
    corpus = overview.corpus
    if corpus.my_role != LEAD:
        return
    runs = TrainingRun.objects.filter(release__corpus=corpus).order_by()
    counts = runs.aggregate(
        all=Count("pk"),
        done=Count("pk", filter=Q(status=JobStatus.DONE)),
        active=Count("pk", filter=Q(status__in=ACTIVE)),
    )
    new_run = Step(gettext_lazy("New run"), reverse("new_run", args=[corpus.pk]))
    active = ngettext(
        "runs done · %(n)s is running", "runs done · %(n)s are running", counts["active"]
    )
    yield Stage(
        icon="brain-circuit",
        label=gettext_lazy("Trained"),
        count=counts["done"],
        total=counts["all"],
        note=active % {"n": localize(counts["active"])} if counts["active"] else _("runs done"),
        href=reverse("runs", args=[corpus.pk]),
        step=new_run if not counts["all"] and overview.once(newest_release) else None,
    )
