"""Plain: Label Studio's JSON export, full or minimal (labelstud.io/guide/export).

A task is an utterance; tasks that name the same dialogue make one, in their order. A task whose
data hold a list of turns (the Paragraphs tag) is a dialogue of its own. Answers of the controls
Choices, Rating and Number are labels of the annotator who gave them; of Paragraphs, labels that
cover a whole turn. Everything else is reported, task by task.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.complaints import gettext_noop
from corpus.formats import FormatError, Judged, Row, Table
from corpus.problems import Problem

TEXT = ("text", "utterance", "Text", "Utterance", "content", "transcript", "sentence")
DIALOGUE = ("dialogue", "dialogue_id", "dialog", "conversation", "conversation_id", "Dialogue_ID")
SPEAKER = ("speaker", "Speaker", "author", "role")
START, END = ("start", "StartTime", "start_time"), ("end", "EndTime", "end_time")
MINIMAL = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}


def read(path: Path) -> Table:
    """The utterances and every annotator's labels. Raises FormatError if it is no such export."""
    try:
        tasks = json.loads(path.read_bytes())
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks or [0]):
            raise ValueError("not a list of tasks")
    except (ValueError, RecursionError) as error:
        raise FormatError(
            gettext_noop(
                "%(file)s: not Label Studio's JSON. Expected a list of tasks with data and"
                " annotations (%(why)s). Export it as JSON or JSON-MIN."
            ),
            file=path.name,
            why=str(error)[:200],
        ) from error
    table = Table()
    for line, task in enumerate(tasks, 1):
        for row in _rows(table, line, task):
            table.rows.append(row)
    order: dict[str, list[Row]] = table.dialogues
    table.rows = [row for rows in order.values() for row in rows]
    found: dict[str, dict[str, None]] = {}
    for row in table.rows:
        for judged in row.judged:
            found.setdefault(judged.task, {})[judged.value] = None
    table.values = {task: tuple(sorted(values)) for task, values in found.items()}
    return table


def _rows(table: Table, line: int, task: dict[str, Any]) -> Iterator[Row]:
    data = task.get("data")
    minimal = not isinstance(data, dict)
    data = task if not isinstance(data, dict) else data
    turns = next((v for v in data.values() if _are_turns(v)), None)
    number = str(task.get("id", line))

    def problem(column: str, value: str, reason: str) -> None:
        table.problems.append(Problem(line, column, value[:200], "rejected", reason))

    judged = list(_judged(task, minimal, problem))
    if turns is not None:
        for place, turn in enumerate(turns):
            own = tuple(j for at, j in judged if at == place)
            text = str(_first(turn, TEXT) or "")
            who = str(_first(turn, SPEAKER) or "")
            times = _seconds(turn, START), _seconds(turn, END)
            yield Row(line, number, f"{number}_U_{place + 1}", who, text, *times, {}, judged=own)
        return
    text = _first(data, TEXT)
    if not isinstance(text, str) or not text.strip():
        problem("text", "", gettext_noop("the task has no text"))
        return
    dialogue = _first(data, DIALOGUE)
    name = number if dialogue is None else str(dialogue)
    yield Row(
        line,
        name,
        number if dialogue is None else f"{name}_U_{number}",
        str(_first(data, SPEAKER) or ""),
        text,
        _seconds(data, START),
        _seconds(data, END),
        {},
        judged=tuple(j for _at, j in judged),
    )


def _are_turns(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(turn, dict) and _first(turn, TEXT) is not None for turn in value)
    )


def _first(data: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((data[name] for name in names if data.get(name) not in (None, "")), None)


def _seconds(data: dict[str, Any], names: tuple[str, ...]) -> float | None:
    value = _first(data, names)
    try:
        return None if value is None else round(float(value), 3)
    except (TypeError, ValueError):
        return None


def _judged(
    task: dict[str, Any], minimal: bool, problem: Any
) -> Iterator[tuple[int | None, Judged]]:
    """(turn or None for the whole task, judgement) of every annotation that was not cancelled."""
    if minimal:
        who = _who(task.get("annotator"))
        known = {*TEXT, *DIALOGUE, *SPEAKER, *START, *END, *MINIMAL}
        for name, value in task.items():
            if name not in known and "annotation_id" in task and isinstance(value, str):
                yield None, Judged(who, name, value)
        return
    for annotation in task.get("annotations") or []:
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        who = _who(annotation.get("completed_by"))
        for result in annotation.get("result") or []:
            yield from _of_result(who, result if isinstance(result, dict) else {}, problem)


def _of_result(
    who: str, result: dict[str, Any], problem: Any
) -> Iterator[tuple[int | None, Judged]]:
    kind, name = str(result.get("type", "")), str(result.get("from_name", ""))
    value = result.get("value") if isinstance(result.get("value"), dict) else {}
    assert isinstance(value, dict)
    if kind in ("choices", "rating", "number"):
        given = value.get(kind)
        answers = given if isinstance(given, list) else [given]
        if len(answers) == 1 and answers[0] is not None:
            yield None, Judged(who, name, str(answers[0]))
        else:
            problem(name, str(given), gettext_noop("expected one answer"))
    elif kind == "paragraphlabels" and value.get("start") == value.get("end"):
        labels = value.get("paragraphlabels") or []
        if len(labels) == 1 and str(value.get("start")).isdecimal():
            yield int(value["start"]), Judged(who, name, str(labels[0]))
        else:
            problem(name, str(labels), gettext_noop("expected one answer"))
    else:
        problem(name, kind, gettext_noop("answers of this kind are not imported"))


def _who(annotator: Any) -> str:
    if isinstance(annotator, dict):
        annotator = annotator.get("id", "")
    return str(annotator if annotator is not None else "")
