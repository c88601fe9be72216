"""Pages of rows by number, and counts that stop."""

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet

MOST = 1000
Name = TypeVar("Name", bound=Hashable)


def page_of(request, rows, size=50):
    """The page of `rows` that the address asks for."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def at_most(rows, most=MOST):
    """How many rows there are, and whether counting stopped at `most`."""
    count = _plain(rows).order_by()[: most + 1].count()
    return min(count, most), count > most


def _plain(rows):
    """The same rows without what is only computed of each, which counting them does not need."""
    return rows if rows.query.combinator or rows.query.values_select else rows.values("pk")


def _unordered(rows):
    """The same rows in any order, which counting them does not need, unless they are a slice."""
    return rows if rows.query.is_sliced else rows.order_by()


def counts_at_once(rows: Mapping[Name, QuerySet[Any]]) -> dict[Name, int]:
    """How many rows each queryset has, all in one statement; a slice counts no further."""
    counts, parts = dict.fromkeys(rows, 0), {}
    params: list[Any] = []
    for name, each in rows.items():
        try:
            sql, own = _unordered(_plain(each)).query.sql_with_params()
        except EmptyResultSet:
            continue
        parts[name] = f"(SELECT COUNT(*) FROM ({sql}) counted)"
        params += own
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts.values())}", params)
            counts.update(zip(parts, cursor.fetchone(), strict=True))
    return counts


def up_to(rows, most=MOST):
    """Rows to be counted at once, no further than to one more than `most`."""
    return rows.order_by()[: most + 1]


def capped(count, most=MOST):
    """A count of `up_to`, and whether it stopped at `most`."""
    return min(count, most), count > most
