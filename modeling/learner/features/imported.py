"""A directory of imported features: vectors of one modality, computed elsewhere, by utterance.

manifest.json   name, modality, dimensions, rate, how many utterances, SHA-256 of each other file
ids.json        the utterances, in the order of the rows
lengths.npy     how many vectors each has
values.npy      the vectors, end to end (sum L, D), 32-bit numbers

The digest of the features is that of the manifest's entries of files, so that two imports of the
same numbers are the same features. Nothing in it is a pickle.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.feature_files import FeatureTable
from modeling.learner.recipes import MODALITIES

FORMAT = 1
FILES = ("ids.json", "lengths.npy", "values.npy")
NAMED = 10  # utterances that a report names


@dataclass(frozen=True)
class Match:
    """Which utterances of a release a table has: how many `matched`, how many ids of the table are
    `unknown` to the release and how many of its utterances are `without`, the first of both.
    """

    matched: int
    unknown: int
    first_unknown: list[str]
    without: int
    first_without: list[str]

    @classmethod
    def of(cls, table: FeatureTable, utterances: Sequence[str]) -> "Match":
        """A table beside the utterances of a release."""
        known, there = set(utterances), set(table.ids)
        unknown = [each for each in table.ids if each not in known]
        without = [each for each in utterances if each not in there]
        return cls(
            len(table.ids) - len(unknown),
            len(unknown),
            unknown[:NAMED],
            len(without),
            without[:NAMED],
        )


def write_features(
    root: Path,
    table: FeatureTable,
    name: str,
    rate: float | None = None,
    source: str = "",
    columns: Sequence[str] = (),
    examples: Sequence[str] = (),
) -> str:
    """Write a table as a directory, which must not exist yet; the digest. `columns` say what its
    dimensions are, where they have names; `examples` are utterances whose labels made them.
    """
    root.mkdir(parents=True)
    (root / "ids.json").write_text(json.dumps(table.ids, ensure_ascii=False), "utf-8")
    np.save(root / "lengths.npy", table.lengths.astype(np.int64), allow_pickle=False)
    np.save(root / "values.npy", table.values.astype(np.float32), allow_pickle=False)
    files = {file: _sha256(root / file) for file in FILES}
    manifest = {
        "format": FORMAT,
        "name": name,
        "modality": table.modality,
        "pooled": table.pooled,
        "dims": table.dims,
        "rate": rate,
        "utterances": len(table.ids),
        "source": source,
        "files": files,
    }
    for key, given in (("columns", columns), ("examples", examples)):
        if given:
            manifest[key] = list(given)
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (root / "manifest.json").write_text(text + "\n", "utf-8")
    return _digest(manifest)


class ImportedFeatures:
    """A directory that `write_features` wrote. Raises FeatureError where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            manifest = json.loads((path / "manifest.json").read_text("utf-8"))
            if manifest["format"] != FORMAT or manifest["modality"] not in MODALITIES:
                raise ValueError("it is of another version")
            self.name, self.modality = str(manifest["name"]), str(manifest["modality"])
            self.dims, self.digest = int(manifest["dims"]), _digest(manifest)
            self.columns: list[str] = [str(each) for each in manifest.get("columns", ())]
            self.examples = frozenset(str(each) for each in manifest.get("examples", ()))
            self._files: dict[str, str] = {file: manifest["files"][file] for file in FILES}
        except FileNotFoundError as error:
            raise FeatureError(
                f"{path} holds no imported features: they were removed, or never were there."
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FeatureError(
                f"{path} holds no imported features that can be read: {error}"
            ) from (error)

    @property
    def key(self) -> str:
        """What names these very numbers."""
        return f"imported-{self.digest[:32]}"

    def of(self, utterance: str) -> NDArray[np.float32]:
        """(frames, dims), no frame where the utterance has none. Raises FeatureError where the
        files are not those that were imported.
        """
        row = self._rows.get(utterance)
        if row is None:
            return np.zeros((0, self.dims), np.float32)
        values, ends, lengths = self._arrays
        return np.array(values[ends[row] - lengths[row] : ends[row]], np.float32)

    @cached_property
    def _rows(self) -> dict[str, int]:
        for file, digest in self._files.items():
            try:
                same = _sha256(self.path / file) == digest
            except OSError as error:
                raise FeatureError(
                    f"{self.path} lacks its {file}. Import them once more."
                ) from error
            if not same:
                raise FeatureError(
                    f"{self.path}: {file} is not the file that was imported. Import them once more."
                )
        ids = json.loads((self.path / "ids.json").read_text("utf-8"))
        return {utterance: row for row, utterance in enumerate(ids)}

    @cached_property
    def _arrays(self) -> tuple[Any, Any, Any]:
        lengths = np.load(self.path / "lengths.npy", allow_pickle=False)
        values = np.load(self.path / "values.npy", mmap_mode="r", allow_pickle=False)
        return values, np.cumsum(lengths), lengths


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(manifest: dict[str, Any]) -> str:
    """Of the numbers, their ids and what they are; not of names."""
    keys = ("format", "modality", "pooled", "dims", "files", "columns", "examples")
    what = {key: manifest[key] for key in keys if key in manifest}
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
