"""Lists as tables: their columns described once; sorted, paged by key, narrowed and exported.

    DIALOGUES = DataTable("dialogues", [Column("uid", _("dialogue"), sort="uid", fixed=True), …])

    table = DIALOGUES.page(request, form.filtered(rows), form)
    return table.render("corpus/dialogues.html", {"table": table})

The template shows it with `<c-data-table :table="table">` and writes the cells of a row with
`{% cell "uid" %}…{% endcell %}`. Of an address, `sort`, `columns`, `density` and `cursor` are read
here; `format=csv` gives all rows as a file. What the table does not know is left out with a notice.
"""

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from django.core.exceptions import FieldDoesNotExist
from django.core.signing import BadSignature, Signer
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.functional import cached_property
from django.utils.html import conditional_escape
from django.utils.translation import gettext as _

from core.csv_export import csv_lines
from core.filter_form import Chip, FilterForm, without_empty
from core.input_checks import shortened
from core.pagination import at_most

MOST_COUNTED = 10_000  # rows that a page counts; of more it says so
EXPORTED_AT_ONCE = 500
COOKIE = "tables"  # what somebody chose for all tables (density) and for each (columns)
KEPT_FOR = 365 * 24 * 3600
DENSITIES = ("comfortable", "compact")
OWN = ("sort", "columns", "density", "cursor", "format", "keep")  # parameters that filter nothing
SIGNER = Signer(salt="core.data_table")
MANY_COLUMNS = 8  # from which on a table scrolls in itself


@dataclass(frozen=True)
class Column:
    """A column: how it is called and sorted, and what a file says in it."""

    key: str
    label: Any
    sort: str | tuple[str, ...] = ()  # fields or annotations that rows are ordered by
    numeric: bool = False
    hidden: bool = False  # until somebody chooses it
    fixed: bool = False  # cannot be hidden
    falling: bool = False  # sorted from the highest when it is first chosen
    value: Callable[[Any], Any] | None = None  # of a row, for a file; without it, the attribute
    exported: bool = True

    @property
    def sorts(self) -> tuple[str, ...]:
        return (self.sort,) if isinstance(self.sort, str) else self.sort

    def value_of(self, row: Any) -> Any:
        return self.value(row) if self.value else read(row, self.key)


@dataclass(frozen=True)
class Header:
    """A column as the head of the table shows it."""

    key: str
    label: str
    numeric: bool
    url: str = ""  # that sorts by it; "" where it cannot be sorted
    direction: str = ""  # ascending | descending, of the column that is sorted by


@dataclass(frozen=True)
class DataTable:
    """The description of a list; `page` gives what a request asks of it."""

    name: str  # by which what somebody chose for it is remembered
    columns: Sequence[Column]
    sort: str = ""  # key of a column, with - from the highest; empty: as the rows come
    size: int = 50
    unique: str = "pk"

    def page(
        self,
        request: HttpRequest,
        rows: QuerySet | Sequence,
        form: FilterForm | None = None,
        **options: Any,
    ) -> "TablePage":
        """Options: those of TablePage."""
        return TablePage(self, request, rows, form, **options)

    def sorted_by(self, request: HttpRequest, key: str) -> bool:
        """Whether an address asks for the order of a column; what is only counted for it need not
        be counted for all rows otherwise.
        """
        asked = request.GET.get("sort", "").strip() or self.sort
        return asked.removeprefix("-") == key


