"""Errors nobody foresaw: each has an id, which the page, the log and the report to Sentry share."""

import secrets

from django.conf import settings

from core import logs


def new_error_id():
    """Eight characters that people can read to each other; no 0, O, 1, I."""
    return "".join(secrets.choice("23456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(8))


def error_id_of(request):
    """The id of what went wrong in a request: the first who reports it, gives it."""
    if not hasattr(request, "error_id"):
        request.error_id = new_error_id()
    return request.error_id


def start():
    """Send errors to SENTRY_DSN, of web and workers, without personal data."""
    if not settings.SENTRY_DSN:
        return
    # here, as it takes a quarter of a second that nobody without a DSN has to wait
    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.VERSION,
        integrations=[DjangoIntegration(middleware_spans=False), CeleryIntegration()],
        send_default_pii=False,
        include_local_variables=False,  # they hold what people wrote, and passwords
        max_request_body_size="never",
        max_breadcrumbs=0,  # statements with their values
        before_send=before_send,
    )


def before_send(event, hint):
    """The report without tokens, with the id that the page shows."""
    event.pop("user", None)
    request = event.get("request")
    if request:
        for name in ("data", "cookies", "headers", "env", "query_string"):
            request.pop(name, None)
        request["url"] = logs.masked(request.get("url", ""))
    asked, error_id = logs.now.get(), getattr(hint.get("log_record"), "error_id", None)
    if asked is not None:
        event["transaction"] = logs.address_of(asked)
        error_id = error_id or error_id_of(asked)
    if error_id:
        event.setdefault("tags", {})["error_id"] = error_id
    return logs.masked_value(event) | {name: event[name] for name in KEPT if name in event}


KEPT = ("event_id", "timestamp", "sdk", "modules", "platform", "release", "contexts")
