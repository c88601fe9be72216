"""Plain: SubRip (.srt) into cues."""

import re

import srt

from corpus.complaints import gettext_noop
from corpus.encoding import EncodingError, decode
from corpus.transcripts import Cue, TranscriptError

SPEAKER = re.compile(r"^\s*(?!\d+[:：])([^\s:：,，。！？!?“”\"'《》]{1,20})\s*[:：]\s*(?=\S)")
MARKUP = re.compile(r"<[^>]{1,40}>|\{\\[^}]{1,80}\}")


def parse(data: bytes) -> list[Cue]:
    """Cues in order of time; a prefix such as `张三：` becomes the cue's speaker.

    Raises TranscriptError naming the subtitle that cannot be read.
    """
    try:
        text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    except EncodingError as error:
        raise TranscriptError(error.template, **error.values) from error
    if not text.strip():
        raise TranscriptError(gettext_noop("The transcript is empty."))
    try:
        subtitles = list(srt.parse(text))
    except srt.SRTParseError as error:
        line = text.count("\n", 0, error.expected_start) + 1
        raise TranscriptError(
            gettext_noop(
                "The transcript is not valid SRT near line %(line)d: expected a number, a line such"
                " as `00:00:01,000 --> 00:00:02,500`, and text."
            ),
            line=line,
        ) from error
    except ValueError as error:
        raise TranscriptError(
            gettext_noop("The transcript is not valid SRT: %(why)s"), why=str(error)
        ) from error
    cues = [cue for subtitle in subtitles if (cue := _cue(subtitle)).text]
    if not cues:
        raise TranscriptError(gettext_noop("The transcript holds no subtitle in SRT form."))
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def _cue(subtitle: srt.Subtitle) -> Cue:
    start, end = subtitle.start.total_seconds(), subtitle.end.total_seconds()
    if end <= start:
        raise TranscriptError(
            gettext_noop(
                "Subtitle %(number)s ends at %(end).3f s, before it starts at %(start).3f s."
            ),
            number=subtitle.index,
            start=start,
            end=end,
        )
    words = " ".join(MARKUP.sub("", subtitle.content).split())
    named = SPEAKER.match(words)
    speaker = named.group(1) if named else ""
    return Cue(start, end, words[named.end() :] if named else words, speaker)
