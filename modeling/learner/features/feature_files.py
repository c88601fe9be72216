"""Features that were computed elsewhere, as tables by utterance: from NumPy files, Parquet, and
pickles as MMSA writes them. Labels in a file are never read.
"""

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modeling.learner.error_messages import display_value
from modeling.learner.features.array_pickle import load_arrays
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.numeric_checks import first_nonfinite
from modeling.learner.recipes import MODALITIES

KINDS = (".npy", ".npz", ".parquet", ".pkl", ".pickle")
PICKLES = (".pkl", ".pickle")
MOST_BYTES = 16 << 30  # of a file
MOST_DIMS, MOST_FRAMES, MOST_UTTERANCES = 16_384, 20_000, 2_000_000
ID_CHARACTERS = 500
ID_COLUMNS = ("id", "utterance", "utterance_id")
SPLITS = ("train", "valid", "test")  # of MMSA


@dataclass(frozen=True)
class FeatureTable:
    """Of n utterances by their ids the vectors of one modality, end to end: values (sum L, D),
    lengths (n,); `pooled` where each has one vector and frames have no time.
    """

    modality: str
    ids: list[str]
    values: NDArray[np.float32]
    lengths: NDArray[np.int64]
    pooled: bool

    @property
    def dims(self) -> int:
        return int(self.values.shape[1])

    def only(self, ids: Sequence[str]) -> "FeatureTable":
        """The rows of these ids, in their order; of ids that it lacks nothing."""
        place = {each: row for row, each in enumerate(self.ids)}
        known = [each for each in ids if each in place]
        ends = np.cumsum(self.lengths)
        rows = [place[each] for each in known]
        parts = [self.values[ends[row] - self.lengths[row] : ends[row]] for row in rows]
        values = np.concatenate(parts) if parts else self.values[:0]
        return FeatureTable(self.modality, known, values, self.lengths[rows], self.pooled)


