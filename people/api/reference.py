"""The OpenAPI description of the HTTP API, and the reference page that is made from it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView

from core.api.schema import SELECTED

TITLES: dict[str, Any] = {  # tag of views -> heading, in the order of the page
    "account": _("Account"),
    "corpora": _("Corpora"),
    "members": _("Members"),
    "webhooks": _("Webhooks"),
    "sources": _("Sources"),
    "dialogues": _("Dialogues"),
    "utterances": _("Utterances"),
    "speakers": _("Speakers"),
    "schemes": _("Label schemes and guidelines"),
    "rounds": _("Rounds"),
    "assignments": _("Tasks"),
    "results": _("Results of a round"),
    "comments": _("Comments"),
    "expert labels": _("Expert labels"),
    "quality": _("Quality"),
    "imports": _("Imports"),
    "releases": _("Releases"),
    "experiments": _("Experiments"),
    "jobs": _("Jobs"),
}
DEEPEST = 4  # levels of fields within fields that are written out


@dataclass(frozen=True)
class Row:
    """A parameter of an address, or a field of a body or an answer."""

    name: str
    kind: str
    is_required: bool
    words: str
    place: str = ""


@dataclass(frozen=True)
class Answer:
    """A status that an operation answers with."""

    status: str
    words: str
    rows: list[Row] = field(default_factory=list)
    example: str = ""


@dataclass(frozen=True)
class Operation:
    """A method of an address."""

    method: str
    path: str
    anchor: str
    summary: str
    words: str
    scope: str
    parameters: list[Row]
    body: list[Row]
    example: str
    answer: Answer
    statuses: list[Answer]


@dataclass(frozen=True)
class Section:
    """The operations about one kind of thing."""

    anchor: str
    title: str
    operations: list[Operation]


def api_reference(request):
    """All operations, with what they take and answer."""
    page = {
        "sections": sections(get_language() or "en"),
        "address": request.build_absolute_uri("/"),
    }
    return render(request, "people/api_reference.html", page)


class Description(SpectacularAPIView):
    """The description as YAML or JSON."""

    def _get_schema_response(self, request):
        renderer = request.accepted_renderer
        kind: Any = type(renderer)
        name = self._get_filename(request, "")
        return HttpResponse(
            _description(get_language(), kind),
            content_type=f"{renderer.media_type}; charset={renderer.charset or 'utf-8'}",
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )


@lru_cache(maxsize=4)  # half a second for JSON, a whole one for YAML
def _description(language: str, renderer: Callable[[], Any]) -> bytes:
    with override(language):
        schema = SchemaGenerator().get_schema(request=None, public=True)
        return bytes(renderer().render(schema, renderer_context={}))


@lru_cache(maxsize=4)
def sections(language: str) -> list[Section]:
    """The page's sections in a language; made once in a process."""
    with override(language):
        schema = SchemaGenerator().get_schema(request=None, public=True)
        found: dict[str, list[Operation]] = {}
        for path, methods in schema["paths"].items():
            for method, operation in methods.items():
                made = _operation(schema, path, method, operation)
                found.setdefault(operation["tags"][0], []).append(made)
        order = [*TITLES, *found]
        return [
            Section(f"about-{tag.replace(' ', '-')}", str(TITLES.get(tag, tag.capitalize())), rows)
            for tag, rows in sorted(found.items(), key=lambda pair: order.index(pair[0]))
        ]


def _operation(schema, path, method, operation):
    words = " ".join(operation.get("description", "").split())
    summary, _dot, rest = words.partition(". ")
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    statuses = [
        Answer(status, code(_resolved(schema, answer).get("description", "")))
        for status, answer in operation["responses"].items()
    ]
    good = next(status for status in operation["responses"] if status < "300")
    return Operation(
        method=method.upper(),
        path=path,
        anchor=operation["operationId"],
        summary=code(summary.rstrip(".")),
        words=code(rest),
        scope=operation.get("x-scope", ""),
        parameters=[_parameter(row) for row in operation.get("parameters", [])],
        body=_rows(schema, media.get("schema", {})),
        example=_example(media),
        answer=_answer(schema, good, operation["responses"][good]),
        statuses=[answer for answer in statuses if answer.status != good],
    )


def _answer(schema, status, response):
    empty: tuple[str, dict[str, Any]] = ("", {})
    kind, media = next(iter(response.get("content", {}).items()), empty)
    words = kind if kind and kind != "application/json" else ""
    return Answer(status, words, _rows(schema, media.get("schema", {})), _example(media))


def _example(media):
    """The first example of a body, indented; "" if there is none."""
    first = next(iter(media.get("examples", {}).values()), None)
    return json.dumps(first["value"], ensure_ascii=False, indent=2) if first else ""


def code(words):
    """Words with what stands between backticks as code."""
    parts: list[str] = [escape(part) for part in words.split("`")]
    for place in range(1, len(parts) - 1, 2):
        parts[place] = f"<code>{parts[place]}</code>"
    return mark_safe("".join(parts))  # each part was escaped


def _parameter(parameter):
    schema = parameter["schema"]
    return Row(
        parameter["name"],
        "list" if schema.get("type") == "array" else _kind(schema),
        parameter.get("required", False),
        code(parameter.get("description", "") or schema.get("description", "")),
        parameter["in"],
    )


def _resolved(schema, node):
    """What a reference leads to; of a whole or a part of a thing, the whole."""
    while "$ref" in node or "anyOf" in node or "allOf" in node:
        if "$ref" in node:
            _hash, kinds, kind, name = node["$ref"].split("/")
            node = schema[kinds][kind][name]
            continue
        choices = node.get("anyOf") or node["allOf"]
        parts = [part for part in choices if not part.get("$ref", "").endswith(SELECTED)]
        if not any("$ref" in part for part in parts):
            return node
        node = next(part for part in parts if "$ref" in part)
    return node


def _rows(schema, node, prefix="", level=0):
    """The fields of an object, those of objects within it as `a.b`, of lists as `a[].b`."""
    node = _resolved(schema, node)
    if node.get("type") == "array":
        return _rows(schema, node["items"], f"{prefix}[]", level)
    found = []
    for name, below in node.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        inner = _resolved(schema, below)
        words = below.get("description", "") or ""
        required = name in node.get("required", [])
        found.append(Row(path, _kind(inner), required, code(" ".join(words.split()))))
        if level < DEEPEST and (inner.get("properties") or inner.get("type") == "array"):
            found += _rows(schema, inner, path, level + 1)
    return found


def _kind(node):
    """The type of a value in a few words: `string or null`, `"a" | "b"`, `integer, 1 to 200`."""
    if "enum" in node:
        return " | ".join("null" if each is None else str(each) for each in node["enum"])
    kinds = node.get("type", "")
    words = " or ".join(kinds) if isinstance(kinds, list) else kinds or "any"
    if words == "array":
        return f"list of {_kind(node['items'])}" if "type" in node.get("items", {}) else "list"
    if "format" in node and words.startswith("string"):
        words = words.replace("string", node["format"])
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None and high < 10**9:
        words += f", {low} to {high}"
    if most := node.get("maxLength"):
        words += f", at most {most}"
    return words
