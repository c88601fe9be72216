"""Plain: what an import would make of an episode and its transcript, before anything is written.

The check page, the command and the ingest itself use this one structure, so that what was shown
is what is stored.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from core.errors import gettext_noop
from corpus import segmentation
from corpus.clip_format import estimated_bytes
from corpus.media_info import Loss, Probe
from corpus.problems import Problem
from corpus.transcripts import Cue, TranscriptError
from corpus.transcripts.reader import Transcript

MOST_LATE = 0.1  # share of cues after the end of the media beyond which it is another episode's
FEW_LATE = 2  # so many may be an appendix, if they are not half of the transcript
SHORTEST = 0.04  # seconds, one picture: less than that is left of no utterance
CLOCK_STEP = 0.001  # seconds to which times are stored


@dataclass(frozen=True)
class ImportCheck:
    """What would be stored: `cues` parted into dialogues, each with its `spans` (seconds).

    `problems` holds what reading the transcript repaired, left out or doubts, and what does not
    fit the media, by line. `needed` is how many bytes the clips take at most.
    """

    media: Probe
    reading: Transcript | None
    cues: list[Cue]
    parts: list[list[Cue]]
    spans: list[tuple[float, float]]
    problems: list[Problem]
    needed: int

    @property
    def speakers(self) -> list[tuple[str, int]]:
        """(name, number of utterances) of everybody who is named, most talkative first."""
        return Counter(cue.speaker for cue in self.cues if cue.speaker).most_common()


def check_import(
    media: Probe,
    reading: Transcript | None,
    proposed: Sequence[Cue],
    part: Callable[[list[Cue]], list[list[Cue]]],
) -> ImportCheck:
    """What comes of a transcript, or without one of the cues that are `proposed`.

    Raises TranscriptError for the transcript of another episode.
    """
    cues, late = fit_cues(list(reading.cues if reading else proposed), media.duration)
    parts = part(cues)
    spans = segmentation.spans(parts, media.duration)
    read = reading.problems if reading else []
    problems = sorted([*read, *late], key=lambda problem: problem.line)
    has_clips = media.has_video or media.has_audio
    needed = estimated_bytes(media, spans) if has_clips else 0
    return ImportCheck(media, reading, cues, parts, spans, problems, needed)


def fit_cues(cues: list[Cue], duration: float) -> tuple[list[Cue], list[Problem]]:
    """The cues that lie in media of `duration` seconds, and what was done about the others.

    One that ends after the end is cut off there; one that begins after it, or of which nothing
    would be left, is left out. Raises TranscriptError where half of them, or more than MOST_LATE
    and more than FEW_LATE, begin after it.
    """
    begin_late = [cue for cue in cues if cue.start >= duration]
    late = len(begin_late)
    if late and (late * 2 >= len(cues) or late > max(MOST_LATE * len(cues), FEW_LATE)):
        raise TranscriptError(
            gettext_noop(
                "%(count)d of %(all)d cues begin after the end of the media (%(duration).1f s), the"
                " first at %(start).1f s: “%(text)s”. Is this the transcript of another episode?"
                " Or are the media broken off?"
            ),
            count=late,
            all=len(cues),
            duration=duration,
            start=begin_late[0].start,
            text=begin_late[0].text[:40],
        )
    kept, problems = [], []
    for cue in cues:
        fits, problem = _fit(cue, duration)
        kept += [fits] if fits else []
        problems += [problem] if problem else []
    if not kept:
        raise TranscriptError(gettext_noop("The transcript holds no line of talk."))
    return kept, problems


def _fit(cue: Cue, duration: float) -> tuple[Cue | None, Problem | None]:
    """The cue as it fits, None if it does not, and what there is to say about it."""
    if cue.end - cue.start < CLOCK_STEP:
        return None, _problem(
            cue, "rejected", gettext_noop("It lasts no time, %(start).3f to %(end).3f s: left out.")
        )
    if cue.end < duration + CLOCK_STEP:
        return cue, None
    if cue.start > duration - SHORTEST:
        return None, _problem(
            cue,
            "rejected",
            gettext_noop(
                "It begins at %(start).2f s, but the media end at %(duration).2f s: left out."
            ),
            duration=round(duration, 3),
        )
    return replace(cue, end=duration), _problem(
        cue,
        "repaired",
        gettext_noop(
            "It ends at %(end).2f s, but the media end at %(duration).2f s: it ends there now."
        ),
        duration=round(duration, 3),
    )


def _problem(cue: Cue, outcome: str, reason: str, **details: float) -> Problem:
    times = {"start": round(cue.start, 3), "end": round(cue.end, 3)}
    return Problem(cue.line, "", cue.text[:200], outcome, reason, times | details)


JOINED = 0.1  # seconds between losses that are told as one
MOST_LOSSES = 200  # of which each is told
JUMP = gettext_noop(
    "The clock of the media jumps by %(seconds).2f s at %(time).2f s, as where recordings were"
    " joined; what follows was placed right after what came before."
)
LOST = {
    ("sound track", "damaged"): gettext_noop(
        "%(seconds).2f s of the sound from %(time).2f s on are damaged: they are silent."
    ),
    ("sound track", "missing"): gettext_noop(
        "The media hold no sound for %(seconds).2f s from %(time).2f s on: they are silent."
    ),
    ("picture", "damaged"): gettext_noop(
        "%(seconds).2f s of the picture from %(time).2f s on are damaged: the last frame stands."
    ),
    ("picture", "missing"): gettext_noop(
        "The media hold no picture for %(seconds).2f s from %(time).2f s on: the last frame stands."
    ),
}


def loss_problems(losses: Iterable[Loss], video: int | None) -> list[Problem]:
    """What of the media could not be read, as warnings; `video` is the stream of the picture."""
    problems = []
    for loss in _joined(losses):
        part = "picture" if loss.stream == video else "sound track"
        reason = JUMP if loss.kind == "jump" else LOST[part, loss.kind]
        details = {"time": round(loss.time, 3), "seconds": round(loss.seconds, 3)}
        problems.append(Problem(0, part, "", "warning", reason, details))
    more = len(problems) - MOST_LOSSES
    if more > 0:
        rest = gettext_noop("%(count)d more places of the media could not be read.")
        problems[MOST_LOSSES:] = [Problem(0, "", "", "warning", rest, {"count": more})]
    return problems


def _joined(losses: Iterable[Loss]) -> list[Loss]:
    """Losses in order of time, those of a kind that follow one another as one."""
    joined: dict[tuple[int, str], list[Loss]] = {}
    for loss in sorted(losses, key=lambda loss: (loss.time, loss.seconds)):
        row = joined.setdefault((loss.stream, loss.kind), [])
        end = row[-1].time + row[-1].seconds if row else None
        if end is not None and loss.kind != "jump" and loss.time <= end + JOINED:
            seconds = max(end, loss.time + loss.seconds) - row[-1].time
            row[-1] = replace(row[-1], seconds=seconds)
        else:
            row.append(loss)
    return sorted((loss for row in joined.values() for loss in row), key=lambda loss: loss.time)
