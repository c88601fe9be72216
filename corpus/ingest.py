"""One source and its transcript become dialogues with utterances and clips.

It can be done again: what was corrected stays, a dialogue whose utterances stay together stays as
it is with its clip, and clips that an attempt left when it was killed are not cut again.
"""

import hashlib
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from corpus import cutting, keeping, media, segmentation
from corpus.complaints import gettext_noop
from corpus.jobs import Refused
from corpus.models import Dialogue, Finding, Source, Speaker, Utterance
from corpus.transcripts import Cue, TranscriptError

SUFFIXES = (".mp4", ".jpg", ".flac", ".json")


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


def ingest(source: Source) -> None:
    """Read, cut and store the whole source; a failure changes none of its rows or files.

    Raises a Complaint with a sentence for the person who added it.
    """
    with keeping.local(source.media.name) as path:
        source.take(path)
        found = source.probed
        cuts = plan(source, found)
        folder = room_for(source, found, cuts)
        made = iter(_make_files(source, path, found, [c for c in cuts if not c.origin], folder))
        sha256 = source.sha256 or digest(path)
    cuts = [part if part.origin else next(made) for part in cuts]
    try:
        for part in cuts:
            if part.origin is None:
                _keep_files(part, folder)
        _store(source, found, cuts, sha256)
    except BaseException:
        _forget_unused(source)
        raise
    shutil.rmtree(folder.parent, ignore_errors=True)
    _forget_unused(source)


def plan(source: Source, found: media.Probe) -> list[Cut]:
    """The dialogues as they would be. Raises Refused if a published one would not stay."""
    cues = cues_of(source, found)
    parts = source.parted(cues)
    spans = segmentation.spans(parts, found.duration)
    there = {dialogue.pk: dialogue for dialogue in source.dialogues.select_related("publication")}
    sizes = dict(source.dialogues.sized().values_list("pk", "size"))
    cuts = []
    for part, (start, end) in zip(parts, spans, strict=True):
        origins = {getattr(cue, "origin", 0) for cue in part}
        origin = there.get(origins.pop()) if len(origins) == 1 else None
        stays = origin is not None and sizes[origin.pk] == len(part)
        cuts.append(Cut(part, start, end, origin if stays else None))
    kept = {part.origin.pk for part in cuts if part.origin}
    lost = [dialogue for pk, dialogue in there.items() if pk not in kept and dialogue.is_published]
    if lost:
        raise Refused(
            gettext_noop("%(dialogue)s is published; it is not cut anew."), dialogue=lost[0].uid
        )
    return cuts


def cues_of(source: Source, found: media.Probe) -> list[Cue]:
    """What is said: the utterances where there are some, else the transcript, else what was heard.

    Without any of them, a single span without words that a person fills in. Raises
    TranscriptError.
    """
    if source.dialogues.exists():
        return _lines(source)
    if source.transcript:
        return _transcribed(source, found.duration)
    heard = [Cue(*row, machine=True) for row in (source.looked or {}).get("heard", [])]
    return heard or [Cue(0.0, found.duration, "")]


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


def _transcribed(source: Source, duration: float) -> list[Cue]:
    cues = source.read_transcript().cues
    late = [cue for cue in cues if cue.end > duration + 0.5]
    if late:
        raise TranscriptError(
            gettext_noop(
                "%(count)d subtitles lie after the end of the media (%(duration).1f s), the first"
                " at %(start).1f s: “%(text)s”. Is this the transcript of another episode?"
            ),
            count=len(late),
            duration=duration,
            start=late[0].start,
            text=late[0].text[:40],
        )
    return cues


def room_for(source: Source, found: media.Probe, cuts: list[Cut]) -> Path:
    """The folder that this attempt cuts in, with the whole clips that earlier ones left.

    Raises Refused if what is still to be cut may not fit on the disk.
    """
    folder: Path = settings.WORK_DIR / f"source-{source.pk}" / str(source.attempt)
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.parent.iterdir():
        if earlier != folder:
            _adopt(earlier, folder)
    missing = [
        (part.start, part.end)
        for part in cuts
        if part.origin is None and not (folder / f"{_stem(part)}.cut").exists()
    ]
    needed = cutting.most_bytes(found, missing) + keeping.SPARE_DISK
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Refused(
            gettext_noop("The disk has %(free)d MB left and the clips may need %(needed)d MB."),
            free=free // 1024**2,
            needed=needed // 1024**2,
        )
    return folder


