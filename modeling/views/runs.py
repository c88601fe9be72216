"""A run: its progress, its results, stopping it and resuming it."""

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
from modeling.learner.run_directory import RunDirectory, RunError, current_keys
from modeling.learner.seed_statistics import seed_summary
from modeling.models import Evaluation, FeaturePart, TrainingRun
from modeling.models.features import extraction_progress
from modeling.search_trials import validation_scores
from modeling.training_workers import training_worker_count
from people.models import Event

FEW_UTTERANCES = 200  # below which a page warns that differences are mostly chance
VERDICTS = {
    "green": _("sound"),
    "amber": _("doubtful"),
    "red": _("hardly informative"),
}
MODALITIES = {"text": _("text"), "audio": _("sound"), "vision": _("picture")}
ORIGINS = {
    "clips": _("extracted from the clips of the release"),
    "release": _("extracted before: the release holds features"),
    "none": _("the release holds no films: it is missing everywhere"),
}
SPLITS = {"a tenth of train": _("a tenth of the training set")}
DOUBTS = {
    "nothing": _("training holds no such correlation with both of its labels"),
    "few": _("training holds %(n)s such correlations with both labels only, too few to tell"),
    "random": _("in training it depends on its labels no more than dealt at random"),
    "hardly": _("in training it depends on its labels hardly more than dealt at random"),
    "drift": _("from train to %(split)s its distribution moves by %(bits)s bits"),
    "unknown": _("how far annotators agree on it is not known"),
    "weak": _("annotators agree on it with an alpha of %(alpha)s only"),
}


def run(request, pk):
    """A run; without its results while these are withheld from the person."""
    run = run_of(request, pk)
    withheld = run.release.why_withheld(request.user)
    page = context(
        run.release.corpus,
        "runs",
        run=run,
        withheld=withheld,
        device_used=_meta(run).get("device"),
        going=run.evaluations.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]).first(),
        feature_extractors=_feature_extractors(run),
        **_live(run, withheld),
    )
    page["failures"] = _failures(run, page["features"])
    if not withheld:
        page |= _results(run)
    return render(request, "modeling/run.html", page)


def _results(run):
    """What the page of a run shows of its metrics on the validation and the test set."""
    evaluation = run.evaluation
    results = evaluation.result if evaluation else {}
    tasks = tasks_of(run.release)
    on_release = Evaluation.objects.on(run.release)
    return {
        "relations": _relation_verdicts(run),
        "evaluation": evaluation,
        "failed_evaluation": run.evaluations.first() if not evaluation else None,
        "held_out": _rows(tasks, results),
        "few": _few(results),
        "evaluation_count": on_release.count(),
        "evaluated_runs": on_release.values("training_run").distinct().count(),
        "seeds": _seeds(run, tasks),
        "chosen": _rows(tasks, run.results),
        "steers": run.has_relation_gates,
        **_names(run, results),
    }


def _meta(run):
    """The meta.json of the learner; empty before it has begun."""
    try:
        return RunDirectory(run.directory).read("meta.json")
    except RunError:
        return {}


def _feature_extractors(run):
    """(modality, what extracted its features, from what), as the learner wrote it."""
    return [
        (MODALITIES[name], " · ".join(filter(None, [row.get("encoder"), row["by"]])),
         ORIGINS.get(row.get("from"), ""))
        for name, row in _meta(run).get("features", {}).items()
    ]  # fmt: skip


