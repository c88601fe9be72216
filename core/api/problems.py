"""Errors of the HTTP API as problem details (RFC 9457): one shape for every status."""

from http import HTTPStatus

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from core.errors import UserError, ValidationError
from core.full_disk import FullDisk
from core.shared_folders import StoreAway
from core.translation import translate_error

MEDIA_TYPE = "application/problem+json"
NOT_FOUND = gettext_noop("There is nothing here that you may see.")


class Conflict(exceptions.APIException):
    """What is asked for cannot be done as things stand; `members` go into the problem."""

    status_code = 409
    default_code = "conflict"

    def __init__(self, detail, **members):
        self.members = members
        super().__init__(detail)


class PreconditionFailed(exceptions.APIException):
    """The thing is another by now than the one that If-Match names."""

    status_code = 412
    default_code = "precondition_failed"
    default_detail = gettext_lazy(
        "It was changed meanwhile. Nothing was saved; read it again and decide again."
    )


class UnprocessableKey(exceptions.APIException):
    """An Idempotency-Key that came before with something else."""

    status_code = 422
    default_code = "idempotency_key_reused"


class FieldFaultSerializer(serializers.Serializer):
    """A field of a request and what is wrong with it."""

    field = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """What is wrong with a request (RFC 9457): `detail` says it in a sentence, `code` in a word."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = FieldFaultSerializer(many=True, required=False)
    why = serializers.CharField(required=False, help_text="detail, as it was called before")
    current = serializers.DictField(
        required=False, help_text="what stands there now, where a change was overtaken"
    )


def problem(status, detail, code="", **members):
    """The members of a problem."""
    title = HTTPStatus(status).phrase
    code = code or title.lower().replace(" ", "_")
    about = {"type": "about:blank", "title": title, "status": status}
    return about | {"detail": str(detail), "code": code} | members


def problem_response(status, detail, code="", headers=None, **members):
    """The same as an answer, for what is refused before a view of the API is reached."""
    body = problem(status, detail, code, **members)
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE, headers=headers)


def answer(error, context):
    """The exception handler of all views of the API; None for what nobody has foreseen."""
    error = _as_api_exception(error)
    if error is None:
        return None
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, round(error.wait)))
    detail, members = _words_of(error)
    code = str(getattr(error.detail, "code", "") or error.default_code)
    body = problem(error.status_code, detail, code, **members)
    return Response(body, error.status_code, headers=headers, content_type=MEDIA_TYPE)


def _as_api_exception(error):
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, ValidationError):
        return exceptions.ParseError(translate_error(error))
    if isinstance(error, FullDisk):
        found = exceptions.APIException(translate_error(error), "full_disk")
        found.status_code = 507
        return found
    if isinstance(error, StoreAway):
        found = exceptions.APIException(translate_error(error), "store_away")
        found.status_code = 503
        return found
    if isinstance(error, UserError):
        current = getattr(error, "current", None)
        words = translate_error(error)
        return Conflict(words, why=words, **({"current": current} if current else {}))
    if isinstance(error, Http404):
        return exceptions.NotFound(_(NOT_FOUND))
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied(str(error) or None)
    if isinstance(error, RequestDataTooBig):
        found = exceptions.APIException(_("The body is too large."), "too_large")
        found.status_code = 413
        return found
    if isinstance(error, BadRequest) and hasattr(error, "error"):
        return exceptions.ParseError(translate_error(error.error))
    return None


def _words_of(error):
    """The sentence of an error, and the other members of its problem."""
    members = dict(getattr(error, "members", {}))
    if not isinstance(error, exceptions.ValidationError):
        return error.detail, members
    faults = [{"field": field, "detail": words} for field, words in _faults(error.detail)]
    first = faults[0]
    words = f"{first['field']}: {first['detail']}" if first["field"] else first["detail"]
    return words, members | {"errors": faults}


def _faults(detail, path=""):
    """(field, sentence) of each fault that serializers have found, `a.0.b` for nested ones."""
    if isinstance(detail, dict):
        for name, below in detail.items():
            here = "" if name == "non_field_errors" else str(name)
            yield from _faults(below, ".".join(filter(None, [path, here])))
    elif isinstance(detail, list):
        for place, below in enumerate(detail):
            nested = isinstance(below, (dict, list))
            yield from _faults(
                below, ".".join(filter(None, [path, str(place)])) if nested else path
            )
    else:
        yield path, str(detail)
