"""Clips compared with their sources; what is wrong is kept with each dialogue."""

import datetime
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from django.core.files.storage import default_storage
from django.utils import timezone

from core import storage
from core.errors import UserError, gettext_noop
from core.storage import digest
from corpus.clip_faults import CHANGED, MOST_CUT_OFF, ClipCheck, ClipFault, checked_since
from corpus.media_process import MediaProcess, folders_of
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
    media: MediaProcess,
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
    whole = _measure(media, path, source, report_progress)
    checks = []
    for number, (file, start, end) in enumerate(clips, 1):
        checks.append(_check(whole, file, start, end))
        report_progress(MEASURING + (1 - MEASURING) * number / len(clips))
    return checks


@dataclass(frozen=True)
class _Measured:
    """The media of a source, as the process that measured them knows them."""

    media: MediaProcess
    path: Path
    track: int | None
    picture: float  # second at which it begins, 0 without one


def _measure(
    media: MediaProcess, path: Path, source: Source, report_progress: Callable[[float], None]
) -> _Measured:
    picture = media.measure(path, source.track, lambda share: report_progress(MEASURING * share))
    return _Measured(media, path, source.track, picture)


def _check(whole: _Measured, file: Path, start: float, end: float) -> ClipCheck:
    try:
        problems = whole.media.check_clip(whole.path, whole.track, file, start, end)
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
    with _opened(source, rows) as (media, path):
        whole = _whole(media, path, source, report_progress) if path else None
        for number, row in enumerate(rows, 1):
            with storage.local(str(row.clip)) as clip:
                changed = ClipCheck([ClipFault("changed", CHANGED, {})])
                same = digest(clip) == row.clip_sha256
                check = _check_stored(media, whole, clip, row) if same else changed
            if row.pk in cut_off:
                check = replace(check, faults=[*check.faults, cut_off[row.pk]])
            kept = replace(check, measured=(row.clip_check or {}).get("measured", {}))
            Dialogue.objects.filter(pk=row.pk, clip=row.clip.name).update(clip_check=kept.to_json())
            report_progress(MEASURING + (1 - MEASURING) * number / len(rows))


@contextmanager
def _opened(
    source: Source, dialogues: list[Dialogue]
) -> Iterator[tuple[MediaProcess, Path | None]]:
    """What reads the clips of these dialogues and the media of their source, if it has any, with
    the path of these.
    """
    folders = folders_of(str(row.clip) for row in dialogues)
    with ExitStack() as stack:
        path = stack.enter_context(storage.local(str(source.media))) if source.media else None
        readable = (path, *folders) if path else folders
        yield stack.enter_context(MediaProcess(*readable)), path


def _whole(
    media: MediaProcess, path: Path, source: Source, report_progress: Callable[[float], None]
) -> _Measured | ClipFault:
    """The measured media of a source, or why they cannot be measured."""
    try:
        media.length = source.probed.duration
        return _measure(media, path, source, report_progress)
    except UserError as error:
        return ClipFault("unreadable", error.template, error.values)


def _check_stored(
    media: MediaProcess, whole: _Measured | ClipFault | None, clip: Path, row: Dialogue
) -> ClipCheck:
    if isinstance(whole, ClipFault):
        return ClipCheck([whole])
    if whole is not None:
        check = _check(whole, clip, row.start or 0.0, row.end or 0.0)
        return check if check.faults else ClipCheck(_early_picture(whole, row))
    try:
        media.probe(clip)  # it came with its rows: there is nothing to compare it with
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


def _early_picture(whole: _Measured, row: Dialogue) -> list[ClipFault]:
    """Code without a version took the first picture for the start of the film, whatever was heard
    before it; where the picture hardly changes that cannot be seen.
    """
    if row.cutter_version is not None or whole.picture < LATE_PICTURE:
        return []
    return [ClipFault("shifted", EARLY, {"seconds": round(whole.picture, 2)})]
