"""A release directory as the learner sees it.

What is read from it holds no label of the held-out split: an evaluation on that asks for them
(`with_labels`), and nothing else does.
"""

import hashlib
import json
import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


class ReleaseError(ValueError):
    """A directory that is no release, or one that cannot be learned from."""


@dataclass(frozen=True)
class Task:
    """One task: its key and its classes in the order of the scheme."""

    key: str
    classes: tuple[str, ...]
    source: str = ""  # of a correlation, the task that moves
    target: str = ""  # and the one that is moved

    @property
    def is_correlation(self) -> bool:
        """Whether it says how one task moves another."""
        return bool(self.source)


@dataclass(frozen=True)
class Utterance:
    """One utterance; times in seconds of its dialogue's clip."""

    id: str
    speaker: str
    text: str
    start: float | None
    end: float | None
    gold: dict[str, str]
    clip: Path | None = None  # its own, where the release has one for each utterance
    clip_sha256: str = ""
    soft: dict[str, dict[str, float]] = field(default_factory=dict)
    labelled: bool = True  # whether the release has gold of it, read or not
    answers: dict[str, dict[str, str]] = field(default_factory=dict)  # task -> annotator -> value

    def without_labels(self) -> "Utterance":
        """The utterance without gold, soft labels and single answers."""
        return replace(self, gold={}, soft={}, answers={})


@dataclass(frozen=True)
class Dialogue:
    """One dialogue with its clip, or its features where the release has these instead."""

    id: str
    split: str
    utterances: tuple[Utterance, ...]
    clip: Path | None
    clip_sha256: str
    features: Path | None = None
    source: str = ""  # the series or file it is from

    @property
    def has_media(self) -> bool:
        """Whether there is anything but text."""
        own = any(utterance.clip for utterance in self.utterances)
        return own or self.clip is not None or self.features is not None


@dataclass(frozen=True)
class Release:
    """Everything that is learned from."""

    corpus: str
    version: str
    digest: str  # SHA-256 of manifest.json
    tasks: tuple[Task, ...]
    dialogues: tuple[Dialogue, ...]
    root: Path | None = None  # where it was read; None of one that was made in memory
    labels: bool = True  # whether the labels of the held-out split were read

    def of_split(self, split: str) -> list[Dialogue]:
        """The dialogues of a split by its name."""
        return [dialogue for dialogue in self.dialogues if dialogue.split == split]

    @property
    def held_out(self) -> str:
        """The split that is not used before an evaluation: the test set."""
        return held_out_split(dialogue.split for dialogue in self.dialogues)

    def without_labels(self) -> "Release":
        """The same without a label of the held-out split."""
        return replace(
            self,
            labels=False,
            dialogues=tuple(_hide_dialogue_labels(d) if d.split == self.held_out else d
                            for d in self.dialogues),
        )  # fmt: skip

    def with_labels(self) -> "Release":
        """The same with all labels, for an evaluation on the held-out split. Raises ReleaseError
        if the directory holds another release by now.
        """
        if self.labels or self.root is None:
            return self
        release = load_release(self.root, labels=True)
        if release.digest != self.digest:
            raise ReleaseError(f"{self.root} holds another release than it did before.")
        return release

    @property
    def has_media(self) -> bool:
        """Whether any dialogue has anything but text."""
        return any(dialogue.has_media for dialogue in self.dialogues)


