"""Plain: what is different between two release directories, utterance by utterance.

    .venv/bin/python manage.py diff_releases NAME@1.0.0 NAME@1.1.0 --json

Utterances and dialogues are the same where their ids are; labels are compared as gold values.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NONE = ""  # a task without gold
TIME = 0.0005  # seconds by which times may differ


@dataclass(frozen=True)
class Found:
    """The `summary` (see docs/release-format.md) and one row for each thing that changed."""

    summary: dict[str, Any]
    changes: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Row:
    dialogue: str
    split: str
    speaker: str | None
    text: str
    times: tuple[float | None, float | None]
    gold: dict[str, str]


def compare(one: Path, other: Path, beat: Callable[[float], None] = lambda share: None) -> Found:
    """The way from release `one` to release `other`.

    Raises OSError, KeyError or ValueError where a directory is no release.
    """
    manifests = [json.loads((root / "manifest.json").read_text("utf-8")) for root in (one, other)]
    values = _values(one, other)
    before = dict(_rows(one))
    beat(0.4)
    counts: Counter[str] = Counter()
    labels = {task: _Labels(list(known)) for task, known in values.items()}
    changes: list[dict[str, Any]] = []
    homes: dict[str, str] = {}
    seen: set[str] = set()
    for uid, row in _rows(other):
        homes.setdefault(row.dialogue, row.split)
        old = before.get(uid)
        if old is None:
            counts["added"] += 1
            changes.append(_change(uid, row.dialogue, ["added"], after=_shown(row)))
            continue
        seen.add(uid)
        what = _differences(old, row, labels)
        counts["kept"] += 1
        counts.update(kind for kind in what if not kind.startswith("label:"))
        if what:
            changes.append(_change(uid, row.dialogue, what, _shown(old), _shown(row)))
    for uid, row in before.items():
        if uid not in seen:
            counts["dropped"] += 1
            changes.append(_change(uid, row.dialogue, ["dropped"], before=_shown(row)))
    beat(0.8)
    dialogues, moves, moved = _dialogues(before, homes)
    alphas = [_alphas(root) for root in (one, other)]
    summary = {
        "releases": [_named(manifest) for manifest in manifests],
        "same_contents": bool(manifests[0].get("contents"))
        and manifests[0].get("contents") == manifests[1].get("contents"),
        "dialogues": dialogues,
        "moves": dict(sorted(moves.items())),
        "utterances": {
            name: counts[name]
            for name in ("kept", "added", "dropped", "text", "times", "speaker", "dialogue")
        },
        "labels": {
            task: found.to_json() | {"alpha": [alpha.get(task) for alpha in alphas]}
            for task, found in labels.items()
        },
    }
    return Found(summary, moved + changes)


class _Labels:
    """The gold of one task before (rows) and after (columns), "" where there is none."""

    def __init__(self, values: list[str]) -> None:
        self.values = [*values, NONE]
        self.counts: Counter[tuple[str, str]] = Counter()

    def to_json(self) -> dict[str, Any]:
        both = {cell: n for cell, n in self.counts.items() if NONE not in cell}
        compared = sum(both.values())
        changed = sum(n for (a, b), n in both.items() if a != b)
        gained = sum(n for (a, b), n in self.counts.items() if a == NONE != b)
        lost = sum(n for (a, b), n in self.counts.items() if b == NONE != a)
        return {
            "compared": compared,
            "changed": changed,
            "share": changed / compared if compared else None,
            "gained": gained,
            "lost": lost,
            "values": self.values,
            "confusion": [[self.counts[a, b] for b in self.values] for a in self.values],
        }


def _differences(old: _Row, new: _Row, labels: dict[str, _Labels]) -> list[str]:
    what = []
    if old.dialogue != new.dialogue:
        what.append("dialogue")
    if old.text != new.text:
        what.append("text")
    if any(_apart(a, b) for a, b in zip(old.times, new.times, strict=True)):
        what.append("times")
    if old.speaker != new.speaker:
        what.append("speaker")
    for task, found in labels.items():
        a, b = old.gold.get(task, NONE), new.gold.get(task, NONE)
        found.counts[a, b] += 1
        if a != b:
            what.append(f"label:{task}")
    return what


def _apart(a: float | None, b: float | None) -> bool:
    return (a is None) != (b is None) or (a is not None and b is not None and abs(a - b) > TIME)


def _dialogues(
    before: dict[str, _Row], after: dict[str, str]
) -> tuple[dict[str, int], Counter[str], list[dict[str, Any]]]:
    was = {row.dialogue: row.split for row in before.values()}
    moves: Counter[str] = Counter()
    rows = []
    for dialogue in (d for d in after if d in was and was[d] != after[d]):
        moves[f"{was[dialogue]} → {after[dialogue]}"] += 1
        ends = {"split": was[dialogue]}, {"split": after[dialogue]}
        rows.append(_change(None, dialogue, ["dialogue_moved"], *ends))
    gone = [dialogue for dialogue in was if dialogue not in after]
    new = [dialogue for dialogue in after if dialogue not in was]
    rows += [_change(None, d, ["dialogue_added"], after={"split": after[d]}) for d in new]
    rows += [_change(None, d, ["dialogue_dropped"], before={"split": was[d]}) for d in gone]
    told = {
        "kept": len(was) - len(gone),
        "added": len(new),
        "dropped": len(gone),
        "moved": sum(moves.values()),
    }
    return told, moves, rows


def _change(
    uid: str | None,
    dialogue: str,
    what: list[str],
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {"id": uid, "dialogue": dialogue, "what": what, "before": before, "after": after}


def _shown(row: _Row) -> dict[str, Any]:
    return {
        "split": row.split,
        "speaker": row.speaker,
        "text": row.text,
        "start": row.times[0],
        "end": row.times[1],
        "gold": row.gold,
    }


def _rows(root: Path) -> Iterator[tuple[str, _Row]]:
    with (root / "utterances.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            times = (row["start"], row["end"])
            found = _Row(
                row["dialogue"], row["split"], row["speaker"], row["text"], times, row["gold"]
            )
            yield row["id"], found


def _values(*roots: Path) -> dict[str, dict[str, None]]:
    """Task -> its values, of both releases, in the order of the schemes."""
    found: dict[str, dict[str, None]] = {}
    for root in roots:
        scheme = json.loads((root / "scheme.json").read_text("utf-8"))
        for task in scheme["tasks"]:
            known = found.setdefault(task["key"], {})
            known.update(dict.fromkeys(value["key"] for value in task["values"]))
    return found


def _alphas(root: Path) -> dict[str, dict[str, Any]]:
    """Task -> alpha with its interval, or why there is none."""
    rows = json.loads((root / "agreement.json").read_text("utf-8"))["tasks"]
    names = ("value", "undefined", "low", "high", "units", "judgements")
    return {row["task"]: {name: row.get(name) for name in names} for row in rows}


def _named(manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        "corpus": manifest["corpus"],
        "version": manifest["version"],
        "contents": manifest.get("contents"),
    }
