"""What requests bring: refused with a sentence where it cannot be read, before any view reads it.

The checks stand here once, so that views may take every text for one that the database can keep.
"""

import codecs
import logging
import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import DataError
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.template import loader
from django.templatetags.static import static
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy
from django.views.defaults import page_not_found
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

from core.api.problems import problem_response
from core.database_outage import AWAY, is_database_away
from core.error_reports import error_id_of
from core.errors import ValidationError, gettext_noop
from core.full_disk import NOT_SAVED, is_full_disk
from core.input_checks import DIGITS, fault_of, fault_of_quoted, read_json
from core.parameters import InvalidRequest
from core.shared_folders import StoreAway
from core.translation import translate_error

log = logging.getLogger(__name__)

LARGEST_ID = 10**DIGITS
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
SAFE_OR_POST = ("GET", "HEAD", "OPTIONS", "POST")
# What PostgreSQL says of a value that a column does not hold: too long, out of range, no character
# of UTF-8, no date. Its other data errors, such as a division by zero, are faults of ours.
UNFIT = ("22001", "22003", "22007", "22008", "22021", "22P02", "22P05")


class RequestCheckMiddleware:
    """Refuses an address or headers that cannot be read with 400, ids out of range with 404.

    `process_exception` is the net below: what a database still cannot keep is logged with its
    trace, as it names a check that is missing, and answered with 400.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        _check_head(request)
        return self.get_response(request)

    def process_view(self, request, view, arguments, named):
        if any(type(value) is int and value >= LARGEST_ID for value in named.values()):
            raise Http404
        if request.method not in SAFE_OR_POST and not _takes_any_method(view):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"], _message(NOT_A_METHOD))
        return None

    def process_exception(self, request, error):
        if not _is_of_input(error):
            return None
        log.error("A check of input is missing: %s", request.path, exc_info=error)
        return bad_request(request, InvalidRequest(TOO_MUCH))


NOT_A_METHOD = gettext_noop("This address is read (GET) or sent a form (POST), nothing else.")
TOO_MUCH = gettext_noop("A value is too long or too large to be kept. Nothing was saved.")


class FormCheckMiddleware:
    """Refuses form fields that cannot be read with 400; runs after the CSRF check."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, arguments, named):
        is_api = hasattr(view, "cls")  # which takes no forms
        if request.method == "POST" and request.content_type in FORMS and not is_api:
            _check_form(request)


def _takes_any_method(view):
    """True of views that answer other methods themselves: those of classes, and of uploads."""
    return hasattr(view, "cls") or hasattr(view, "view_class") or hasattr(view, "any_method")


def any_method(view):
    """A view that says itself which methods it takes."""
    view.any_method = True
    return view


def _check_head(request):
    charset = request.content_params.get("charset", "utf-8")
    if not _is_utf8(charset):
        raise InvalidRequest(
            gettext_noop("Send it in UTF-8, not in %(charset)s."), charset=charset[:40]
        )
    if fault := fault_of(request.path_info):
        raise _of_address(fault)
    query = request.META.get("QUERY_STRING", "")
    quoted = "%" in query or not query.isascii() or "\0" in query
    if quoted and (fault := fault_of_quoted(query.encode("latin-1", "replace"))):
        raise _of_address(fault)
    for name, value in request.META.items():
        if name.startswith(("HTTP_", "CONTENT_")) and "\0" in str(value):
            raise InvalidRequest(gettext_noop("A header of the request has a NUL character."))
    for name in [name for name, value in request.COOKIES.items() if "\0" in name + value]:
        del request.COOKIES[name]  # as if it had not come: a browser would send it for ever


def _is_utf8(charset):
    try:
        return codecs.lookup(charset).name in ("utf-8", "ascii")
    except (LookupError, ValueError):
        return False


def _of_address(fault):
    return InvalidRequest(
        gettext_noop("The address has %(fault)s. Addresses here are UTF-8 text."),
        fault={"template": fault, "values": {}},
    )


def _check_form(request):
    """Raises InvalidRequest for a field that cannot be kept."""
    if request.content_type == FORMS[0] and (fault := fault_of_quoted(request.body)):
        raise _of_field("", fault)
    for name, values in request.POST.lists():
        for text in (name, *values):
            if fault := fault_of(text):
                raise _of_field(name, fault)


