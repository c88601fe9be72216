"""Plain: Praat TextGrid, through praatio; an interval tier is a speaker."""

import tempfile

from praatio import textgrid
from praatio.utilities import errors

from corpus.complaints import gettext_noop
from corpus.transcripts import RawCue, TranscriptError
from corpus.transcripts.times import span


def parse(text: str) -> list[RawCue]:
    """The labelled intervals of every interval tier. Raises TranscriptError."""
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".TextGrid", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            grid = textgrid.openTextgrid(file.name, includeEmptyIntervals=False)
    except (errors.PraatioException, ValueError, IndexError, KeyError, AttributeError) as error:
        raise TranscriptError(
            gettext_noop("The transcript is not a valid TextGrid: %(why)s"), why=str(error)[:200]
        ) from error
    return [
        RawCue(*span(entry.start, entry.end, tier.name), tuple(entry.label.split("\n")), tier.name)
        for tier in grid.tiers
        if isinstance(tier, textgrid.IntervalTier)
        for entry in tier.entries
    ]