def _adopt(earlier: Path, folder: Path) -> None:
    """Take over what a killed attempt had finished; its half-written files go."""
    for mark in earlier.glob("*.cut"):
        for file in [*earlier.glob(f"{mark.stem}.*"), mark]:  # the mark that says whole comes last
            if file != mark or not (folder / mark.name).exists():
                file.replace(folder / file.name)
    shutil.rmtree(earlier)


def _stem(part: Cut) -> str:
    """What the files of a cut are called: its span in the episode, in milliseconds."""
    return f"{round(part.start * 1000):08d}-{round(part.end * 1000):08d}"


def _make_files(
    source: Source, path: Path, found: media.Probe, cuts: list[Cut], folder: Path
) -> list[Cut]:
    """Write the files of every new dialogue in one pass; the cuts on the episode's frame grid."""
    clips = cutting.cut(
        path,
        found,
        [(part.start, part.end) for part in cuts],
        lambda index: folder / _stem(cuts[index]),
        lambda index: source.beat((index + 1) / len(cuts)),
    )
    stored = f"clips/{source.corpus_id}/{source.pk}"
    made = []
    for part, clip in zip(cuts, clips, strict=True):
        file = folder / f"{_stem(part)}.mp4"
        if not found.has_video:
            media.sound_poster(file, file.with_suffix(".jpg"))
        name = f"{stored}/{_stem(part)}-{source.attempt}"
        made.append(replace(part, start=clip.start, end=clip.end, name=name, sha256=digest(file)))
    return made


def _keep_files(part: Cut, folder: Path) -> None:
    """Move the files of a new dialogue into the storage."""
    stem = Path(part.name).name.rpartition("-")[0]
    (folder / f"{stem}.cut").unlink(missing_ok=True)  # from here on it is not whole any more
    for suffix in SUFFIXES:
        if (folder / f"{stem}{suffix}").exists():
            keeping.put(folder / f"{stem}{suffix}", f"{part.name}{suffix}")


def _forget_unused(source: Source) -> None:
    """Delete stored clips of this source that no dialogue has any more."""
    used = {
        name
        for names in source.dialogues.values_list("clip", "poster", "audio", "peaks")
        for name in names
    }
    for name in list(keeping.names_under(f"clips/{source.corpus_id}/{source.pk}")):
        if name not in used:
            default_storage.delete(name)


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@transaction.atomic
def _store(source: Source, found: media.Probe, cuts: list[Cut], sha256: str) -> None:
    named = [(cue.speaker, cue.line) for part in cuts for cue in part.cues if cue.speaker]
    speakers = Speaker.named(source.corpus_id, (name for name, _line in named))
    Finding.keep(source, Speaker.spellings(named, speakers))
    numbers = source.dialogues.values_list("uid", flat=True)
    last = max((int(uid.rpartition("_")[2]) for uid in numbers), default=0)
    kept = [part.origin.pk for part in cuts if part.origin]
    source.dialogues.exclude(pk__in=kept).delete()
    for number, part in enumerate(cuts, 1):
        if part.origin:
            Dialogue.objects.filter(pk=part.origin.pk).update(number=number)
        else:
            last += 1
            _store_dialogue(source, found, part, number, f"{source.title}_{last:03d}", speakers)
    source.sha256 = sha256
    own = Utterance.objects.filter(dialogue__source=source)
    source.counts = {
        "dialogues": len(cuts),
        "published": source.dialogues.published().count(),
        "utterances": own.count(),
        "seconds": round(sum(part.end - part.start for part in cuts), 1),
    }
    source.save(update_fields=["sha256", "counts", "probe"])
    source.finish()


def _store_dialogue(
    source: Source,
    found: media.Probe,
    part: Cut,
    number: int,
    uid: str,
    speakers: dict[str, Speaker],
) -> None:
    sound = {"audio": f"{part.name}.flac", "peaks": f"{part.name}.json"} if found.has_audio else {}
    dialogue = Dialogue.objects.create(
        corpus_id=source.corpus_id,
        source=source,
        uid=uid,
        number=number,
        start=round(part.start, 3),
        end=round(part.end, 3),
        clip=f"{part.name}.mp4",
        clip_sha256=part.sha256,
        poster=f"{part.name}.jpg",
        **sound,
    )
    Utterance.objects.bulk_create(
        Utterance(
            corpus_id=source.corpus_id,
            dialogue=dialogue,
            number=place,
            uid=f"{uid}_U_{place}",
            speaker=speakers.get(cue.speaker),
            text=cue.text,
            translation=cue.translation,
            start=round(max(cue.start - part.start, 0.0), 3),
            end=round(min(cue.end, part.end) - part.start, 3),
            machine=cue.machine,
        )
        for place, cue in enumerate(part.cues, 1)
    )