def read_tables(path: Path, modality: str = "", ids: Path | None = None) -> list[FeatureTable]:
    """The tables of a file. A pickle of MMSA says which modalities it has; of another file it is
    `modality`. `ids` has the utterances of the rows of an array, a line each or as a JSON list.

    Raises FeatureError naming file, row and what was expected.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise FeatureError(f"{path.name}: features are read from {', '.join(KINDS)}.")
    if path.stat().st_size > MOST_BYTES:
        raise FeatureError(f"{path.name} is larger than {MOST_BYTES >> 30} GB.")
    if kind in PICKLES:
        tables = _of_mmsa(load_arrays(path), path.name)
        return [each for each in tables if not modality or each.modality == modality]
    if modality not in MODALITIES:
        raise FeatureError(f"{path.name}: say which modality it is: {', '.join(MODALITIES)}.")
    readers: dict[str, Callable[[Path, str, Path | None], FeatureTable]] = {
        ".npy": _of_npy, ".npz": _of_npz, ".parquet": _of_parquet,
    }  # fmt: skip
    return [readers[kind](path, modality, ids)]


def read_ids(path: Path) -> list[str]:
    """Ids of utterances, a line each or a JSON list. Raises FeatureError."""
    try:
        text = path.read_text("utf-8-sig")
        found = json.loads(text) if path.suffix.lower() == ".json" else text.splitlines()
    except (OSError, ValueError, RecursionError) as error:
        raise FeatureError(f"{path.name} is no list of utterances: {error}") from error
    if not isinstance(found, list):
        raise FeatureError(f"{path.name} is no list of utterances.")
    if path.suffix.lower() != ".json":
        found = [line.strip() for line in found if line.strip()]
    return _checked_ids(found, path.name)


def _of_npy(path: Path, modality: str, ids: Path | None) -> FeatureTable:
    if ids is None:
        raise FeatureError(f"{path.name} holds no ids: give the list of its utterances, too.")
    return _table(modality, read_ids(ids), _loaded(path), None, path.name)


def _of_npz(path: Path, modality: str, ids: Path | None) -> FeatureTable:
    arrays = _loaded(path)
    if not isinstance(arrays, Mapping):
        raise FeatureError(f"{path.name} is one array: call it .npy.")
    name = next((n for n in (modality, "features") if n in arrays), None)
    if name is None:
        raise FeatureError(
            f"{path.name} has no array {modality!r} or 'features'; it has {_names(arrays)}."
        )
    if ids is not None:
        rows = read_ids(ids)
    elif "ids" in arrays:
        rows = _checked_ids(arrays["ids"].tolist(), path.name)
    else:
        raise FeatureError(f"{path.name} has no array 'ids': give the list of its utterances, too.")
    return _table(modality, rows, arrays[name], arrays.get("lengths"), path.name)


def _loaded(path: Path) -> Any:
    """An array, or name -> array. Objects are refused: they would be pickles."""
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return found
        with found:
            size = sum(entry.file_size for entry in found.zip.infolist())
            if size > MOST_BYTES:
                raise FeatureError(f"{path.name} unpacks to more than {MOST_BYTES >> 30} GB.")
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, KeyError, MemoryError, zipfile.BadZipFile) as error:
        why = "it holds objects, not numbers" if "allow_pickle" in str(error) else str(error)[:200]
        raise FeatureError(f"{path.name} cannot be read: {why}.") from error


def _of_parquet(path: Path, modality: str, ids: Path | None) -> FeatureTable:
    try:
        # only whoever imports features of this kind needs Arrow
        import pyarrow

        # a module of its own
        import pyarrow.parquet
    except ImportError as error:
        raise FeatureError(f"{path.name}: Parquet needs a package: pip install pyarrow.") from error
    if ids is not None:
        raise FeatureError(f"{path.name} names its utterances itself: leave the list out.")
    try:
        columns = pyarrow.parquet.read_schema(path).names
        of_ids = next((name for name in ID_COLUMNS if name in columns), None)
        of_values = next((name for name in (modality, "features") if name in columns), None)
        if of_ids is None or of_values is None:
            wanted = "of ids (" + ", ".join(ID_COLUMNS) + ")" if of_ids is None else (
                f"{modality!r} or 'features' with a list of numbers a row"
            )  # fmt: skip
            raise FeatureError(f"{path.name} has no column {wanted}; it has {_names(columns)}.")
        table = pyarrow.parquet.read_table(path, columns=[of_ids, of_values])
        rows = _checked_ids(table[of_ids].to_pylist(), path.name)
        column = table[of_values].combine_chunks()
    except (OSError, pyarrow.ArrowException, ValueError) as error:
        raise FeatureError(f"{path.name} cannot be read: {str(error)[:200]}.") from error
    kinds = pyarrow.types
    lists = [kinds.is_list, kinds.is_large_list, kinds.is_fixed_size_list]
    if not any(check(column.type) for check in lists):
        raise FeatureError(
            f"{path.name}: the column {of_values} holds {column.type}, not a list of numbers, or of"
            " such lists, a row."
        )
    arrays = [np.array(each, dtype=np.float64) if each is not None else np.zeros(0)
              for each in _lists(column, path.name)]  # fmt: skip
    return _of_rows(modality, rows, arrays, path.name)


def _lists(column: Any, name: str) -> list[Any]:
    found = column.to_pylist()
    for row, value in enumerate(found, 1):
        if value and isinstance(value[0], list) and len({len(v or ()) for v in value}) > 1:
            raise FeatureError(f"{name}, row {row}: its vectors have different dimensions.")
        flat = value or []
        nested = [x for each in flat for x in each] if flat and isinstance(flat[0], list) else flat
        if any(not isinstance(x, int | float) for x in nested):
            raise FeatureError(f"{name}, row {row}: a value is missing or no number.")
    return list(found)


def _of_rows(
    modality: str, ids: list[str], rows: Sequence[NDArray[Any]], name: str
) -> FeatureTable:
    """Of arrays (D,) or (L, D), all of them alike but for L; empty ones are missing."""
    full = [row for row in rows if row.size]
    if not full:
        raise FeatureError(f"{name} holds no vector.")
    shapes = {row.ndim for row in full}, {row.shape[-1] for row in full}
    if len(shapes[0]) > 1 or len(shapes[1]) > 1 or full[0].ndim > 2:
        dims = " and ".join(map(str, sorted(shapes[1])))
        raise FeatureError(f"{name}: its rows have {dims} dimensions; all must have the same.")
    pooled = full[0].ndim == 1
    lengths = np.array([0 if not row.size else 1 if pooled else len(row) for row in rows])
    flat = np.concatenate([row.reshape(-1, row.shape[-1]) for row in full])
    return _checked(modality, ids, flat, lengths, pooled, name)


def _of_mmsa(data: Any, name: str) -> list[FeatureTable]:
    """Tables of {"train": {"id": [...], "text": (n, L, D), "audio": …, "vision": …}, …}."""
    splits = [key for key in SPLITS if isinstance(data, dict) and isinstance(data.get(key), dict)]
    if not splits:
        keys = _names(data) if isinstance(data, dict) else type(data).__name__
        raise FeatureError(
            f'{name} has no "train", "valid" or "test" as MMSA writes; it has {keys}.'
        )
    tables = []
    for modality in MODALITIES:
        arrays, ids, lengths, given = [], [], [], []
        for split in splits:
            part = data[split]
            if not isinstance(part.get(modality), np.ndarray):
                continue
            rows = part.get("id")
            rows = rows.tolist() if isinstance(rows, np.ndarray) else rows
            if not isinstance(rows, list):
                raise FeatureError(f'{name}: "{split}" has no list "id" of its utterances.')
            ids += _checked_ids(rows, f"{name}, {split}")
            arrays.append(part[modality])
            own = part.get(f"{modality}_lengths")
            given.append(own is not None)
            lengths += list(own) if own is not None else []
        if not arrays:
            continue
        if len({array.shape[1:] for array in arrays}) > 1:
            raise FeatureError(f"{name}: {modality} has other dimensions in some splits.")
        every = np.array(lengths) if all(given) else None
        tables.append(_table(modality, ids, np.concatenate(arrays), every, name))
    if not tables:
        raise FeatureError(f"{name} has no arrays {', '.join(MODALITIES)}.")
    return tables


def _table(
    modality: str, ids: list[str], array: NDArray[Any], lengths: Any, name: str
) -> FeatureTable:
    """Of an array (n, D) of one vector an utterance, or (n, L, D). Without lengths, frames of zeros
    alone at the end of an utterance are taken for padding.
    """
    if array.ndim not in (2, 3) or array.dtype.kind not in "fiu":
        raise FeatureError(
            f"{name}: {modality} is an array of {array.dtype} {array.shape}, not of numbers"
            " (utterances, dimensions) or (utterances, frames, dimensions)."
        )
    if len(array) != len(ids):
        raise FeatureError(f"{name}: {len(array)} rows of {modality} and {len(ids)} ids.")
    if array.ndim == 2:
        return _checked(modality, ids, array, np.ones(len(ids), np.int64), True, name)
    if array.shape[1] > MOST_FRAMES:
        raise FeatureError(f"{name}: more than {MOST_FRAMES:,} frames an utterance.")
    frames = array.shape[1]
    if lengths is None:
        real = (array != 0).any(axis=2)  # (n, L); NaN is real, and refused below
        own = np.where(real.any(axis=1), frames - real[:, ::-1].argmax(axis=1), 0)
    else:
        own = np.asarray(lengths)
        fits = own.shape == (len(ids),) and own.dtype.kind in "iu"
        if not fits or (len(own) and (own.min() < 0 or own.max() > frames)):
            raise FeatureError(
                f"{name}: lengths of {modality} must be a whole number from 0 to {frames} for each"
                f" of {len(ids)} utterances."
            )
    inside = np.arange(frames) < own[:, None]
    return _checked(modality, ids, array[inside], own, False, name)


def _checked(
    modality: str,
    ids: list[str],
    values: NDArray[Any],
    lengths: NDArray[Any],
    pooled: bool,
    name: str,
) -> FeatureTable:
    if len(lengths) != len(ids):
        raise FeatureError(f"{name}: {len(lengths)} rows of {modality} and {len(ids)} ids.")
    if not 1 <= values.shape[1] <= MOST_DIMS:
        raise FeatureError(
            f"{name}: {values.shape[1]} dimensions; from 1 to {MOST_DIMS:,} are read."
        )
    with np.errstate(over="ignore"):  # what is too large becomes an infinity, and is refused
        numbers = np.ascontiguousarray(values, dtype=np.float32)
    if bad := first_nonfinite(numbers):
        row = int(np.searchsorted(np.cumsum(lengths), bad[0], side="right"))
        raise FeatureError(
            f"{name}: {modality} of {display_value(ids[row])} (row {row + 1}) holds {bad[1]};"
            f" {bad[2]} values of it are no numbers. Nothing was kept."
        )
    return FeatureTable(modality, ids, numbers, lengths.astype(np.int64), pooled)


def _checked_ids(found: Sequence[Any], name: str) -> list[str]:
    """Raises FeatureError for what is no id, and for one that is there twice."""
    if len(found) > MOST_UTTERANCES:
        raise FeatureError(f"{name} has more than {MOST_UTTERANCES:,} utterances.")
    seen: dict[str, int] = {}
    for row, each in enumerate(found, 1):
        each = str(each) if isinstance(each, int) and not isinstance(each, bool) else each
        if not isinstance(each, str) or not each or len(each) > ID_CHARACTERS:
            raise FeatureError(f"{name}: the id in row {row} is {display_value(each)}, not text.")
        if each in seen:
            raise FeatureError(
                f"{name}: the utterance {display_value(each)} is there twice, in the rows"
                f" {seen[each]} and {row}."
            )
        seen[each] = row
    return list(seen)


def _names(found: Any) -> str:
    names = [display_value(each) for each in list(found)[:10]]
    return ", ".join(names) or "nothing"
