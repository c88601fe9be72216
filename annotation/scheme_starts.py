"""Schemes to begin a new version with: defaults, those of published corpora, other versions."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from annotation.models import SchemeVersion
from annotation.scheme import DEFAULT, FULL, SHORT, Scheme
from corpus.models import Corpus


def _with(task, *keys):
    """A task with some of its values, in this order."""
    values = {value.key: value for value in task.values}
    return replace(task, values=tuple(values[key] for key in keys))


EMOTIONS = ("neutral", "joy", "surprise", "sadness", "anger", "disgust", "fear")
PUBLISHED = {
    "default": (_("Default: CMMA, six tasks"), DEFAULT),
    "short": (_("CMMA with fewer keys: usual sentiments, fewer correlations asked"), SHORT),
    "full": (_("CMMA with pride and love, eight tasks"), FULL),
    "meld": (
        _("MELD: sentiment and seven emotions"),
        Scheme((FULL["sentiment"], _with(FULL["emotion"], *EMOTIONS))),
    ),
    "m3ed": (_("M3ED: seven emotions"), Scheme((_with(FULL["emotion"], *EMOTIONS),))),
    "chsims": (_("CH-SIMS: sentiment"), Scheme((FULL["sentiment"],))),
    "mustard": (_("MUStARD: sarcasm"), Scheme((FULL["sarcasm"],))),
}


def start(person, corpus, name):
    """The scheme to begin with and the version of this corpus that it is, None for another one.

    `name` is the number of a version, a key of PUBLISHED, or the id of a version of another corpus
    as “other-7”; for anything else it is the newest version, or the default.
    """
    if name in PUBLISHED:
        return PUBLISHED[name][1], None
    if name.startswith("other-") and name.removeprefix("other-").isdecimal():
        found = others(person, corpus).filter(pk=name.removeprefix("other-")).first()
        if found:
            return found.scheme, None
    versions = corpus.schemes.all()
    base = versions.filter(number=name).first() if name.isdecimal() else None
    base = base or versions.first()
    return (base.scheme, base) if base else (DEFAULT, None)


def others(person, corpus):
    """The versions of the other corpora that the person leads."""
    led = Corpus.objects.led_by(person).exclude(pk=corpus.pk)
    rows = SchemeVersion.objects.filter(corpus__in=led.values("pk"))
    return rows.select_related("corpus").order_by("corpus__name", "-number")
