"""A run: the parts of its page, its progress, stopping it and resuming it."""

from statistics import mean

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from core import shared_folders
from core.errors import UserError
from core.fragments import live_part
from core.translation import translate_error
from corpus import visibility
from corpus.page_context import context
from jobs.models import JobStatus
from modeling.charts import confusion_chart, loss_curves, score_chart, score_curves
from modeling.configurations import run_results
from modeling.learner.run_directory import RunDirectory, RunError, current_keys
from modeling.learner.seed_statistics import seed_summary
from modeling.models import Evaluation, Protocol
from modeling.permissions import run_of, visible_run_of
from modeling.predictions import predicted_splits
from modeling.run_configuration import MODALITY_NAMES, WORDS, chosen_settings, configuration_of
from modeling.run_summary import results_by_seed, summary_of
from modeling.training_workers import training_worker_count

FACES = "faces.jpg"  # of the run's directory
FEW_UTTERANCES = 200  # below which a page warns that differences are mostly chance
VERDICTS = {
    "green": _("sound"),
    "amber": _("doubtful"),
    "red": _("hardly informative"),
}
SETS = {"validation": _("validation set"), "test": _("test set")}
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
    """A part of the page of a run, `tab`; without its results while these are withheld."""
    run = run_of(request, pk)
    tab = request.GET.get("tab", "overview")
    page = run_context(request, run, tab if tab in TABS else "overview")
    template, more = TABS[page["tab"]]
    return render(request, template, page | more(run, page))


def run_context(request, run, tab):
    """What every part of the page of a run is drawn with. Parts that show results fall back to the
    overview while these are withheld from the person.
    """
    withheld = run.release.why_withheld(request.user)
    if withheld and tab not in OPEN_TABS:
        tab = "overview"
    live = live_values(run, tab, withheld)
    going = run.evaluations.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]).first()
    return context(
        run.release.corpus,
        "runs",
        run=run,
        tab=tab,
        withheld=withheld,
        going=going,
        evaluation=run.evaluation,
        summary=None if withheld else summary_of(run),
        shows_relations=run.shows_relations,
        shows_pictures=_shows_pictures(request.user, run),
        has_predictions=run.status == JobStatus.DONE,
        shows_curves=run.has_epochs and not withheld and (run.active or live["epoch"]),
        **live,
    )


def _overview(run, page):
    """The metrics in short, what to do next, and what decides the result."""
    groups = configuration_of(run, _meta(run))
    more = {
        "failures": _failures(run, page["features"]),
        "changed": [setting for group in groups for setting in group.settings if setting.changed],
    }
    if page["withheld"]:
        return more
    role = page["summary"]["role"] if page["summary"] else ""
    results = run_results(run, role) if role else {}
    rows = _rows(tasks_of(run.release), results)
    return more | {
        "relations": _relation_verdicts(run),
        "predicted_splits": [(split, SETS[split]) for split in predicted_splits(run)],
        "scores": rows,
        "score_chart": score_chart(run, role, rows, _over_seeds(run, role), role == "held_out"),
        **_evaluations(run),
        **_names(run, results),
    }


def _results(run, page):
    """Every metric on the test and on the validation set."""
    evaluation = run.evaluation
    results = evaluation.result if evaluation else {}
    tasks = tasks_of(run.release)
    return {
        "held_out": _rows(tasks, results),
        "confusion": {
            "held_out": _confusion(run, "held_out", tasks, results),
            "validation": _confusion(run, "validation", tasks, run.results),
        },
        "few": _few(results),
        "few_chosen": _few(run.results),
        "seeds": _seeds(run, tasks),
        "chosen": _rows(tasks, run.results),
        **_evaluations(run),
        **_names(run, results),
    }


def _confusion(run, role, tasks, results):
    """(task, the chart of its confusion matrix) of each task with results."""
    rows = [(task, results.get("tasks", {}).get(task.key)) for task in tasks]
    return [(task, confusion_chart(run, role, task, row)) for task, row in rows if row]


def _over_seeds(run, role):
    """Task -> macro-F1 over the seeds of its configuration; empty where there is one seed."""
    results = list(results_by_seed(run, role).values()) if role else []
    if len(results) < 2:
        return {}
    return {key: row["macro_f1"] for key, row in seed_summary(results).items() if row}


def _evaluations(run):
    """How often the test set of its release was used, and why this run's evaluation failed."""
    on_release = Evaluation.objects.on(run.release)
    of_protocols = Protocol.objects.test_evaluations(run.release)
    return {
        "failed_evaluation": run.evaluations.first() if not run.evaluation else None,
        "evaluation_count": on_release.count() + of_protocols,
        "evaluated_runs": on_release.values("training_run").distinct().count() + of_protocols,
    }


def _configuration(run, page):
    chosen = chosen_settings(run, tasks_of(run.release))
    return {"groups": [*configuration_of(run, _meta(run)), *([chosen] if chosen else [])]}


def _nothing(run, page):
    return {}


def _files(run, page):
    """The files that the learner wrote, the largest last."""
    files = sorted(shared_folders.sizes(run.folder).items())
    return {"files": [each for each in files if "/" not in each[0] and each[0] != FACES]}


def _meta(run):
    """The meta.json of the learner; empty before it has begun."""
    try:
        return RunDirectory(run.directory).read("meta.json")
    except RunError:
        return {}


