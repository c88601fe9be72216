"""Errors nobody foresaw: each has an id, which the page, the log and the report to Sentry share."""

import secrets

from django.conf import settings

from core.logs import address_of, masked, masked_value


def new_error_id():
    """Eight characters that people can read to each other; no 0, O, 1, I."""
    return "".join(secrets.choice("23456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(8))


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
        request["url"] = masked(request.get("url", ""))
    record = hint.get("log_record")
    asked = getattr(record, "request", None)
    error_id = getattr(record, "error_id", None) or getattr(asked, "error_id", None)
    if error_id:
        event.setdefault("tags", {})["error_id"] = error_id
    if hasattr(asked, "path"):
        event["transaction"] = address_of(asked)
    return masked_value(event) | {name: event[name] for name in KEPT if name in event}


KEPT = ("event_id", "timestamp", "sdk", "modules", "platform", "release", "contexts")
