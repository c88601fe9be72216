"""Rows as tables of pandas and of Hugging Face."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datasets
    import pandas


def to_pandas(rows: Iterable[Mapping[str, Any]]) -> "pandas.DataFrame":
    """Rows as a table of pandas, a column a field."""
    import pandas

    return pandas.DataFrame([dict(row) for row in rows])


def to_dataset(rows: Iterable[Mapping[str, Any]]) -> "datasets.Dataset":
    """Rows as a Dataset of Hugging Face."""
    import datasets

    return datasets.Dataset.from_list([dict(row) for row in rows])