def _names(run, results):
    """Names of splits and modalities in the reader's language."""
    missing = results.get("missing") or run.results.get("missing") or {}
    absent = [(MODALITY_NAMES[name], n) for name, n in missing.get("modalities", {}).items()]
    held_out = results.get("split") or current_keys(run.results).get("held_out", "test")
    split = run.results.get("split", "")
    return {
        "of": missing.get("of"),
        "truncated": [
            (MODALITY_NAMES[name], row)
            for name, row in run.results.get("truncated", {}).items()
            if row["cut"]
        ],
        "missing": missing if sum(n for _, n in absent) else None,
        "absent": absent,
        "faces": _faces(run),
        "held_out_name": held_out,
        "split_name": SPLITS.get(split, split),
    }


def _faces(run):
    """In how many utterances a face was found, and whether there is a sheet; None where a run does
    not look for any.
    """
    found = run.results.get("faces")
    if not found or not found["of"]:
        return None
    return {
        **found,
        "name": WORDS[found["region"]],
        "percent": round(100 * found["found"] / found["of"]),
        "sheet": (run.directory / FACES).is_file(),
    }


def _shows_pictures(person, run):
    """Whether the person may see what a run cut out of pictures now."""
    if "faces" not in (run.results or {}):
        return False
    hidden = visibility.withheld(person, visibility.PICTURE)
    return not hidden.filter(corpus=run.release.corpus_id).exists()


def faces(request, pk):
    """What was cut out of some pictures of a run's release, as the learner drew it. Raises Withheld
    while the picture of one of its dialogues is withheld from the person.
    """
    run = visible_run_of(request, pk)
    visibility.guard(request.user, run.release.corpus.dialogues.all(), visibility.PICTURE)
    try:
        image = (run.directory / FACES).read_bytes()
    except OSError as error:
        raise Http404 from error
    response = HttpResponse(image, content_type="image/jpeg")
    response["Cache-Control"] = "private, no-cache"
    return response


def _failures(run, features):
    """Clips that failed, with the pages of their dialogues."""
    failures = features["failures"] if features else []
    names = {failure["dialogue"] for failure in failures}
    pages = dict(run.release.corpus.dialogues.filter(uid__in=names).values_list("uid", "pk"))
    return [
        {
            **failure,
            "named": MODALITY_NAMES[failure["modality"]],
            "pk": pages.get(failure["dialogue"]),
        }
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
    """Macro and weighted F1 on the test set over several seeds; None where there is one only."""
    results = results_by_seed(run, "held_out")
    if len(results) < 2:
        return None
    means = seed_summary(list(results.values()))
    evaluated = [(task, means.get(task.key)) for task in tasks]
    rows = [(task, row["macro_f1"], row.get("weighted_f1")) for task, row in evaluated if row]
    return {"seeds": sorted(results), "rows": rows, "why": rows[0][1] if rows else None}


def live_values(run, tab, withheld=""):
    """What changes while the run works: the epoch, or the task that was fitted last, and, unless
    withheld, the curves or the log of the part that is shown.
    """
    events = run.events()
    epochs = [event for event in events if event["event"] == "epoch"]
    fits = [event for event in events if event["event"] == "fit"]  # of a classical system
    live = {
        "epoch": epochs[-1] if epochs else None,
        "fit": fits[-1] if fits else None,
        "features": run.extraction_progress(),
        "workers": training_worker_count() if run.status == JobStatus.QUEUED else None,
    }
    if withheld:
        return live
    if epochs and tab in ("overview", "curves"):
        live |= _curves(run, epochs)
    return live | ({"words": _log(run, epochs or fits)} if tab == "log" else {})


def _curves(run, epochs):
    """Curves of the epochs so far, of each task and in the mean."""
    tasks = tasks_of(run.release)
    return {"losses": loss_curves(tasks, epochs), "scores_by_epoch": score_curves(tasks, epochs)}


def _log(run, epochs, most=200):
    """The last epochs or tasks as lines, and the end of the learner's standard error."""
    path = run.directory / "stderr.txt"
    written = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
    return "\n".join([*map(_line, epochs[-most:]), *written[-most:]])


def _line(event):
    if event["event"] == "fit":
        score = event["validation_macro_f1"][event["task"]]
        return (
            f"{event['task']} {event['done']}/{event['total']}  macro-F1 {score:.4f} "
            f" {event['seconds']:.1f} s  {event['used']['memory']} MB"
        )
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
    """What changes while a run works: its progress, or with `part` its curves, which are drawn
    again less often.
    """
    run = run_of(request, pk)
    tab, withheld = request.GET.get("tab", "overview"), run.release.why_withheld(request.user)
    values = {"run": run, "tab": tab, **live_values(run, tab, withheld)}
    if request.GET.get("part") == "curves":
        return render(request, "modeling/_run_curves.html", values)
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
    run.extract_missing(request.user)
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


def tasks_of(release):
    """The tasks of a release, in the order of their scheme."""
    first = release.rounds.select_related("scheme_version").first()
    return first.scheme.tasks if first else ()


TABS = {  # name in the address -> template, what it shows beside run_context
    "overview": ("modeling/run.html", _overview),
    "curves": ("modeling/run_curves.html", _nothing),
    "results": ("modeling/run_results.html", _results),
    "configuration": ("modeling/run_configuration.html", _configuration),
    "log": ("modeling/run_log.html", _nothing),
    "files": ("modeling/run_files.html", _files),
}
OPEN_TABS = ("overview", "configuration")  # without results
