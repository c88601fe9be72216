"""Plain: Label Studio's JSON export, full or minimal (labelstud.io/guide/export).

A task is an utterance; tasks that name the same dialogue make one, in their order. A task whose
data hold a list of turns (the Paragraphs tag) is a dialogue of its own. Answers of the controls
Choices, Rating and Number are labels of the annotator who gave them; of Paragraphs, labels that
cover a whole turn. Predictions of such controls are suggestions, where they have a score from 0 to
1 (of the answer, else of the prediction). JSON-MIN writes a record for each annotation, so that a
task may come more than once. Everything else is reported, record by record.

What our own export says beside comes back: ids, splits, sources, rounds, and the pseudonyms that
`annotators.json` beside the file gives.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.control_characters import separated
from core.errors import gettext_noop
from corpus import tabular
from corpus.formats import FormatError, Judged, Row, Suggested, Table, read_json
from corpus.formats.layout import SPLITS
from corpus.problems import Problem
from corpus.spreadsheets import shown
from corpus.transcripts import TranscriptError
from corpus.transcripts.times import seconds

TEXT = ("text", "utterance", "Text", "Utterance", "content", "transcript", "sentence")
DIALOGUE = ("dialogue", "dialogue_id", "dialog", "conversation", "conversation_id", "Dialogue_ID")
SPEAKER = ("speaker", "Speaker", "author", "role")
START, END = ("start", "StartTime", "start_time"), ("end", "EndTime", "end_time")
OURS = ("utterance_id", "split", "source", "media", "translation")  # of our own export
KNOWN = {*TEXT, *DIALOGUE, *SPEAKER, *START, *END}
MINIMAL = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}
ANSWERS = ("choices", "rating", "number")  # controls whose answers are labels
MOST_VALUES = 100  # different answers to one control, after which it is taken for free text
LONGEST_KEY = 40  # characters of a control's name, and of an answer
CANNOT_TELL = "cannot_tell"  # an answer in our own export that is no value

Report = Callable[..., None]  # (column, value, reason, outcome="rejected", **details)


@dataclass
class _Task:
    """One task of the file, from one record or more: its rows, and what was judged of each."""

    data: str  # as JSON, to know the same task again
    rows: list[Row]
    judged: dict[tuple[int, str, str, str], Judged] = field(default_factory=dict)
    suggested: dict[tuple[int, str, str], Suggested] = field(default_factory=dict)


def read(path: Path) -> Table:
    """The utterances and every annotator's labels. Raises FormatError if it is no such export."""
    table = Table()
    records = _records(path, table.problems)
    names = _pseudonyms(path, records)
    tasks: dict[str, _Task] = {}
    ignored: dict[str, None] = {}
    for line, record in enumerate(records, 1):
        _read_record(table, tasks, ignored, line, record)
    for task in tasks.values():
        for place, row in enumerate(task.rows):
            if not row.text:
                continue  # a turn without words, which was told
            own = (judged for key, judged in task.judged.items() if key[0] == place)
            named = (_named(judged, names) for judged in own)
            machines = tuple(one for key, one in task.suggested.items() if key[0] == place)
            table.rows.append(replace(row, judged=tuple(named), suggested=machines))
    _leave_out_free_text(table)
    table.rows = [row for rows in table.dialogues.values() for row in rows]
    table.ignored = list(ignored)
    found: dict[str, dict[str, None]] = {}
    for row in table.rows:
        for answer in _given(row):
            values = found.setdefault(answer.task, {})
            if answer.value != CANNOT_TELL:
                values[answer.value] = None
    table.values = {task: tuple(sorted(values)) for task, values in found.items()}
    return table


def _named(judged: Judged, names: Mapping[str, str]) -> Judged:
    """The answer under the pseudonym of its annotator, where there is one."""
    name = names.get(judged.annotator)
    return judged if name is None else replace(judged, annotator=name)


def _given(row: Row) -> list[Judged | Suggested]:
    """Everything that people and machines answered about an utterance."""
    return [*row.judged, *row.suggested]


def _records(path: Path, problems: list[Problem]) -> list[Any]:
    """The records of the file. Raises FormatError saying what it is instead."""
    try:
        records = read_json(path, problems)
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        why = str(error)[:200]
        if path.read_bytes()[:1] not in (b"[", b"{"):
            why = "is it CSV, TSV or another of Label Studio's formats?"
        elif "Extra data" in why:
            why = "is it JSON Lines, an object a line?"
        raise _no_export(path, why) from error
    if isinstance(records, dict):
        raise _no_export(path, "an object, not a list")
    if not isinstance(records, list) or not any(isinstance(record, dict) for record in records):
        raise _no_export(path, "not a list of tasks")
    return records


