"""Plain: the layout of MMSA (Mao et al. 2022): `label.csv`, and `unaligned.pkl` with features.

The pickle holds dictionaries, lists, strings and NumPy arrays, nothing else. Sound and picture
come from a release of measured features; without, only the table is written, for nothing is
invented. Text is one row a character, hashed into 64 signed dimensions (Weinberger et al. 2009),
as a release has no weights of a language model; use MMSA's own text features instead where you
can. Of the tasks, sentiment is what this layout has: -1, 0 or 1.
"""

import csv
import hashlib
import io
import pickle
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import gettext_noop
from releases.formats import Entries, ExportError, read, rows

TASK = "sentiment"
VALUES = {
    "negative": (-1.0, "Negative"),
    "neutral": (0.0, "Neutral"),
    "positive": (1.0, "Positive"),
}
TEXT_DIMS, LONGEST_TEXT = 64, 64  # dimensions, characters
LONGEST = {"audio": 400, "vision": 100}  # frames
Floats = NDArray[np.float32]


def entries(root: Path) -> Entries:
    """label.csv, and unaligned.pkl where the release has features.

    Raises ExportError if no utterance has a gold sentiment of three values.
    """
    if not any(row["gold"].get(TASK) in VALUES for row in rows(root)):
        raise ExportError(
            gettext_noop("MMSA's layout needs a sentiment that is negative, neutral or positive.")
        )
    yield "label.csv", [_labels(root)]
    if read(root, "manifest.json").get("media") == "features":
        yield "unaligned.pkl", [pickle.dumps(features(root), protocol=4)]


def _reported(root: Path) -> Iterator[dict[str, Any]]:
    return (row for row in rows(root) if row["gold"].get(TASK) in VALUES)


def _labels(root: Path) -> bytes:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    parts = ("label", "label_T", "label_A", "label_V")
    table.writerow(["video_id", "clip_id", "text", *parts, "annotation", "mode"])
    for row in _reported(root):
        value, word = VALUES[row["gold"][TASK]]
        table.writerow(
            [row["dialogue"], row["number"], row["text"], value, "", "", "", word, row["split"]]
        )
    return text.getvalue().encode("utf-8-sig")


def features(root: Path) -> dict[str, dict[str, Any]]:
    """Mode -> what MMSA's data loader reads: text (N, L, 64), audio and vision (N, L, d) padded
    with zeros behind `audio_lengths` and `vision_lengths`.
    """
    found: dict[str, dict[str, Any]] = {}
    for mode in ("train", "valid", "test"):
        mine = [row for row in _reported(root) if row["split"] == mode]
        if not mine:
            continue
        labels = np.array([VALUES[row["gold"][TASK]][0] for row in mine], np.float32)
        measured = [_measured(root, row) for row in mine]
        text, _ = _padded([_hashed(row["text"]) for row in mine], LONGEST_TEXT)
        part: dict[str, Any] = {
            "id": [f"{row['dialogue']}$_${row['number']}" for row in mine],
            "raw_text": [row["text"] for row in mine],
            "text": text,
            "annotations": [VALUES[row["gold"][TASK]][1] for row in mine],
            "classification_labels": labels + 1,
            "regression_labels": labels,
        }
        for name in ("audio", "vision"):
            arrays = [both[name] for both in measured]
            part[name], part[f"{name}_lengths"] = _padded(arrays, LONGEST[name])
        found[mode] = part
    return found


def _padded(arrays: list[Floats], longest: int) -> tuple[Floats, list[int]]:
    """(N, longest, d) with zeros behind each, and the lengths, 1 at least."""
    dims = max(array.shape[1] for array in arrays)
    whole = np.zeros((len(arrays), longest, dims), np.float32)
    for row, array in zip(whole, arrays, strict=True):
        row[: min(len(array), longest)] = array[:longest]
    return whole, [max(1, min(len(array), longest)) for array in arrays]


@lru_cache(maxsize=8)
def _arrays(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _measured(root: Path, row: dict[str, Any]) -> dict[str, Floats]:
    """The frames of an utterance; none where its dialogue has no media."""
    if row["media"] is None or row["start"] is None or row["end"] is None:
        return {name: np.zeros((0, 1), np.float32) for name in LONGEST}
    arrays = _arrays(root / row["media"])
    found = {}
    for name in LONGEST:
        rate = float(arrays[f"{name}_rate"])
        first = int(row["start"] * rate)
        found[name] = arrays[name][first : max(first + 1, int(np.ceil(row["end"] * rate)))]
    return found


def _hashed(text: str) -> Floats:
    """One signed unit vector a character, (L, TEXT_DIMS)."""
    return np.stack(
        [_character(c) for c in text[:LONGEST_TEXT]] or [np.zeros(TEXT_DIMS, np.float32)]
    )


@lru_cache(maxsize=20_000)
def _character(character: str) -> Floats:
    digest = hashlib.sha256(character.encode()).digest()
    found = np.zeros(TEXT_DIMS, np.float32)
    found[digest[0] % TEXT_DIMS] = 1.0 if digest[1] % 2 else -1.0
    return found
