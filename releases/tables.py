"""Plain: the tables of a release as JSONL, CSV and Parquet, written as the rows come.

The Parquet files carry the features that Hugging Face's `datasets` reads: class labels with their
names, soft labels in the order of the scheme's values.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from annotation.scheme import Scheme
from core.csv_export import safe

HF_SPLITS = {"train": "train", "valid": "validation", "test": "test"}  # ours -> as they say there
LINE = orjson.OPT_APPEND_NEWLINE
AT_ONCE = 20_000  # rows of a row group
FIELDS = ("id", "dialogue", "number", "split", "source", "speaker", "start", "end", "text")
BESIDE = ("provenance", "votes", "soft")  # what columns of a task are called besides its own
PLAIN = {
    "id": "string",
    "dialogue": "string",
    "number": "int32",
    "source": "string",
    "speaker": "string",
    "start": "float64",
    "end": "float64",
    "text": "string",
    "translation": "string",
    "machine": "bool",
    "media": "string",
}
JUDGED = {
    "utterance": "string",
    "annotator": "string",
    "round": "string",
    "task": "string",
    "value": "string",
    "confidence": "int8",
    "seconds": "float64",
}
ARROW = {
    "string": pa.string(),
    "int8": pa.int8(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
}


def utterance_features(scheme: Scheme, traits: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Column -> feature as `datasets` writes it down, of the Parquet table of utterances."""
    found: dict[str, dict[str, Any]] = {}
    for name, dtype in PLAIN.items():
        found[name] = _value(dtype)
        if name == "speaker":
            found |= {f"speaker_{trait}": _value("string") for trait in traits}
    names = columns(scheme, traits)
    for task in scheme.tasks:
        name = names[task.key]
        found[name] = {"names": list(task.keys), "_type": "ClassLabel"}
        found[f"{name}_provenance"] = _value("string")
        found[f"{name}_votes"] = {"feature": _value("int32"), "_type": "Sequence"}
        found[f"{name}_soft"] = {"feature": _value("float32"), "_type": "Sequence"}
    return found


def columns(scheme: Scheme, traits: Sequence[str]) -> dict[str, str]:
    """Task -> its column. One that is called as another column is, or whose columns of votes and
    the like would be, gets a longer name.
    """
    taken = {*PLAIN, *FIELDS, *(f"speaker_{trait}" for trait in traits)}
    found: dict[str, str] = {}
    for key in scheme.keys:
        name, number = key, 1
        while taken & (mine := {name, *(f"{name}_{more}" for more in BESIDE)}):
            name = f"{key}_label" if number == 1 else f"{key}_label{number}"
            number += 1
        found[key] = name
        taken |= mine
    return found


def judgement_features() -> dict[str, dict[str, Any]]:
    """Column -> feature, of the Parquet table of judgements."""
    return {name: _value(dtype) for name, dtype in JUDGED.items()}


def _value(dtype: str) -> dict[str, Any]:
    return {"dtype": dtype, "_type": "Value"}


def schema(features: dict[str, dict[str, Any]]) -> pa.Schema:
    """The Arrow schema of features, which travel in its metadata."""
    fields = [pa.field(name, _arrow(feature)) for name, feature in features.items()]
    metadata = json.dumps({"info": {"features": features}}, ensure_ascii=False)
    return pa.schema(fields, metadata={"huggingface": metadata})


def _arrow(feature: dict[str, Any]) -> pa.DataType:
    if feature["_type"] == "ClassLabel":
        return pa.int64()
    if feature["_type"] == "Sequence":
        return pa.list_(_arrow(feature["feature"]))
    return ARROW[feature["dtype"]]


class Tables:
    """The open files of a release's tables; a context manager. Memory holds a row group at most."""

    def __init__(self, root: Path, scheme: Scheme, traits: Sequence[str]) -> None:
        self.scheme, self.traits, self.root = scheme, list(traits), root
        self._open = ExitStack()
        self.utterances = self._open.enter_context((root / "utterances.jsonl").open("wb"))
        self.judgements = self._open.enter_context((root / "judgements.jsonl").open("wb"))
        sheet = (root / "utterances.csv").open("w", encoding="utf-8-sig", newline="")
        self.sheet = csv.writer(self._open.enter_context(sheet))
        self.columns = columns(scheme, traits)
        tasks = list(self.columns.values())
        header = [*FIELDS, *(f"speaker_{t}" for t in traits), *tasks]
        self.sheet.writerow([safe(name) for name in header])
        (root / "data").mkdir()
        self._features = utterance_features(scheme, traits)
        self._tables: dict[str, _Parquet] = {}
        self._judged = self._parquet("data/judgements.parquet", judgement_features())

    def __enter__(self) -> "Tables":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def add(self, utterances: list[dict[str, Any]], judgements: list[dict[str, Any]]) -> None:
        """Write rows of whole dialogues to every table."""
        self.utterances.writelines(orjson.dumps(row, option=LINE) for row in utterances)
        self.judgements.writelines(orjson.dumps(row, option=LINE) for row in judgements)
        tasks, traits, cells = self.scheme.keys, self.traits, itemgetter(*FIELDS)
        self.sheet.writerows(
            [
                *map(safe, cells(row)),
                *(safe(row["traits"].get(trait, "")) for trait in traits),
                *(safe(row["gold"].get(task, "")) for task in tasks),
            ]
            for row in utterances
        )
        for split in HF_SPLITS:
            mine = [row for row in utterances if row["split"] == split]
            if mine:
                if split not in self._tables:
                    name = f"data/{HF_SPLITS[split]}-00000-of-00001.parquet"
                    self._tables[split] = self._parquet(name, self._features)
                self._tables[split].add(self._columns(mine))
        self._judged.add({name: [row[name] for row in judgements] for name in JUDGED})

    def _parquet(self, name: str, features: dict[str, dict[str, Any]]) -> "_Parquet":
        return self._open.enter_context(_Parquet(self.root / name, schema(features)))

    def _columns(self, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in PLAIN}
        for trait in self.traits:
            found[f"speaker_{trait}"] = [row["traits"].get(trait) for row in rows]
        for task in self.scheme.tasks:
            key, values, name = task.key, task.keys, self.columns[task.key]
            place = {value: number for number, value in enumerate(values)}
            found[name] = [place.get(row["gold"].get(key)) for row in rows]
            found[f"{name}_provenance"] = [row["provenance"].get(key) for row in rows]
            votes = (row["votes"].get(key) for row in rows)
            found[f"{name}_votes"] = [v and [v.get(value, 0) for value in values] for v in votes]
            soft = (row["soft"].get(key) for row in rows)
            found[f"{name}_soft"] = [s and [s.get(value, 0.0) for value in values] for s in soft]
        return found


class _Parquet:
    """One Parquet file, written a row group at a time."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = schema
        self.writer = pq.ParquetWriter(path, schema, compression="zstd")
        self.waiting: list[pa.Table] = []
        self.size = 0

    def __enter__(self) -> "_Parquet":
        return self

    def __exit__(self, *why: object) -> None:
        self._flush()
        self.writer.close()

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        table = pa.Table.from_pydict(columns, schema=self.schema)
        self.waiting.append(table)
        self.size += len(table)
        if self.size >= AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self.size:
            self.writer.write_table(pa.concat_tables(self.waiting), row_group_size=self.size)
        self.waiting, self.size = [], 0