def _no_export(path: Path, why: str) -> FormatError:
    return FormatError(
        gettext_noop(
            "%(file)s: not Label Studio's JSON. Expected a list of tasks with data and"
            " annotations (%(why)s). Export it as JSON or JSON-MIN."
        ),
        file=path.name,
        why=why,
    )


def _pseudonyms(path: Path, records: list[Any]) -> dict[str, str]:
    """Number -> pseudonym, where the file is our own export with annotators.json beside it."""
    beside = path.parent / "annotators.json"
    data = (record.get("data") for record in records if isinstance(record, dict))
    ours = all(isinstance(each, dict) and "utterance_id" in each for each in data)
    if not ours or not beside.is_file():
        return {}
    try:
        known = json.loads(beside.read_bytes())
        return {str(number): str(name) for name, number in known.items()}
    except (ValueError, RecursionError, AttributeError):
        return {}


def _read_record(
    table: Table, tasks: dict[str, _Task], ignored: dict[str, None], line: int, record: Any
) -> None:
    def report(
        column: str, value: Any, reason: str, outcome: str = "rejected", **details: Any
    ) -> None:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        table.problems.append(Problem(line, column[:80], text[:2000], outcome, reason, details))

    if not isinstance(record, dict):
        report("", record, gettext_noop("not a task"))
        return
    minimal = not isinstance(record.get("data"), dict)
    data = _data_of(record) if minimal else record["data"]
    number = str(line if record.get("id") is None else record["id"])
    same = json.dumps(data, sort_keys=True)
    task = tasks.get(number)
    if task is None:
        rows = list(_rows(line, number, data, report))
        if not rows:
            return
        task = tasks[number] = _Task(same, rows)
        turns = rows[0].dialogue == number and len(rows) > 1
        ignored.update(dict.fromkeys(k for k in data if k not in {*KNOWN, *OURS} and not turns))
    elif task.data != same:
        other = gettext_noop("task %(id)s stands before with other data; this record was left out")
        report("id", data, other, id=number)
        return
    judged = _minimal(record, data, report) if minimal else _annotated(record, report)
    for place, answer in judged:
        if not _is_placed(task, place, answer, report):
            continue
        key = (place or 0, answer.round, answer.annotator, answer.task)
        before = task.judged.setdefault(key, answer)
        if before is not answer:
            twice = gettext_noop(
                "annotator %(annotator)s answered this before with %(before)s, which was kept"
            )
            details = {"annotator": answer.annotator, "before": before.value}
            report(answer.task, answer.value, twice, **details)

    for place, guess in [] if minimal else _predicted(record, report):
        if _is_placed(task, place, guess, report):
            task.suggested[place or 0, guess.origin, guess.task] = guess


def _is_placed(task: _Task, place: int | None, answer: Judged | Suggested, report: Report) -> bool:
    """Whether an answer is about one utterance of the task; what is not is reported."""
    if place is not None and place >= len(task.rows):
        report(answer.task, str(place), gettext_noop("there is no such turn"))
        return False
    if place is None and len(task.rows) > 1:
        whole = gettext_noop("an answer about a whole dialogue of turns is not imported")
        report(answer.task, answer.value, whole)
        return False
    return True


def _data_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of a record of JSON-MIN, the task's data: what stands before its id, and known names."""
    names = list(record)
    before = set(names[: names.index("id")]) if "id" in record else set()
    return {name: record[name] for name in names if name in before or name in {*KNOWN, *OURS}}


# ---------------------------------------------------------------- utterances


def _rows(line: int, number: str, data: Mapping[str, Any], report: Report) -> Iterator[Row]:
    turns = next((value for value in data.values() if _are_turns(value)), None)
    if turns is None:
        row = _row(line, number, data, report)
        if row is not None:
            yield row
        return
    for place, turn in enumerate(turns, 1):
        text = _text(turn, report) or ""
        who = str(_first(turn, SPEAKER) or "")
        times = _times(turn, report)
        yield Row(line, number, f"{number}_U_{place}", who, text, *times, {})


def _row(line: int, number: str, data: Mapping[str, Any], report: Report) -> Row | None:
    text = _text(data, report)
    if text is None:
        return None
    named = _first(data, DIALOGUE)
    dialogue = number if named is None else _words(named)
    uid = number if named is None else f"{dialogue}_U_{number}"
    split = data.get("split")
    if split and str(split).lower() not in SPLITS:
        report("split", split, gettext_noop("expected one of %(values)s"), values=", ".join(SPLITS))
    return Row(
        line,
        dialogue,
        str(data.get("utterance_id") or uid),
        _words(_first(data, SPEAKER) or ""),
        text,
        *_times(data, report),
        {},
        split=SPLITS.get(str(split).lower(), ""),
        translation=str(data.get("translation") or ""),
        source=str(data.get("source") or "") if "utterance_id" in data else "",
    )


