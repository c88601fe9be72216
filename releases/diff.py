"""Plain: what is different between two release directories, utterance by utterance.

    .venv/bin/python manage.py diff_releases NAME@1.0.0 NAME@1.1.0 --json

Which utterance is which is found by `releases.matching`; labels are compared as gold values.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from releases.certificate import agreement_rows
from releases.matching import Matching, Row, match

NONE = ""  # a task without gold
TIME = 0.0005  # seconds by which times may differ
COUNTED = ("added", "dropped", "moved", "text", "times", "speaker", "dialogue")


@dataclass(frozen=True)
class ReleaseDiff:
    """The `summary` (see docs/release-format.md) and one row for each thing that changed.

    Rows of what was matched by content, or ambiguously, are among them where nothing else changed.
    """

    summary: dict[str, Any]
    changes: list[dict[str, Any]]


def diff_releases(
    one: Path, other: Path, beat: Callable[[float], None] = lambda share: None, how: str = "auto"
) -> ReleaseDiff:
    """The way from release `one` to release `other`; `how` utterances are matched, see `match`.

    Raises OSError, KeyError or ValueError where a directory is no release.
    """
    manifests = [json.loads((root / "manifest.json").read_text("utf-8")) for root in (one, other)]
    labels = {task: _Labels(list(known)) for task, known in _values(one, other).items()}
    before, after = ([*_rows(root)] for root in (one, other))
    beat(0.2)
    matching = match(before, after, how, lambda share: beat(0.2 + 0.6 * share))
    likes = _likes(before, after, matching)
    counts: Counter[str] = Counter()
    moves: Counter[str] = Counter()
    changes: list[dict[str, Any]] = []
    for place, row in enumerate(after):
        if place not in matching.pairs:
            counts["added"] += 1
            changes.append(_change(row, ["added"], after=row))
            continue
        old = before[matching.pairs[place]]
        what = _differences(old, row, labels, likes)
        counts.update(kind for kind in what if not kind.startswith("label:"))
        if "moved" in what:
            moves[f"{old.split} → {row.split}"] += 1
        what += ["content"] * (matching.by[place] == "content")
        what += ["ambiguous"] * (place in matching.ambiguous)
        if what:
            changes.append(_change(row, what, old, row))
    gone = [before[place] for place in sorted({*range(len(before))} - {*matching.pairs.values()})]
    counts["dropped"] = len(gone)
    changes += [_change(row, ["dropped"], before=row) for row in gone]
    beat(0.9)
    dialogues, dialogue_moves, moved = _dialogues(before, after, likes)
    alphas = [_alphas(root) for root in (one, other)]
    summary = {
        "releases": [_named(manifest) for manifest in manifests],
        "same_contents": bool(manifests[0].get("contents"))
        and manifests[0].get("contents") == manifests[1].get("contents"),
        "matching": {"how": how} | matching.counts(),
        "dialogues": dialogues,
        "moves": dict(sorted(dialogue_moves.items())),
        "utterances": {"kept": len(matching.pairs)} | {name: counts[name] for name in COUNTED},
        "utterance_moves": dict(sorted(moves.items())),
        "labels": {
            task: label_changes.to_json() | {"alpha": [alpha.get(task) for alpha in alphas]}
            for task, label_changes in labels.items()
        },
    }
    return ReleaseDiff(summary, moved + changes)


def _likes(before: Sequence[Row], after: Sequence[Row], matching: Matching) -> dict[str, str]:
    """Dialogue of the earlier release -> that of the later one that has most of it."""
    shared = Counter(
        (before[old].dialogue, after[new].dialogue) for new, old in sorted(matching.pairs.items())
    )
    ordered = sorted(shared.items(), key=lambda each: (-each[1], each[0][0] != each[0][1]))
    if matching.trusted:
        names = {row.dialogue: None for row in after}
        same = dict.fromkeys(row.dialogue for row in before if row.dialogue in names)
        ordered += [((name, name), 0) for name in same]
    likes: dict[str, str] = {}
    taken: set[str] = set()
    for (one, other), _count in ordered:
        if one not in likes and other not in taken:
            likes[one] = other
            taken.add(other)
    return likes


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


def _differences(
    old: Row, new: Row, labels: dict[str, _Labels], likes: dict[str, str]
) -> list[str]:
    what = []
    if likes.get(old.dialogue) != new.dialogue:
        what.append("dialogue")
    if old.split != new.split:
        what.append("moved")
    if old.text != new.text:
        what.append("text")
    if any(_apart(a, b) for a, b in zip(old.times, new.times, strict=True)):
        what.append("times")
    if old.speaker != new.speaker:
        what.append("speaker")
    for task, changes in labels.items():
        a, b = old.gold.get(task, NONE), new.gold.get(task, NONE)
        changes.counts[a, b] += 1
        if a != b:
            what.append(f"label:{task}")
    return what


def _apart(a: float | None, b: float | None) -> bool:
    return (a is None) != (b is None) or (a is not None and b is not None and abs(a - b) > TIME)


def _dialogues(
    before: Sequence[Row], after: Sequence[Row], likes: dict[str, str]
) -> tuple[dict[str, int], Counter[str], list[dict[str, Any]]]:
    was = {row.dialogue: row for row in reversed(before)}
    now = {row.dialogue: row for row in reversed(after)}
    came_from = {new: old for old, new in likes.items()}
    moves: Counter[str] = Counter()
    rows = []
    for name, new in reversed(now.items()):
        old = was.get(came_from.get(name, ""))
        if old and old.split != new.split:
            moves[f"{old.split} → {new.split}"] += 1
            rows.append(_dialogue_change("dialogue_moved", old, new))
    gone = [row for name, row in reversed(was.items()) if name not in likes]
    fresh = [row for name, row in reversed(now.items()) if name not in came_from]
    rows += [_dialogue_change("dialogue_added", None, row) for row in fresh]
    rows += [_dialogue_change("dialogue_dropped", row, None) for row in gone]
    counts = {
        "kept": len(likes),
        "added": len(fresh),
        "dropped": len(gone),
        "moved": sum(moves.values()),
    }
    return counts, moves, rows


def _dialogue_change(what: str, old: Row | None, new: Row | None) -> dict[str, Any]:
    ends = [row and {"dialogue": row.dialogue, "split": row.split} for row in (old, new)]
    named = new or old
    return {
        "id": None,
        "dialogue": named.dialogue if named else "",
        "what": [what],
        "before": ends[0],
        "after": ends[1],
    }


def _change(
    row: Row, what: list[str], before: Row | None = None, after: Row | None = None
) -> dict[str, Any]:
    return {
        "id": row.id,
        "dialogue": row.dialogue,
        "what": what,
        "before": before and _shown(before),
        "after": after and _shown(after),
    }


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "dialogue": row.dialogue,
        "split": row.split,
        "speaker": row.speaker,
        "text": row.text,
        "start": row.times[0],
        "end": row.times[1],
        "gold": row.gold,
    }


def _rows(root: Path) -> Iterator[Row]:
    known: dict[str, str] = {}  # names that stand in many rows are kept once

    def once(text: str) -> str:
        return known.setdefault(text, text)

    with (root / "utterances.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Row(
                row["id"],
                once(row["dialogue"]),
                once(row["split"]),
                row["speaker"] and once(row["speaker"]),
                row["text"],
                (row["start"], row["end"]),
                {once(task): once(value) for task, value in row["gold"].items()},
            )


def _values(*roots: Path) -> dict[str, dict[str, None]]:
    """Task -> its values, of both releases, in the order of the schemes."""
    by_task: dict[str, dict[str, None]] = {}
    for root in roots:
        scheme = json.loads((root / "scheme.json").read_text("utf-8"))
        for task in scheme["tasks"]:
            values = by_task.setdefault(task["key"], {})
            values.update(dict.fromkeys(value["key"] for value in task["values"]))
    return by_task


def _alphas(root: Path) -> dict[str, dict[str, Any]]:
    """Task -> alpha with its interval, or why there is none."""
    names = ("value", "undefined", "low", "high", "units", "judgements")
    rows = agreement_rows(root)
    return {row["task"]: {name: row.get(name) for name in names} for row in rows}


def _named(manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        "corpus": manifest["corpus"],
        "version": manifest["version"],
        "contents": manifest.get("contents"),
    }
