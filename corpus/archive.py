"""Archived corpora are read-only: whatever would change one is refused here, with a sentence, for
pages, scripts and API alike.

An address names its corpus by its first part and the number after it, `rounds/7/…`; apps say how a
row of each leads to its corpus.
"""

from functools import cache

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from rest_framework.permissions import SAFE_METHODS, BasePermission

from core.api.problems import problem_response
from core.middleware import wants_json
from core.statements import Prepared
from corpus.models import Corpus
from jobs.job_list import kinds

WORDS = gettext_lazy(
    "The corpus “%(name)s” is archived and read-only. Nothing was changed. Its owner can unarchive"
    " it on the page Settings."
)

nouns: dict[str, tuple[str, str]] = {  # first part of an address -> model, its way to the corpus
    "corpora": ("corpus.Corpus", "pk"),
    "memberships": ("corpus.Membership", "corpus"),
    "uploads": ("corpus.Upload", "corpus"),
    "sources": ("corpus.Source", "corpus"),
    "dialogues": ("corpus.Dialogue", "corpus"),
    "publications": ("corpus.Publication", "dialogue__corpus"),
    "speakers": ("corpus.Speaker", "corpus"),
    "utterances": ("corpus.Utterance", "corpus"),
    "invitations": ("corpus.Invitation", "corpus"),
    "join-requests": ("corpus.JoinRequest", "corpus"),
    "webhooks": ("corpus.Webhook", "corpus"),
    "webhook-deliveries": ("corpus.WebhookDelivery", "webhook__corpus"),
}


class Archived(PermissionDenied):
    """Something that would change an archived corpus."""


def in_archive(view):
    """A view that may change an archived corpus."""
    view.in_archive = True
    return view


def archived_corpus(person, route, arguments):
    """The name of the archived corpus that an address is about, None if there is none or if it is
    not one of the person's: nobody hears of the others.
    """
    noun = route.removeprefix("api/").split("/")[0]
    by = next((name for name in ("pk", "token") if name in arguments), None)
    found = _job(arguments.get("kind")) if noun == "jobs" else nouns.get(noun)
    if found is None or by is None or not person.is_authenticated:
        return None
    if noun == "invitations" and by == "token":  # found by a hash; accepting refuses it itself
        return None
    row = _statement(*found, by).first(person.pk, arguments[by])
    return row[0] if row else None


def _job(kind):
    """The same of a job, whose address names its model; None where it has no corpus."""
    model = kinds().get(kind)
    return (model._meta.label, model.corpus_field) if model and model.corpus_field else None


@cache
def _statement(label, way, by):
    model = apps.get_model(label)

    def compose(person, key):
        rows = model._base_manager.filter(**{by: key}).order_by().values(way)
        archived = Corpus.objects.of(person).filter(archival__isnull=False, pk__in=rows)
        return archived.order_by().values_list("name")

    return Prepared(compose)


class ArchiveMiddleware:
    """Refuses changes of archived corpora with 403; the API has `ActiveCorpus` for it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, arguments, named):
        if request.method in SAFE_METHODS or hasattr(view, "cls") or hasattr(view, "in_archive"):
            return None
        name = archived_corpus(request.user, request.resolver_match.route, named)
        if name is None:
            return None
        words = WORDS % {"name": name}
        if wants_json(request):
            return problem_response(403, words, why=words)
        is_upload = request.resolver_match.route.startswith("uploads/")
        if is_upload or "Tus-Resumable" in request.headers:
            return HttpResponse(words, status=403, content_type="text/plain; charset=utf-8")
        raise Archived(words)


class ActiveCorpus(BasePermission):
    """The same of the API, which knows who asks only once a view is called."""

    def has_permission(self, request, view):
        if request.method in SAFE_METHODS or hasattr(view, "in_archive"):
            return True
        name = archived_corpus(request.user, request.resolver_match.route, view.kwargs)
        self.message = WORDS % {"name": name}
        return name is None
