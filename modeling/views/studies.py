"""Studies: the list of runs, starting some, watching and comparing them."""

import csv
import io
from statistics import mean

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from corpus.jobs import JobStatus, Refused, sentence
from corpus.scope import LEAD, context, corpus_of, live_part, number, page_of, with_role
from modeling.comparison import compared
from modeling.curves import curve
from modeling.forms import Fine, StudyForm
from modeling.learner.comparing import mean_interval, summary
from modeling.models import Recipes, RegisteredModel, Study, TrainingRun
from modeling.views.looks import attached
from modeling.views.runs import run_of, tasks_of
from modeling.workers import trainers

SURE = 0.05  # corrected p below which a difference is said to be one


def runs(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    found = TrainingRun.objects.of(request.user).filter(release__corpus=corpus)
    chosen = {name: request.GET.get(name, "") for name in ("recipe", "status", "release")}
    if chosen["recipe"] in Recipes.values:
        found = found.filter(recipe=chosen["recipe"])
    if chosen["status"] in JobStatus.values:
        found = found.filter(status=chosen["status"])
    if number(chosen["release"]):
        found = found.filter(release=number(chosen["release"]))
    page = page_of(request, found.select_related("study").prefetch_related("looks").order_by("-pk"))
    for run in page:
        run.score = _mean_score(run.results)
        look = run.evaluation
        run.sealed = look and _mean_score(look.result)
    return render(
        request,
        "modeling/runs.html",
        context(
            corpus, "runs", page=page, chosen=chosen, filtered=any(chosen.values()),
            studies=Study.objects.filter(release__corpus=corpus).select_related("release")[:10],
            recipes=Recipes.choices, states=[s for s in JobStatus.choices if s[0] != "draft"],
            releases=corpus.releases.usable(), ready=corpus.releases.usable().exists(),
            current=RegisteredModel.objects.current(corpus),
        ),
    )  # fmt: skip


def _mean_score(results):
    """Mean macro-F1 over the tasks, the model's and the majority baseline's, or None."""
    found = [task for task in results.get("tasks", {}).values() if task]
    if not found:
        return None
    return {key: mean(task[key] for task in found) for key in ("macro_f1", "majority_macro_f1")}


def new_run(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    initial = _initial(request, corpus)
    form = StudyForm(request.POST or None, corpus=corpus, initial=initial)
    fine = Fine(request.POST or None, initial=initial)
    workers = trainers()
    if request.method == "POST" and form.is_valid() and fine.is_valid():
        told = form.cleaned_data
        options = fine.options() | ({"minutes": told["minutes"]} if told["minutes"] else {})
        try:
            study = Study.request(
                request.user, told["release"], told["recipes"], range(1, told["seeds"] + 1),
                told["on_failure"], options, told["name"],
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(None, sentence(refusal))
        else:
            only = study.runs.first() if study.runs.count() == 1 else None
            return redirect("run", only.pk) if only else redirect("study", study.pk)
    page = context(
        corpus, "runs", form=form, fine=fine, workers=workers,
        set=bool(fine.errors or initial.get("set")), ready=corpus.releases.usable().exists(),
    )  # fmt: skip
    return render(request, "modeling/new_run.html", page)


def _initial(request, corpus):
    """What the form shows at first: a release, or all of the run that it should be like."""
    initial = {"release": request.GET.get("release")}
    like = number(request.GET.get("like"))
    if like:
        run = run_of(request, like)
        initial = {
            "release": run.release_id, "recipes": [run.recipe], "on_failure": run.on_failure,
            **run.options, "set": bool(run.options),
        }  # fmt: skip
    return initial


def _study_of(request, pk):
    study = get_object_or_404(Study.objects.of(request.user), pk=pk)
    with_role(request, study.release.corpus, LEAD)
    return study


def study(request, pk):
    study = _study_of(request, pk)
    tasks = tasks_of(study.release)
    page = context(
        study.release.corpus, "runs", study=study, tasks=tasks, **_live(study),
        chosen=_table(study, tasks, "selection"), sealed=_table(study, tasks, "sealed"),
        unseen=study.runs.filter(status=JobStatus.DONE, looks=None).count(),
        said=_said(study, tasks, "selection"), said_sealed=_said(study, tasks, "sealed"),
    )  # fmt: skip
    return render(request, "modeling/study.html", page)


def study_progress(request, pk):
    study = _study_of(request, pk)
    return live_part(request, "modeling/_study.html", study, {"study": study, **_live(study)})


def _live(study):
    """Runs by recipe, and how mean macro-F1 on what selects went, epoch by epoch."""
    rows, scores, steps = [], [], 1
    for place, (recipe, runs) in enumerate(study.by_recipe().items()):
        rows.append((Recipes(recipe).label, runs))
        for run in runs:
            epochs = [e for e in run.events() if e["event"] == "epoch" and e["selection_macro_f1"]]
            steps = max([steps, *(e["epoch"] for e in epochs)])
            means = [mean(e["selection_macro_f1"].values()) for e in epochs]
            scores.append((place + 1, run, means))
    curves = [(place, run, curve(means, steps, 0.0, 1.0)) for place, run, means in scores]
    return {
        "rows": rows,
        "curves": [row for row in curves if row[2]],
        "steps": steps,
        **_queue(study),
        "legend": [(place + 1, label) for place, (label, _) in enumerate(rows)],
    }


def _queue(study):
    """Whether runs of it wait, and for whom."""
    waiting = study.runs.filter(status=JobStatus.QUEUED).exists()
    return {"waiting": waiting, "workers": trainers() if waiting else None}


def _results(run, where):
    look = run.evaluation if where == "sealed" else None
    return look.result if look else (run.results if where == "selection" else {})


def _table(study, tasks, where):
    """Of each recipe macro-F1 by task and in the mean, over the seeds that are there."""
    found = []
    for recipe, runs in study.by_recipe().items():
        results = [told for run in runs if (told := _results(run, where)).get("tasks")]
        if not results:
            continue
        means = summary(results)
        overall = mean_interval([_mean_score(told)["macro_f1"] for told in results])
        cells = [means[task.key] and means[task.key]["macro_f1"] for task in tasks]
        found.append((Recipes(recipe).label, len(results), [*cells, overall]))
    return found


def _said(study, tasks, where):
    """Each pair of recipes: by task the difference and what it comes to."""
    names = {task.key: task for task in tasks}
    found = []
    for pair in compared(study, where):
        rows = [
            (names[key], _points(row["macro_f1"]), _verdict(row["macro_f1"]))
            for key, row in pair["tasks"].items()
            if key in names
        ]
        found.append(
            {
                "one": Recipes(pair["one"]).label,
                "other": Recipes(pair["other"]).label,
                "seeds": pair["seeds"],
                "dialogues": pair["dialogues"],
                "rows": rows,
                "better": [task for task, _, verdict in rows if verdict == "better"],
                "worse": [task for task, _, verdict in rows if verdict == "worse"],
                "few": any(verdict == "few" for _, _, verdict in rows),
            }
        )
    return found


def _points(row):
    """A difference in points of a hundred."""
    low, high = row["low"], row["high"]
    span = "" if low is None else f"{100 * low:+.1f} – {100 * high:+.1f}"
    points = f"{100 * row['gain']:+.1f}"
    return {**row, "points": points.replace("-", "−"), "range": span.replace("-", "−")}


def _verdict(row):
    if row["p_holm"] is None:
        return "few"
    if row["p_holm"] >= SURE:
        return "open"
    return "better" if row["gain"] > 0 else "worse"


def study_csv(request, pk):
    """Every figure of every run that has ended, a line a run, split and task."""
    study = _study_of(request, pk)
    fields = ("n", "macro_f1", "majority_macro_f1", "balanced_accuracy", "auroc", "ap", "accuracy",
              "majority_accuracy", "weighted_f1", "mae", "quadratic_kappa", "ece")  # fmt: skip
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["run", "recipe", "seed", "split", "sealed", "task", *fields])
    for run in study.runs.order_by("pk"):
        for where in ("selection", "sealed"):
            told = _results(run, where)
            for task, row in told.get("tasks", {}).items():
                if row:
                    lines.writerow([run.pk, run.recipe, run.seed, told["split"], where == "sealed",
                                    task, *(row.get(f) for f in fields)])  # fmt: skip
    return attached(HttpResponse(text.getvalue(), content_type="text/csv"), f"study-{pk}.csv")


@require_POST
def stop_study(request, pk):
    study = _study_of(request, pk)
    study.stop_by(request.user)
    return redirect("study", pk)


@require_POST
def look_study(request, pk):
    study = _study_of(request, pk)
    try:
        study.look_by(request.user)
    except Refused as refusal:
        messages.error(request, sentence(refusal))
    return redirect("study", pk)


@require_POST
def delete_study(request, pk):
    study = _study_of(request, pk)
    corpus = study.release.corpus_id
    try:
        with transaction.atomic():
            study.delete_by(request.user)
    except Refused as refusal:
        messages.error(request, sentence(refusal))
        return redirect("study", pk)
    return redirect("runs", corpus)
