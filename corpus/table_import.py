"""A published table becomes a source with dialogues, utterances and findings."""

import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction

from core import storage
from core.batches import batches, reserve_ids, write
from core.column_lengths import distinct_name
from core.errors import UserError, gettext_noop
from core.storage import digest
from corpus.formats import Row, Table
from corpus.media_process import MediaProcess
from corpus.models import Corpus, Dialogue, ImportProblem, Publication, Source, Speaker, Utterance
from jobs.models import JobStatus

BATCH = 2000
DIALOGUES_AT_ONCE = 500
FILES = {"clip": ".mp4", "poster": ".jpg", "audio": ".flac", "peaks": ".json"}


Advance = Callable[[int], None]  # told how many rows more are stored
Places = dict[str, tuple[int, int]]  # uid of an utterance -> its id and its dialogue's


def refuse_known(corpus: Corpus, path: Path, table: Table, title: str = "") -> None:
    """Raises UserError if the file or one of its dialogues is in the corpus already."""
    title = title_of(path, title)
    if corpus.sources.filter(title=title).exists():
        raise UserError(
            gettext_noop("%(file)s: a source of this name is already in “%(corpus)s”."),
            file=title,
            corpus=corpus.name,
        )
    known = {
        uid
        for part in batches(table.dialogues, BATCH)
        for uid in corpus.dialogues.filter(uid__in=part).values_list("uid", flat=True)
    }
    if known:
        raise UserError(
            gettext_noop(
                "%(file)s: %(count)d of its dialogues are already in “%(corpus)s”, the first is"
                " %(first)s."
            ),
            file=path.name,
            count=len(known),
            corpus=corpus.name,
            first=min(known),
        )


@transaction.atomic
def store(
    corpus: Corpus,
    path: Path,
    table: Table,
    person=None,
    title="",
    advance: Advance = lambda rows: None,
) -> tuple[Source, Places]:
    """Write the table's rows, all or none, and where they are; its dialogues are published as
    they are.

    The source is called as `title_of` says. `advance` is told of the utterances as they are stored.

    Raises UserError if the file or one of its dialogues is in the corpus already.
    """
    refuse_known(corpus, path, table, title)
    title = title_of(path, title)
    source = corpus.sources.create(
        kind=Source.Kind.TABLE,
        title=title,
        status=JobStatus.DONE,
        progress=1.0,
        added_by=person,
        counts={
            "dialogues": len(table.dialogues),
            "published": len(table.dialogues),
            "utterances": len(table.rows),
            "unlabelled": table.unlabelled,
            "ignored": table.ignored,
        },
    )
    speakers = _speakers(corpus, table)
    spellings = Speaker.spelling_problems(((row.speaker, row.line) for row in table.rows), speakers)
    ImportProblem.objects.store(source, [*table.problems, *spellings])
    return source, _store_rows(source, table, speakers, advance)


def title_of(path: Path, source: str = "") -> str:
    """What the source is called: as the file names it, else as the file (or release) is called."""
    named = path.name if path.name != "manifest.json" else path.absolute().parent.name
    return distinct_name(source or named, 80)


def _speakers(corpus: Corpus, table: Table) -> dict[str, Speaker]:
    """Name, as the table has it -> speaker, made if there is none."""
    taken = set(corpus.speakers.exclude(pseudonym="").values_list("pseudonym", flat=True))

    def pseudonym(name: str) -> str:
        chosen = name[:40] if table.pseudonyms else ""
        if chosen in taken:
            return ""
        taken.add(chosen)
        return chosen

    return Speaker.get_or_create_by_name(
        corpus.pk,
        (row.speaker for row in table.rows if row.speaker),
        traits=lambda name: table.speakers.get(name, {}),
        pseudonym=pseudonym,
    )


def _store_rows(
    source: Source, table: Table, speakers: dict[str, Speaker], advance: Advance
) -> Places:
    places: Places = {}
    numbered = enumerate(table.dialogues.items(), 1)
    for part in batches(numbered, DIALOGUES_AT_ONCE):
        _store_dialogues(source, table, speakers, part, places)
        advance(sum(len(rows) for _number, (_uid, rows) in part))
    return places


def _store_dialogues(
    source: Source,
    table: Table,
    speakers: dict[str, Speaker],
    part: list[tuple[int, tuple[str, list[Row]]]],
    places: Places,
) -> None:
    ids = reserve_ids(Dialogue, len(part))
    corpus, person = source.corpus_id, source.added_by_id
    dialogues = [
        (
            *(pk, corpus, source.pk, uid, number, rows[0].split or table.split, 0.0),
            max((row.end for row in rows if row.end is not None), default=None),
        )
        for pk, (number, (uid, rows)) in zip(ids, part, strict=True)
    ]
    names = ("id", "corpus", "source", "uid", "number", "split", "start", "end")
    write(Dialogue, names, dialogues)
    _store_clips(source, dict(zip(ids, (rows for _number, (_uid, rows) in part), strict=True)))
    write(Publication, ("dialogue", "person"), [(pk, person) for pk in ids])
    who = {name: speaker.pk for name, speaker in speakers.items()}
    rows = [
        (pk, number, row)
        for pk, (_number, (_uid, rows)) in zip(ids, part, strict=True)
        for number, row in enumerate(rows, 1)
    ]
    utterances = reserve_ids(Utterance, len(rows))
    Utterance.write(
        (
            *(utterance, corpus, dialogue, number, row.uid, who.get(row.speaker), row.text),
            *(row.translation, row.machine, row.start, row.end),
        )
        for utterance, (dialogue, number, row) in zip(utterances, rows, strict=True)
    )
    for utterance, (dialogue, _number, row) in zip(utterances, rows, strict=True):
        places[row.uid] = utterance, dialogue


def _store_clips(source: Source, stored: dict[int, list[Row]]) -> None:
    """Keep the clips that came with the rows of the dialogues, by id, byte for byte, with posters
    and sound made anew.
    """
    clips = {pk: rows[0].media for pk, rows in stored.items() if rows[0].media}
    if not clips:
        return
    folder = settings.WORK_DIR / f"import-{source.pk}"
    names = f"clips/{source.corpus_id}/{source.pk}"
    folder.mkdir(parents=True, exist_ok=True)
    dialogues = list(source.dialogues.filter(pk__in=list(clips)))
    with MediaProcess(folder=folder) as media:
        for dialogue in dialogues:
            copy = folder / f"{dialogue.number:06d}.mp4"
            shutil.copyfile(clips[dialogue.pk], copy)
            probed = media.probe(copy)
            media.derive(copy, probed)
            if not probed.has_video:
                media.sound_poster(copy, copy.with_suffix(".jpg"))
            dialogue.end, dialogue.clip_sha256 = round(probed.duration, 3), digest(copy)
            for name, suffix in FILES.items():
                if copy.with_suffix(suffix).exists():
                    storage.put(copy.with_suffix(suffix), f"{names}/{copy.stem}{suffix}")
                    setattr(dialogue, name, f"{names}/{copy.stem}{suffix}")
    shutil.rmtree(folder, ignore_errors=True)
    Dialogue.objects.bulk_update(dialogues, ["end", "clip_sha256", *FILES], batch_size=500)
