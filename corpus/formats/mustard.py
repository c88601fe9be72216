"""Plain: `sarcasm_data.json` of MUStARD (Castro et al. 2019), and the CSV of MUStARD++ (Ray et al.
2022).

One entry, or scene, is a dialogue: its context turns, which carry no label, and the utterance that
does. A show is a source.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import gettext_noop
from corpus import tabular
from corpus.formats import FormatError, Row, Table, layout, read_json, task_json
from corpus.formats.layout import same
from corpus.problems import Problem

EMOTIONS = (
    *("neutral", "anger", "excitement", "fear", "sadness", "surprise", "frustration"),
    *("happiness", "disgust", "ridicule"),
)
KINDS = {
    "pro": "propositional",
    "ill": "illocutionary",
    "lik": "like-prefixed",
    "emb": "embedded",
}
DEGREES = tuple(str(degree) for degree in range(1, 10))
SHOW = "show"  # the column or key that names it
NONE = ("", "none", "na", "nan", "-")  # a cell that says that there is no label
LAYOUT = layout.Layout(
    name="MUStARD++",
    text="SENTENCE",
    speaker="SPEAKER",
    dialogue=lambda cells, split: cells["SCENE"],
    uid=lambda cells, split: cells["KEY"],
    columns=("SCENE", "KEY"),
    tasks={
        "Sarcasm": ("sarcasm", {"0": "no", "1": "yes", "false": "no", "true": "yes"}),
        "Sarcasm_Type": ("sarcasm_type", {**KINDS, **same(*KINDS.values())}),
        "Implicit_Emotion": ("implicit_emotion", same(*EMOTIONS)),
        "Explicit_Emotion": ("explicit_emotion", same(*EMOTIONS)),
        "Valence": ("valence", same(*DEGREES)),
        "Arousal": ("arousal", same(*DEGREES)),
    },
)
SCHEME = [
    task_json("sarcasm", "binary", ("no", "yes"), zh="讽刺"),
    task_json("sarcasm_type", "nominal", tuple(KINDS.values()), zh="讽刺类型"),
    task_json("implicit_emotion", "nominal", EMOTIONS, zh="隐含情绪"),
    task_json("explicit_emotion", "nominal", EMOTIONS, zh="外显情绪"),
    task_json("valence", "ordinal", DEGREES, zh="效价"),
    task_json("arousal", "ordinal", DEGREES, zh="唤醒度"),
]


def read(path: Path) -> Table:
    """The dialogues and labels of one file. Raises FormatError if it is no such JSON or table."""
    with path.open("rb") as file:
        columns = layout.has_column(path, ("SCENE",)) if file.read(1) not in b"{[" else False
    return _read_table(path) if columns else _read_json(path)


def _read_table(path: Path) -> Table:
    found = layout.table_of(path, LAYOUT)
    names = layout.names_of(found, LAYOUT)
    show = next((name for name in found.columns if name.strip().lower() == SHOW), "")
    used = {*names.values(), show}
    table = Table(
        problems=list(found.problems),
        scheme=SCHEME,
        values={task["key"]: tuple(v["key"] for v in task["values"]) for task in SCHEME},
        ignored=[name for name in found.columns if name not in used],
    )
    shows: dict[str, str] = {}  # scene -> the first show that one of its rows names
    for row in found.rows:
        if show and row.cells[show].strip():
            shows.setdefault(row.cells[names["SCENE"]].strip(), row.cells[show].strip())
    for row in found.rows:
        cells = {name: row.cells[column].strip() for name, column in names.items()}
        _read_row(table, row.line, cells, shows.get(cells["SCENE"], ""))
    return table


def _read_row(table: Table, line: int, cells: Mapping[str, str], show: str) -> None:
    def report(column: str, outcome: str, reason: str, **details: str) -> None:
        value = cells.get(column, "")
        table.problems.append(Problem(line, column, value, outcome, reason, details))

    if not any(cells.values()):
        report("", "rejected", layout.BLANK)
        return
    if not cells["SCENE"] or not cells["KEY"] or not cells["SENTENCE"]:
        report(
            "SENTENCE",
            "rejected",
            gettext_noop("the row lacks its dialogue, its id or its text"),
        )
        return
    labels = _labels(cells, report)
    table.rows.append(
        Row(
            line,
            cells["SCENE"],
            cells["KEY"],
            cells["SPEAKER"],
            cells["SENTENCE"],
            None,
            None,
            labels,
            source=show,
        )
    )


def _labels(cells: Mapping[str, str], report: Callable[..., None]) -> dict[str, str]:
    """The labels of a row: none of a context row, which is no problem."""
    labels: dict[str, str] = {}
    for column, (task, values) in LAYOUT.tasks.items():
        raw = cells[column].lower()
        number = tabular.number(raw)
        raw = str(int(number)) if number is not None and number.is_integer() else raw
        if raw in values:
            labels[task] = values[raw]
        elif raw not in NONE:
            expected = gettext_noop("expected one of %(values)s")
            report(column, "rejected", expected, values=", ".join(dict.fromkeys(values.values())))
    return labels


def _read_json(path: Path) -> Table:
    table = Table(values={"sarcasm": ("no", "yes")})
    try:
        entries = read_json(path, table.problems)
        if not isinstance(entries, dict) or not entries:
            raise ValueError("no entries")
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormatError(
            gettext_noop(
                "%(file)s: not MUStARD's JSON. Expected an object of entries with utterance,"
                " speaker, context, context_speakers and sarcasm (%(why)s)."
            ),
            file=path.name,
            why=str(error)[:200],
        ) from error
    for number, (key, entry) in enumerate(entries.items(), 1):
        _read_entry(table, number, key, entry)
    return table


def _read_entry(table: Table, number: int, key: str, entry: Any) -> None:
    def rejected(column: str, reason: str) -> None:
        value = parts.get(column, "")
        shown = f"{key}: {value}" if value else key
        table.problems.append(Problem(number, column, shown[:2000], "rejected", reason))

    parts = entry if isinstance(entry, dict) else {}
    context, speakers = parts.get("context", []), parts.get("context_speakers", [])
    if not (_are_words(context) and _are_words(speakers) and len(context) == len(speakers)):
        rejected("context", gettext_noop("the context is no list of words with a speaker each"))
        return
    if not isinstance(parts.get("utterance"), str) or not parts["utterance"].strip():
        rejected("utterance", gettext_noop("the entry has no words"))
        return
    sarcasm = parts.get("sarcasm")
    if not isinstance(sarcasm, bool | int) or sarcasm not in (0, 1):
        rejected("sarcasm", gettext_noop("expected true or false"))
        return
    show = parts.get(SHOW)
    source = show.strip() if isinstance(show, str) else ""
    turns = [*zip(speakers, context, strict=True), (parts.get("speaker") or "", parts["utterance"])]
    for place, (speaker, text) in enumerate(turns, 1):
        last = place == len(turns)
        labels = {"sarcasm": "yes" if sarcasm else "no"} if last else {}
        uid = f"{key}_{place}"
        row = Row(number, key, uid, str(speaker), str(text), None, None, labels, source=source)
        table.rows.append(row)


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)
