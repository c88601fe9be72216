"""What the media and the transcript of a source hold, found by a worker before it is confirmed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage

from core import storage
from core.errors import UserError, gettext_noop
from corpus.media_info import Track
from corpus.media_process import MediaProcess
from corpus.models import Source, SourceInspection
from corpus.speech import Listening
from jobs.models import JobStatus

NOT_INSPECTED = gettext_noop("The inspection of this file was stopped. Retry it on the page Jobs.")


def run_inspection(job: SourceInspection) -> None:
    """Do a claimed SourceInspection; nothing if the draft was confirmed meanwhile."""
    if job.source.status == JobStatus.DRAFT:
        inspect_source(job.source, job.report_progress)


def keep_failure(job: SourceInspection) -> None:
    """Say in the draft why it was not inspected, where the job has failed or was stopped."""
    if job.status not in (JobStatus.FAILED, JobStatus.STOPPED):
        return
    why = job.failure or UserError(NOT_INSPECTED).to_json()
    found: dict[str, Any] = {"shots": [], "heard": [], "failure": why, "unread": why}
    waiting = Source.objects.filter(pk=job.source_id, inspection__isnull=True)
    waiting.update(inspection=found)


def inspect_source(
    source: Source, report_progress: Callable[[float], None] = lambda share: None
) -> None:
    """Measure the media, find changes of scene, extract the subtitles that were chosen and, without
    a transcript, recognise speech; the results are proposed to whoever confirms the source. A
    workbook is unpacked.
    """
    if not source.media:
        _inspect_text(source)
        return
    chosen = {"track": source.track, "subtitles": source.subtitles}
    transcript_before = source.transcript.name
    with storage.local(str(source.media)) as path:
        inspect_media(source, path, report_progress)
    values = {"inspection": source.inspection, "probe": source.probe}
    extracted, unused = None, None
    if source.transcript.name != transcript_before:
        source.store_transcript()
        extracted = values["transcript"] = source.transcript.name
        values["uploaded_transcript"] = (
            transcript_before if source.uploaded_transcript is None else source.uploaded_transcript
        )
        unused = (
            None if source.uploaded_transcript is None else transcript_before
        )  # of an earlier choice
    if not Source.objects.filter(pk=source.pk, **chosen).update(**values):
        unused = extracted  # something else was chosen meanwhile
    if unused:
        default_storage.delete(unused)
    source.refresh_from_db()


def _inspect_text(source: Source) -> None:
    """Unpack the workbook of a source without media."""
    source.inspection = {"shots": [], "heard": []}
    try:
        source.unpack()
    except UserError as error:
        source.inspection["unread"] = error.to_json()
    Source.objects.filter(pk=source.pk).update(inspection=source.inspection)


def inspect_media(
    source: Source, path: Path, report_progress: Callable[[float], None] = lambda share: None
) -> None:
    """Set what `path`, the media before they are stored, holds on `source`; no row is written."""
    inspection: dict[str, Any] = {"shots": [], "heard": []}
    try:
        if not source.has_unsaved_transcript:
            source.unpack()
    except UserError as error:
        inspection["unread"] = error.to_json()
    try:
        hears = listening()
        with MediaProcess(path, models=(hears.recogniser, hears.speakers)) as media:
            source.probe_with(media, path)
            inspection["shots"] = [[shot.time, shot.strength] for shot in media.shots(path)]
            if source.subtitles is not None:
                suffix, words = media.extract_subtitles(path, _subtitle_track(source))
                source.set_transcript(f"{path.stem}.{source.subtitles}{suffix}", words)
            if not source.transcript and source.probed.has_audio:
                cues = media.recognise_speech(path, hears, report_progress, source.track)
                inspection["heard"] = [[cue.start, cue.end, cue.text, cue.speaker] for cue in cues]
    except UserError as error:
        inspection["failure"] = error.to_json()
    source.inspection = inspection


def listening() -> Listening:
    """What listens in this installation."""
    return Listening(
        settings.ASR_MODEL_DIR,
        settings.SPEAKER_MODEL_DIR,
        settings.ASR_LANGUAGE,
        settings.ASR_SIMPLIFIED,
        settings.SPEAKER_SIMILARITY,
    )


def _subtitle_track(source: Source) -> Track:
    """The track of the subtitles that were chosen. Raises UserError if there is none."""
    for track in source.probed.subtitles:
        if track.index == source.subtitles:
            return track
    raise UserError(
        gettext_noop("The media have no subtitles as their stream %(stream)d."),
        stream=source.subtitles,
    )
