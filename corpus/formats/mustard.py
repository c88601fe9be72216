"""Plain: `sarcasm_data.json` of MUStARD (Castro et al. 2019).

One entry is a dialogue: its context turns, which carry no label, and the utterance that does.
"""

import json
from pathlib import Path
from typing import Any

from corpus.complaints import gettext_noop
from corpus.formats import FormatError, Row, Table
from corpus.problems import Problem

LABELS = {True: "yes", False: "no"}


def read(path: Path) -> Table:
    """The dialogues and labels of one file. Raises FormatError if it is no such JSON."""
    try:
        entries = json.loads(path.read_bytes())
        if not isinstance(entries, dict) or not entries:
            raise ValueError("no entries")
    except (ValueError, RecursionError) as error:
        raise FormatError(
            gettext_noop(
                "%(file)s: not MUStARD's JSON. Expected an object of entries with utterance,"
                " speaker, context, context_speakers and sarcasm (%(why)s)."
            ),
            file=path.name,
            why=str(error)[:200],
        ) from error
    table = Table(values={"sarcasm": ("no", "yes")})
    for number, (key, entry) in enumerate(entries.items(), 1):
        _read_entry(table, number, key, entry)
    return table


def _read_entry(table: Table, number: int, key: str, entry: Any) -> None:
    def rejected(column: str, reason: str) -> None:
        table.problems.append(Problem(number, column, key, "rejected", reason))

    parts = entry if isinstance(entry, dict) else {}
    context, speakers = parts.get("context", []), parts.get("context_speakers", [])
    if not parts.get("utterance") or len(context) != len(speakers):
        rejected("utterance", gettext_noop("the entry lacks words, or a speaker of its context"))
        return
    if parts.get("sarcasm") not in LABELS:
        rejected("sarcasm", gettext_noop("expected true or false"))
        return
    turns = [*zip(speakers, context, strict=True), (parts.get("speaker", ""), parts["utterance"])]
    for place, (speaker, text) in enumerate(turns, 1):
        last = place == len(turns)
        labels = {"sarcasm": LABELS[parts["sarcasm"]]} if last else {}
        uid = f"{key}_{place}"
        table.rows.append(Row(number, key, uid, str(speaker), str(text), None, None, labels))
