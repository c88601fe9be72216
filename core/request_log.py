"""Every request has an id, is counted, and is a line of the log where it failed or was slow."""

import logging
import re
import secrets
import time

import structlog

from core import logs
from core.metrics import IN_FLIGHT, count_request

log = structlog.get_logger(__name__)
DEBUG = logging.getLogger(__name__)

ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
SLOW = 1.0  # seconds from which on a request is logged


class RequestLogMiddleware:
    """The first middleware: what it measures is all that the application does."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request.request_id = given if ID.fullmatch(given) else secrets.token_hex(8)
        before = logs.now.set(request)
        begun = time.perf_counter()
        IN_FLIGHT.inc()
        status = 500
        try:
            response = self.get_response(request)
            status = response.status_code
            response.headers["X-Request-ID"] = request.request_id
            return response
        finally:
            spent = time.perf_counter() - begun
            IN_FLIGHT.dec()
            match = request.resolver_match
            count_request(request.method, match.view_name if match else "", status, spent)
            if status >= 400 or spent >= SLOW:
                level = log.error if status >= 500 else log.warning if spent >= SLOW else log.info
                level("request", status=status, duration=round(spent, 4))
            elif DEBUG.isEnabledFor(logging.DEBUG):
                log.debug("request", status=status, duration=round(spent, 4))
            logs.now.reset(before)
