"""The views of resources: a view declares what it takes and answers, and is described by that.

class Corpora(ListView):
    tag = "corpora"
    serializer_class = CorpusSerializer
    filters = CorpusFilters
    bodies = {"POST": NewCorpus}

    def rows(self):
        return Corpus.objects.of(self.request.user)

    def post(self, request):
        return self.created(Corpus.create(request.user, **self.body()))
"""

from functools import partial
from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response
from rest_framework.settings import api_settings

from core.api import etags, fields
from core.api.inputs import Body, check_parameters
from core.api.lines import FileRenderer, LinesRenderer, lines_response
from core.api.pages import CURSOR, LIMIT, KeysetPages
from people.access_tokens import Scope
from people.api.idempotency import HEADER, once


class ApiView(GenericAPIView):
    """A resource. `bodies` and `answers` tell what each method takes and answers."""

    tag: str | None = None
    required_scope = Scope.READ
    change_scope = Scope.WRITE
    bodies: dict[str, type[Body]] = {}
    answers: dict[str, tuple[int, Any]] = {}  # where it is not 200 (204 of DELETE) with the thing
    filters: Any = None  # a subclass of Filters
    headers: dict[str, list[OpenApiParameter]] = {}  # of a method, beside those of all
    secret: tuple[str, ...] = ()  # fields of what POST answers that are told once
    selects = True  # whether `?fields=` may leave out fields
    is_list = lines = is_file = False
    pagination_class: Any = None

    def initial(self, request, *arguments, **named):
        super().initial(request, *arguments, **named)
        check_parameters(request.query_params, self.parameters())
        key = request.headers.get(HEADER)
        if request.method == "POST" and key is not None:
            respond = partial(getattr(self, "post"), request, *arguments, **named)  # noqa: B009
            answered = partial(once, request, key, respond, self.secret)
            setattr(self, "post", lambda *_arguments, **_named: answered())  # noqa: B010

    def parameters(self):
        """The names that an address may have after its question mark."""
        if self.request.method not in ("GET", "HEAD"):
            return set()
        found = {*self.filters().fields} if self.filters else set()
        if self.selects and not (self.lines or self.is_file):
            found.add(fields.PARAMETER)
        return found | ({LIMIT, CURSOR} if self.is_list else set())

    def finalize_response(self, request, response, *arguments, **named):
        response = super().finalize_response(request, response, *arguments, **named)
        if request.method in ("GET", "HEAD") and isinstance(response, Response):
            response.request = request
            response.add_post_render_callback(etags.add_etag)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    @classmethod
    def answer_of(cls, method):
        """Status and serializer of what a method answers."""
        usual = (204, None) if method == "DELETE" else (200, cls.serializer_class)
        return cls.answers.get(method, usual)

    def body(self):
        """What the request says, checked. Raises ValidationError of the framework."""
        body = self.bodies[self.request.method](data=self.request.data, context=self.context())
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def context(self):
        return {"request": self.request, "view": self}

    def serialized(self, thing, serializer=None, **more):
        """A thing as it is sent, with all its fields."""
        kind = serializer or self.serializer_class
        return kind(thing, context=self.context() | more).data

    def check_match(self, thing):
        """Raises PreconditionFailed where If-Match names another state of the thing; a ThingView
        does so by itself.
        """
        etags.check_match(self.request, self.serialized(thing))

    def answer(self, thing):
        """What a method answers about a thing."""
        status, serializer = self.answer_of(self.request.method)
        if serializer is None:
            return Response(status=status)
        sent = serializer(thing, context=self.context())
        if self.request.method in ("GET", "HEAD") and self.selects:
            select = fields.select_fields(sent, self.request.query_params)
            return Response(select.data, status)
        return Response(sent.data, status)

    def created(self, thing, address=""):
        """The answer 201, with the address of what is new."""
        serializer = self.answer_of("POST")[1]
        headers = {"Location": address} if address else {}
        return Response(self.serialized(thing, serializer), 201, headers=headers)


class ListView(ApiView):
    """The `rows()` that the person may see, filtered, in pages; POST adds one."""

    is_list = True
    ordering: tuple[str, ...] = ("pk",)
    pagination_class = KeysetPages
    answers: dict[str, tuple[int, Any]] = {}

    @classmethod
    def answer_of(cls, method):
        return cls.answers.get(method, (201 if method == "POST" else 200, cls.serializer_class))

    def rows(self):
        raise NotImplementedError

    def get(self, request, *arguments, **named):
        rows = self.rows()
        if self.filters:
            rows = self.asked_filters().filtered(rows)
        return self.page_answer(self.prepare(self.paginate_queryset(rows)))

    def asked_filters(self):
        query = self.request.query_params
        data = {name: value for name, value in query.items() if name in self.filters().fields}
        return self.filters(data=data, context=self.context())

    def asked(self):
        """The filters of the address, for lists that are not narrowed as querysets."""
        filters = self.asked_filters()
        filters.is_valid(raise_exception=True)
        return filters.validated_data

    def page_answer(self, page):
        """The answer with these rows."""
        sent = self.serializer_class(page, many=True, context=self.context())
        selected = fields.select_fields(sent, self.request.query_params)
        return self.get_paginated_response(selected.data)

    def prepare(self, page):
        """The rows of a page with what their serializer needs beside their columns."""
        return page


class ThingView(ApiView):
    """One `thing()` that the person may see."""

    def thing(self):
        raise NotImplementedError

    def initial(self, request, *arguments, **named):
        super().initial(request, *arguments, **named)
        name = request.method.lower()
        if name in ("put", "patch", "delete") and "If-Match" in request.headers:
            change = partial(getattr(self, name), request, *arguments, **named)
            setattr(self, name, lambda *_arguments, **_named: self._changed_if_it_matches(change))

    @transaction.atomic
    def _changed_if_it_matches(self, change):
        """What `change()` answers. Raises PreconditionFailed where If-Match names another state of
        the thing, which nobody else changes meanwhile.
        """
        thing = self.thing()
        list(type(thing)._base_manager.select_for_update().filter(pk=thing.pk).values_list("pk"))
        self.check_match(self.thing())
        return change()

    def get(self, request, *arguments, **named):
        return self.answer(self.thing())


class LinesView(ApiView):
    """All `rows()` that the person may see, as NDJSON; `line` makes a dict of each."""

    lines = True
    selects = False
    renderer_classes = [LinesRenderer, *api_settings.DEFAULT_RENDERER_CLASSES]
    name = "rows.ndjson"  # of the file

    def rows(self):
        raise NotImplementedError

    def prepare(self, rows):
        """The rows with what a line needs, once they are filtered."""
        return rows

    def line(self, row):
        raise NotImplementedError

    def get(self, request, *arguments, **named):
        rows = self.rows()
        if self.filters:
            rows = self.filters(data=request.query_params.dict()).filtered(rows)
        rows = self.prepare(rows).iterator(chunk_size=500)
        return lines_response(map(self.line, rows), self.name)


class FileView(ApiView):
    """A file that `give()` answers with; a part of it by Range."""

    is_file = True
    selects = False
    may_redirect = False  # to an object store that has the file
    file_type = "*/*"
    file_schema: dict[str, Any] = {"type": "string", "format": "binary"}
    renderer_classes = [*api_settings.DEFAULT_RENDERER_CLASSES, FileRenderer]

    def give(self, request, *arguments, **named):
        raise NotImplementedError

    def get(self, request, *arguments, **named):
        return self.give(request, *arguments, **named)
