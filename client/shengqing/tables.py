"""Rows as tables of pandas and of Hugging Face."""

from collections.abc import Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datasets
    import pandas

SPLITS = ("train", "validation", "test")  # as the files of a release in `data/` are called


def to_pandas(rows: Iterable[Mapping[str, Any]]) -> "pandas.DataFrame":
    """Rows as a table of pandas, a column a field."""
    import pandas

    return pandas.DataFrame([dict(row) for row in rows])


def to_flat_pandas(rows: Iterable[Mapping[str, Any]]) -> "pandas.DataFrame":
    """The same with a column for each key of fields that are objects: `gold.emotion`."""
    import pandas

    return pandas.json_normalize([dict(row) for row in rows], max_level=1)


def to_dataset(rows: Iterable[Mapping[str, Any]]) -> "datasets.Dataset":
    """Rows as a Dataset of Hugging Face."""
    import datasets

    return datasets.Dataset.from_list([dict(row) for row in rows])


def to_dataset_dict(files: "Mapping[str, str | IO[bytes]]") -> "datasets.DatasetDict":
    """Parquet files by split as a DatasetDict in memory, with the features that they name."""
    import datasets
    from pyarrow import parquet

    return datasets.DatasetDict(
        {
            split: datasets.Dataset(parquet.read_table(file), split=datasets.NamedSplit(split))
            for split, file in files.items()
        }
    )


def split_of(path: str) -> str | None:
    """The split whose rows are in this file of a release; None where it is no such file."""
    folder, _slash, name = path.rpartition("/")
    split = name.partition("-")[0]
    is_table = folder == "data" and name.endswith(".parquet") and split in SPLITS
    return split if is_table else None
