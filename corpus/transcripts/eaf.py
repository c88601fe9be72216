"""Plain: ELAN (.eaf), through pympi-ling; a tier is a speaker."""

import tempfile

import pympi

from corpus.complaints import gettext_noop
from corpus.transcripts import RawCue, TranscriptError
from corpus.transcripts.times import span


def parse(text: str) -> list[RawCue]:
    """The aligned annotations of every tier that has no parent tier.

    A tier's participant is the speaker, else its name. Raises TranscriptError.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise TranscriptError(gettext_noop("The transcript declares entities; ELAN files do not."))
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".eaf", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            elan = pympi.Elan.Eaf(file.name, suppress_version_warning=True)
    except Exception as error:  # pympi raises bare Exception, and whatever a broken file causes
        raise TranscriptError(
            gettext_noop("The transcript is not a valid ELAN file: %(why)s"), why=str(error)[:200]
        ) from error
    cues = []
    for tier, (aligned, _references, attributes, _order) in elan.tiers.items():
        if "PARENT_REF" in attributes:
            continue
        speaker = attributes.get("PARTICIPANT") or tier
        for first, last, words, _ in aligned.values():
            start, end = (elan.timeslots.get(slot) for slot in (first, last))
            if start is None or end is None:
                raise TranscriptError(
                    gettext_noop("Tier %(tier)s: “%(words)s” has no time."),
                    tier=tier,
                    words=(words or "")[:40],
                )
            times = span(start / 1000, end / 1000, f"{tier}: {(words or '')[:20]}")
            cues.append(RawCue(*times, tuple((words or "").split("\n")), speaker))
    return cues