@dataclass
class TablePage:
    """A page of a list, as an address asks for it.

    Rows are a QuerySet, which is paged by key, or any sequence, which is paged by place. A list
    that orders itself gives `fetch(edge, forwards, size)`: rows beyond the pk `edge`.
    """

    table: DataTable
    request: HttpRequest
    source: QuerySet | Sequence
    form: FilterForm | None = None
    without: Sequence[str] = ()  # columns that are not for this person
    prepare: Callable[[list], list] | None = None  # rows as the template and files want them
    fetch: Callable[[Any, bool, int], list] | None = None
    count_rows: Callable[[], tuple[int, bool]] | None = None  # how many, and whether more
    chips: Sequence[Chip] = ()  # filters that no form has
    aside: Sequence[str] = ()  # parameters that say which list it is and filter nothing
    export: Callable[[str], Any] | None = None  # records that a file is taken; None: there is none
    file: str = ""  # its name
    notices: list[str] = field(default_factory=list)

    def __post_init__(self):
        self._kept = _kept(self.request)
        self.known = {each.key: each for each in self.table.columns if each.key not in self.without}
        self.density = self._density()
        self.sort_key, self.descending = self._sort()
        self._chosen = self._columns()
        if self.form is not None:
            self.chips = [*self.form.chips(self.address), *self.chips]

    # What the address asks for

    def _density(self) -> str:
        asked = self.request.GET.get("density") or self._kept.get("density", "")
        return asked if asked in DENSITIES else DENSITIES[0]

    def _sort(self) -> tuple[str, bool]:
        asked = self.request.GET.get("sort", "").strip()
        if asked and not self.fetch:
            column = self.known.get(asked.removeprefix("-"))
            if column is not None and column.sorts:
                return column.key, asked.startswith("-")
            words = _("This list cannot be sorted by “%(name)s”.")
            self.notices.append(words % {"name": shortened(asked)})
        return self.table.sort.removeprefix("-"), self.table.sort.startswith("-")

    def _columns(self) -> set[str]:
        if "columns" in self.request.GET:
            asked = ",".join(self.request.GET.getlist("columns")).split(",")
            chosen = [name for name in asked if name]
            strange = [
                name for name in chosen if name not in self.known and name not in self.without
            ]
            if strange:
                words = _("This list has no column “%(name)s”.")
                self.notices.append(words % {"name": shortened(strange[0])})
        else:
            chosen = self._kept.get(self.table.name, "").split(",")
        chosen = [name for name in chosen if name in self.known]
        if not chosen:
            return {each.key for each in self.known.values() if not each.hidden or each.fixed}
        fixed = {each.key for each in self.known.values() if each.fixed}
        return fixed | set(chosen)

    def address(self, **changed: Any) -> str:
        """This page with other parameters; from the first row on unless `cursor` is among them."""
        query = without_empty(self.request.GET)
        for name in ("cursor", "format", "keep"):
            query.pop(name, None)
        for name, value in changed.items():
            query.pop(name, None)
            if value:
                query[name] = value
        return f"{self.request.path}?{query.urlencode(safe=',')}" if query else self.request.path

    # What the template shows

    def shows(self, key: str) -> bool:
        return key in self._chosen

    @property
    def name(self) -> str:
        return self.table.name

    @cached_property
    def escaped_labels(self) -> dict[str, str]:
        """The labels of columns by key, translated and escaped once for all cells."""
        return {column.key: conditional_escape(column.label) for column in self.known.values()}

    @property
    def shown_columns(self) -> list[Column]:
        return [column for column in self.known.values() if column.key in self._chosen]

    @property
    def choices(self) -> list[tuple[Column, bool]]:
        """Columns with whether they are shown, for the form that chooses."""
        return [(column, column.key in self._chosen) for column in self.known.values()]

    @property
    def can_choose(self) -> bool:
        return any(not column.fixed for column in self.known.values())

    @property
    def is_wide(self) -> bool:
        return len(self._chosen) > MANY_COLUMNS

    @cached_property
    def headers(self) -> list[Header]:
        return [self._header(column) for column in self.shown_columns]

    def _header(self, column: Column) -> Header:
        label = str(column.label)
        if not column.sorts or self.fetch:
            return Header(column.key, label, column.numeric)
        current = column.key == self.sort_key
        falling = not self.descending if current else column.falling
        direction = ("descending" if self.descending else "ascending") if current else ""
        url = self.address(sort=f"-{column.key}" if falling else column.key)
        return Header(column.key, label, column.numeric, url, direction)

    @property
    def sort_choices(self) -> list[tuple[str, str, bool]]:
        """(value, words, chosen) of a list of all orders, for where there is no head."""
        found = []
        for column in self.known.values():
            if column.sorts and not self.fetch:
                ways = (("-", _("%(column)s, descending")), ("", _("%(column)s, ascending")))
                for sign, words in ways if column.falling else reversed(ways):
                    chosen = column.key == self.sort_key and bool(sign) == self.descending
                    found.append((sign + column.key, words % {"column": column.label}, chosen))
        return found

    @property
    def kept_parameters(self) -> list[tuple[str, str]]:
        """Parameters that filtering does not change."""
        return [(name, self.request.GET[name]) for name in ("sort", "columns") if self._has(name)]

    @property
    def other_parameters(self) -> list[tuple[str, str]]:
        """Parameters that the form does not show, for it to keep."""
        own = self.form.fields if self.form is not None else ()
        return [(name, value) for name, value in self.filter_parameters if name not in own]

    @property
    def filter_parameters(self) -> list[tuple[str, str]]:
        """Parameters that choosing columns does not change."""
        query = without_empty(self.request.GET)
        return [(name, value) for name in query if name not in OWN for value in query.getlist(name)]

    def _has(self, name: str) -> bool:
        return bool(self.request.GET.get(name))

    @property
    def is_filtered(self) -> bool:
        return bool(self.chips)

    @property
    def clear_url(self) -> str:
        parameters = self.filter_parameters
        return self.address(**{name: None for name, _value in parameters if name not in self.aside})

    @property
    def density_url(self) -> str:
        """That shows the rows in the other density, and from then on."""
        other = DENSITIES[1 - DENSITIES.index(self.density)]
        return self.address(density=other) + "&keep=density"

    @property
    def export_url(self) -> str:
        if self.export is None:
            return ""
        address = self.address()
        return f"{address}{'&' if '?' in address else '?'}format=csv"

    # Rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def rows(self) -> list[Any]:
        return self._page.rows

    @property
    def next_url(self) -> str:
        return self.address(cursor=self._page.next) if self._page.next else ""

    @property
    def previous_url(self) -> str:
        return self.address(cursor=self._page.previous) if self._page.previous else ""

    @property
    def first_url(self) -> str:
        return self.address()

    @property
    def first(self) -> int:
        """The place of the first row of the page, counted from 1."""
        return self._page.offset + 1

    @property
    def last(self) -> int:
        return self._page.offset + len(self.rows)

    @cached_property
    def _counted(self) -> tuple[int, bool]:
        """How many rows there are, and whether counting stopped there."""
        page = self._page
        if not page.next and page.offset + len(page.rows) <= MOST_COUNTED:
            return page.offset + len(page.rows), False
        if self.count_rows is not None:
            return self.count_rows()
        if isinstance(self.source, QuerySet):
            return at_most(self.source, MOST_COUNTED)
        return len(self.source), False

    @property
    def count(self) -> int:
        return self._counted[0]

    @property
    def more(self) -> bool:
        """Whether there are more rows than were counted."""
        return self._counted[1]

    @cached_property
    def _page(self) -> "_Page":
        page = self._read(_cursor(self.request.GET.get("cursor", ""), self._order), self.table.size)
        if not page.rows and self.request.GET.get("cursor"):  # the rows behind it are gone
            page = self._read(None, self.table.size)
        if self.prepare is not None:
            page.rows = self.prepare(page.rows)
        return page

    @property
    def _order(self) -> str:
        return f"{self.table.name} {'-' if self.descending else ''}{self.sort_key}"

    @property
    def _paths(self) -> tuple[str, ...]:
        column = self.known.get(self.sort_key)
        sorts = column.sorts if column else ()
        return sorts if sorts and sorts[-1] == self.table.unique else (*sorts, self.table.unique)

    def _read(self, cursor: "_Cursor | None", size: int) -> "_Page":
        cursor = cursor or _Cursor()
        rows = self._beyond(cursor, size + 1)
        more, rows = len(rows) > size, list(rows[:size])
        if cursor.backwards:
            rows.reverse()
        offset = cursor.offset
        if cursor.backwards:
            offset = max(offset - len(rows), 0) if more else 0
        after, before = None, None
        if rows and (more or cursor.backwards):
            after = _Cursor(self._edge(rows[-1], offset + len(rows)), False, offset + len(rows))
        if rows and (more if cursor.backwards else cursor.edge is not None):
            before = _Cursor(self._edge(rows[0], offset), True, offset)
        return _Page(
            rows, offset, after.signed(self._order) if after else "",
            before.signed(self._order) if before else "",
        )  # fmt: skip

    def _edge(self, row: Any, place: int) -> list[Any]:
        if self.fetch is not None:
            return [row.pk]
        if _is_keyed(self.source):
            return [read(row, path) for path in self._paths]
        return [place]

    def _beyond(self, cursor: "_Cursor", size: int) -> list[Any]:
        forwards, edge = not cursor.backwards, cursor.edge
        if self.fetch is not None:
            return list(self.fetch(edge[0] if edge else None, forwards, size))
        if _is_keyed(self.source):
            rows = cast(QuerySet, self.source)
            return list(keyset(rows, self._paths, edge, self.descending, forwards)[:size])
        start = edge[0] if edge else 0
        if forwards:
            return list(self._sorted[start : start + size])
        return list(self._sorted[max(start - size, 0) : start])[::-1]

    @cached_property
    def _sorted(self) -> Any:
        column = self.known.get(self.sort_key)
        if column is None or isinstance(self.source, QuerySet):
            return self.source

        def order(row: Any) -> tuple[bool, Any]:
            value = column.value_of(row)
            return (value is None) != self.descending, value if value is not None else 0

        return sorted(self.source, key=order, reverse=self.descending)

    def batches(self, size: int = EXPORTED_AT_ONCE) -> Iterator[list[Any]]:
        """All rows in their order, each once, also while others are added."""
        cursor = None
        while True:
            page = self._read(cursor, size)
            yield self.prepare(page.rows) if self.prepare is not None else page.rows
            if not page.next:
                return
            cursor = _cursor(page.next, self._order)

    # Answers

    def render(self, template: str, context: dict[str, Any], **options: Any) -> HttpResponseBase:
        """The page; or the rows as a file, or the page again once a choice is remembered."""
        if self.request.GET.get("format") == "csv" and self.export is not None:
            return self._file()
        if self.request.GET.get("keep"):
            return self._remembered()
        response = render(self.request, template, {"table": self, **context}, **options)
        htmx = getattr(self.request, "htmx", None)
        if htmx and htmx.target == f"rows-{self.name}":
            cursor = self.request.GET.get("cursor")
            response["HX-Push-Url"] = self.address(**({"cursor": cursor} if cursor else {}))
        return response

    def _file(self) -> StreamingHttpResponse:
        name = f"{self.file or self.table.name}.csv"
        if self.export is not None:
            self.export(name)
        columns = [column for column in self.known.values() if column.exported]
        lines = csv_lines([column.key for column in columns], self._cells(columns))
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def _cells(self, columns: Sequence[Column]) -> Iterator[list[Any]]:
        language, zone = translation.get_language(), timezone.get_current_timezone()
        batches = self.batches()
        while True:
            with translation.override(language), timezone.override(zone):  # as when it was asked
                batch = next(batches, None)
                if batch is None:
                    return
                rows = [[_plain(column.value_of(row)) for column in columns] for row in batch]
            yield from rows

    def _remembered(self) -> HttpResponse:
        """Back to the page, with what was chosen in a cookie."""
        changed: dict[str, Any] = {}
        if self.request.GET["keep"] == "density":
            self._kept["density"] = self.density
            changed["density"] = None
        else:
            usual = {each.key for each in self.known.values() if not each.hidden or each.fixed}
            columns = ",".join(key for key in self.known if key in self._chosen)
            self._kept[self.table.name] = changed["columns"] = (
                "" if self._chosen == usual else columns
            )
            if density := self.request.GET.get("density"):
                self._kept["density"] = density if density in DENSITIES else DENSITIES[0]
                changed["density"] = None
        response = HttpResponseRedirect(self.address(**changed))
        response.set_cookie(
            COOKIE, urlencode({name: value for name, value in self._kept.items() if value}),
            KEPT_FOR, httponly=True, samesite="Lax", secure=self.request.is_secure(),
        )  # fmt: skip
        return response


