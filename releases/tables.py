"""Plain: the tables of a release as JSONL, CSV and Parquet, written column by column.

What repeats (an outcome of a task, an answer, an assignment) is put into words once and taken for
each row by its number; Arrow joins the pieces of a line.

The Parquet files carry the features that Hugging Face's `datasets` reads: class labels with their
names, soft labels in the order of the scheme's values.
"""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from annotation.scheme import Scheme
from core.csv_export import safe
from releases.columns import Answers, Outcome, Part, Settled

HF_SPLITS = {"train": "train", "valid": "validation", "test": "test"}  # ours -> as they say there
AT_ONCE = 20_000  # rows of a row group
FIELDS = ("id", "dialogue", "number", "split", "source", "speaker", "start", "end", "text")
NUMBERS = ("number", "start", "end")
BESIDE = ("provenance", "votes", "soft")  # what columns of a task are called besides its own
IN_JSON = {name: attrgetter("value" if name == "gold" else name) for name in ("gold", *BESIDE)}
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
        self.answers = Answers(scheme)
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
        self._schema = schema(utterance_features(scheme, traits))
        self._tables: dict[str, _Parquet] = {}
        self._judged = self._parquet("data/judgements.parquet", schema(judgement_features()))

    def __enter__(self) -> "Tables":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def add(self, part: Part) -> None:
        """Write the rows of whole dialogues to every table."""
        self._write_lines(part)
        self._write_sheet(part)
        self._write_utterances(part)
        self._write_judgements(part)

    def _write_lines(self, part: Part) -> None:
        """The utterances as JSON: their plain columns row by row, their outcomes by number."""
        rows = zip(*part.utterances.values(), strict=True)
        plain = (orjson.dumps(dict(zip(part.utterances, row, strict=True))) for row in rows)
        pieces = [_text(row[:-1] for row in plain)]
        before = ""
        for name, of_outcome in IN_JSON.items():
            of_tasks = [
                _fragments(task, settled, of_outcome) for task, settled in part.settled.items()
            ]
            pieces += [_scalar(f'{before},"{name}":{{'), pc.ascii_rtrim(_joined(*of_tasks), ",")]
            before = "}"
        _write(self.utterances, *pieces, _scalar("}}\n"))

    def _write_sheet(self, part: Part) -> None:
        """Cells that no spreadsheet runs, where they are no numbers."""
        columns = [
            part.utterances[name] if name in NUMBERS else _cells(part.utterances[name])
            for name in FIELDS
        ]
        for trait in self.traits:
            columns.append(_cells([of.get(trait, "") for of in part.utterances["traits"]]))
        for task in self.scheme.keys:
            settled = part.settled[task]
            cells = [*_cells([found.value or "" for found in settled.outcomes]), ""]  # -1: the last
            columns.append([cells[number] for number in settled.which.tolist()])
        self.sheet.writerows(zip(*columns, strict=True))

    def _write_utterances(self, part: Part) -> None:
        found = {name: part.utterances[name] for name in PLAIN}
        for trait in self.traits:
            found[f"speaker_{trait}"] = [each.get(trait) for each in part.utterances["traits"]]
        for task in self.scheme.tasks:
            settled, name = part.settled[task.key], self.columns[task.key]
            place = {value: number for number, value in enumerate(task.keys)}
            taken = {
                name: [place.get(gold.value or "") for gold in settled.outcomes],
                f"{name}_provenance": [gold.provenance for gold in settled.outcomes],
                f"{name}_votes": [_spread(task.keys, gold.votes, 0) for gold in settled.outcomes],
                f"{name}_soft": [_spread(task.keys, gold.soft, 0.0) for gold in settled.outcomes],
            }
            which = _numbers(settled.which)
            for column, values in taken.items():
                kind = self._schema.field(column).type
                found[column] = pa.array(values, kind).take(which)
        whole = pa.Table.from_pydict(found, schema=self._schema)
        splits = np.array(part.utterances["split"])
        for split in HF_SPLITS:
            mine = np.flatnonzero(splits == split)
            if len(mine):
                if split not in self._tables:
                    name = f"data/{HF_SPLITS[split]}-00000-of-00001.parquet"
                    self._tables[split] = self._parquet(name, self._schema)
                self._tables[split].add(whole.take(pa.array(mine)))

    def _write_judgements(self, part: Part) -> None:
        given, dumps = part.judgements, orjson.dumps
        utterance, whose, answer = map(pa.array, (given.utterance, given.whose, given.answer))
        ids = part.utterances["id"]
        names = self.answers.names
        _write(
            self.judgements,
            _text(b'{"utterance":%b,' % dumps(uid) for uid in ids).take(utterance),
            _text(
                b'"annotator":%b,"round":%b,' % (dumps(work.annotator), dumps(work.round_name))
                for work in given.work
            ).take(whose),
            _text(
                b'"task":%b,"value":%b,"confidence":' % (dumps(task), dumps(value))
                for task, value in names
            ).take(answer),
            _text(_figures(given.confidence)),
            _scalar(',"seconds":'),
            _text(_figures(given.seconds)),
            _scalar("}\n"),
        )
        columns = {
            "utterance": pa.array(ids, pa.string()).take(utterance),
            "annotator": pa.array([work.annotator for work in given.work]).take(whose),
            "round": pa.array([work.round_name for work in given.work]).take(whose),
            "task": pa.array([task for task, _value in names]).take(answer),
            "value": pa.array([value for _task, value in names]).take(answer),
            "confidence": given.confidence,
            "seconds": given.seconds,
        }
        self._judged.add(pa.Table.from_pydict(columns, schema=self._judged.schema))

    def _parquet(self, name: str, schema: pa.Schema) -> "_Parquet":
        return self._open.enter_context(_Parquet(self.root / name, schema))


