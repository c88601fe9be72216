"""The runs of a corpus: by experiment, or one by one with filters."""

from dataclasses import dataclass
from typing import Any

from django.shortcuts import render

from core.pagination import page_of
from core.parameters import number
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from jobs.models import JobStatus
from modeling.configurations import Configuration, configurations_of, mean_score
from modeling.models import Experiment, Recipes, RegisteredModel, TrainingRun

SCORES = ("macro_f1", "majority_macro_f1", "weighted_f1", "majority_weighted_f1")
EXPERIMENTS_PER_PAGE = 10


def runs(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    all_runs = TrainingRun.objects.of(request.user).filter(release__corpus=corpus)
    chosen = {name: request.GET.get(name, "") for name in ("recipe", "status", "release")}
    filtered = any(chosen.values())
    tab = "runs" if filtered or request.GET.get("view") == "runs" else "experiments"
    hidden = set(corpus.releases.all().withheld_from(request.user).values_list("pk", flat=True))
    page = context(
        corpus, "runs", tab=tab, chosen=chosen, filtered=filtered, count=all_runs.count(),
        ready=corpus.releases.usable().exists(), current=RegisteredModel.objects.current(corpus),
    )  # fmt: skip
    if tab == "runs":
        page |= {
            "page": _page_of_runs(request, _matching(all_runs, chosen), hidden),
            "recipes": Recipes.choices,
            "states": [s for s in JobStatus.choices if s[0] != "draft"],
            "releases": corpus.releases.usable(),
        }
    else:
        page |= _experiments(request, corpus, all_runs, hidden)
    return render(request, "modeling/runs.html", page)


def _matching(found, chosen):
    if chosen["recipe"] in Recipes.values:
        found = found.filter(recipe=chosen["recipe"])
    if chosen["status"] in JobStatus.values:
        found = found.filter(status=chosen["status"])
    if number(chosen["release"]):
        found = found.filter(release=number(chosen["release"]))
    return found


def _page_of_runs(request, found, hidden):
    found = found.select_related("experiment", "release__corpus", "started_by")
    page = page_of(request, found.prefetch_related("evaluations").order_by("-pk"))
    for run in page:
        _add_scores(run, hidden)
    return page


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
        return list(dict.fromkeys(run.get_recipe_display() for run in self.runs))

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