def _kept(request: HttpRequest) -> dict[str, str]:
    """What somebody chose for their tables."""
    try:
        return dict(parse_qsl(request.COOKIES.get(COOKIE, ""), max_num_fields=100))
    except ValueError:  # not what was written here
        return {}


@dataclass
class _Page:
    rows: list[Any]
    offset: int
    next: str
    previous: str


@dataclass(frozen=True)
class _Cursor:
    """Where a page begins: the sort values of the row before it (or behind it, backwards)."""

    edge: list[Any] | None = None
    backwards: bool = False
    offset: int = 0  # rows before it, when it was made

    def signed(self, order: str) -> str:
        values = [_coded(value) for value in self.edge or []]
        parts = [order, values, int(self.backwards), self.offset]
        return SIGNER.sign_object(parts, compress=True)


def _cursor(text: str, order: str) -> _Cursor | None:
    """The cursor that an address gives; None for one of another order, or of none of ours."""
    try:
        made_for, values, backwards, offset = SIGNER.unsign_object(text)
    except (BadSignature, ValueError):
        return None
    if made_for != order:
        return None
    return _Cursor([_decoded(value) for value in values], bool(backwards), offset)


KINDS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "t": (datetime.datetime, datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    "d": (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "n": (Decimal, str, Decimal),
}


def _coded(value: Any) -> Any:
    for letter, (kind, write, _read) in KINDS.items():
        if isinstance(value, kind):
            return [letter, write(value)]
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        letter, text = value
        return KINDS[letter][2](text)
    return value


def _plain(value: Any) -> Any:
    """A value as a file says it: times with their zone, lists with commas."""
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)


