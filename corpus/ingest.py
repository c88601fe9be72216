"""One source and its transcript become dialogues with utterances and clips.

It can be done again: what was corrected stays, a dialogue whose utterances stay together stays as
it is with its clip, and clips that an attempt left when it was killed are not cut again.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from core import storage
from core.batches import batches, reserve_ids, write
from core.errors import UserError, gettext_noop
from core.storage import digest
from corpus.clip_checks import compare
from corpus.clip_faults import ClipCheck
from corpus.clip_format import VERSION, estimated_bytes
from corpus.import_check import loss_problems
from corpus.import_plan import Cut, plan
from corpus.media_info import Clip, Probe
from corpus.media_process import MediaProcess, bytes_of
from corpus.models import Dialogue, ImportProblem, Source, Speaker, Utterance
from corpus.problems import Problem
from corpus.renditions import delete_unused_renditions
from corpus.transcripts import Cue

SUFFIXES = (".mp4", ".jpg", ".flac", ".json")
DIALOGUES_AT_ONCE = 500
CUTTING = 0.7  # share of the work that cutting is; the rest is verifying


def ingest_source(source: Source) -> None:
    """Read, cut, verify and store the whole source; a failure changes none of its rows or files.

    Raises UserError.
    """
    source.unpack()
    if not source.media:
        _ingest_text(source)
        return
    with storage.local(str(source.media)) as path:
        source.probe_media(path)
        cuts, problems = plan(source)
        fresh = [part for part in cuts if not part.origin]
        folder = prepare_folder(work_folder(source), source.attempt, source.probed, fresh)
        with cutter(source, path, folder, fresh) as media:
            made = write_files(media, source, path, fresh, folder, source.report_progress)
            made = compared_with_source(media, source, path, made, folder, source.report_progress)
        sha256 = source.sha256 or digest(path)
    _check_clips(made)
    problems += loss_problems((loss for part in made for loss in part.losses), source.probed.video)
    new = iter(made)
    cuts = [part if part.origin else next(new) for part in cuts]
    try:
        for part in made:
            store_files(part, folder)
        _store(source, cuts, problems, sha256)
    except BaseException:
        delete_unused_files(source)
        raise
    shutil.rmtree(folder.parent, ignore_errors=True)
    delete_unused_files(source)


def _ingest_text(source: Source) -> None:
    """Store the dialogues of a transcript that has no media: they have no clips."""
    cuts, problems = plan(source)
    source.report_progress(CUTTING)
    _store(source, cuts, problems, source.sha256)


def _check_clips(made: list[Cut]) -> None:
    """Raises UserError for the first clip that is not as its source."""
    for part in made:
        for fault in part.check.faults if part.check else ():
            raise UserError(
                gettext_noop(
                    "The clip of the dialogue from %(start).1f to %(end).1f s, “%(text)s”, is not"
                    " as its source, so nothing was stored. %(why)s"
                ),
                start=part.start,
                end=part.end,
                text=part.cues[0].text[:40],
                why={"template": fault.template, "values": fault.values},
            )


def work_folder(source: Source, what: str = "source") -> Path:
    """Where the clips of a source are cut before they are stored."""
    return Path(settings.WORK_DIR) / f"{what}-{source.pk}"


def prepare_folder(root: Path, attempt: int, probed: Probe, cuts: list[Cut]) -> Path:
    """The folder in `root` that this attempt cuts in, with the whole clips that earlier ones left.

    Raises UserError if what is still to be cut may not fit on the disk.
    """
    folder = root / str(attempt)
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in root.iterdir():
        if earlier != folder:
            _adopt(earlier, folder)
    missing = [
        (part.start, part.end) for part in cuts if not (folder / f"{_stem(part)}.cut").exists()
    ]
    needed = estimated_bytes(probed, missing) + storage.SPARE_DISK
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UserError(
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


def _stem_of(part: Cut) -> str:
    """What the files of a dialogue that is cut are called in their folder."""
    return Path(part.name).name.rpartition("-")[0]


def cutter(source: Source, path: Path, folder: Path, cuts: list[Cut]) -> MediaProcess:
    """What cuts and compares these dialogues of the media at `path` in `folder`."""
    probed = source.probed
    most = bytes_of(probed, [(part.start, part.end) for part in cuts])
    return MediaProcess(path, folder=folder, length=probed.duration, most_bytes=most)


def write_files(
    media: MediaProcess,
    source: Source,
    path: Path,
    cuts: list[Cut],
    folder: Path,
    report_progress: Callable[[float], None],
    tag: str = "",
    exact: bool = False,
) -> list[Cut]:
    """Write the files of every dialogue in one pass over the episode.

    `exact` keeps their starts as they are, else they begin on the episode's frame grid. The files
    will be called by their span and `tag`, else by the attempt.
    """
    probed = source.probed
    clips = media.cut(
        path,
        probed,
        [(part.start, part.end) for part in cuts],
        [folder / _stem(part) for part in cuts],
        lambda share: report_progress(CUTTING * share),
        track=source.track,
        exact=exact,
    )
    stored = f"clips/{source.corpus_id}/{source.pk}"
    made = []
    for part, clip in zip(cuts, clips, strict=True):
        file = folder / f"{_stem(part)}.mp4"
        if not probed.has_video:
            media.sound_poster(file, file.with_suffix(".jpg"))
        name = f"{stored}/{_stem(part)}-{tag or source.attempt}"
        made.append(
            replace(
                part,
                start=clip.start,
                end=clip.end,
                losses=clip.losses,
                name=name,
                sha256=digest(file),
                check=ClipCheck([], _measured(clip)),
            )
        )
    return made


def compared_with_source(
    media: MediaProcess,
    source: Source,
    path: Path,
    made: list[Cut],
    folder: Path,
    report_progress: Callable[[float], None],
) -> list[Cut]:
    """The dialogues with what is wrong with their clips, in one straight read of the episode."""
    clips = [(folder / f"{_stem_of(part)}.mp4", part.start, part.end) for part in made]
    checks = compare(
        media, path, source, clips, lambda share: report_progress(CUTTING + (1 - CUTTING) * share)
    )
    return [
        replace(part, check=ClipCheck(check.faults, part.check.measured if part.check else {}))
        for part, check in zip(made, checks, strict=True)
    ]


def _measured(clip: Clip) -> dict[str, Any]:
    """What a dialogue keeps of what cutting measured of its clip."""
    return {"frames": clip.frames, "picture": clip.picture, "level": clip.level}


def store_files(part: Cut, folder: Path) -> None:
    """Move the files of a dialogue into the storage."""
    stem = _stem_of(part)
    (folder / f"{stem}.cut").unlink(missing_ok=True)  # from here on it is not whole any more
    for suffix in SUFFIXES:
        if (folder / f"{stem}{suffix}").exists():
            storage.put(folder / f"{stem}{suffix}", f"{part.name}{suffix}")


@transaction.atomic
def delete_unused_files(source: Source) -> None:
    """Delete stored clips of this source that no dialogue has any more, and what was made of them.

    It holds the source meanwhile, so that nobody gives a dialogue one of them.
    """
    Source.objects.select_for_update().filter(pk=source.pk).first()
    used = {
        name
        for names in source.dialogues.values_list("clip", "poster", "audio", "peaks")
        for name in names
    }
    for name in list(storage.names_under(f"clips/{source.corpus_id}/{source.pk}")):
        if name not in used:
            default_storage.delete(name)
    delete_unused_renditions(source)


@transaction.atomic
def _store(source: Source, cuts: list[Cut], problems: list[Problem], sha256: str) -> None:
    named = [(cue.speaker, cue.line) for part in cuts for cue in part.cues if cue.speaker]
    proposed = {cue.speaker for part in cuts for cue in part.cues if cue.machine}
    speakers = Speaker.get_or_create_by_name(
        source.corpus_id, (name for name, _line in named), machine=lambda name: name in proposed
    )
    problems = [*problems, *Speaker.spelling_problems(named, speakers)]
    numbers = source.dialogues.values_list("uid", flat=True)
    last = max((int(uid.rpartition("_")[2]) for uid in numbers), default=0)
    kept = [part.origin.pk for part in cuts if part.origin]
    source.dialogues.exclude(pk__in=kept).delete()
    fresh = []
    for number, part in enumerate(cuts, 1):
        if part.origin:
            Dialogue.objects.filter(pk=part.origin.pk).update(number=number)
        else:
            last += 1
            fresh.append((number, f"{source.title}_{last:03d}", part))
    for some in batches(fresh, DIALOGUES_AT_ONCE):
        _store_dialogues(source, some, speakers)
    ImportProblem.objects.store(source, problems)
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


def clip_fields(source: Source, part: Cut) -> dict[str, Any]:
    """What a dialogue keeps of its clip: the files, their digest, who cut it, and its check."""
    sound = source.probed.has_audio
    return {
        "clip": f"{part.name}.mp4",
        "clip_sha256": part.sha256,
        "poster": f"{part.name}.jpg",
        "audio": f"{part.name}.flac" if sound else "",
        "peaks": f"{part.name}.json" if sound else "",
        "cutter_version": VERSION,
        "clip_check": part.check.to_json() if part.check else None,
    }


def _store_dialogues(
    source: Source, fresh: list[tuple[int, str, Cut]], speakers: dict[str, Speaker]
) -> None:
    """Store new dialogues, given by number and uid, with their utterances."""
    ids = reserve_ids(Dialogue, len(fresh))
    corpus = source.corpus_id
    files = [clip_fields(source, part) if source.media else {} for _n, _uid, part in fresh]
    write(
        Dialogue,
        ("id", "corpus", "source", "uid", "number", "start", "end", *files[0]),
        (
            (
                *(pk, corpus, source.pk, uid, number, round(part.start, 3), round(part.end, 3)),
                *own.values(),
            )
            for pk, (number, uid, part), own in zip(ids, fresh, files, strict=True)
        ),
    )
    who = {name: speaker.pk for name, speaker in speakers.items()}
    rows = [
        (
            *(corpus, pk, place, f"{uid}_U_{place}", who.get(cue.speaker), cue.text),
            *(cue.translation, cue.machine, *_times(cue, part)),
        )
        for pk, (_number, uid, part) in zip(ids, fresh, strict=True)
        for place, cue in enumerate(part.cues, 1)
    ]
    utterances = reserve_ids(Utterance, len(rows))
    Utterance.write((pk, *row) for pk, row in zip(utterances, rows, strict=True))


def _times(cue: Cue, part: Cut) -> tuple[float, float]:
    """Start and end in the clip. Raises UserError if it would end where it starts."""
    start = round(max(cue.start - part.start, 0.0), 3)
    end = round(min(cue.end, part.end) - part.start, 3)
    if end <= start:
        raise UserError(
            gettext_noop("“%(text)s” (%(start).2f to %(end).2f s) would last no time in its clip."),
            text=cue.text[:40],
            start=cue.start,
            end=cue.end,
        )
    return start, end
