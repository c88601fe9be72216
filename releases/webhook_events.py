"""Events of webhooks about releases."""

from django.utils.translation import gettext_lazy as _

from corpus.webhooks.corpus_events import about_corpus
from corpus.webhooks.kinds import EventKind, api_address
from releases.models.releases import FROZEN


def describe_release(release):
    """The release, as messages name it."""
    return {
        "corpus": about_corpus(release.corpus),
        "release": {
            "id": release.pk,
            "version": release.version,
            "digest": release.digest,
            "url": api_address("api_release", release.pk),
        },
    }


KINDS = [EventKind(FROZEN, _("release frozen"), describe_release)]
