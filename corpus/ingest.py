"""One source and its transcript become dialogues with utterances and clips."""

import hashlib
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.db import transaction

from corpus import cutting, media, segmentation
from corpus.complaints import gettext_noop
from corpus.jobs import Refused
from corpus.models import Dialogue, Source, Speaker, Utterance
from corpus.transcripts import Cue, TranscriptError

SPARE_DISK = 200 * 1024**2  # bytes that stay free


@dataclass(frozen=True)
class Cut:
    """One dialogue to be: its cues, its span in the episode and its place in the corpus."""

    number: int
    cues: list[Cue]
    start: float
    end: float
    uid: str


def ingest(source: Source) -> None:
    """Read, cut and store the whole source; a failure leaves none of its rows or clips behind.

    Raises a Complaint with a sentence for the person who added it.
    """
    if source.dialogues.filter(publication__isnull=False).exists():
        raise Refused(
            gettext_noop("Dialogues of this source are published; they are not cut anew.")
        )
    path = Path(source.media.path)
    found = media.probe(path)
    cues = _cues(source, found)
    _room_for(path)
    parts = segmentation.dialogues(cues, source.gap)
    spans = segmentation.spans(parts, found.duration)
    cuts = [
        Cut(n, part, start, end, f"{source.title}_{n:03d}")
        for n, (part, (start, end)) in enumerate(zip(parts, spans, strict=True), 1)
    ]
    folder = Path(f"clips/{source.corpus_id}/{source.pk}-{source.attempt}")
    directory = settings.MEDIA_ROOT / folder
    directory.mkdir(parents=True)
    try:
        cuts = _make_files(source, path, found, cuts, directory)
        _store(source, found, cuts, folder, source.sha256 or digest(path))
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    _forget_earlier(directory)


def _cues(source: Source, found: media.Probe) -> list[Cue]:
    """The transcript's cues; without one, a single span without words that a person fills in."""
    if not source.transcript:
        return [Cue(0.0, found.duration, "")]
    cues = source.read_transcript().cues
    late = [cue for cue in cues if cue.end > found.duration + 0.5]
    if late:
        raise TranscriptError(
            gettext_noop(
                "%(count)d subtitles lie after the end of the media (%(duration).1f s), the first"
                " at %(start).1f s: “%(text)s”. Is this the transcript of another episode?"
            ),
            count=len(late),
            duration=found.duration,
            start=late[0].start,
            text=late[0].text[:40],
        )
    return cues


def _room_for(path: Path) -> None:
    free = shutil.disk_usage(settings.MEDIA_ROOT).free
    needed = path.stat().st_size + SPARE_DISK
    if free < needed:
        raise Refused(
            gettext_noop("The disk has %(free)d MB left and the clips may need %(needed)d MB."),
            free=free // 1024**2,
            needed=needed // 1024**2,
        )


def _make_files(
    source: Source, path: Path, found: media.Probe, cuts: list[Cut], directory: Path
) -> list[Cut]:
    """Write the files of every dialogue in one pass; the cuts on the frame grid of the episode."""
    clips = cutting.cut(
        path,
        found,
        [(part.start, part.end) for part in cuts],
        lambda index: directory / f"{cuts[index].number:03d}",
        lambda index: source.beat((index + 1) / len(cuts)),
    )
    if not found.has_video:
        for clip in directory.glob("*.mp4"):
            media.sound_poster(clip, clip.with_suffix(".jpg"))
    return [
        replace(part, start=clip.start, end=clip.end)
        for part, clip in zip(cuts, clips, strict=True)
    ]


def _forget_earlier(directory: Path) -> None:
    """Delete the clips of earlier attempts at the same source."""
    stem = directory.name.split("-")[0]
    for other in directory.parent.glob(f"{stem}-*"):
        if other != directory:
            shutil.rmtree(other)


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@transaction.atomic
def _store(source: Source, found: media.Probe, cuts: list[Cut], folder: Path, sha256: str) -> None:
    source.dialogues.all().delete()
    names = {cue.speaker for part in cuts for cue in part.cues if cue.speaker}
    speakers = {
        name: Speaker.objects.get_or_create(corpus_id=source.corpus_id, name=name)[0]
        for name in sorted(names)
    }
    for part in cuts:
        stem = folder / f"{part.number:03d}"
        sound = {"audio": f"{stem}.flac", "peaks": f"{stem}.json"} if found.has_audio else {}
        dialogue = Dialogue.objects.create(
            corpus_id=source.corpus_id,
            source=source,
            uid=part.uid,
            number=part.number,
            start=round(part.start, 3),
            end=round(part.end, 3),
            clip=f"{stem}.mp4",
            clip_sha256=digest(settings.MEDIA_ROOT / f"{stem}.mp4"),
            poster=f"{stem}.jpg",
            **sound,
        )
        Utterance.objects.bulk_create(
            Utterance(
                corpus_id=source.corpus_id,
                dialogue=dialogue,
                number=number,
                uid=f"{part.uid}_U_{number}",
                speaker=speakers.get(cue.speaker),
                text=cue.text,
                translation=cue.translation,
                start=round(max(cue.start - part.start, 0.0), 3),
                end=round(min(cue.end, part.end) - part.start, 3),
            )
            for number, cue in enumerate(part.cues, 1)
        )
    source.sha256 = sha256
    source.counts = {
        "dialogues": len(cuts),
        "utterances": sum(len(part.cues) for part in cuts),
        "seconds": round(sum(part.end - part.start for part in cuts), 1),
    }
    source.save(update_fields=["sha256", "counts"])
    source.finish()
