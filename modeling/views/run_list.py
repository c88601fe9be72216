"""The list of runs of a corpus."""

from typing import cast

from django import forms
from django.utils.translation import gettext_lazy as _

from core.data_table import Column, DataTable
from core.filter_form import FilterForm
from corpus.page_context import context, export_of
from corpus.permissions import LEAD, corpus_of
from jobs.models import JobStatus
from modeling.configurations import mean_score
from modeling.models import Experiment, Recipes, RegisteredModel, TrainingRun

SCORES = ("macro_f1", "majority_macro_f1", "weighted_f1", "majority_weighted_f1")


RUNS = DataTable(
    "runs",
    [
        Column("run", _("run"), sort="pk", fixed=True, falling=True, value=str),
        Column("experiment", _("experiment"), sort="experiment__name",
               value=lambda row: row.experiment),
        Column("release", _("release"), sort="release__version",
               value=lambda row: row.release.version),
        Column("seed", _("seed"), sort="seed", numeric=True),
        Column("state", _("state"), sort="status", value=lambda row: row.status),
        Column("macro_f1", _("macro-F1 (validation)"), numeric=True,
               value=lambda row: _score(row, "score", "macro_f1")),
        Column("weighted_f1", _("weighted F1 (validation)"), numeric=True, hidden=True,
               value=lambda row: _score(row, "score", "weighted_f1")),
        Column("majority", _("majority baseline"), numeric=True,
               value=lambda row: _score(row, "score", "majority_macro_f1")),
        Column("test_macro_f1", _("macro-F1 (test)"), numeric=True,
               value=lambda row: _score(row, "held_out_score", "macro_f1")),
        Column("test_weighted_f1", _("weighted F1 (test)"), numeric=True, hidden=True,
               value=lambda row: _score(row, "held_out_score", "weighted_f1")),
        Column("started", _("started"), sort="started_at", falling=True,
               value=lambda row: row.started_at),
    ],
    sort="-run",
)  # fmt: skip


class RunFilter(FilterForm):
    """Which runs of a corpus."""

    recipe = forms.ChoiceField(
        label=_("recipe"), required=False, choices=[("", _("any")), *Recipes.choices]
    )
    status = forms.ChoiceField(
        label=_("state"),
        required=False,
        choices=[("", _("any")), *(state for state in JobStatus.choices if state[0] != "draft")],
    )
    release = forms.ChoiceField(label=_("release"), required=False)

    def __init__(self, data, *, corpus):
        super().__init__(data)
        releases = corpus.releases.usable().values_list("pk", "version")
        cast(forms.ChoiceField, self.fields["release"]).choices = [("", _("any")), *releases]

    def by_recipe(self, rows, value):
        return rows.filter(recipe=value)

    def by_status(self, rows, value):
        return rows.filter(status=value)

    def by_release(self, rows, value):
        return rows.filter(release=value)


def runs(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    form = RunFilter(request.GET, corpus=corpus)
    rows = form.filtered(TrainingRun.objects.of(request.user).filter(release__corpus=corpus))
    rows = rows.select_related("experiment", "release").prefetch_related("evaluations")
    hidden = set(corpus.releases.all().withheld_from(request.user).values_list("pk", flat=True))

    def prepare(page):
        for run in page:
            run.withheld = run.release_id in hidden
            if not run.withheld:
                run.score = _mean_score(run.results)
                evaluation = run.evaluation
                run.held_out_score = evaluation and _mean_score(evaluation.result)
        return page

    export = export_of(request, corpus)
    table = RUNS.page(request, rows, form, prepare=prepare, export=export)
    experiments = Experiment.objects.filter(release__corpus=corpus).select_related("release")
    shown = context(
        corpus,
        "runs",
        experiments=experiments.prefetch_related("runs")[:10],
        ready=corpus.releases.usable().exists(),
        current=RegisteredModel.objects.current(corpus),
    )
    return table.render("modeling/runs.html", shown)


def _score(run, name, key):
    """A figure of a run, None where there is none or it is withheld."""
    return (getattr(run, name, None) or {}).get(key)


def _mean_score(results):
    """Macro and weighted F1 in the mean of the tasks, the model's and those of the majority
    baseline; None where there is no macro-F1.
    """
    if mean_score(results) is None:
        return None
    return {key: mean_score(results, key) for key in SCORES}
