"""Plain: `sarcasm_data.json` of MUStARD (Castro et al. 2019).

One entry is a dialogue: its context turns, which carry no label, and the utterance that does.
"""

from pathlib import Path
from typing import Any

from core.errors import gettext_noop
from corpus.formats import FormatError, Row, Table, read_json
from corpus.problems import Problem


def read(path: Path) -> Table:
    """The dialogues and labels of one file. Raises FormatError if it is no such JSON."""
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
    turns = [*zip(speakers, context, strict=True), (parts.get("speaker") or "", parts["utterance"])]
    for place, (speaker, text) in enumerate(turns, 1):
        last = place == len(turns)
        labels = {"sarcasm": "yes" if sarcasm else "no"} if last else {}
        uid = f"{key}_{place}"
        table.rows.append(Row(number, key, uid, str(speaker), str(text), None, None, labels))


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)