def read(row: Any, path: str) -> Any:
    """What a row says at a path as the ORM writes it; None where something on it is missing."""
    for name in path.split("__"):
        row = row.get(name) if isinstance(row, dict) else getattr(row, name, None)
        if row is None:
            return None
    return row


def _is_keyed(rows: Any) -> bool:
    return isinstance(rows, QuerySet) and not rows.query.combinator


def keyset(
    rows: QuerySet,
    paths: Sequence[str],
    edge: Sequence[Any] | None = None,
    descending: bool = False,
    forwards: bool = True,
) -> QuerySet:
    """`rows` ordered by `paths`, all in one direction, the last of them unique; beyond the row
    whose values are `edge`. What has no value comes last in either direction.
    """
    falling = descending == forwards
    nullable = {path: _may_be_null(rows, path) for path in paths}
    order = []
    for path in paths:
        if not nullable[path]:
            order.append(F(path).desc() if falling else F(path).asc())
        elif falling:
            order.append(F(path).desc(**{"nulls_last" if forwards else "nulls_first": True}))
        else:
            order.append(F(path).asc(**{"nulls_last" if forwards else "nulls_first": True}))
    rows = rows.order_by(*order)
    if edge is None:
        return rows
    if not nullable[paths[0]]:  # said alone, it lets an index begin there
        rows = rows.filter(**{f"{paths[0]}__{'lte' if falling else 'gte'}": edge[0]})
    beyond, same = Q(), Q()
    for path, value in zip(paths, edge, strict=True):
        further = _further(path, value, falling, forwards, nullable[path])
        if further is not None:
            beyond |= same & further
        same &= Q(**{f"{path}__isnull": True}) if value is None else Q(**{path: value})
    return rows.filter(beyond)


def _further(path: str, value: Any, falling: bool, forwards: bool, nullable: bool) -> Q | None:
    """What comes behind `value` in one path; None where nothing can."""
    if value is None:
        return None if forwards else Q(**{f"{path}__isnull": False})
    found = Q(**{f"{path}__{'lt' if falling else 'gt'}": value})
    return found | Q(**{f"{path}__isnull": True}) if nullable and forwards else found


def _may_be_null(rows: QuerySet, path: str) -> bool:
    """Whether a field or annotation may have no value; of what is not known, it is supposed."""
    if path == "pk":
        return False
    if path in rows.query.annotations:
        return True
    model: Any = rows.model
    for name in path.split("__"):
        try:
            found = model._meta.get_field(name)
        except FieldDoesNotExist:
            return not name.endswith("_id") or _may_be_null(model._default_manager.all(), name[:-3])
        if not found.concrete or found.null:
            return True
        model = found.related_model
    return False
