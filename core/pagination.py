"""Pages of rows, by number or by key."""

from django.core.paginator import Paginator


def page_of(request, rows, size=50):
    """The page of `rows` that the address asks for."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


class Keyset:
    """A page of rows by a unique key that they are ordered by, as fast at the end as at the start.

    The address says `after` or `before` which key it stands; `key(row)` gives a row's, as text.
    """

    def __init__(self, request, fetch, key, size=50):
        """`fetch(edge, forwards, size)` gives rows beyond the key `edge` (None: from the end)."""
        after, before = request.GET.get("after"), request.GET.get("before")
        forwards = before is None
        rows = fetch(after if forwards else before, forwards, size + 1)
        more, rows = len(rows) > size, list(rows[:size])
        if not forwards:
            rows.reverse()
        self.rows = rows
        self.next = key(rows[-1]) if rows and (more or not forwards) else None
        self.previous = key(rows[0]) if rows and (after or (not forwards and more)) else None

    def __iter__(self):
        return iter(self.rows)


def at_most(rows, most=1000):
    """How many rows there are, and whether counting stopped at `most`."""
    count = rows.order_by()[: most + 1].count()
    return min(count, most), count > most
