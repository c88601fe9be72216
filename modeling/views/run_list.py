"""The list of runs of a corpus."""

from django.shortcuts import render

from core.pagination import page_of
from core.parameters import number
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from jobs.models import JobStatus
from modeling.configurations import mean_score
from modeling.models import Experiment, Recipes, RegisteredModel, TrainingRun

SCORES = ("macro_f1", "majority_macro_f1", "weighted_f1", "majority_weighted_f1")


def runs(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    matching = TrainingRun.objects.of(request.user).filter(release__corpus=corpus)
    chosen = {name: request.GET.get(name, "") for name in ("recipe", "status", "release")}
    if chosen["recipe"] in Recipes.values:
        matching = matching.filter(recipe=chosen["recipe"])
    if chosen["status"] in JobStatus.values:
        matching = matching.filter(status=chosen["status"])
    if number(chosen["release"]):
        matching = matching.filter(release=number(chosen["release"]))
    matching = matching.select_related("experiment").prefetch_related("evaluations")
    page = page_of(request, matching.order_by("-pk"))
    hidden = set(corpus.releases.all().withheld_from(request.user).values_list("pk", flat=True))
    for run in page:
        run.withheld = run.release_id in hidden
        if run.withheld:
            continue
        run.score = _mean_score(run.results)
        evaluation = run.evaluation
        run.held_out_score = evaluation and _mean_score(evaluation.result)
    return render(
        request,
        "modeling/runs.html",
        context(
            corpus, "runs", page=page, chosen=chosen, filtered=any(chosen.values()),
            experiments=Experiment.objects.filter(release__corpus=corpus).select_related("release")
            .prefetch_related("runs")[:10],
            recipes=Recipes.choices, states=[s for s in JobStatus.choices if s[0] != "draft"],
            releases=corpus.releases.usable(), ready=corpus.releases.usable().exists(),
            current=RegisteredModel.objects.current(corpus),
        ),
    )  # fmt: skip


def _mean_score(results):
    """Macro and weighted F1 in the mean of the tasks, the model's and those of the majority
    baseline; None where there is no macro-F1.
    """
    if mean_score(results) is None:
        return None
    return {key: mean_score(results, key) for key in SCORES}
