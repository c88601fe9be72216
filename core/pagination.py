"""Pages of rows by number, and counts that stop."""

from django.core.paginator import Paginator


def page_of(request, rows, size=50):
    """The page of `rows` that the address asks for."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def at_most(rows, most=1000):
    """How many rows there are, and whether counting stopped at `most`."""
    count = rows.order_by()[: most + 1].count()
    return min(count, most), count > most
