"""Many rows into the database, a batch at a time, so that memory does not grow with them."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.db import models

Row = TypeVar("Row")


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """The rows in lists of `size`, the last one shorter."""
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def create(model: type[models.Model], rows: Iterable[models.Model], size: int = 2000) -> int:
    """Store the rows; their number. (`bulk_create` alone makes a list of all of them first.)"""
    return sum(len(model._default_manager.bulk_create(part)) for part in batches(rows, size))
