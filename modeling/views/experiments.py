"""An experiment: its progress, its comparison, its trials, its repetitions."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from core.csv_export import csv_lines
from core.errors import UserError
from core.fragments import live_part
from core.translation import translate_error
from corpus.page_context import context
from jobs.models import JobStatus
from modeling.charts import experiment_curves, trial_chart
from modeling.configurations import configurations_of
from modeling.experiment_results import columns_of, result_rows
from modeling.permissions import experiment_of, visible_experiment_of
from modeling.search_trials import best_of, recipe_settings, resume_search, trial_of
from modeling.training_workers import training_worker_count
from modeling.views.comparison import tables
from modeling.views.evaluations import as_attachment
from modeling.views.runs import tasks_of


def _runs(experiment):
    return list(experiment.runs.order_by("seed", "pk").prefetch_related("evaluations"))


def experiment(request, pk):
    """An experiment; while its results are withheld from the person, its runs without metrics."""
    experiment = experiment_of(request, pk)
    withheld = experiment.release.why_withheld(request.user)
    tasks, live = tasks_of(experiment.release), _live(experiment, withheld)
    page = context(
        experiment.release.corpus,
        "runs",
        experiment=experiment,
        tasks=tasks,
        withheld=withheld,
        **live,
        others=experiment.release.experiments.exclude(pk=experiment.pk),
    )
    if not withheld:
        page["unseen"] = experiment.runs.filter(status=JobStatus.DONE, evaluations=None).count()
        page["history"] = _history(request.user, experiment)
        if not experiment.search:
            page |= tables(experiment.release, live["groups"], tasks)
    return render(request, "modeling/experiment.html", page)


def experiment_progress(request, pk):
    experiment = experiment_of(request, pk)
    values = {
        "experiment": experiment,
        **_live(experiment, experiment.release.why_withheld(request.user)),
    }
    if request.GET.get("part") == "curves":
        return render(request, "modeling/_experiment_curves.html", values)
    return live_part(request, "modeling/_experiment.html", experiment.active, values)


def _live(experiment, withheld=""):
    """What changes while it works; without metrics where results are withheld."""
    waiting = experiment.runs.filter(status=JobStatus.QUEUED).exists()
    live = {"waiting": waiting, "workers": training_worker_count() if waiting else None}
    if experiment.search:
        return live | (_states(experiment) if withheld else _trials(experiment))
    groups = configurations_of(_runs(experiment))
    return live | {"groups": groups} | ({} if withheld else {"curves": experiment_curves(groups)})


def _states(experiment):
    """The trials of a search in their order, without their scores."""
    runs = list(experiment.runs.order_by("pk"))
    rows = []
    for number, run in enumerate(runs, start=1):
        chosen = {**recipe_settings(run.recipe, {}), **run.options}
        settings = [chosen[name] for name in experiment.search["fields"]]
        rows.append({"run": run, "number": number, "settings": settings})
    return {"trials": rows, "ended": sum(not run.active for run in runs)}


def _trials(experiment):
    """The trials of a search, the best first, and the best score by trial."""
    fields = experiment.search["fields"]
    runs = list(experiment.runs.order_by("pk"))
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
    return {
        "trials": sorted(rows, key=lambda r: (-(r["trial"].value or -1), r["number"])),
        "ended": sum(trial.state != "running" for trial in trials),
        "trial_chart": trial_chart(rows),
        "importances": {} if experiment.active else experiment.search.get("importances", {}),
        "best": best_of(experiment),
        "own": _score_of_recipe(experiment, rows),
    }


def _score_of_recipe(experiment, rows):
    """The score of the recipe's own settings, or None."""
    recipe = recipe_settings(experiment.search["recipe"], experiment.options)
    fields = experiment.search["fields"]
    mine = [r for r in rows if r["settings"] == [recipe[name] for name in fields]]
    return mine[0]["trial"].value if mine else None


def _history(person, experiment):
    """The experiment and its repetitions, release by release, without releases that are withheld
    from the person; nothing if there is one only.
    """
    first = experiment.follows or experiment
    chain = [first, *first.repeats.order_by("pk").select_related("release")]
    chain = [each for each in chain if not each.release.why_withheld(person)]
    if len(chain) < 2:
        return []
    return [
        (
            each,
            [
                (group.label, _means(group, "validation"), _means(group, "held_out"))
                for group in configurations_of(_runs(each))
            ],
        )
        for each in chain
    ]


def _means(group, role):
    """The mean macro-F1 over the seeds with its interval, and `weighted`, the same of weighted F1;
    None where nothing was evaluated.
    """
    summary = group.summary(role)
    return summary and summary | {"weighted": group.summary(role, "weighted_f1")}


def experiment_csv(request, pk):
    """Every metric of every run that has ended, a line a run, split and task."""
    experiment = visible_experiment_of(request, pk)
    names = columns_of(experiment)
    rows = ([row.get(name) for name in names] for row in result_rows(experiment))
    response = HttpResponse(csv_lines(names, rows), content_type="text/csv; charset=utf-8")
    return as_attachment(request, experiment, response, f"experiment-{pk}.csv")


def _act(request, pk, act):
    """Do something to an experiment and go back to its page, with the error if it was refused."""
    experiment = experiment_of(request, pk)
    try:
        act(experiment)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    return redirect("experiment", pk)


@require_POST
def stop_experiment(request, pk):
    return _act(request, pk, lambda experiment: experiment.stop_by(request.user))


@require_POST
def resume_experiment(request, pk):
    return _act(request, pk, lambda experiment: resume_search(experiment, request.user))


@require_POST
def repeat_experiment(request, pk):
    wanted = request.POST.get("wanted") == "1"
    return _act(request, pk, lambda experiment: experiment.repeat_by(request.user, wanted))


@require_POST
def evaluate_experiment(request, pk):
    visible_experiment_of(request, pk)
    return _act(request, pk, lambda experiment: experiment.evaluate_by(request.user))


@require_POST
def delete_experiment(request, pk):
    experiment = experiment_of(request, pk)
    corpus = experiment.release.corpus_id
    try:
        with transaction.atomic():
            experiment.delete_by(request.user)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("experiment", pk)
    return redirect("runs", corpus)
