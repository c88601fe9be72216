"""Plain: the tables of CMMA (Zhang et al. 2023): GB18030 CSV with CRLF, one file a split.

A task without gold, or that the scheme does not have, is an empty cell; so is a time that is not
known. Nothing is invented to fill it.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus.formats.cmma import LAYOUT
from releases.formats import Entries, rows

NAMES = {"train": "train", "valid": "dev", "test": "test"}
HEADER = [
    *("ConversationID", "UtteranceID", "Utterance", "Speaker", "StartTime", "EndTime"),
    *LAYOUT.tasks,
]


def entries(root: Path) -> Entries:
    """train.csv, dev.csv and test.csv, those that have rows."""
    present = dict.fromkeys(row["split"] for row in rows(root))
    for split in present:
        yield f"{NAMES[split]}.csv", _table(root, split)


def _table(root: Path, split: str) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(HEADER)
    for row in rows(root):
        if row["split"] == split:
            table.writerow(_cells(row))
            if text.tell() > 1 << 16:
                yield text.getvalue().encode("gb18030")
                text.seek(0)
                text.truncate()
    yield text.getvalue().encode("gb18030")


def _cells(row: dict[str, Any]) -> list[str]:
    labels = []
    for task, values in LAYOUT.tasks.values():
        theirs = {ours: word for word, ours in values.items()}
        labels.append(theirs.get(row["gold"].get(task, ""), ""))
    times = (_time(row["start"]), _time(row["end"]))
    return [row["dialogue"], row["id"], row["text"], row["speaker"] or "", *times, *labels]


def _time(seconds: float | None) -> str:
    """83.4 -> 00:01:23,400; nothing for None."""
    if seconds is None:
        return ""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
