"""Error analysis: what a run predicted for each utterance, beside its clip."""

from django.http import Http404
from django.shortcuts import render

from core.pagination import page_of
from corpus.models import Utterance
from modeling.configurations import run_results
from modeling.learner_process import lines_of
from modeling.permissions import visible_run_of
from modeling.predictions import most_probable, predictions_file
from modeling.views.runs import run_context, tasks_of


def errors(request, pk):
    """Utterances of a task, of one gold value or prediction or of both; errors with the highest
    probability first.
    """
    run = visible_run_of(request, pk)
    role, path = predictions_of(request, run)
    tasks = {task.key: task for task in tasks_of(run.release)}
    task = tasks.get(request.GET.get("task", "")) or next(iter(tasks.values()), None)
    if task is None:
        raise Http404
    predicted = request.GET.get("predicted", request.GET.get("said", ""))  # said: its former name
    wanted = {"gold": request.GET.get("gold", ""), "predicted": predicted}
    rows = _rows(run, path, task)
    for name, value in wanted.items():
        if value in task.keys:
            rows = [row for row in rows if row[name] == value]
    given = _given(request, tasks)
    if given is not None:
        rows = [row for row in rows if row["labels"].get(given[0].key) == given[1].key]
    if not request.GET.get("all") and not all(wanted.values()):
        rows = [row for row in rows if row["gold"] != row["predicted"]]
    rows.sort(key=lambda row: -row["probability"])
    page = page_of(request, rows)
    _link(run, page)
    names = {value.key: value for value in task.values}
    for row in page:
        for name in ("gold", "predicted", "most_probable"):
            row[f"{name}_value"] = names[row[name]]
        row["people"] = [(names[key], n) for key, n in row["votes"].items() if key in names]
    return render(
        request,
        "modeling/errors.html",
        run_context(request, run, "errors")
        | {
            "task": task, "tasks": tasks.values(), "page": page, "wanted": wanted, "where": role,
            "everything": bool(request.GET.get("all")), "given": given,
            "figures": _metrics(run, role, task),
        },
    )  # fmt: skip


def _given(request, tasks):
    """The task and the gold value of it that the address asks for beside those of the page's task;
    None for nothing.
    """
    key, _colon, wanted = request.GET.get("given", "").partition(":")
    values = tasks[key].values if key in tasks else ()
    return next(((tasks[key], value) for value in values if value.key == wanted), None)


def _rows(run, path, task):
    """Utterances with gold and a prediction: gold, predicted and most probable value, and the
    probability of each. The gold of others is not read, such as of all of a test set before the run
    is evaluated on it.
    """
    predicted = [row for row in lines_of(path) if task.key in row["predicted"]]
    ids = {row["id"] for row in predicted}
    utterances = {
        row["id"]: row
        for row in lines_of(run.release.directory / "utterances.jsonl")
        if row["id"] in ids and task.key in row["gold"]
    }
    rows = []
    for row in predicted:
        utterance = utterances.get(row["id"])
        if utterance is None:
            continue
        gold, prediction = utterance["gold"][task.key], row["predicted"][task.key]
        probabilities = row["probabilities"][task.key]
        likely = most_probable(row, task.key)
        rows.append(
            {
                "id": row["id"],
                "dialogue": row["dialogue"],
                "votes": utterance.get("votes", {}).get(task.key, {}),
                "text": utterance["text"],
                "labels": utterance["gold"],
                "gold": gold,
                "predicted": prediction,
                "most_probable": likely,
                "probability": probabilities[prediction],
                "probability_of_most_probable": probabilities[likely],
                "probability_of_gold": probabilities[gold],
            }
        )
    return rows


def _metrics(run, role, task):
    """The metrics of a task on the dialogues of a role; empty where it has none."""
    return run_results(run, role).get("tasks", {}).get(task.key) or {}


def predictions_of(request, run):
    """The role that the address asks for, "held_out" or "validation", and the run's file of
    predictions for it.

    Raises Http404 where the run has none.
    """
    asked = request.GET.get("where") in ("held_out", "sealed")  # sealed: its former name
    role = "held_out" if asked and run.evaluation else "validation"
    path = predictions_file(run, role)
    if path is None:
        raise Http404
    return role, path


def _link(run, rows):
    """Give rows the page of their utterance, where the corpus still has it."""
    utterances = Utterance.objects.filter(
        corpus=run.release.corpus_id, uid__in=[row["id"] for row in rows]
    )
    by_uid = {u.uid: u for u in utterances.select_related("dialogue", "speaker")}
    for row in rows:
        row["utterance"] = by_uid.get(row["id"])
