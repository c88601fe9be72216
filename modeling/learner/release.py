"""A release directory as the learner sees it."""

import hashlib
import json
import random
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Dialogue:
    """One dialogue with its clip, or its features where the release has these instead."""

    id: str
    split: str
    utterances: tuple[Utterance, ...]
    clip: Path | None
    clip_sha256: str
    features: Path | None = None

    @property
    def has_media(self) -> bool:
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

    def of(self, split: str) -> list[Dialogue]:
        return [dialogue for dialogue in self.dialogues if dialogue.split == split]

    @property
    def has_media(self) -> bool:
        return any(dialogue.has_media for dialogue in self.dialogues)


@dataclass(frozen=True)
class Splits:
    """What is learned from, what chooses the epoch, and what is sealed until the run is frozen."""

    train: list[Dialogue]
    selection: list[Dialogue]
    sealed: list[Dialogue]
    selection_name: str
    sealed_name: str

    @classmethod
    def of(cls, release: Release, seed: int) -> "Splits":
        """Valid selects and test is sealed; without a test split valid is sealed and a tenth of
        the training dialogues selects, so that nothing reported was ever selected on."""
        train, valid, test = (release.of(name) for name in ("train", "valid", "test"))
        if test and valid:
            return cls(train, valid, test, "valid", "test")
        sealed, name = (test, "test") if test else (valid, "valid")
        shuffled = random.Random(seed).sample(train, len(train))
        held = max(1, len(train) // 10) if len(train) > 1 else 0
        return cls(shuffled[held:], shuffled[:held], sealed, "a tenth of train", name)


def load(root: Path) -> Release:
    """Read a release directory. Raises ReleaseError if it is none or has nothing to train on."""
    try:
        manifest_bytes = (root / "manifest.json").read_bytes()
        manifest = json.loads(manifest_bytes)
        scheme = json.loads((root / "scheme.json").read_text("utf-8"))
        lines = (root / "utterances.jsonl").read_text("utf-8").rstrip("\n").split("\n")
    except (OSError, ValueError) as error:
        raise ReleaseError(f"{root} is not a release directory: {error}") from error
    digests = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    tasks = tuple(
        Task(
            task["key"],
            tuple(v["key"] for v in task["values"]),
            task.get("source") or "",
            task.get("target") or "",
        )
        for task in scheme["tasks"]
    )
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        row = json.loads(line)
        rows.setdefault(row["dialogue"], []).append(row)
    dialogues = tuple(_dialogue(root, key, turns, digests) for key, turns in rows.items())
    release = Release(
        manifest["corpus"],
        manifest["version"],
        hashlib.sha256(manifest_bytes).hexdigest(),
        tasks,
        dialogues,
    )
    if not release.of("train"):
        raise ReleaseError(f"{root}: the release has no dialogue in its train split.")
    return release


def _dialogue(
    root: Path, key: str, rows: list[dict[str, Any]], digests: dict[str, str]
) -> Dialogue:
    lies = {row["media"] for row in rows} - {None}
    whole = next(iter(lies)) if len(lies) == 1 and "_" not in Path(min(lies)).stem else None
    measured = whole is not None and whole.endswith(".npz")

    def utterance(row: dict[str, Any]) -> Utterance:
        own = row["media"] if row["media"] and whole is None else None
        return Utterance(
            id=row["id"],
            speaker=row["speaker"] or "",
            text=row["text"],
            start=row["start"],
            end=row["end"],
            gold=row["gold"],
            clip=root / own if own else None,
            clip_sha256=digests[own] if own else "",
            soft=row.get("soft", {}),
        )

    return Dialogue(
        id=key,
        split=rows[0]["split"],
        utterances=tuple(utterance(row) for row in rows),
        clip=root / whole if whole and not measured else None,
        clip_sha256=digests[whole] if whole else "",
        features=root / whole if whole and measured else None,
    )
