"""The dialogues that an import of a source would make, from its text alone, and cutting it anew."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from core.errors import UserError, gettext_noop
from corpus.clip_faults import MOST_CUT_OFF, ClipCheck
from corpus.import_check import CLOCK_STEP, SHORTEST, ImportCheck, check_import
from corpus.media_info import Loss, Probe
from corpus.models import Dialogue, Source, Utterance
from corpus.models.sources import NO_MEDIA
from corpus.problems import Problem
from corpus.transcripts import Cue
from corpus.transcripts.reader import Transcript
from jobs.models import JobStatus
from people.models import Person

MOST_OF_TITLE = 60  # characters in the name of a proposed speaker


@dataclass(frozen=True)
class Line(Cue):
    """A cue that is an utterance already, of the dialogue `origin`."""

    origin: int = 0


@dataclass(frozen=True)
class Cut:
    """One dialogue to be: its cues and its span in the episode; `origin` where it is there."""

    cues: list[Cue]
    start: float
    end: float
    origin: Dialogue | None = None
    name: str = ""  # of its files in the storage, without suffix
    sha256: str = ""  # of its clip
    check: ClipCheck | None = None  # of its clip beside the episode
    losses: tuple[Loss, ...] = ()  # what of the episode could not be read there


def import_check_of(source: Source, reading: Transcript | None = None) -> ImportCheck:
    """The text as it would be stored: the utterances where there are some, else the transcript (as
    read already, or read now), else recognised speech.

    Without any of them, a single span without words that a person fills in. Raises UserError.
    """
    if source.pk and source.dialogues.exists():
        lines = _lines(source)
        check = check_import(_media_of(source, lines), None, lines, source.segmented)
        lost = [problem for problem in check.problems if problem.outcome == "rejected"]
        if lost:
            raise UserError(
                gettext_noop(
                    "“%(text)s” lies at %(start).1f s, where the media have ended. Correct its"
                    " times in the editor first."
                ),
                text=lost[0].value[:40],
                start=lost[0].details["start"],
            )
        return check
    if reading is None and source.transcript:
        reading = source.read_transcript()
    if not source.has_media:
        cues = reading.cues if reading else []
        return check_import(_media_of(source, cues), reading, [], source.segmented)
    speech = [
        Cue(start, end, text, _speaker_name(source, speaker), machine=True)
        for start, end, text, *speaker in (source.inspection or {}).get("heard", [])
    ]
    proposed = speech or [Cue(0.0, source.probed.duration, "")]
    return check_import(source.probed, reading, proposed, source.segmented)


def _speaker_name(source: Source, speaker: Sequence[str]) -> str:
    """Of a speaker whom a machine proposed, by number: another one than in other sources."""
    number = speaker[0] if speaker else ""
    return f"Speaker {number} ({source.title[:MOST_OF_TITLE]})" if number else ""


def _media_of(source: Source, cues: Sequence[Cue]) -> Probe:
    """What the media hold; of a transcript without media, a time as long as its talk."""
    if source.has_media:
        return source.probed
    return replace(NO_MEDIA, duration=max((cue.end for cue in cues), default=0.0))


def plan(source: Source) -> tuple[list[Cut], list[Problem]]:
    """The dialogues as they would be, and the problems of their cues.

    Raises UserError if a published one would not stay, or if one would start while the words of
    another are still spoken.
    """
    check = import_check_of(source)
    there = {dialogue.pk: dialogue for dialogue in source.dialogues.select_related("publication")}
    sizes = dict(source.dialogues.sized().values_list("pk", "size"))
    cuts = []
    for part, (start, end) in zip(check.parts, check.spans, strict=True):
        origins = {getattr(cue, "origin", 0) for cue in part}
        origin = there.get(origins.pop()) if len(origins) == 1 else None
        stays = origin is not None and sizes[origin.pk] == len(part)
        cuts.append(Cut(part, start, end, origin if stays else None))
    kept = {cut.origin.pk for cut in cuts if cut.origin}
    lost = [dialogue for pk, dialogue in there.items() if pk not in kept and dialogue.is_published]
    if lost:
        raise UserError(
            gettext_noop("%(dialogue)s is published and cannot be segmented again."),
            dialogue=lost[0].uid,
        )
    for cut in cuts:
        if not cut.origin:
            _check_borders(cut)
    return cuts, [] if there else check.problems


def _check_borders(part: Cut) -> None:
    """Raises UserError if the border of a dialogue cuts off more than MOST_CUT_OFF of a cue."""
    for cue in part.cues:
        inside = min(cue.end, part.end) - max(cue.start, part.start)
        lost = cue.end - cue.start - inside
        if lost > MOST_CUT_OFF or (lost > CLOCK_STEP and inside < SHORTEST):
            raise UserError(
                gettext_noop(
                    "“%(text)s” (%(start).2f to %(end).2f s) is spoken while another dialogue would"
                    " start or end. Part them where nobody speaks."
                ),
                text=cue.text[:40],
                start=cue.start,
                end=cue.end,
            )


def _lines(source: Source) -> list[Cue]:
    rows = Utterance.objects.filter(dialogue__source=source, start__isnull=False)
    lines = [
        Line(
            row.start + row.dialogue.start,
            row.end + row.dialogue.start,
            row.text,
            row.speaker.name if row.speaker else "",
            row.translation,
            row.machine,
            origin=row.dialogue_id,
        )
        for row in rows.select_related("dialogue", "speaker")
    ]
    return sorted(lines, key=lambda line: line.start)


@transaction.atomic
def resegment(
    source: Source,
    person: Person,
    gap: float | None = None,
    scene: float | None = None,
    starts: list[float] | None = None,
) -> None:
    """Queue an ingested source to be divided anew, at silences and changes of scene or at `starts`
    (seconds); corrections stay.

    Raises UserError if a published dialogue would not stay as it is, or if it is cut just now.
    """
    source.gap, source.scene, source.starts = gap or source.gap, scene, starts
    plan(source)
    values = {"gap": source.gap, "scene": scene, "starts": starts, "progress": 0.0}
    if not source.queue_by(person, "resegment", JobStatus.DONE, **values):
        raise UserError(gettext_noop("This source is being cut just now. Wait until it is done."))
