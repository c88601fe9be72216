"""What a run predicted for each utterance: the rows behind a confusion, one click from the film."""

from django.http import Http404
from django.shortcuts import render

from core.pagination import page_of
from corpus.models import Utterance
from corpus.page_context import context
from modeling.learner.comparing import FILES
from modeling.learner_process import lines_of
from modeling.views.runs import known_run_of, tasks_of


def errors(request, pk):
    """Utterances of a task, of one gold value or prediction or of both, the surest errors first."""
    run = known_run_of(request, pk)
    where, path = answers_of(request, run)
    tasks = {task.key: task for task in tasks_of(run.release)}
    task = tasks.get(request.GET.get("task", "")) or next(iter(tasks.values()), None)
    if task is None:
        raise Http404
    wanted = {name: request.GET.get(name, "") for name in ("gold", "said")}
    rows = _rows(run, path, task)
    for name, value in wanted.items():
        if value in task.keys:
            rows = [row for row in rows if row[name] == value]
    if not request.GET.get("all") and not all(wanted.values()):
        rows = [row for row in rows if row["gold"] != row["said"]]
    rows.sort(key=lambda row: -row["chance"])
    page = page_of(request, rows)
    _link(run, page)
    names = {value.key: value for value in task.values}
    for row in page:
        row["gold_value"], row["said_value"] = names[row["gold"]], names[row["said"]]
        row["likely_value"] = names[row["likely"]]
        row["people"] = [(names[key], n) for key, n in row["votes"].items() if key in names]
    return render(
        request,
        "modeling/errors.html",
        context(
            run.release.corpus, "runs", run=run, task=task, tasks=tasks.values(), page=page,
            wanted=wanted, where=where, everything=bool(request.GET.get("all")),
            figures=_figures(run, where, task),
        ),
    )  # fmt: skip


def _rows(run, path, task):
    """Utterances with gold: what it is, what was predicted, what is most probable, and how probable
    each of these is. Of those that were not answered, such as all of a sealed split before a look,
    nothing is read.
    """
    answered = [row for row in lines_of(path) if task.key in row["predicted"]]
    ids = {row["id"] for row in answered}
    known = {
        row["id"]: row
        for row in lines_of(run.release.directory / "utterances.jsonl")
        if row["id"] in ids and task.key in row["gold"]
    }
    found = []
    for row in answered:
        if row["id"] in known:
            gold, said = known[row["id"]]["gold"][task.key], row["predicted"][task.key]
            chances = row["probabilities"][task.key]
            # answers of earlier versions do not name it
            likely = row.get("most_probable", {}).get(task.key) or max(chances, key=chances.get)
            votes = known[row["id"]].get("votes", {}).get(task.key, {})
            found.append({"id": row["id"], "dialogue": row["dialogue"], "votes": votes,
                          "text": known[row["id"]]["text"], "gold": gold, "said": said,
                          "likely": likely, "chance": chances[said],
                          "of_likely": chances[likely], "of_gold": chances[gold]})  # fmt: skip
    return found


def _figures(run, where, task):
    """The figures of a task there; empty where it has none."""
    told = run.evaluation.result if where == "sealed" else run.results
    return told.get("tasks", {}).get(task.key) or {}


def answers_of(request, run):
    """Which answers of a run the address asks for, "sealed" or "selection", and their file.

    Raises Http404 where the run has none.
    """
    sealed = request.GET.get("where") == "sealed" and run.evaluation
    where = "sealed" if sealed else "selection"
    path = run.directory / FILES[where]
    if not path.exists():
        raise Http404
    return where, path


def _link(run, rows):
    """Give rows the page of their utterance, where the corpus still has it."""
    found = Utterance.objects.filter(
        corpus=run.release.corpus_id, uid__in=[row["id"] for row in rows]
    )
    places = {u.uid: u for u in found.select_related("dialogue", "speaker")}
    for row in rows:
        row["utterance"] = places.get(row["id"])