def _names(run, results):
    """Names of splits and modalities in the reader's language."""
    missing = results.get("missing") or run.results.get("missing") or {}
    absent = [(MODALITIES[name], n) for name, n in missing.get("modalities", {}).items()]
    held_out = results.get("split") or current_keys(run.results).get("held_out", "test")
    split = run.results.get("split", "")
    return {
        "missing": missing if sum(n for _, n in absent) else None,
        "absent": absent,
        "held_out_name": held_out,
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


def _rows(tasks, results):
    """Tasks with their metrics; none before there are any."""
    by_task = results.get("tasks", {})
    rows = [(task, by_task.get(task.key)) for task in tasks] if by_task else []
    return [(task, row, _by_class(task, row)) for task, row in rows]


def _by_class(task, row):
    """Of each value its metrics and its row of the confusion matrix."""
    if not row:
        return []
    classes, confusion = row["classes"], row["confusion"]
    return [
        (value, metrics, list(zip(task.values, counts, strict=True)))
        for value, metrics, counts in zip(task.values, classes, confusion, strict=True)
    ]


def _few(results):
    """How many utterances were evaluated, if these are few; else None."""
    sizes = [row["n"] for row in results.get("tasks", {}).values() if row]
    return max(sizes) if sizes and max(sizes) < FEW_UTTERANCES else None


def _seeds(run, tasks):
    """Macro and weighted F1 over several seeds; None where there is one only."""
    results = results_by_seed(run)
    if len(results) < 2:
        return None
    means = seed_summary(list(results.values()))
    evaluated = [(task, means.get(task.key)) for task in tasks]
    rows = [(task, row["macro_f1"], row.get("weighted_f1")) for task, row in evaluated if row]
    return {"seeds": sorted(results), "rows": rows}


def _live(run, withheld=""):
    """What changes while the run works: the epoch and, unless withheld, curves and log."""
    epochs = [event for event in run.events() if event["event"] == "epoch"]
    live = {
        "epoch": epochs[-1] if epochs else None,
        "features": extraction_progress(run.release) if run.needs_clips else None,
        "workers": training_worker_count() if run.status == JobStatus.QUEUED else None,
    }
    return live if withheld else live | _curves(run, epochs)


def _curves(run, epochs):
    """Curves of the epochs so far, and the end of the log."""
    losses = [event["loss"] for event in epochs if event["loss"] is not None]
    scores = validation_scores(epochs)
    steps = epochs[-1]["epochs"] if epochs else 1
    tasks = tasks_of(run.release)
    return {
        "loss": curve(losses, steps, 0.0, max(losses, default=1.0)),
        "score": curve(scores, steps, 0.0, 1.0),
        "by_task": _by_task(tasks, epochs, steps),
        "words": _log(run, epochs),
    }


def _by_task(tasks, epochs, steps):
    """Of each task its loss and its macro-F1 on the validation set, epoch by epoch."""
    rows = []
    for task in tasks:
        losses = [e["losses"][task.key] for e in epochs if task.key in e["losses"]]
        scores = [e["validation_macro_f1"].get(task.key) for e in epochs]
        scores = [score for score in scores if score is not None]
        if losses or scores:
            loss = curve(losses, steps, 0.0, max(losses, default=1.0))
            rows.append((task, loss, curve(scores, steps, 0.0, 1.0)))
    return rows


def _log(run, epochs, most=20):
    """The last epochs as lines, and the end of the learner's standard error."""
    path = run.directory / "stderr.txt"
    written = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
    return "\n".join([*map(_line, epochs[-most:]), *written[-most:]])


def _line(event):
    scores = event["validation_macro_f1"].values()
    parts = [
        f"epoch {event['epoch']}/{event['epochs']}",
        f"loss {event['loss']:.4f}" if event["loss"] is not None else "no labels",
        f"macro-F1 {mean(scores):.4f}" if scores else "",
        f"{event['seconds']:.1f} s",
        f"{event['used']['memory']} MB",
    ]
    return "  ".join(filter(None, parts))


def _relation_verdicts(run):
    """Of each correlation the validity of its labels: task, verdict, its name, reasons."""
    checks = run.results.get("relations", {})
    return [
        (task, checks[task.key]["verdict"], VERDICTS[checks[task.key]["verdict"]],
         [DOUBTS[reason["why"]] % reason for reason in checks[task.key]["because"]])
        for task in tasks_of(run.release)
        if task.key in checks
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
def extract_features(request, pk):
    """Extract what is missing of the features of a run's clips."""
    run = run_of(request, pk)
    with transaction.atomic():
        FeaturePart.request(run.release, again=True)
        Event.record(request.user, "extract", run.release)
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


def visible_run_of(request, pk):
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


def results_by_seed(run):
    """Seed -> evaluation, of the evaluated runs that differ from this one in their seed alone."""
    same = TrainingRun.objects.filter(
        release=run.release,
        recipe=run.recipe,
        on_failure=run.on_failure,
        options=run.options,
    )
    done = Evaluation.objects.filter(training_run__in=same, status=JobStatus.DONE).order_by("pk")
    return {each.training_run.seed: each.result for each in done.select_related("training_run")}
