"""Lists in pages by key: each page names the place where the next begins, so that rows which come
or go meanwhile neither hide nor repeat others.
"""

import base64
import binascii
import json
from collections import OrderedDict
from operator import itemgetter
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from core.errors import UserError
from core.input_checks import read_json, shortened, whole_number
from core.middleware import LARGEST_ID

USUAL, MOST = 50, 200
LONGEST = 400  # characters of a cursor
LIMIT, CURSOR = "limit", "cursor"


class KeysetPages(BasePagination):
    """`?limit=` rows after the one that `?cursor=` names, in the `ordering` of the view, whose last
    field is unique and of which none is null.
    """

    def paginate_queryset(self, queryset, request, view=None):
        self.request, self.ordering = request, view.ordering
        limit = self.limit_of(request)
        if cursor := request.query_params.get(CURSOR):
            queryset = queryset.filter(self._after(queryset.model, _opened(cursor)))
        rows = list(queryset.order_by(*self.ordering)[: limit + 1])
        self.last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit]

    def limit_of(self, request):
        """How many rows a page has. Raises ParseError."""
        asked = request.query_params.get(LIMIT)
        found = USUAL if asked is None else whole_number(asked)
        if not found or found > MOST:
            raise ParseError(
                _("limit is a number from 1 to %(most)d, not “%(text)s”.")
                % {"most": MOST, "text": shortened(asked)}
            )
        return found

    def _after(self, model, values):
        """What comes after a row with these values of the ordering."""
        names = [name.removeprefix("-") for name in self.ordering]
        try:
            values = [
                _field(model, name).to_python(v) for name, v in zip(names, values, strict=True)
            ]
        except (ValidationError, ValueError, TypeError) as error:
            raise _unknown() from error
        found, equal = Q(), dict[str, Any]()
        for name, field, value in zip(self.ordering, names, values):
            way = "lt" if name.startswith("-") else "gt"
            found |= Q(**equal, **{f"{field}__{way}": value})
            equal[field] = value
        return found

    def key_of(self, row):
        """The values of the ordering that a row has."""
        return [_value(row, name.removeprefix("-")) for name in self.ordering]

    @property
    def next_url(self):
        if self.last is None:
            return None
        text = json.dumps(self.key_of(self.last), default=str, ensure_ascii=False)
        cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return replace_query_param(self.request.build_absolute_uri(), CURSOR, cursor)

    def get_paginated_response(self, data):
        address = self.next_url
        headers = {"Link": f'<{address}>; rel="next"'} if address else {}
        return Response(OrderedDict(next=address, results=data), headers=headers)

    def get_paginated_response_schema(self, schema):
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "example": "https://example.org/api/corpora/?cursor=WzUwXQ",
                    "description": "the address of the next page; null on the last",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view):
        return [
            {
                "name": LIMIT,
                "in": "query",
                "description": "how many rows a page has",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
            },
            {
                "name": CURSOR,
                "in": "query",
                "description": "where the page begins, as the page before gives it in `next`",
                "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST},
            },
        ]


class DictPages(KeysetPages):
    """The same of a list of dicts, whose `ordering` is one of their fields, a text."""

    def paginate_queryset(self, queryset, request, view=None):
        self.request, (self.name,) = request, view.ordering
        limit, after = self.limit_of(request), None
        if cursor := request.query_params.get(CURSOR):
            after, *more = _opened(cursor) or [None]
            if more or not isinstance(after, str):
                raise _unknown()
        rows = sorted(queryset, key=itemgetter(self.name))
        rows = [row for row in rows if after is None or row[self.name] > after][: limit + 1]
        self.last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit]

    def key_of(self, row):
        return [row[self.name]]


class WalkedPages(KeysetPages):
    """The same of dicts with an `id` that a function finds: `walk(after, most)` gives at most so
    many, which come after that id, or first.
    """

    def paginate_queryset(self, queryset, request, view=None):
        self.request, limit, after = request, self.limit_of(request), None
        if cursor := request.query_params.get(CURSOR):
            after, *more = _opened(cursor) or [None]
            if more or not isinstance(after, int) or not 0 < after < LARGEST_ID:
                raise _unknown()
        rows = queryset(after, limit + 1)
        self.last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit]

    def key_of(self, row):
        return [row["id"]]


class Latest(KeysetPages):
    """The first `?limit=` rows of a list whose order is its own, and no page after them."""

    last = None

    def paginate_queryset(self, queryset, request, view=None):
        self.request = request
        return list(queryset[: self.limit_of(request)])

    def get_schema_operation_parameters(self, view):
        return super().get_schema_operation_parameters(view)[:1]


def _field(model, name):
    return model._meta.pk if name == "pk" else model._meta.get_field(name)


def _value(row: Any, name: str) -> Any:
    return row.pk if name == "pk" else getattr(row, model_attribute(row, name))


def model_attribute(row, name):
    """The attribute that holds the column of a field: that of a key, not the thing it leads to."""
    return row._meta.get_field(name).attname


def _unknown():
    return ParseError(_("This cursor is none of this list. Take the one that “next” gives."))


def _opened(cursor):
    """The values that a cursor holds. Raises ParseError."""
    if len(cursor) > LONGEST:
        raise _unknown()
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        values = read_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, UserError) as error:
        raise _unknown() from error
    if not isinstance(values, list) or any(isinstance(v, (dict, list, bool)) for v in values):
        raise _unknown()
    return values
