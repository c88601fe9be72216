"""A run: watching it, its results, stopping it and going on."""

from statistics import mean

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.fragments import live_part
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import LEAD, with_role
from jobs.models import JobStatus
from modeling.curves import curve
from modeling.learner.comparing import summary
from modeling.learner.rundir import RunDirectory, RunError
from modeling.models import Evaluation, FeaturePart, TrainingRun
from modeling.models.features import measured
from modeling.search_trials import scores_of
from modeling.trainers import trainers
from people.models import Event

FEW = 200  # utterances below which a page warns that its figures are mostly chance
VERDICTS = {
    "green": _("sound"),
    "amber": _("doubtful"),
    "red": _("says next to nothing"),
}
MODALITIES = {"text": _("text"), "audio": _("sound"), "vision": _("picture")}
ORIGINS = {
    "clips": _("measured from the clips of the release"),
    "release": _("measured before: the release holds features"),
    "none": _("the release holds no films: it is missing everywhere"),
}
SPLITS = {"a tenth of train": _("a tenth of train")}
DOUBTS = {
    "nothing": _("training holds no such correlation with both of its labels"),
    "random": _("in training it depends on its labels no more than dealt at random"),
    "hardly": _("in training it depends on its labels hardly more than dealt at random"),
    "drift": _("from train to %(split)s its distribution moves by %(bits)s bits"),
    "unknown": _("how far annotators agree on it is not known"),
    "weak": _("annotators agree on it with an alpha of %(alpha)s only"),
}


def run(request, pk):
    """A run with its results; of these nothing while they are withheld from the person."""
    run = run_of(request, pk)
    withheld = run.release.why_withheld(request.user)
    page = context(
        run.release.corpus,
        "runs",
        run=run,
        withheld=withheld,
        ran_on=_meta(run).get("device"),
        going=run.looks.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]).first(),
        measured_by=_measured_by(run),
        **_live(run, withheld),
    )
    page["failures"] = _failures(run, page["features"])
    if not withheld:
        page |= _results(run)
    return render(request, "modeling/run.html", page)


def _results(run):
    """What the run gave, in figures and words."""
    look = run.evaluation
    told = look.result if look else {}
    tasks = tasks_of(run.release)
    return {
        "relations": _relations(run),
        "look": look,
        "failed_look": run.looks.first() if not look else None,
        "sealed": _rows(tasks, told),
        "few": _few(told),
        "looks": Evaluation.objects.at(run.release).count(),
        "runs_looked": Evaluation.objects.at(run.release).values("run").distinct().count(),
        "seeds": _seeds(run, tasks),
        "chosen": _rows(tasks, run.results),
        "steers": run.steers,
        **_names(run, told),
    }


def _meta(run):
    """What the learner wrote down before it began; empty before that."""
    try:
        return RunDirectory(run.directory).read("meta.json")
    except RunError:
        return {}


def _measured_by(run):
    """What the run learned from: (modality, what measured it, of what), as the learner wrote it."""
    return [
        (MODALITIES[name], " · ".join(filter(None, [row.get("encoder"), row["by"]])),
         ORIGINS.get(row.get("from"), ""))
        for name, row in _meta(run).get("features", {}).items()
    ]  # fmt: skip


def _names(run, told):
    """Names of splits and modalities in the reader's language."""
    missing = told.get("missing") or run.results.get("missing") or {}
    absent = [(MODALITIES[name], n) for name, n in missing.get("modalities", {}).items()]
    sealed = told.get("split") or run.results.get("sealed", "test")
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
    rows = [(task, found.get(task.key)) for task in tasks] if found else []
    return [(task, row, _by_class(task, row)) for task, row in rows]


def _by_class(task, row):
    """Of each value its figures and how often it was taken for which."""
    if not row:
        return []
    return [
        (value, figures, list(zip(task.values, said, strict=True)))
        for value, figures, said in zip(task.values, row["classes"], row["confusion"], strict=True)
    ]


def _few(told):
    """How many utterances were evaluated, if that is so few that figures are mostly chance."""
    sizes = [row["n"] for row in told.get("tasks", {}).values() if row]
    return max(sizes) if sizes and max(sizes) < FEW else None


def _seeds(run, tasks):
    """Macro and weighted F1 over several seeds; None where there is one only."""
    results = same_but_seed(run)
    if len(results) < 2:
        return None
    means = summary(list(results.values()))
    found = [(task, means[task.key]) for task in tasks if means.get(task.key)]
    rows = [(task, row["macro_f1"], row.get("weighted_f1")) for task, row in found]
    return {"seeds": sorted(results), "rows": rows}


