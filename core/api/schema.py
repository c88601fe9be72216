"""The OpenAPI description: what each view declares, and what all resources have in common."""

from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from core.api import fields, problems
from core.middleware import LARGEST_ID

SELECTED = "Selected"  # ends the name of a component of which any fields may be left out
STATUSES = {
    302: _("The file is at another address, which needs no token and holds for a short while."),
    304: _("Not changed since the answer whose ETag If-None-Match names."),
    400: _("The request cannot be read; `detail` says what is wrong and what is expected."),
    401: _("No token, or one that is wrong, revoked or expired."),
    403: _("You may not, or not now: a scope that the token lacks, an archived corpus, a round that"
           " you annotate blind."),
    404: _("There is nothing here that you may see."),
    405: _("The resource does not have this method."),
    406: _("It cannot be answered as Accept wants it."),
    409: _("It cannot be done as things stand; `detail` says why."),
    412: _("It was changed since you read what If-Match names."),
    413: _("The body is too large."),
    415: _("The body is not JSON."),
    416: _("The file has no such part."),
    422: _("The Idempotency-Key came before with another request."),
    429: _("Too many requests with this token; Retry-After says when to go on."),
}  # fmt: skip
OF_ALL = (400, 401, 403, 404, 405, 406, 429)
OF_METHODS = {
    "GET": (),
    "POST": (409, 413, 415, 422),
    "PUT": (409, 412, 413, 415),
    "PATCH": (409, 412, 413, 415),
    "DELETE": (409, 412),
}
HEADERS = {  # parameters that views of a method have in common
    "If-None-Match": OpenApiParameter(
        "If-None-Match", str, OpenApiParameter.HEADER,
        description=_("ETag of an answer that you have; 304 if it is still so"),
    ),
    "If-Match": OpenApiParameter(
        "If-Match", str, OpenApiParameter.HEADER,
        description=_("ETag of what you have read; 412 if it was changed since"),
    ),
    "Range": OpenApiParameter(
        "Range", str, OpenApiParameter.HEADER,
        description=_("a part of the file, such as `bytes=1000-`; answered with 206"),
    ),
    "Idempotency-Key": OpenApiParameter(
        "Idempotency-Key",
        {"type": "string", "minLength": 1, "maxLength": 80, "pattern": "^[!-~]+$"},
        OpenApiParameter.HEADER,
        description=_("the same key with the same request is carried out once and answered again"),
    ),
}  # fmt: skip


