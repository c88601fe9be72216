"""Who signed in, whose account changed: events of no corpus, for the administrator."""

from django.http import Http404
from django.shortcuts import render

from people.event_list import EventFilter, export, page_of_events
from people.models import Event


def audit_log(request):
    """The events of no corpus; 404 for everybody but the installation administrator."""
    form = _filter(request)
    shown = {"tab": "audit_log", "form": form, "page": page_of_events(request, form)}
    return render(request, "people/installation_audit_log.html", shown)


def audit_log_csv(request):
    return export(_filter(request), "csv", "audit-log")


def audit_log_jsonl(request):
    return export(_filter(request), "jsonl", "audit-log")


def _filter(request):
    if not request.user.is_superuser:
        raise Http404
    return EventFilter(request.GET, Event.objects.filter(corpus_id=None))
