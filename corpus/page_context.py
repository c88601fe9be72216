"""What every page of a corpus is drawn with."""

from corpus.permissions import LEAD
from people.models import Event


def context(corpus, here, **more):
    """What base.html needs to draw the bar of a corpus page."""
    return {"corpus": corpus, "role": corpus.my_role, "here": here, **more}


def members_context(corpus, tab, **more):
    """The same of a page about who belongs to the corpus, with what its tabs count."""
    return context(
        corpus,
        "people",
        tab=tab,
        open_count=corpus.invitations.open().count(),
        waiting_count=corpus.join_requests.waiting().count(),
        **more,
    )


def export_of(request, corpus):
    """What records that somebody takes a list of the corpus as a file; None but for leads."""
    if corpus.my_role != LEAD:
        return None
    return lambda name: Event.record_once(request.user, "download", corpus, what=name)