def _numbers(which: NDArray[np.int64]) -> pa.Array:
    """Numbers of outcomes, null where there is none."""
    return pa.array(which, mask=which < 0)


def _text(pieces: Iterable[bytes]) -> pa.Array:
    return pa.array(list(pieces), pa.large_string())


def _scalar(words: str) -> pa.Scalar:
    return pa.scalar(words, pa.large_string())


def _figures(numbers: list[int | None] | NDArray[np.float64]) -> list[bytes]:
    """Each number, or null, as JSON."""
    words = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    return words.split(b",") if words else []


def _fragments(task: str, settled: Settled, of_outcome: Callable[[Outcome], Any]) -> pa.Array:
    """Of each utterance `"task": what is shown of its outcome,` as JSON; null: nothing."""
    shown = map(of_outcome, settled.outcomes)
    pieces = [None if one is None else orjson.dumps({task: one})[1:-1] + b"," for one in shown]
    return pa.array(pieces, pa.large_string()).take(_numbers(settled.which))


def _joined(*pieces: pa.Array | pa.Scalar) -> pa.Array:
    """The pieces of each row in one; null is nothing."""
    return pc.binary_join_element_wise(
        *pieces, _scalar(""), null_handling="replace", null_replacement=""
    )


def _write(file: BinaryIO, *pieces: pa.Array | pa.Scalar) -> None:
    """Write the lines that the pieces make: their bytes stand one after the other in memory."""
    _valid, _ends, lines = _joined(*pieces).buffers()
    if lines is not None:
        file.write(lines)


def _cells(values: list[Any]) -> list[Any]:
    cells = {value: safe(value) for value in {*values}}
    return [cells[value] for value in values]


def _spread(keys: Sequence[str], found: Mapping[str, Any], none: float) -> list[Any]:
    """What each of the values has, or `none`."""
    return [found.get(key, none) for key in keys]


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

    def add(self, table: pa.Table) -> None:
        self.waiting.append(table)
        self.size += len(table)
        if self.size >= AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self.size:
            self.writer.write_table(pa.concat_tables(self.waiting), row_group_size=self.size)
        self.waiting, self.size = [], 0
