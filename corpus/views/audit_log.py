"""Who did what in a corpus: the audit log as a page and as files."""

from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from corpus.visibility import withheld_details
from people.event_list import EventFilter, export, page_of_events, spans
from people.models import Event


def audit_log(request, pk):
    """Without the details that tell somebody who annotates blind of answers."""
    corpus = corpus_of(request, pk, LEAD)
    form = _filter(request, corpus)
    table = page_of_events(request, form)
    return table.render("corpus/audit_log.html", context(corpus, "corpus", spans=spans(table)))


def audit_log_csv(request, pk):
    return _file(request, pk, "csv")


def audit_log_jsonl(request, pk):
    return _file(request, pk, "jsonl")


def _file(request, pk, suffix):
    corpus = corpus_of(request, pk, LEAD)
    form = _filter(request, corpus)
    Event.record_once(request.user, "download", corpus, what=f"audit-log.{suffix}")
    return export(form, suffix, f"audit-log-{corpus.pk}")


def _filter(request, corpus):
    events = Event.objects.filter(corpus_id=corpus.pk)
    return EventFilter(
        request.GET, events, lambda events: withheld_details(request.user, list(events))
    )