@dataclass(frozen=True)
class Splits:
    """The train set, the validation set (it chooses epoch, temperature and threshold), and the test
    set, which is held out until the run is frozen.
    """

    train: list[Dialogue]
    validation: list[Dialogue]
    held_out: list[Dialogue]
    validation_name: str
    held_out_name: str

    @classmethod
    def of(cls, release: Release, seed: int) -> "Splits":
        """The splits valid and test are the validation and the held-out set. Without a test split
        valid is held out, and without one of the two a tenth of the training dialogues, drawn by
        the seed, is the validation set: what is reported was never selected on.
        """
        train, valid, test = (release.of_split(name) for name in ("train", "valid", "test"))
        if test and valid:
            return cls(train, valid, test, "valid", "test")
        held_out, name = (test, "test") if test else (valid, "valid")
        shuffled = random.Random(seed).sample(train, len(train))
        tenth = max(1, len(train) // 10) if len(train) > 1 else 0
        return cls(shuffled[tenth:], shuffled[:tenth], held_out, "a tenth of train", name)


def held_out_split(splits: Iterable[str]) -> str:
    """Of the names of splits the held-out one: test, or valid without one (see Splits.of)."""
    return "test" if "test" in set(splits) else "valid"


def load_release(root: Path, labels: bool = False) -> Release:
    """Read a release directory; of its held-out split without labels, unless `labels`.

    Raises ReleaseError if it is none, has nothing to train on, or holds a value that is no time, no
    label or no share; the message names the utterance.
    """
    try:
        manifest_bytes = (root / "manifest.json").read_bytes()
        manifest = json.loads(manifest_bytes)
        scheme = json.loads((root / "scheme.json").read_text("utf-8"))
        lines = (root / "utterances.jsonl").read_text("utf-8").rstrip("\n").split("\n")
        digests = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
        tasks = tuple(_task(task) for task in scheme["tasks"])
        corpus, version = manifest["corpus"], manifest["version"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(f"{root} is not a release directory: {error}") from error
    _check_scheme(root, tasks)
    rows: dict[str, list[dict[str, Any]]] = {}
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            rows.setdefault(row["dialogue"], []).append(row)
        except (ValueError, KeyError, TypeError) as error:
            words = f"{root}: line {number} of utterances.jsonl is no utterance: {error!r}."
            raise ReleaseError(words) from error
    held_out = held_out_split(str(turns[0].get("split")) for turns in rows.values())
    known = {task.key: frozenset(task.classes) for task in tasks}
    dialogues = []
    for key, turns in rows.items():
        if turns[0].get("split") == held_out and not labels:
            turns = [_hide_labels(row) for row in turns]
        try:
            for row in turns:
                _check_row(row, known)
            dialogues.append(_dialogue(root, key, turns, digests))
        except (KeyError, TypeError, AttributeError) as error:
            words = f"{root}: the dialogue {key!r} lacks something or holds what it must not:"
            raise ReleaseError(f"{words} {error!r}.") from error
        except ReleaseError as error:
            raise ReleaseError(f"{root}: {error}") from error
    digest = hashlib.sha256(manifest_bytes).hexdigest()
    release = Release(corpus, version, digest, tasks, tuple(dialogues), root, labels)
    if not release.of_split("train"):
        raise ReleaseError(f"{root}: the release has no dialogue in its train split.")
    return release


def _task(task: dict[str, Any]) -> Task:
    classes = tuple(value["key"] for value in task["values"])
    return Task(task["key"], classes, task.get("source") or "", task.get("target") or "")


def _check_scheme(root: Path, tasks: tuple[Task, ...]) -> None:
    keys = [task.key for task in tasks]
    for task in tasks:
        if not isinstance(task.key, str) or keys.count(task.key) > 1:
            raise ReleaseError(f"{root}: two tasks of the scheme are called {task.key!r}.")
        texts = all(isinstance(value, str) for value in task.classes)
        if not texts or len(set(task.classes)) < max(2, len(task.classes)):
            raise ReleaseError(f"{root}: the task {task.key!r} needs two or more different values.")
        if task.is_correlation and not {task.source, task.target} <= set(keys):
            raise ReleaseError(f"{root}: the task {task.key!r} relates tasks that are not there.")


def _hide_labels(row: dict[str, Any]) -> dict[str, Any]:
    """A row without labels, and whether it has any."""
    return {**row, "gold": {}, "soft": {}, "labelled": bool(row.get("gold"))}


def _hide_dialogue_labels(dialogue: Dialogue) -> Dialogue:
    return replace(dialogue, utterances=tuple(u.without_labels() for u in dialogue.utterances))


def _check_row(row: dict[str, Any], known: dict[str, frozenset[str]]) -> None:
    """Raises ReleaseError naming the utterance for what cannot be learned from."""
    name = f"the utterance {row['id']!r}"
    for end in ("start", "end"):
        if row[end] is not None and not _is_number(row[end]):
            raise ReleaseError(f"{name} has as its {end} {row[end]!r}, no number of seconds.")
    if not isinstance(row["text"], str):
        raise ReleaseError(f"{name} has as its text {row['text']!r}.")
    try:
        row["text"].encode()
    except UnicodeEncodeError as error:
        raise ReleaseError(f"{name} has half a surrogate pair in its text.") from error
    for task, value in row["gold"].items():
        if task in known and value not in known[task]:
            raise ReleaseError(f"{name} has {value!r}, no value of {task!r} in the scheme.")
    for task, spread in (row.get("soft") or {}).items():
        for value, share in (spread or {}).items():
            if not _is_number(share) or share < 0:
                words = f"{name} has as the soft label {value!r} of {task!r} {share!r}"
                raise ReleaseError(f"{words}, no share.")


def _is_number(value: Any) -> bool:
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    return whole and abs(value) < 1e12 and math.isfinite(value)


def _dialogue(
    root: Path, key: str, rows: list[dict[str, Any]], digests: dict[str, str]
) -> Dialogue:
    media = {row["media"] for row in rows} - {None}
    if media - set(digests):
        words = f"the media {sorted(media - set(digests))[0]!r} of {key!r} are not in the manifest."
        raise ReleaseError(words)
    whole = next(iter(media)) if len(media) == 1 and "_" not in Path(min(media)).stem else None
    measured = whole is not None and whole.endswith(".npz")

    def utterance(row: dict[str, Any]) -> Utterance:
        own = row["media"] if row["media"] and whole is None else None  # a clip of its own
        return Utterance(
            id=row["id"],
            speaker=row["speaker"] or "",
            text=row["text"],
            start=row["start"],
            end=row["end"],
            gold=row["gold"],
            clip=root / own if own else None,
            clip_sha256=digests[own] if own else "",
            soft={task: spread or {} for task, spread in (row.get("soft") or {}).items()},
            labelled=row.get("labelled", bool(row["gold"])),
        )

    return Dialogue(
        id=key,
        split=rows[0]["split"],
        utterances=tuple(utterance(row) for row in rows),
        clip=root / whole if whole and not measured else None,
        clip_sha256=digests[whole] if whole else "",
        features=root / whole if whole and measured else None,
        source=rows[0].get("source") or "",
    )
