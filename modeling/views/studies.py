"""A study: watching it, its answer, its trials, its repetitions."""

import csv
import io
import itertools

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.fragments import live_part
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import LEAD, with_role
from jobs.models import JobStatus
from modeling import hyperparameter_search
from modeling.comparison import groups_of, results_of
from modeling.curves import curve
from modeling.learner.comparing import mean_interval
from modeling.models import Study
from modeling.search_trials import best_of, own, trial_of
from modeling.trainers import trainers
from modeling.views.compare import curves, figures
from modeling.views.looks import attached
from modeling.views.runs import tasks_of


def study_of(request, pk):
    """A study of a corpus that the person leads."""
    study = get_object_or_404(Study.objects.of(request.user), pk=pk)
    with_role(request, study.release.corpus, LEAD)
    return study


def known_study_of(request, pk):
    """A study whose results the person may see now. Raises Http404, and Withheld while they
    annotate dialogues of its release blind.
    """
    study = study_of(request, pk)
    study.release.guard_blind(request.user)
    return study


def _runs(study):
    return list(study.runs.order_by("seed", "pk").prefetch_related("looks"))


def study(request, pk):
    """A study with its answer; while that is withheld from the person, its runs and no figures."""
    study = study_of(request, pk)
    withheld = study.release.why_withheld(request.user)
    tasks, live = tasks_of(study.release), _live(study, withheld)
    page = context(
        study.release.corpus, "runs", study=study, tasks=tasks, withheld=withheld, **live,
        others=study.release.studies.exclude(pk=study.pk),
    )  # fmt: skip
    if not withheld:
        page["unseen"] = study.runs.filter(status=JobStatus.DONE, looks=None).count()
        page["history"] = _history(request.user, study)
        if not study.search:
            page |= figures(study.release, live["groups"], tasks)
    return render(request, "modeling/study.html", page)


def study_progress(request, pk):
    study = study_of(request, pk)
    values = {"study": study, **_live(study, study.release.why_withheld(request.user))}
    return live_part(request, "modeling/_study.html", study.active, values)


def _live(study, withheld=""):
    """What changes while it works; without figures where results are withheld."""
    waiting = study.runs.filter(status=JobStatus.QUEUED).exists()
    found = {"waiting": waiting, "workers": trainers() if waiting else None}
    if study.search:
        return found | (_states(study) if withheld else _trials(study))
    groups = groups_of(_runs(study))
    return found | {"groups": groups} | ({} if withheld else curves(groups))


def _states(study):
    """The trials of a search in their order, without what they scored."""
    runs = list(study.runs.order_by("pk"))
    rows = []
    for number, run in enumerate(runs, start=1):
        chosen = {**own(run.recipe, {}), **run.options}
        settings = [chosen[name] for name in study.search["fields"]]
        rows.append({"run": run, "number": number, "settings": settings})
    return {"trials": rows, "ended": sum(not run.active for run in runs)}


def _trials(study):
    """The trials of a search, the best first, and how the best score rose."""
    fields = study.search["fields"]
    runs = list(study.runs.order_by("pk"))
    trials = [trial_of(run) for run in runs]
    rows = [
        {
            "run": run,
            "number": number,
            "trial": trial,
            "settings": [trial.settings[name] for name in fields],
        }
        for number, (run, trial) in enumerate(zip(runs, trials, strict=True), start=1)
    ]
    values = [trial.value for trial in trials if trial.value is not None]
    span = (min(values), max(values)) if values else (0.0, 1.0)
    over = [trial.value if trial.value is not None else span[0]
            for trial in trials if trial.state != "going"]  # fmt: skip
    best = list(itertools.accumulate(over, max))
    return {
        "trials": sorted(rows, key=lambda r: (-(r["trial"].value or -1), r["number"])),
        "ended": sum(trial.state != "going" for trial in trials),
        "rising": curve(best, study.search["trials"], *span) if len(values) > 1 else None,
        "mattered": {} if study.active else hyperparameter_search.importances(fields, trials),
        "best": best_of(study),
        "own": _own(study, rows),
    }


def _own(study, rows):
    """The score of the recipe's own settings, or None."""
    told = own(study.search["recipe"], study.options)
    fields = study.search["fields"]
    mine = [r for r in rows if r["settings"] == [told[name] for name in fields]]
    return mine[0]["trial"].value if mine else None


def _history(person, study):
    """The study and its repetitions, release by release, but for releases that are withheld from
    the person; nothing if there is one only.
    """
    first = study.follows or study
    chain = [first, *first.repeats.order_by("pk").select_related("release")]
    chain = [each for each in chain if not each.release.why_withheld(person)]
    if len(chain) < 2:
        return []
    return [
        (each, [(group.label, _means(group, "selection"), _means(group, "sealed"))
                for group in groups_of(_runs(each))])
        for each in chain
    ]  # fmt: skip


def _means(group, where):
    """The mean macro-F1 over the seeds with its interval, and `weighted`, the same of weighted F1;
    None where nothing was evaluated.
    """
    scores, weighted = group.scores(where), group.scores(where, "weighted_f1")
    if not scores:
        return None
    return mean_interval(scores) | {"weighted": mean_interval(weighted) if weighted else None}


def study_csv(request, pk):
    """Every figure of every run that has ended, a line a run, split and task."""
    study = known_study_of(request, pk)
    fields = ("n", "macro_f1", "majority_macro_f1", "weighted_f1", "majority_weighted_f1",
              "balanced_accuracy", "auroc", "ap", "accuracy", "majority_accuracy", "mae",
              "quadratic_kappa", "ece", "ece_predicted")  # fmt: skip
    searched = study.search.get("fields", [])
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["run", "recipe", *searched, "seed", "split", "sealed", "task", *fields])
    for run in study.runs.order_by("pk"):
        for where in ("selection", "sealed"):
            told = results_of(run, where)
            for task, row in told.get("tasks", {}).items():
                if row:
                    lines.writerow([run.pk, run.recipe, *(run.options.get(f) for f in searched),
                                    run.seed, told["split"], where == "sealed",
                                    task, *(row.get(f) for f in fields)])  # fmt: skip
    return attached(HttpResponse(text.getvalue(), content_type="text/csv"), f"study-{pk}.csv")


def _done(request, pk, act):
    """Do something to a study and go back to its page, which says why where it was refused."""
    study = study_of(request, pk)
    try:
        act(study)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    return redirect("study", pk)


@require_POST
def stop_study(request, pk):
    return _done(request, pk, lambda study: study.stop_by(request.user))


@require_POST
def resume_study(request, pk):
    return _done(request, pk, lambda study: study.resume_by(request.user))


@require_POST
def repeat_study(request, pk):
    wanted = request.POST.get("wanted") == "1"
    return _done(request, pk, lambda study: study.repeat_by(request.user, wanted))


@require_POST
def look_study(request, pk):
    known_study_of(request, pk)
    return _done(request, pk, lambda study: study.look_by(request.user))


@require_POST
def delete_study(request, pk):
    study = study_of(request, pk)
    corpus = study.release.corpus_id
    try:
        with transaction.atomic():
            study.delete_by(request.user)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("study", pk)
    return redirect("runs", corpus)