def _of_field(name, fault):
    fault = {"template": fault, "values": {}}
    if not name or fault_of(name):
        return InvalidRequest(
            gettext_noop("The form has %(fault)s. Forms are UTF-8 text."), fault=fault
        )
    return InvalidRequest(
        gettext_noop("The field “%(name)s” has %(fault)s, which cannot be kept."),
        name=name[:40],
        fault=fault,
    )


def _is_of_input(error):
    """True of what a database says of a value that it cannot keep."""
    if isinstance(error, DataError):
        state = getattr(error.__cause__, "sqlstate", None)
        return state in UNFIT or (state is None and "NUL" in str(error))
    if isinstance(error, OverflowError):
        return "SQLite INTEGER" in str(error)
    return isinstance(error, UnicodeEncodeError) and "surrogates" in error.reason


def _message_of(error):
    if isinstance(error, InvalidRequest):
        return translate_error(error.error)
    if isinstance(error, TooManyFieldsSent):
        return gettext("The form or address has too many fields.")
    if isinstance(error, TooManyFilesSent):
        return gettext("The form has too many files.")
    if isinstance(error, RequestDataTooBig):
        return gettext("The form is too large. Large files are uploaded in pieces.")
    if isinstance(error, MultiPartParserError):
        return gettext("The form cannot be read: its parts are damaged.")
    return gettext("The server does not understand this request.")


def _message(template):
    return translate_error(ValidationError(template))


def bad_request(request, exception):
    """The answer 400 (413 of a form that is too large): a page, or JSON where a script asked."""
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    with translation.override(translation.get_language_from_request(request)):
        words = _message_of(exception)
        if wants_json(request):
            return problem_response(status, words)
        return render(request, "400.html", {"exception": words}, status=status)


def not_found(request, exception):
    """The answer 404: a page, or JSON where a script asked."""
    if wants_json(request):
        return problem_response(404, gettext("Page not found"))
    return page_not_found(request, exception)


def server_error(request):
    """The answer 500, with the id by which the log has it: a page in both languages, as nothing is
    known to work; for scripts a problem (RFC 9457).
    """
    error_id = error_id_of(request)  # Django logs the error after this
    error = sys.exception()  # Django calls this while it handles the error
    full, away = is_full_disk(error), is_database_away(error)
    store_away = isinstance(error, StoreAway)
    status = 507 if full else 503 if away or store_away else 500
    if status != 500 and wants_json(request):
        words = translate_error(error) if store_away else gettext(NOT_SAVED if full else AWAY)
        return problem_response(status, words, error_id=error_id)
    if wants_json(request):
        return problem_response(500, f"{gettext(UNFORESEEN)} ({error_id})", error_id=error_id)
    again = request.get_full_path() if request.method == "GET" else "/"
    values = {"error_id": error_id, "again": again, "stylesheet": _stylesheet()}
    values |= {"full": full, "away": away, "store_away": store_away}
    page = loader.get_template("500.html").render(values)
    return HttpResponse(page, status=status)


def _stylesheet():
    """The address of the style sheet, "" where static files were not collected: without it the page
    can be read as well.
    """
    try:
        return static("shengqing.css")
    except ValueError:
        return ""


UNFORESEEN = gettext_noop(
    "The server made an error. What was saved before is kept; this request was not carried out."
    " Try again, and give the error id to the administrator if it happens again."
)


def wants_json(request):
    """True for the API and for what the pages' own scripts send."""
    return request.path_info.startswith("/api/") or request.headers.get("Accept", "").startswith(
        "application/json"
    )


class TooLarge(APIException):
    status_code = 413
    default_detail = gettext_lazy("The body is too large. Send fewer answers at once.")


class StrictJSON(JSONParser):
    """The body of an API request, read as `core.input_checks.read_json` reads."""

    renderer_class = JSONRenderer

    def parse(self, stream, media_type=None, parser_context=None):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(most + 1)
        if len(body) > most:
            raise TooLarge
        try:
            return read_json(body)
        except ValidationError as error:
            raise ParseError(translate_error(error)) from error
