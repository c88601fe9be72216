"""A published table becomes a source with dialogues, utterances and findings."""

import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction

from core import storage
from core.batches import batches, create
from core.errors import UserError, gettext_noop
from core.storage import digest
from corpus.formats import Row, Table
from corpus.models import Corpus, Dialogue, ImportProblem, Publication, Source, Speaker, Utterance
from jobs.models import JobStatus

BATCH = 2000
DIALOGUES_AT_ONCE = 500
FILES = {"clip": ".mp4", "poster": ".jpg", "audio": ".flac", "peaks": ".json"}


Advance = Callable[[int], None]  # told how many rows more are stored


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
) -> Source:
    """Write the table's rows, all or none; its dialogues are published as they are.

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
    _store_rows(source, table, speakers, advance)
    return source


def title_of(path: Path, source: str = "") -> str:
    """What the source is called: as the file names it, else as the file (or release) is called."""
    named = path.name if path.name != "manifest.json" else path.absolute().parent.name
    return (source or named)[:80]


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
) -> None:
    numbered = enumerate(table.dialogues.items(), 1)
    for part in batches(numbered, DIALOGUES_AT_ONCE):
        _store_dialogues(source, table, speakers, part)
        advance(sum(len(rows) for _number, (_uid, rows) in part))


def _store_dialogues(
    source: Source,
    table: Table,
    speakers: dict[str, Speaker],
    part: list[tuple[int, tuple[str, list[Row]]]],
) -> None:
    grouped = dict(named for _number, named in part)
    dialogues = Dialogue.objects.bulk_create(
        Dialogue(
            corpus_id=source.corpus_id,
            source=source,
            uid=uid,
            number=number,
            split=rows[0].split or table.split,
            start=0.0,
            end=max((row.end for row in rows if row.end is not None), default=None),
        )
        for number, (uid, rows) in part
    )
    _store_clips(source, dialogues, grouped)
    Publication.objects.bulk_create(
        Publication(dialogue=dialogue, person=source.added_by) for dialogue in dialogues
    )
    utterances = (
        Utterance(
            corpus_id=source.corpus_id,
            dialogue=dialogue,
            number=number,
            uid=row.uid,
            speaker=speakers.get(row.speaker),
            text=row.text,
            translation=row.translation,
            machine=row.machine,
            start=row.start,
            end=row.end,
        )
        for dialogue in dialogues
        for number, row in enumerate(grouped[dialogue.uid], 1)
    )
    create(Utterance, utterances, BATCH)


def _store_clips(source: Source, dialogues: list[Dialogue], grouped: dict[str, list[Row]]) -> None:
    """Keep the clips that came with the rows, byte for byte, with posters and sound made anew."""
    from corpus import clip_writer, media  # PyAV takes 17 MB, which web processes never need

    folder = settings.WORK_DIR / f"import-{source.pk}"
    stored = f"clips/{source.corpus_id}/{source.pk}"
    for dialogue in dialogues:
        clip = grouped[dialogue.uid][0].media
        if clip is None:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / f"{dialogue.number:06d}.mp4"
        shutil.copyfile(clip, copy)
        probed = media.probe(copy)
        clip_writer.derive(copy, probed)
        if not probed.has_video:
            media.sound_poster(copy, copy.with_suffix(".jpg"))
        dialogue.end, dialogue.clip_sha256 = round(probed.duration, 3), digest(copy)
        for name, suffix in FILES.items():
            if copy.with_suffix(suffix).exists():
                storage.put(copy.with_suffix(suffix), f"{stored}/{copy.stem}{suffix}")
                setattr(dialogue, name, f"{stored}/{copy.stem}{suffix}")
    shutil.rmtree(folder, ignore_errors=True)
    with_clips = [dialogue for dialogue in dialogues if dialogue.clip]
    Dialogue.objects.bulk_update(with_clips, ["end", "clip_sha256", *FILES], batch_size=500)
