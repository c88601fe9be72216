"""Many rows into the database, a batch at a time, so that memory does not grow with them."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.fields.related import ForeignKey
from django.utils import timezone

from core.normalized_fields import NormalizedField

Row = TypeVar("Row")
BATCH = 5000  # rows
PLAIN = (models.TextField, models.CharField, models.IntegerField, models.FloatField)
VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """The rows in lists of `size`, the last one shorter."""
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def create(model: type[models.Model], rows: Iterable[models.Model], size: int = 2000) -> int:
    """Store the rows; their number. (`bulk_create` alone makes a list of all of them first.)"""
    return sum(len(model._default_manager.bulk_create(part)) for part in batches(rows, size))


def write(model: type[models.Model], names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    """Store rows that are given as tuples of values, one for each field of `names`; their number.

    What `bulk_create` would store of instances, for a small part of its cost: other fields get
    their defaults, normalised ones what they are made from. Foreign keys are given as ids, and
    values in the type of their field. Ids are the database's, or such as `reserve_ids` gives.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    given = {model._meta.get_field(name): place for place, name in enumerate(names)}
    fields = [f for f in model._meta.concrete_fields if not f.primary_key or f in given]
    store = _copy if connection.vendor == "postgresql" else _insert
    count = 0
    for part in batches(rows, BATCH):
        columns = list(zip(*part, strict=True))
        whole = [_column(field, given, columns, len(part), connection) for field in fields]
        store(connection, model, fields, zip(*whole))  # noqa: B905  # constants repeat for ever
        count += len(part)
    return count


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """So many ids, rising, that no other row gets: to be called in a transaction."""
    connection = connections[DEFAULT_DB_ALIAS]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [connection.ops.quote_name(table), model._meta.pk.column, count],
            )
            return sorted(pk for (pk,) in cursor.fetchall())
        cursor.execute(
            "UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s RETURNING seq",
            [count, table],
        )
        found = cursor.fetchone()
        if found is None:  # no row was ever stored there
            cursor.execute("INSERT INTO sqlite_sequence VALUES (%s, %s)", [table, count])
        last = found[0] if found else count
        return list(range(last - count + 1, last + 1))


def _column(
    field: Any, given: dict[Any, int], columns: list[Any], count: int, connection: Any
) -> Iterable[Any]:
    """The values of a field for `count` rows as the database takes them, or one that repeats."""
    if field in given:
        values = columns[given[field]]
        if isinstance(field, (*PLAIN, ForeignKey, models.BooleanField)):
            return values  # asking the field for each costs more than storing it
        return [field.get_db_prep_save(value, connection) for value in values]
    if isinstance(field, NormalizedField):
        source: Any = field.model._meta.get_field(field.of)
        if source in given:
            return map(field.compute, columns[given[source]])
        return repeat(field.compute(source.get_default()))
    if isinstance(field, models.UUIDField) and field.has_default():
        return _random_ids(count)
    moment = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    value = timezone.now() if moment else field.get_default()
    return repeat(field.get_db_prep_save(value, connection))


def _random_ids(count: int) -> list[str]:
    """UUIDs of version 4 in hexadecimal digits, rising, so that an index finds them neighbours."""
    digits = os.urandom(16 * count).hex()
    whole = (digits[place : place + 32] for place in range(0, 32 * count, 32))
    return sorted(f"{one[:12]}4{one[13:16]}{VARIANTS[one[16]]}{one[17:]}" for one in whole)


def _insert(connection: Any, model: Any, fields: list[Any], rows: Iterable[Any]) -> None:
    table, names = _quoted(connection, model, fields)
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)


def _copy(connection: Any, model: Any, fields: list[Any], rows: Iterable[Any]) -> None:
    table, names = _quoted(connection, model, fields)
    command = f"COPY {table} ({names}) FROM STDIN"
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(command) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _quoted(connection: Any, model: Any, fields: list[Any]) -> tuple[str, str]:
    quote: Callable[[str], str] = connection.ops.quote_name
    return quote(model._meta.db_table), ", ".join(quote(field.column) for field in fields)