def _text(data: Mapping[str, Any], report: Report) -> str | None:
    """The words; None where there are none, which is reported."""
    text = _first(data, TEXT)
    if isinstance(text, int | float) and not isinstance(text, bool):
        report("text", text, gettext_noop("a number, read as words"), "repaired")
        return shown(text)
    if isinstance(text, str) and text.strip():
        return text
    if text is None or isinstance(text, str):
        none = gettext_noop("the task has no text; it holds %(names)s")
        report("text", "", none, names=", ".join(map(str, data))[:200] or "–")
    else:
        report("text", text, gettext_noop("the text is no text"))
    return None


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _are_turns(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(turn, dict) and _first(turn, TEXT) is not None for turn in value)
    )


def _first(data: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((data[name] for name in names if data.get(name) not in (None, "")), None)


def _times(data: Mapping[str, Any], report: Report) -> tuple[float | None, float | None]:
    start, end = _seconds(data, START, report), _seconds(data, END, report)
    if start is not None and end is not None and end <= start:
        early = gettext_noop("the utterance does not end after its start %(start)s")
        report(END[0], end, early, start=shown(start))
        end = None
    return start, end


def _seconds(data: Mapping[str, Any], names: tuple[str, ...], report: Report) -> float | None:
    value = _first(data, names)
    if value is None:
        return None
    text = shown(value).strip()
    found = tabular.number(text)
    if found is None:
        try:
            found = seconds(text, names[0])
        except TranscriptError:
            found = None
    if found is None or isinstance(value, bool) or not 0 <= found < math.inf:
        report(
            names[0],
            value,
            gettext_noop("no time; expected seconds (83.5) or a clock (00:01:23,500)"),
        )
        return None
    return round(found, 3)


# ---------------------------------------------------------------- answers


def _minimal(
    record: Mapping[str, Any], data: Mapping[str, Any], report: Report
) -> Iterator[tuple[int | None, Judged]]:
    """The answers in a record of JSON-MIN, of the one annotator that it names."""
    controls = {k: v for k, v in record.items() if k not in data and k not in MINIMAL}
    if "annotation_id" not in record and "annotator" not in record:
        for name in controls:
            report(name, controls[name], gettext_noop("the record names no annotator"))
        return
    who = _who(record.get("annotator"), report)
    for name, value in controls.items():
        if value is None or value == []:
            continue
        answers = _simple(value)
        if answers is None:
            report(name, value, gettext_noop("answers of this kind are not imported"))
        else:
            value = _one(name, answers, report)
            if value:
                yield None, Judged(who, name, value, "")


def _simple(value: Any) -> list[str] | None:
    """The answers in a control's value; None where it is of a kind that has no labels."""
    if isinstance(value, str | int | float):
        return [_answer(value)]
    if isinstance(value, dict):
        kind = next((kind for kind in ANSWERS if kind in value), None)
        part = {"start", "end", "startOffset", "x"} & set(value)
        return None if kind is None or part else _simple(value[kind])
    if isinstance(value, list):
        if all(isinstance(each, str) for each in value):  # as nearly always
            return [each.strip() for each in value]
        parts = [_simple(each) for each in value]
        return None if None in parts else [answer for part in parts for answer in part or []]
    return None


def _answer(value: str | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else shown(value).strip()


def _annotated(task: Mapping[str, Any], report: Report) -> Iterator[tuple[int | None, Judged]]:
    """(turn or None for the whole task, judgement) of every annotation that was not cancelled."""
    if task.get("drafts"):
        report("drafts", "", gettext_noop("drafts are not imported"), "warning")
    given = task.get("annotations") or task.get("completions") or []
    if not isinstance(given, list):
        report("annotations", given, gettext_noop("expected a list"))
        return
    for annotation in given:
        if not isinstance(annotation, dict):
            report("annotations", annotation, gettext_noop("not an annotation"))
        elif annotation.get("was_cancelled"):
            if annotation.get("result"):
                report("annotations", "", gettext_noop("the annotation was cancelled"))
        else:
            yield from _of_annotation(annotation, report)


def _predicted(task: Mapping[str, Any], report: Report) -> Iterator[tuple[int | None, Suggested]]:
    """(turn or None for the whole task, what a machine answered) of every prediction."""
    given = task.get("predictions") or []
    if not isinstance(given, list):
        report("predictions", given, gettext_noop("expected a list"))
        return
    for prediction in given:
        results = prediction.get("result") if isinstance(prediction, dict) else None
        if not isinstance(results, list):
            report("predictions", prediction, gettext_noop("not a prediction"))
            continue
        origin = separated(str(prediction.get("model_version") or "Label Studio"))[0]
        for result in results:
            found = _of_result(result, report)
            if found is None:
                continue
            place, name, answers = found
            score = result.get("score", prediction.get("score"))
            value = _guessed(score, name, answers, report)
            if value:
                yield place, Suggested(origin, name, value, float(score))


def _guessed(score: Any, name: str, answers: list[str], report: Report) -> str:
    """The value that a machine names with a score; "" where there is none, which is reported."""
    number = isinstance(score, int | float) and not isinstance(score, bool)
    if not number or not 0 <= score <= 1:
        none = gettext_noop("a prediction without a score from 0 to 1 is not imported")
        report(name, score, none)
        return ""
    value = _one(name, answers, report)
    if value == CANNOT_TELL:
        report(name, value, gettext_noop("a prediction names a value"))
        return ""
    return value


def _of_annotation(
    annotation: Mapping[str, Any], report: Report
) -> Iterator[tuple[int | None, Judged]]:
    results = annotation.get("result") or []
    if not isinstance(results, list):
        report("result", results, gettext_noop("expected a list"))
        return
    named = annotation.get("annotator")  # of our own export
    annotator = named if isinstance(named, str) and named else annotation.get("completed_by")
    who = _who(annotator, report) if results else ""
    answers: dict[tuple[int | None, str], list[str]] = {}
    for result in results:
        found = _of_result(result, report)
        if found is not None:
            answers.setdefault(found[:2], []).extend(found[2])
    given = annotation.get("round")
    text = given if isinstance(given, str) else ""
    for (place, name), values in answers.items():
        value = _one(name, values, report)
        if value:
            yield place, Judged(who, name, value, text)


def _of_result(result: Any, report: Report) -> tuple[int | None, str, list[str]] | None:
    """(turn, control, its answers) of one result; None where it has none, which is reported."""
    if not isinstance(result, dict) or not isinstance(result.get("value"), dict):
        report("result", result, gettext_noop("not an answer"))
        return None
    kind, name, value = result.get("type"), str(result.get("from_name", "")), result["value"]
    start, end = value.get("start"), value.get("end")
    turn = int(start) if start == end and str(start).isdecimal() else None
    if kind == "paragraphlabels" and turn is not None:
        answers = _simple(value.get(kind))
    elif kind in ANSWERS and (start is None or turn is not None):
        answers = [] if value.get(kind) is None else _simple(value[kind])
    else:
        answers = None
    if answers is None:
        report(name, kind or "", gettext_noop("answers of this kind are not imported"))
    elif answers or value.get(str(kind)) is not None:
        return turn, name, answers
    return None


def _one(name: str, answers: list[str], report: Report) -> str:
    """The one answer of a control; "" where there are more, none or a too long one: reported."""
    if len(answers) != 1 or not answers[0]:
        report(name, answers, gettext_noop("expected one answer"))
    elif len(answers[0]) > LONGEST_KEY or len(name) > LONGEST_KEY:
        long = gettext_noop("longer than %(most)d characters; the answer was left out")
        report(name, answers[0], long, most=LONGEST_KEY)
    else:
        return answers[0]
    return ""


def _who(annotator: Any, report: Report) -> str:
    """The annotator's number or address; `unknown` where the file names none."""
    if isinstance(annotator, dict):
        annotator = annotator.get("id") or annotator.get("email")
    if isinstance(annotator, list) and len(annotator) == 1:
        annotator = annotator[0]
    if isinstance(annotator, str | int) and not isinstance(annotator, bool) and annotator != "":
        return str(annotator)
    report("annotator", annotator or "", gettext_noop("no annotator is named"), "warning")
    return "unknown"


def _leave_out_free_text(table: Table) -> None:
    """A control with very many different answers holds free text and no labels."""
    answers: dict[str, set[str]] = {}
    for row in table.rows:
        for answer in _given(row):
            answers.setdefault(answer.task, set()).add(answer.value)
    for name, values in answers.items():
        if len(values) > MOST_VALUES:
            free = gettext_noop("%(count)d different answers: free text is not imported")
            details = {"count": len(values)}
            table.problems.append(Problem(0, name, min(values), "rejected", free, details))
            table.rows = [
                replace(
                    row,
                    judged=tuple(j for j in row.judged if j.task != name),
                    suggested=tuple(s for s in row.suggested if s.task != name),
                )
                for row in table.rows
            ]
