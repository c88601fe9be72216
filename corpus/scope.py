"""Loading through the person: what somebody may not see is not there (404)."""

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, render

from corpus.models import Corpus, Membership

LEAD = Membership.Role.LEAD
ADJUDICATOR = Membership.Role.ADJUDICATOR
ANNOTATOR = Membership.Role.ANNOTATOR


def corpus_of(request, pk, *roles):
    """A corpus that the person belongs to, in one of `roles` if any is named; sets `my_role`."""
    corpus = get_object_or_404(Corpus.objects.of(request.user), pk=pk)
    return with_role(request, corpus, *roles)


def with_role(request, corpus, *roles):
    """The corpus with `my_role` set. Raises Http404 if it is not among `roles`."""
    corpus.my_role = corpus.role_of(request.user)
    if corpus.my_role is None or (roles and corpus.my_role not in roles):
        raise Http404
    return corpus


def context(corpus, here, **more):
    """What base.html needs to draw the bar of a corpus page."""
    return {"corpus": corpus, "role": corpus.my_role, "here": here, **more}


def live_part(request, template, job, values):
    """A fragment that polls while `job` works; once it has ended, htmx reloads the page."""
    response = render(request, template, values)
    if not job.active:
        response["HX-Refresh"] = "true"
    return response


def page_of(request, rows, size=50):
    """The page of `rows` that the address asks for."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
