"""Clips beside their sources: what was measured, and what is wrong, is kept with each dialogue."""

import datetime
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.utils import timezone

from corpus import keeping
from corpus.clip_check import Measure, check_clip, measure
from corpus.complaints import Complaint, gettext_noop
from corpus.keeping import digest
from corpus.media import probe
from corpus.models import Corpus, Dialogue, Source
from corpus.problems import Problem

MEASURING = 0.7  # share of the work that reading the source is
MISSING = gettext_noop("A file of the clip is missing.")
CHANGED = gettext_noop("The file of the clip is not the one that was cut.")


@dataclass(frozen=True)
class ClipFault:
    """One thing that is wrong with a clip: its kind (of integrity.KINDS), and a sentence."""

    kind: str
    template: str
    values: dict[str, Any]


@dataclass(frozen=True)
class ClipCheck:
    """What is wrong with a clip beside its source, and what cutting measured of it."""

    faults: list[ClipFault]
    measured: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As a dialogue keeps it, with the time of now."""
        return {"at": timezone.now().isoformat()} | asdict(self)


def compare(
    path: Path,
    source: Source,
    clips: list[tuple[Path, float, float]],
    beat: Callable[[float], None],
) -> list[ClipCheck]:
    """Measure clips (file, start and end in the episode) beside the media at `path`.

    Raises MediaError if the media cannot be read.
    """
    if not clips:
        return []
    whole = measure(path, source.track, beat=lambda share: beat(MEASURING * share))
    checks = []
    for number, (file, start, end) in enumerate(clips, 1):
        checks.append(_check(whole, file, start, end))
        beat(MEASURING + (1 - MEASURING) * number / len(clips))
    return checks


def _check(whole: Measure, file: Path, start: float, end: float) -> ClipCheck:
    try:
        problems = check_clip(whole, file, start, end)
    except Complaint as complaint:
        return ClipCheck([ClipFault("unreadable", complaint.template, complaint.values)])
    return ClipCheck([ClipFault(_kind(row), row.reason, row.details) for row in problems])


def _kind(problem: Problem) -> str:
    """The kind of integrity.KINDS of something that is wrong with a clip."""
    if "lag" in problem.details:
        return "shifted"
    if problem.column == "sound" and ("silent" in problem.reason or "none" in problem.reason):
        return "silent"
    return "length" if {"lasts", "last"} & set(problem.details) else "unlike"


def check_clips(
    corpus: Corpus,
    since: datetime.datetime | None = None,
    beat: Callable[[float], None] = lambda share: None,
) -> None:
    """Compare every clip of a corpus with its source and keep what comes of it with its dialogue.

    What was compared after `since` is not compared again; a source that is being cut is left out.
    """
    since = since or timezone.now()
    sources = [source for source in corpus.sources.order_by("pk") if not source.active]
    for number, source in enumerate(sources):
        clips = source.dialogues.exclude(clip="").order_by("start", "pk")
        pending = [row for row in clips if not checked_since(row, since)]
        _check_source(source, pending, _share_of(beat, number, len(sources)))


def _share_of(beat: Callable[[float], None], number: int, count: int) -> Callable[[float], None]:
    """Hears how far one of `count` equal parts is."""
    return lambda share: beat((number + min(share, 1.0)) / count)


def _check_source(source: Source, dialogues: list[Dialogue], beat: Callable[[float], None]) -> None:
    rows = [row for row in dialogues if default_storage.exists(row.clip.name)]
    if not rows or (source.media and not default_storage.exists(source.media.name)):
        return
    whole = _whole(source, lambda share: beat(MEASURING * share)) if source.media else None
    for number, row in enumerate(rows, 1):
        with keeping.local(row.clip.name) as clip:
            changed = ClipCheck([ClipFault("changed", CHANGED, {})])
            same = digest(clip) == row.clip_sha256
            check = _check_stored(whole, clip, row) if same else changed
        kept = replace(check, measured=(row.clip_check or {}).get("measured", {}))
        Dialogue.objects.filter(pk=row.pk, clip=row.clip.name).update(clip_check=kept.to_json())
        beat(MEASURING + (1 - MEASURING) * number / len(rows))


def _whole(source: Source, beat: Callable[[float], None]) -> Measure | ClipFault:
    """The measure of the media of a source, or why they cannot be measured."""
    try:
        with keeping.local(source.media.name) as media:
            return measure(media, source.track, beat=beat)
    except Complaint as complaint:
        return ClipFault("unreadable", complaint.template, complaint.values)


def _check_stored(whole: Measure | ClipFault | None, clip: Path, row: Dialogue) -> ClipCheck:
    if isinstance(whole, ClipFault):
        return ClipCheck([whole])
    if whole is not None:
        return _check(whole, clip, row.start, row.end)
    try:
        probe(clip)  # it came with its rows: there is nothing to compare it with
    except Complaint as complaint:
        return ClipCheck([ClipFault("unreadable", complaint.template, complaint.values)])
    return ClipCheck([])


def faults_of(dialogue: Dialogue) -> list[ClipFault]:
    """What the last check found wrong with the clip of a dialogue."""
    return [ClipFault(**row) for row in (dialogue.clip_check or {}).get("faults", [])]


def checked_since(dialogue: Dialogue, since: datetime.datetime) -> bool:
    """True if the clip was compared with its source after that."""
    at = (dialogue.clip_check or {}).get("at")
    return bool(at) and datetime.datetime.fromisoformat(at) >= since
