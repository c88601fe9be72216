"""Addresses for machines that watch over this one: health and metrics.

They need no sign-in and no name of a host, as probes come by number, and are answered before
sessions are read; what they say is no secret, and metrics are for whoever may have them.
"""

import ipaddress
import secrets

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from core import metrics
from jobs import figures, health


def live(request):
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(request):
    """Whether it can do its work, and if not, why."""
    found = health.checked()
    return JsonResponse(found, status=200 if found["status"] == "ok" else 503)


def prometheus(request):
    """Figures for Prometheus: with the token; without one set, for this machine alone."""
    if not _may_scrape(request):
        return JsonResponse({"detail": "Not found."}, status=404)
    return HttpResponse(metrics.scrape(), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request):
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").encode()
        return secrets.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP")):
        return False  # a proxy on this machine asks for somebody else
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


metrics.collect.append(figures.figures)
PROBES = {"/health/live/": live, "/health/ready/": ready, "/metrics/": prometheus}


class ProbeMiddleware:
    """Answers the addresses of PROBES."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        view = PROBES.get(request.path_info)
        if view is None:
            return self.get_response(request)
        response = view(request)
        response.headers["Cache-Control"] = "no-store"
        return response
