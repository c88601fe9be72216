"""Runs: the list, starting one, watching it, its results."""

from statistics import mean

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from corpus.jobs import JobStatus, Refused, sentence
from corpus.scope import LEAD, context, corpus_of, live_part, with_role
from modeling.curves import curve
from modeling.forms import RunForm
from modeling.learner.comparing import summary
from modeling.learner.tables import latex
from modeling.models import Evaluation, FeaturePart, TrainingRun
from modeling.models.features import measured
from people.models import Event

FEW = 200  # utterances below which a page warns that its figures are mostly chance
VERDICTS = {
    "green": _("sound"),
    "amber": _("doubtful"),
    "red": _("says next to nothing"),
}
MODALITIES = {"text": _("text"), "audio": _("sound"), "vision": _("picture")}
SPLITS = {"a tenth of train": _("a tenth of train")}
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
        look = run.evaluation
        run.sealed = look and _mean_score(look.result)
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
    look = run.evaluation
    told = look.result if look else {}
    tasks = _tasks(run)
    page = context(
        run.release.corpus,
        "runs",
        run=run,
        relations=_relations(run),
        look=look,
        going=run.looks.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]).first(),
        failed_look=run.looks.first() if not look else None,
        sealed=_rows(tasks, told),
        few=_few(told),
        looks=Evaluation.objects.at(run.release).count(),
        runs_looked=Evaluation.objects.at(run.release).values("run").distinct().count(),
        seeds=_seeds(run, tasks),
        chosen=_rows(tasks, run.results),
        **_words(run, told),
        **_live(run),
    )
    page["failures"] = _failures(run, page["features"])
    return render(request, "modeling/run.html", page)


def _words(run, told):
    """Names of splits and modalities in the reader's language."""
    missing = told.get("missing") or run.results.get("missing") or {}
    absent = [(MODALITIES[name], n) for name, n in missing.get("modalities", {}).items()]
    sealed = told.get("split") or ("test" if run.results.get("split") == "valid" else "valid")
    split = run.results.get("split", "")
    return {
        "missing": missing if sum(n for _, n in absent) else None,
        "absent": absent,
        "sealed_name": sealed,
        "split_name": SPLITS.get(split, split),
    }


def _failures(run, features):
    """Clips that failed, with the pages of their dialogues."""
    failures = features["failures"] if features else []
    names = {failure["dialogue"] for failure in failures}
    pages = dict(run.release.corpus.dialogues.filter(uid__in=names).values_list("uid", "pk"))
    return [
        {**failure, "named": MODALITIES[failure["modality"]], "pk": pages.get(failure["dialogue"])}
        for failure in failures
    ]


def _rows(tasks, told):
    """Tasks with their figures; none before there are any."""
    found = told.get("tasks", {})
    return [
        (task, row, _by_class(task, row))
        for task in tasks
        for row in [found.get(task.key)]
        if found
    ]


def _by_class(task, row):
    """Of each value its figures and how often it was taken for which."""
    if not row:
        return []
    return [
        (value, figures, said)
        for value, figures, said in zip(task.values, row["classes"], row["confusion"], strict=True)
    ]


def _few(told):
    """How many utterances were evaluated, if that is so few that figures are mostly chance."""
    sizes = [row["n"] for row in told.get("tasks", {}).values() if row]
    return max(sizes) if sizes and max(sizes) < FEW else None


def _same_but_seed(run):
    """Seed -> evaluation, of the evaluated runs that differ from this one in their seed alone."""
    same = TrainingRun.objects.filter(
        release=run.release, recipe=run.recipe, on_failure=run.on_failure
    )
    done = Evaluation.objects.filter(run__in=same, status=JobStatus.DONE).order_by("pk")
    return {each.run.seed: each.result for each in done.select_related("run")}


def _seeds(run, tasks):
    """Macro-F1 over several seeds; None where there is one only."""
    results = _same_but_seed(run)
    if len(results) < 2:
        return None
    means = summary(list(results.values()))
    rows = [(task, means[task.key]["macro_f1"]) for task in tasks if means.get(task.key)]
    return {"seeds": sorted(results), "rows": rows}


def evaluation_json(request, pk):
    """The last look at the sealed split, as the learner wrote it."""
    look = _look_of(request, pk)
    response = JsonResponse(look.result, json_dumps_params={"ensure_ascii": False, "indent": 1})
    return _attached(response, f"evaluation-{pk}.json")


def evaluation_tex(request, pk):
    """The last look at the sealed split as a table for LaTeX; of all seeds where there are more."""
    look = _look_of(request, pk)
    others = list(_same_but_seed(look.run).values())
    response = HttpResponse(latex(others or [look.result]), content_type="application/x-tex")
    return _attached(response, f"evaluation-{pk}.tex")


def _look_of(request, pk):
    look = _run_of(request, pk).evaluation
    if look is None:
        raise Http404
    return look


def _attached(response, name):
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
def look(request, pk):
    run = _run_of(request, pk)
    try:
        with transaction.atomic():
            Evaluation.request(request.user, run).later()
    except Refused as refusal:
        messages.error(request, sentence(refusal))
    return redirect("run", run.pk)


def look_progress(request, pk):
    going = get_object_or_404(Evaluation.objects.of(request.user), pk=pk)
    with_role(request, going.run.release.corpus, LEAD)
    return live_part(request, "modeling/_look.html", going, {"going": going})


@require_POST
def measure_again(request, pk):
    """Measure what is missing of a run's clips once more."""
    run = _run_of(request, pk)
    with transaction.atomic():
        FeaturePart.request(run.release)
        Event.record(request.user, "measure", run.release)
    return redirect("run", run.pk)


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
    last = epochs[-1]["losses"] if epochs else {}
    return {
        "epoch": epochs[-1] if epochs else None,
        "loss": curve(losses, steps, 0.0, max(losses, default=1.0)),
        "score": curve(scores, steps, 0.0, 1.0),
        "losses": [(task, last[task.key]) for task in tasks if task.key in last],
        "features": measured(run.release) if run.needs_clips else None,
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
