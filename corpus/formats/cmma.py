"""Plain: the tables of CMMA (Zhang et al. 2023), GB18030 CSV, one row an utterance."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from corpus.complaints import gettext_noop
from corpus.encoding import EncodingError, decode
from corpus.formats import FormatError, Problem, Row, Table

COLUMNS = {  # column -> task, and the values that the column may hold -> ours
    "Emotion": (
        "emotion",
        {v: v for v in ("joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral")},
    ),
    "Sentiment": ("sentiment", {v: v for v in ("negative", "neutral", "positive")}),
    "Sarcasm": ("sarcasm", {"none": "no", "sarcastic": "yes"}),
    "Humor": ("humor", {"none": "no", "humor": "yes"}),
    "Relevancy(Emo→Sen)": ("emotion_sentiment", {v: v for v in ("-2", "-1", "0", "1", "2")}),
    "Relevancy(Sar→Hum)": ("sarcasm_humor", {v: v for v in ("-2", "-1", "0", "1", "2")}),
    "Pride": ("pride", {"none": "no", "pride": "yes"}),
    "Love": ("love", {v: v for v in ("none", "growing", "immediate", "empty")}),
}
REPAIRS = {("Love", "emptylove"): "empty"}
IDENTITY = ("UtteranceID", "Utterance", "Speaker", "StartTime", "EndTime")
FIRST = ("ConversationID", "CoversationID")
SPLITS = {"train": "train", "dev": "valid", "valid": "valid", "test": "test"}
TIME = re.compile(r"(\d\d):(\d\d):(\d\d),(\d{3})")
RUN_TOGETHER = re.compile(r"(\d\d):(\d\d):(\d\d)(\d{3})")


def read(path: Path) -> Table:
    """The utterances and labels of one CMMA file. Raises FormatError if it is no such table."""
    try:
        text = decode(path.read_bytes())
    except EncodingError as error:
        raise FormatError("%(file)s: %(why)s", file=path.name, why=str(error)) from error
    lines = csv.reader(io.StringIO(text, newline=""))
    header = next(lines, [])
    expected = [*IDENTITY, *COLUMNS]
    missing = [name for name in expected if name not in header]
    if missing or header[0] not in FIRST:
        raise FormatError(
            gettext_noop(
                "%(file)s, line 1: not a CMMA table. Expected the columns %(columns)s; missing:"
                " %(missing)s."
            ),
            file=path.name,
            columns=", ".join([FIRST[0], *expected]),
            missing=", ".join(missing) or FIRST[0],
        )
    table = Table(split=next((s for key, s in SPLITS.items() if key in path.stem.lower()), ""))
    seen: set[str] = set()
    for values in lines:
        if not values:
            continue
        cells = dict(zip(["ConversationID", *header[1:]], values, strict=False))
        _read_row(table, lines.line_num, len(values) == len(header), cells, seen)
    return table


def _read_row(
    table: Table, line: int, whole: bool, cells: Mapping[str, str], seen: set[str]
) -> None:
    cells = {name: value.strip() for name, value in cells.items()}

    def found(outcome: str, column: str, reason: str, **details: str) -> None:
        value = cells.get(column, "")
        table.problems.append(Problem(line, column, value, outcome, reason, details))

    if not any(cells.get(column) for column in COLUMNS):
        table.unlabelled += 1
        if any(cells.values()):
            found("rejected", "", gettext_noop("the row has no label in any column"))
        else:
            found("rejected", "", gettext_noop("the row is blank"))
        return
    if not whole:
        found("rejected", "", gettext_noop("the row has more or fewer cells than the header"))
        return
    uid, dialogue = cells["UtteranceID"], cells["ConversationID"]
    if not uid or not dialogue or not cells["Utterance"]:
        lacks = gettext_noop("the row lacks its dialogue, its id or its text")
        found("rejected", "UtteranceID", lacks)
        return
    if uid in seen:
        found(
            "rejected", "UtteranceID", gettext_noop("the id stands twice; the first row was kept")
        )
        return
    seen.add(uid)
    if not uid.startswith(f"{dialogue}_U_"):
        stays = gettext_noop("does not name its dialogue; the row stays in dialogue %(dialogue)s")
        found("repaired", "UtteranceID", stays, dialogue=dialogue)
    start, end = (_time(column, cells[column], found) for column in ("StartTime", "EndTime"))
    if start is not None and end is not None and end <= start:
        early = gettext_noop("the utterance does not end after its start %(start)s")
        found("rejected", "EndTime", early, start=cells["StartTime"])
        end = None
    labels = _labels(cells, found)
    speaker, text = cells["Speaker"], cells["Utterance"]
    table.rows.append(Row(line, dialogue, uid, speaker, text, start, end, labels))


def _labels(cells: Mapping[str, str], found: Callable[..., None]) -> dict[str, str]:
    labels = {}
    for column, (task, values) in COLUMNS.items():
        raw = cells[column]
        if (column, raw) in REPAIRS:
            labels[task] = REPAIRS[column, raw]
            found("repaired", column, gettext_noop("read as %(value)s"), value=labels[task])
        elif raw in values:
            labels[task] = values[raw]
        elif raw:
            expected = gettext_noop("expected one of %(values)s")
            found("rejected", column, expected, values=", ".join(values))
        else:
            found("rejected", column, gettext_noop("the cell is empty"))
    return labels


def _time(column: str, raw: str, found: Callable[..., None]) -> float | None:
    """Seconds; a stray `>` or a missing comma is repaired, anything else is unknown (None)."""
    tidy = raw.strip("<> ")
    parts = TIME.fullmatch(tidy) or RUN_TOGETHER.fullmatch(tidy)
    if not parts:
        found("rejected", column, gettext_noop("expected a time such as 00:00:17,610"))
        return None
    hours, minutes, seconds, milliseconds = map(int, parts.groups())
    value = hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
    if not TIME.fullmatch(raw):
        found("repaired", column, gettext_noop("read as %(value)s"), value=f"{value:.3f} s")
    return value
