"""Clips compared with their sources; what is wrong is kept with each dialogue."""

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from django.core.files.storage import default_storage
from django.utils import timezone

from core import storage
from core.errors import UserError, gettext_noop
from core.storage import digest
from corpus.clip_comparison import Measure, check_clip, measure
from corpus.clip_faults import CHANGED, MOST_CUT_OFF, ClipCheck, ClipFault, checked_since
from corpus.media import probe
from corpus.models import Corpus, Dialogue, IntegrityCheck, Source, Utterance
from corpus.problems import Problem

EARLY = gettext_noop(
    "The picture of the source begins %(seconds).2f s after its sound, and an earlier version cut"
    " the clip with the picture that much too early."
)
CUT_OFF = gettext_noop(
    "“%(text)s” begins at %(start).2f s in the transcript and its clip only at %(begins).2f s."
    " Cutting again cannot mend that, as times stay: import the source again."
)
AT_ONCE = 0.05  # seconds after the start of its clip at which an utterance begins with it
SAME_END = 0.1  # seconds by which two ends are the same
LATE_PICTURE = 0.1  # seconds after the sound
MEASURING = 0.7  # share of the work that reading the source is


def compare(
    path: Path,
    source: Source,
    clips: list[tuple[Path, float, float]],
    report_progress: Callable[[float], None],
) -> list[ClipCheck]:
    """Measure clips (file, start and end in the episode) beside the media at `path`.

    Raises MediaError if the media cannot be read.
    """
    if not clips:
        return []
    whole = measure(
        path, source.track, report_progress=lambda share: report_progress(MEASURING * share)
    )
    checks = []
    for number, (file, start, end) in enumerate(clips, 1):
        checks.append(_check(whole, file, start, end))
        report_progress(MEASURING + (1 - MEASURING) * number / len(clips))
    return checks


def _check(whole: Measure, file: Path, start: float, end: float) -> ClipCheck:
    try:
        problems = check_clip(whole, file, start, end)
    except UserError as error:
        return ClipCheck([ClipFault("unreadable", error.template, error.values)])
    return ClipCheck([ClipFault(_kind(row), row.reason, row.details) for row in problems])


def _kind(problem: Problem) -> str:
    """The kind of integrity.KINDS of something that is wrong with a clip."""
    if "lag" in problem.details:
        return "shifted"
    if problem.column == "sound" and ("silent" in problem.reason or "none" in problem.reason):
        return "silent"
    return "length" if {"lasts", "last"} & set(problem.details) else "unlike"


def run_integrity_check(job: IntegrityCheck) -> None:
    """Compare every clip of the job's corpus with its source."""
    check_clips(job.corpus, job.requested_at, job.report_progress)


def check_clips(
    corpus: Corpus,
    since: datetime.datetime | None = None,
    report_progress: Callable[[float], None] = lambda share: None,
) -> None:
    """Compare every clip of a corpus with its source and keep what comes of it with its dialogue.

    What was compared after `since` is not compared again; a source that is being cut is left out.
    """
    since = since or timezone.now()
    sources = [source for source in corpus.sources.order_by("pk") if not source.active]
    for number, source in enumerate(sources):
        clips = source.dialogues.exclude(clip="").order_by("start", "pk")
        pending = [row for row in clips if not checked_since(row, since)]
        _check_source(source, pending, _share_of(report_progress, number, len(sources)))


def _share_of(
    report_progress: Callable[[float], None], number: int, count: int
) -> Callable[[float], None]:
    """Hears how far one of `count` equal parts is."""
    return lambda share: report_progress((number + min(share, 1.0)) / count)


def _check_source(
    source: Source, dialogues: list[Dialogue], report_progress: Callable[[float], None]
) -> None:
    rows = [row for row in dialogues if default_storage.exists(str(row.clip))]
    if not rows or (source.media and not default_storage.exists(str(source.media))):
        return
    cut_off = _cut_off(source)
    whole = (
        _whole(source, lambda share: report_progress(MEASURING * share)) if source.media else None
    )
    for number, row in enumerate(rows, 1):
        with storage.local(str(row.clip)) as clip:
            changed = ClipCheck([ClipFault("changed", CHANGED, {})])
            same = digest(clip) == row.clip_sha256
            check = _check_stored(whole, clip, row) if same else changed
        if row.pk in cut_off:
            check = replace(check, faults=[*check.faults, cut_off[row.pk]])
        kept = replace(check, measured=(row.clip_check or {}).get("measured", {}))
        Dialogue.objects.filter(pk=row.pk, clip=row.clip.name).update(clip_check=kept.to_json())
        report_progress(MEASURING + (1 - MEASURING) * number / len(rows))


def _whole(source: Source, report_progress: Callable[[float], None]) -> Measure | ClipFault:
    """The measure of the media of a source, or why they cannot be measured."""
    try:
        with storage.local(str(source.media)) as media:
            return measure(media, source.track, report_progress=report_progress)
    except UserError as error:
        return ClipFault("unreadable", error.template, error.values)


def _check_stored(whole: Measure | ClipFault | None, clip: Path, row: Dialogue) -> ClipCheck:
    if isinstance(whole, ClipFault):
        return ClipCheck([whole])
    if whole is not None:
        check = _check(whole, clip, row.start or 0.0, row.end or 0.0)
        return check if check.faults else ClipCheck(_early_picture(whole, row))
    try:
        probe(clip)  # it came with its rows: there is nothing to compare it with
    except UserError as error:
        return ClipCheck([ClipFault("unreadable", error.template, error.values)])
    return ClipCheck([])


def _cut_off(source: Source) -> dict[int, ClipFault]:
    """Dialogues (ids) whose first words begin before their clip, as the transcript has them: code
    without a version cut some transport streams from the next key frame on.
    """
    if not source.transcript:
        return {}
    try:
        cues = source.read_transcript().cues
    except UserError:
        return {}
    found = {}
    firsts = Utterance.objects.filter(dialogue__source=source, dialogue__head=0, number=1)
    for row in firsts.filter(start__lt=AT_ONCE).select_related("dialogue"):
        begins = row.dialogue.start
        ends = begins + row.end
        for cue in cues:
            if abs(cue.end - ends) < SAME_END and cue.start < begins - MOST_CUT_OFF:
                values = {"text": row.text[:40], "start": cue.start, "begins": begins}
                found[row.dialogue_id] = ClipFault("truncated", CUT_OFF, values)
    return found


def _early_picture(whole: Measure, row: Dialogue) -> list[ClipFault]:
    """Code without a version took the first picture for the start of the film, whatever was heard
    before it; where the picture hardly changes that cannot be seen.
    """
    late = float(whole.frames[0]) if len(whole.frames) else 0.0
    if row.cutter_version is not None or late < LATE_PICTURE:
        return []
    return [ClipFault("shifted", EARLY, {"seconds": round(late, 2)})]
