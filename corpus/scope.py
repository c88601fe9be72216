"""Loading through the person: what somebody may not see is not there (404)."""

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, render

from corpus.complaints import gettext_noop
from corpus.legible import shortened, whole_number
from corpus.models import Corpus, Dialogue, Membership
from corpus.requests import Unreadable

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


def dialogue_of(request, pk, *roles):
    """A dialogue that the person may open, in one of `roles` in its corpus if any is named."""
    found = Dialogue.objects.of(request.user).select_related("corpus", "source", "publication")
    dialogue = get_object_or_404(found, pk=pk)
    with_role(request, dialogue.corpus, *roles)
    return dialogue


def number(text, otherwise=0):
    """The whole number that an address, form or header gives; `otherwise` where it gives none.

    Raises Unreadable (400) for what is none: ASCII digits write numbers, at most 18 of them.
    """
    if not text or not text.strip():
        return otherwise
    found = whole_number(text.strip())
    if found is None:
        raise Unreadable(
            gettext_noop("“%(text)s” is not a whole number that can stand here."),
            text=shortened(text),
        )
    return found


def numbers(texts):
    """The ids that were ticked. Raises Unreadable for what is none."""
    return [found for found in map(number, texts) if found]


def text(data, name, most=200):
    """The text of a field, without space around it; "" where it is missing.

    Raises Unreadable (400) for more than `most` characters.
    """
    found = data.get(name, "").strip()
    if len(found) > most:
        raise Unreadable(
            gettext_noop("“%(text)s” is too long: “%(name)s” has at most %(most)d characters."),
            text=shortened(found),
            name=name,
            most=most,
        )
    return found


def posted(request):
    """The form that was sent, be it empty; None where a page was only asked for."""
    return request.POST if request.method == "POST" else None


def context(corpus, here, **more):
    """What base.html needs to draw the bar of a corpus page."""
    return {"corpus": corpus, "role": corpus.my_role, "here": here, **more}


def live_part(request, template, live, values):
    """A fragment that polls while something is `live`; once it is not, htmx reloads the page."""
    response = render(request, template, values)
    if not live:
        response["HX-Refresh"] = "true"
    return response


def page_of(request, rows, size=50):
    """The page of `rows` that the address asks for."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


class Keyset:
    """A page of rows by a unique key that they are ordered by, as fast at the end as at the start.

    The address says `after` or `before` which key it stands; `key(row)` gives a row's, as text.
    """

    def __init__(self, request, fetch, key, size=50):
        """`fetch(edge, forwards, size)` gives rows beyond the key `edge` (None: from the end)."""
        after, before = request.GET.get("after"), request.GET.get("before")
        forwards = before is None
        rows = fetch(after if forwards else before, forwards, size + 1)
        more, rows = len(rows) > size, list(rows[:size])
        if not forwards:
            rows.reverse()
        self.rows = rows
        self.next = key(rows[-1]) if rows and (more or not forwards) else None
        self.previous = key(rows[0]) if rows and (after or (not forwards and more)) else None

    def __iter__(self):
        return iter(self.rows)


def at_most(rows, most=1000):
    """How many rows there are, and whether counting stopped at `most`."""
    count = rows.order_by()[: most + 1].count()
    return min(count, most), count > most
