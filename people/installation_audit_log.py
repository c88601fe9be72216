"""Who signed in, whose account changed: events of no corpus, for the administrator."""

from django.http import Http404

from people.event_list import EventFilter, export, page_of_events, spans
from people.models import Event


def audit_log(request):
    """The events of no corpus; 404 for everybody but the installation administrator."""
    form = _filter(request)
    table = page_of_events(request, form)
    shown = {"tab": "audit_log", "spans": spans(table)}
    return table.render("people/installation_audit_log.html", shown)


def audit_log_csv(request):
    return export(_filter(request), "csv", "audit-log")


def audit_log_jsonl(request):
    return export(_filter(request), "jsonl", "audit-log")


def _filter(request):
    if not request.user.is_superuser:
        raise Http404
    return EventFilter(request.GET, Event.objects.filter(corpus_id=None))
