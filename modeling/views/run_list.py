"""The runs of a corpus: by experiment, or one by one with filters."""

from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.db.models import Q
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from core.data_table import Column, DataTable
from core.filter_form import FilterForm
from core.pagination import page_of
from corpus.page_context import context, export_of
from corpus.permissions import LEAD, corpus_of
from jobs.models import JobStatus
from modeling.configurations import Configuration, configurations_of, mean_score
from modeling.models import Experiment, Protocol, Recipes, RegisteredModel, TrainingRun
from releases.models import Release

SCORES = ("macro_f1", "majority_macro_f1", "weighted_f1", "majority_weighted_f1")
EXPERIMENTS_PER_PAGE = 10
MOST_DIGITS = 10  # of the number of a run


def _macro_f1(name):
    """What a file says of a run that `_add_scores` has seen."""
    return lambda run: None if run.withheld else (getattr(run, name) or {}).get("macro_f1")


RUNS = DataTable(
    "runs",
    [
        Column("run", _("run"), sort="pk", falling=True, fixed=True, value=lambda run: run.pk),
        Column("recipe", _("recipe"), sort="recipe",
               value=lambda run: run.recipe_label),
        Column("experiment", _("experiment"), sort=("experiment__name", "experiment_id")),
        Column("release", _("release"), sort="release_id", value=lambda run: run.release.version),
        Column("seed", _("seed"), sort="seed", numeric=True),
        Column("state", _("state"), sort="status", value=lambda run: run.get_status_display()),
        Column("validation", _("macro-F1, validation"), numeric=True, value=_macro_f1("score")),
        Column("test", _("macro-F1, test"), numeric=True, value=_macro_f1("held_out_score")),
        Column("started_by", _("started by"), sort="started_by__username", hidden=True),
        Column("started", _("started"), sort="started_at", falling=True,
               value=lambda run: run.started_at),
    ],
    sort="-run",
)  # fmt: skip


class ReleaseField(forms.ModelChoiceField):
    def label_from_instance(self, obj):
        return obj.version


class RunFilter(FilterForm):
    """Which runs of a corpus."""

    q = forms.CharField(
        label=_("number, experiment, person"), required=False, max_length=200, strip=True
    )
    recipe = forms.ChoiceField(
        label=_("recipe"), required=False, choices=[("", _("any")), *Recipes.choices]
    )
    status = forms.ChoiceField(
        label=_("state"),
        required=False,
        choices=[("", _("any")), *(s for s in JobStatus.choices if s[0] != JobStatus.DRAFT)],
    )
    release = ReleaseField(
        Release.objects.none(), label=_("release"), required=False, empty_label=_("any")
    )

    def __init__(self, data, corpus):
        super().__init__(data)
        cast(ReleaseField, self.fields["release"]).queryset = corpus.releases.usable()

    def by_q(self, rows, value):
        found = Q(experiment__name__icontains=value) | Q(started_by__username__icontains=value)
        if value.isascii() and value.isdigit() and len(value) < MOST_DIGITS:
            found |= Q(pk=int(value))
        return rows.filter(found)

    def by_recipe(self, rows, value):
        return rows.filter(recipe=value)

    def by_status(self, rows, value):
        return rows.filter(status=value)

    def by_release(self, rows, value):
        return rows.filter(release=value)


def runs(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    all_runs = TrainingRun.objects.of(request.user).filter(release__corpus=corpus)
    form = RunFilter(request.GET, corpus)
    filtered = any(request.GET.get(name) for name in form.fields)
    view = request.GET.get("view")
    tab = "runs" if filtered or view == "runs" else "experiments"
    protocols = Protocol.objects.of(request.user).filter(release__corpus=corpus)
    protocol_count = protocols.count()
    if not filtered and (view == "protocols" or (not view and not all_runs and protocol_count)):
        tab = "protocols"
    hidden = set(corpus.releases.all().withheld_from(request.user).values_list("pk", flat=True))
    page = context(
        corpus, "runs", tab=tab, count=all_runs.count(), protocol_count=protocol_count,
        ready=corpus.releases.usable().exists(), current=RegisteredModel.objects.current(corpus),
    )  # fmt: skip
    if tab == "protocols":
        rows = page_of(request, protocols.prefetch_related("parts__protocol"))
        return render(request, "modeling/runs.html", page | {"page": rows, "protocols": list(rows)})
    if tab == "experiments":
        page |= _experiments(request, corpus, all_runs, hidden)
        return render(request, "modeling/runs.html", page)

    def prepare(rows):
        for run in rows:
            _add_scores(run, hidden)
        return rows

    rows = form.filtered(all_runs).select_related("experiment", "release__corpus", "started_by")
    table = RUNS.page(
        request, rows.prefetch_related("evaluations"), form, prepare=prepare, aside=("view",),
        export=export_of(request, corpus),
    )  # fmt: skip
    return table.render("modeling/runs.html", page)


@dataclass
class ExperimentRow:
    """An experiment of the list with its runs, their states, and the best configuration."""

    experiment: Experiment
    runs: list[TrainingRun]
    ended: int
    failed: int
    withheld: bool
    best: Configuration | None = None
    validation: dict[str, Any] | None = None
    held_out: dict[str, Any] | None = None

    @property
    def recipes(self):
        return list(dict.fromkeys(run.recipe_label for run in self.runs))

    @property
    def seeds(self):
        return len({run.seed for run in self.runs})

    @property
    def active(self):
        return any(run.active for run in self.runs)

    @property
    def percent(self):
        return round(100 * self.ended / len(self.runs)) if self.runs else 0


def _experiments(request, corpus, all_runs, hidden):
    """A page of experiments, and the runs that belong to none."""
    found = Experiment.objects.filter(release__corpus=corpus).select_related(
        "release__corpus", "started_by"
    )
    page = page_of(request, found.prefetch_related("runs__evaluations"), EXPERIMENTS_PER_PAGE)
    single = all_runs.filter(experiment=None).prefetch_related("evaluations").order_by("-pk")
    singles = list(single) if page.number == page.paginator.num_pages else []
    for run in singles:
        _add_scores(run, hidden)
    rows = [_row(experiment, hidden) for experiment in page]
    return {"page": page, "rows": rows, "singles": singles}


def _row(experiment, hidden):
    runs = sorted(experiment.runs.all(), key=lambda run: run.pk)
    for run in runs:
        run.release = experiment.release  # else each run asks for it
        _add_scores(run, hidden)
    row = ExperimentRow(
        experiment,
        runs,
        ended=sum(not run.active for run in runs),
        failed=sum(run.status == JobStatus.FAILED for run in runs),
        withheld=experiment.release_id in hidden,
    )
    if not row.withheld:
        groups = [each for each in configurations_of(runs) if each.scores("validation")]
        row.best = max(groups, key=lambda each: each.summary("validation")["mean"], default=None)
    if row.best:
        row.validation = row.best.summary("validation")
        row.held_out = row.best.summary("held_out")
    return row


def _add_scores(run, hidden):
    """Give a run of a list its scores, unless they are withheld from the reader."""
    run.withheld = run.release_id in hidden
    if run.withheld:
        return
    run.score = _mean_score(run.results)
    run.held_out_score = run.evaluation and _mean_score(run.evaluation.result)


def _mean_score(results):
    """Macro and weighted F1 in the mean of the tasks, the model's and those of the majority
    baseline; None where there is no macro-F1.
    """
    if mean_score(results) is None:
        return None
    return {key: mean_score(results, key) for key in SCORES}
