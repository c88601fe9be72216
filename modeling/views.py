"""Runs: the list, starting one, watching it, its results."""

from statistics import mean

from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from corpus.jobs import Refused, sentence
from corpus.scope import LEAD, context, corpus_of, live_part, with_role
from modeling.curves import curve
from modeling.forms import RunForm
from modeling.models import TrainingRun

FEW = 200  # utterances below which a page warns that its figures are mostly chance
VERDICTS = {
    "green": _("sound"),
    "amber": _("doubtful"),
    "red": _("says next to nothing"),
}
DOUBTS = {
    "nothing": _("training holds no such correlation with both of its labels"),
    "random": _("in training it depends on its labels no more than dealt at random"),
    "hardly": _("in training it depends on its labels hardly more than dealt at random"),
    "drift": _("from train to %(split)s its distribution moves by %(bits)s bits"),
    "unknown": _("how far annotators agree on it is not known"),
    "weak": _("annotators agree on it with an alpha of %(alpha)s only"),
}


def runs(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    rows = list(TrainingRun.objects.of(request.user).filter(release__corpus=corpus))
    for run in rows:
        run.score = _mean_score(run.results)
    ready = corpus.releases.usable().exists()
    return render(request, "modeling/runs.html", context(corpus, "runs", runs=rows, ready=ready))


def _mean_score(results):
    """Mean macro-F1 over the tasks, the model's and the majority baseline's, or None."""
    found = [task for task in results.get("tasks", {}).values() if task]
    if not found:
        return None
    return {key: mean(task[key] for task in found) for key in ("macro_f1", "majority_macro_f1")}


def new_run(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    initial = {"release": request.GET.get("release")}
    form = RunForm(request.POST or None, corpus=corpus, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                run = TrainingRun.request(request.user, **form.cleaned_data)
                run.later()
        except Refused as refusal:
            form.add_error(None, sentence(refusal))
        else:
            return redirect("run", run.pk)
    ready = corpus.releases.usable().exists()
    return render(request, "modeling/new_run.html", context(corpus, "runs", form=form, ready=ready))


def _run_of(request, pk):
    run = get_object_or_404(TrainingRun.objects.of(request.user), pk=pk)
    with_role(request, run.release.corpus, LEAD)
    return run


def run(request, pk):
    run = _run_of(request, pk)
    sizes = [task["n"] for task in run.results.get("tasks", {}).values() if task]
    few = max(sizes, default=0) if max(sizes, default=FEW) < FEW else None
    page = context(
        run.release.corpus, "runs", run=run, few=few, relations=_relations(run), **_live(run)
    )
    return render(request, "modeling/run.html", page)


def _live(run):
    """What changes while the run works: curves, the epoch, the results."""
    epochs = [event for event in run.events() if event["event"] == "epoch"]
    losses = [event["loss"] for event in epochs if event["loss"] is not None]
    scores = [
        mean(event["selection_macro_f1"].values())
        for event in epochs
        if event["selection_macro_f1"]
    ]
    steps = epochs[-1]["epochs"] if epochs else 1
    tasks = _tasks(run)
    results = run.results.get("tasks", {})
    last = epochs[-1]["losses"] if epochs else {}
    return {
        "epoch": epochs[-1] if epochs else None,
        "loss": curve(losses, steps, 0.0, max(losses, default=1.0)),
        "score": curve(scores, steps, 0.0, 1.0),
        "losses": [(task, last[task.key]) for task in tasks if task.key in last],
        "tasks": [(task, results.get(task.key)) for task in tasks],
    }


def _relations(run):
    """What is said of each correlation before it may steer: task, verdict, sentences."""
    found = run.results.get("relations", {})
    return [
        (task, found[task.key]["verdict"], VERDICTS[found[task.key]["verdict"]],
         [DOUBTS[told["why"]] % told for told in found[task.key]["because"]])
        for task in _tasks(run)
        if task.key in found
    ]  # fmt: skip


def _tasks(run):
    """The tasks of the release, in the order of their scheme."""
    first = run.release.rounds.select_related("scheme_version").first()
    return first.scheme.tasks if first else ()


def progress(request, pk):
    run = _run_of(request, pk)
    return live_part(request, "modeling/_live.html", run, {"run": run, **_live(run)})


@require_POST
def stop(request, pk):
    run = _run_of(request, pk)
    run.stop_by(request.user)
    return redirect("run", run.pk)


@require_POST
def attempt(request, pk):
    run = _run_of(request, pk)
    run.retry_by(request.user)
    return redirect("run", run.pk)