class ApiSchema(AutoSchema):
    """What a view of `people.api.views` declares, as an operation; any other view as it is."""

    def get_tags(self):
        return [getattr(self.view, "tag", None) or super().get_tags()[0]]

    def get_request_serializer(self):
        bodies = getattr(self.view, "bodies", None)
        return super().get_request_serializer() if bodies is None else bodies.get(self.method)

    def get_response_serializers(self):
        if not hasattr(self.view, "bodies"):
            return super().get_response_serializers()
        if self.method == "GET" and self.view.lines:
            lines = {"type": "string", "description": _("a JSON object a line")}
            return {(200, self.view.renderer_classes[0].media_type): lines}
        if self.method == "GET" and self.view.is_file:
            return {(200, self.view.file_type): self.view.file_schema}
        status, serializer = self.view.answer_of(self.method)
        if serializer is None:
            return {status: OpenApiResponse(description=_("Done."))}
        return {status: serializer(many=True) if self._is_page else serializer}

    @property
    def _is_page(self):
        return self.method == "GET" and getattr(self.view, "is_list", False)

    def _get_paginator(self):
        return super()._get_paginator() if self._is_page else None

    def get_override_parameters(self):
        found: list[Any] = [*super().get_override_parameters()]
        if hasattr(self.view, "bodies"):
            found += self._own_parameters()
        return found

    def _own_parameters(self):
        view = self.view
        if self.method != "GET":
            name = "Idempotency-Key" if self.method == "POST" else "If-Match"
            common = [HEADERS[name]] if self.method == "POST" or hasattr(view, "thing") else []
            return [*view.headers.get(self.method, []), *common]
        found: list[Any] = [view.filters] if view.filters else []
        if view.is_file:
            found.append(HEADERS["Range"])
        elif not view.lines:
            found.append(HEADERS["If-None-Match"])
            names = [*view.serializer_class().fields] if view.selects else []
            if names:
                found.append(
                    OpenApiParameter(
                        fields.PARAMETER,
                        {"type": "array", "minItems": 1, "uniqueItems": True,
                         "items": {"type": "string", "enum": names}},
                        style="form",
                        explode=False,
                        description=_("the fields to send; all without it"),
                    )
                )  # fmt: skip
        return found

    def get_operation(self, *arguments):
        operation = super().get_operation(*arguments)
        if operation is None:
            return None
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path" and parameter["schema"].get("type") == "integer":
                parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID - 1}
        if "requestBody" in operation and self.method in ("POST", "PUT", "PATCH"):
            operation["requestBody"]["required"] = True
        own = hasattr(self.view, "bodies")
        scope = getattr(self.view, "required_scope", "")
        if scope:
            if own and self.method != "GET":
                scope = self.view.change_scope
            operation["x-scope"] = str(scope)
        statuses = [*OF_ALL, *OF_METHODS[self.method]]
        if own and self.method == "GET" and self.view.is_file:
            operation["responses"]["206"] = operation["responses"]["200"]
            operation["responses"]["416"] = {"description": str(STATUSES[416])}
            statuses.append(409)
            if self.view.may_redirect:
                operation["responses"]["302"] = {"description": str(STATUSES[302])}
        elif own and self.method == "GET" and not self.view.lines:
            operation["responses"]["304"] = {"description": str(STATUSES[304])}
        self.resolve_serializer(problems.ProblemSerializer, "response")
        for status in statuses:
            reference = {"$ref": f"#/components/responses/{name_of(status)}"}
            operation["responses"].setdefault(str(status), reference)
        operation["responses"] = dict(sorted(operation["responses"].items()))
        return operation


def name_of(status):
    """The name of the component that a problem of this status is described by."""
    return HTTPStatus(status).phrase.title().replace(" ", "")


def problem_of(status):
    schema = {"$ref": "#/components/schemas/Problem"}
    described: dict[str, Any] = {"description": str(STATUSES[status])}
    if status == 429:
        described["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return described | {"content": {problems.MEDIA_TYPE: {"schema": schema}}}


def complete(result, **_others):
    """The last hook: fields that may be left out, bodies without unknown fields."""
    schemas = result["components"]["schemas"]
    for operations in result["paths"].values():
        for operation in operations.values():
            _close_body(operation, schemas)
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            if fields.PARAMETER in names:
                _let_be_selected(operation["responses"]["200"], schemas)
    problems_of = {name_of(status): problem_of(status) for status in STATUSES if status >= 400}
    result["components"]["responses"] = problems_of
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result


def _close_body(operation, schemas):
    """No field but those that are described."""
    waiting = [operation.get("requestBody", {})]
    seen: set[str] = set()
    while waiting:
        for name in _references(waiting.pop()) - seen:
            seen.add(name)
            if "properties" in schemas[name]:
                schemas[name]["additionalProperties"] = False
            waiting.append(schemas[name])


def _references(node):
    """The names of the components that a part of a schema refers to."""
    if isinstance(node, dict):
        found = {node["$ref"].rpartition("/")[2]} if "$ref" in node else set()
        return found.union(*map(_references, node.values()))
    return set().union(*map(_references, node)) if isinstance(node, list) else set()


def _let_be_selected(response, schemas):
    """The whole thing, or (`?fields=`) a part of it; in a page the same of each row."""
    media = response["content"]["application/json"]
    name = media["schema"]["$ref"].rpartition("/")[2]
    page = schemas[name].get("properties", {}).get("results")
    holder = page["items"] if page else media["schema"]
    if "anyOf" in holder:
        return
    whole = holder.pop("$ref")
    part = f"{whole.rpartition('/')[2]}{SELECTED}"
    of = schemas[whole.rpartition("/")[2]]
    schemas[part] = {key: value for key, value in of.items() if key != "required"} | {
        "description": "Some of its fields, those that `fields` names.",
        "additionalProperties": False,
    }
    holder["anyOf"] = [{"$ref": whole}, {"$ref": f"#/components/schemas/{part}"}]