def _live(run, withheld=""):
    """What changes while the run works: the epoch and, unless results are withheld, curves and what
    the learner said.
    """
    epochs = [event for event in run.events() if event["event"] == "epoch"]
    found = {
        "epoch": epochs[-1] if epochs else None,
        "features": measured(run.release) if run.needs_clips else None,
        "workers": trainers() if run.status == JobStatus.QUEUED else None,
    }
    return found if withheld else found | _curves(run, epochs)


def _curves(run, epochs):
    """Curves of the epochs so far, and the end of what the learner said."""
    losses = [event["loss"] for event in epochs if event["loss"] is not None]
    scores = scores_of(epochs)
    steps = epochs[-1]["epochs"] if epochs else 1
    tasks = tasks_of(run.release)
    return {
        "loss": curve(losses, steps, 0.0, max(losses, default=1.0)),
        "score": curve(scores, steps, 0.0, 1.0),
        "by_task": _by_task(tasks, epochs, steps),
        "words": _last_words(run, epochs),
    }


def _by_task(tasks, epochs, steps):
    """Of each task its loss and its macro-F1 on what selects, epoch by epoch."""
    found = []
    for task in tasks:
        losses = [e["losses"][task.key] for e in epochs if task.key in e["losses"]]
        scores = [e["selection_macro_f1"].get(task.key) for e in epochs]
        scores = [score for score in scores if score is not None]
        if losses or scores:
            loss = curve(losses, steps, 0.0, max(losses, default=1.0))
            found.append((task, loss, curve(scores, steps, 0.0, 1.0)))
    return found


def _last_words(run, epochs, most=20):
    """The end of what the learner reported and of what it wrote."""
    path = run.directory / "stderr.txt"
    written = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
    return "\n".join([*map(_line, epochs[-most:]), *written[-most:]])


def _line(event):
    scores = event["selection_macro_f1"].values()
    told = [
        f"epoch {event['epoch']}/{event['epochs']}",
        f"loss {event['loss']:.4f}" if event["loss"] is not None else "no labels",
        f"macro-F1 {mean(scores):.4f}" if scores else "",
        f"{event['seconds']:.1f} s",
        f"{event['used']['memory']} MB",
    ]
    return "  ".join(filter(None, told))


def _relations(run):
    """What is said of each correlation before it may steer: task, verdict, sentences."""
    found = run.results.get("relations", {})
    return [
        (task, found[task.key]["verdict"], VERDICTS[found[task.key]["verdict"]],
         [DOUBTS[told["why"]] % told for told in found[task.key]["because"]])
        for task in tasks_of(run.release)
        if task.key in found
    ]  # fmt: skip


def progress(request, pk):
    run = run_of(request, pk)
    values = {"run": run, **_live(run, run.release.why_withheld(request.user))}
    return live_part(request, "modeling/_live.html", run.live, values)


@require_POST
def stop(request, pk):
    run = run_of(request, pk)
    run.stop_by(request.user)
    return redirect("run", run.pk)


@require_POST
def attempt(request, pk):
    run = run_of(request, pk)
    run.retry_by(request.user)
    return redirect("run", run.pk)


@require_POST
def measure_again(request, pk):
    """Measure what is missing of a run's clips once more."""
    run = run_of(request, pk)
    with transaction.atomic():
        FeaturePart.request(run.release, again=True)
        Event.record(request.user, "measure", run.release)
    return redirect("run", run.pk)


@require_POST
def delete(request, pk):
    run = run_of(request, pk)
    corpus = run.release.corpus
    try:
        run.delete_by(request.user)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("run", pk)
    return redirect("runs", corpus.pk)


def run_of(request, pk):
    """A run of a corpus that the person leads."""
    run = get_object_or_404(TrainingRun.objects.of(request.user), pk=pk)
    with_role(request, run.release.corpus, LEAD)
    return run


def known_run_of(request, pk):
    """A run whose results the person may see now. Raises Http404, and Withheld while they annotate
    dialogues of its release blind.
    """
    run = run_of(request, pk)
    run.release.guard_blind(request.user)
    return run


def tasks_of(release):
    """The tasks of a release, in the order of their scheme."""
    first = release.rounds.select_related("scheme_version").first()
    return first.scheme.tasks if first else ()


def same_but_seed(run):
    """Seed -> evaluation, of the evaluated runs that differ from this one in their seed alone."""
    same = TrainingRun.objects.filter(
        release=run.release,
        recipe=run.recipe,
        on_failure=run.on_failure,
        options=run.options,
    )
    done = Evaluation.objects.filter(run__in=same, status=JobStatus.DONE).order_by("pk")
    return {each.run.seed: each.result for each in done.select_related("run")}
