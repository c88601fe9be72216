"""Deleting a corpus or a source with everything that hangs on it, in whatever app.

What hangs on a row is what has a foreign key to it, or to what has one. So nothing is listed here
by hand, and what is added later is deleted, too. Rows go in an order in which no foreign key is
ever broken, and a worker that dies is followed by one that deletes what is left.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.fields.related import ForeignKey
from django.utils.functional import Promise

from core import shared_folders, storage
from core.errors import UserError, gettext_noop
from corpus.models import Corpus, CorpusDeletion, Source
from corpus.spreadsheets import CELLS
from people.models import Event, Person

BATCH = 2000  # rows that are deleted in one transaction
JUDGEMENTS = "annotation.judgement"  # what is asked for twice

losses: dict[str, str | Promise] = {}  # label of a model -> what its rows are called, in the plural
source_guards: list[Callable[[Source], None]] = []  # raise UserError while a source has to stay
source_preparations: list[Callable[[Source, Person], None]] = []  # before its rows are deleted
exports: list[Callable[[Corpus], "list[Export]"]] = []  # what should be kept before it is deleted


@dataclass(frozen=True)
class Export:
    """Something published that is downloaded before its corpus is deleted."""

    key: str
    name: str
    address: str
    downloaded: bool


@dataclass
class Hanging:
    """A model whose rows hang on others, by look-ups that lead there."""

    model: type[models.Model]
    ways: list[str] = field(default_factory=list)  # rows that one of these finds are deleted
    loose: list[tuple[str, str]] = field(default_factory=list)  # (field, look-up): made NULL

    def rows(self, pk: int) -> models.QuerySet[Any]:
        """Those that hang on the row `pk`."""
        found = Q(*((way, pk) for way in self.ways), _connector=Q.OR)
        return models.QuerySet(self.model).filter(found)


@cache
def hanging_on(root: type[models.Model]) -> list[Hanging]:
    """Every model whose rows hang on those of `root`, in the order in which they are deleted."""
    keys = [
        key
        for model in apps.get_models(include_auto_created=True)
        for key in model._meta.concrete_fields
        if isinstance(key, ForeignKey)
    ]
    ways: dict[Any, str] = {root: ""}
    for holds in (lambda key: not key.null, _deletes):  # through what is always there, if it can be
        waiting = list(ways)
        while waiting:
            target = waiting.pop(0)
            for key in keys:
                if key.related_model is target and key.model not in ways and holds(key):
                    ways[key.model] = "__".join(filter(None, (key.name, ways[target])))
                    waiting.append(key.model)
    found = {model: Hanging(model) for model in ways if model is not root}
    before: defaultdict[Any, set[Any]] = defaultdict(set)  # model -> what is deleted before it
    for key in keys:
        if key.model in found and key.related_model in ways:
            way = "__".join(filter(None, (key.name, ways[key.related_model])))
            own = key.related_model is key.model
            if own or not _deletes(key):
                found[key.model].loose.append((key.name, way))
            else:
                found[key.model].ways.append(way)
            if not own:
                before[key.related_model].add(key.model)
    order = TopologicalSorter(before).static_order()
    return [found[model] for model in order if model is not root]


def _deletes(key: ForeignKey[Any, Any]) -> bool:
    """Whether a row does not outlive what its key points to."""
    cascades = key.remote_field.on_delete is models.CASCADE
    return not key.null or cascades


def lost_with(root: models.Model) -> dict[str, int]:
    """What would be deleted with a row: label of a model -> how many rows, of those in `losses`."""
    found = {each.model._meta.label_lower: each for each in hanging_on(type(root))}
    counts = {label: found[label].rows(root.pk).count() for label in losses if label in found}
    return {label: count for label, count in counts.items() if count}


def named(lost: dict[str, int]) -> list[tuple[int, str | Promise]]:
    """(how many, of what) for pages."""
    return [(lost[label], words) for label, words in losses.items() if label in lost]


def delete_hanging(root: models.Model, beat: Callable[[], None] = lambda: None) -> None:
    """Delete everything that hangs on a row, some rows at a time."""
    for each in hanging_on(type(root)):
        rows: models.QuerySet[Any] = models.QuerySet(each.model)
        for name, way in each.loose:
            rows.filter(**{way: root.pk, f"{name}__isnull": False}).update(**{name: None})
        for way in each.ways:
            wanted = rows.filter(**{way: root.pk}).order_by().values_list("pk", flat=True)
            while batch := list(wanted[:BATCH]):
                rows.filter(pk__in=batch)._raw_delete(connection.alias)
                beat()


# --- A corpus ------------------------------------------------------------------------------------


def exports_of(corpus: Corpus) -> list[Export]:
    """What of the corpus is published and should be kept elsewhere."""
    return [export for source in exports for export in source(corpus)]


def guard_corpus_deletion(corpus: Corpus, name: str, ticked: list[str]) -> None:
    """Raises UserError unless its name was typed and everything published was downloaded, as the
    installation has recorded or the person has ticked.
    """
    if name.strip() != corpus.name:
        raise UserError(
            gettext_noop("Type the name of the corpus, “%(name)s”. Nothing was deleted."),
            name=corpus.name,
        )
    missing = [e.name for e in exports_of(corpus) if not e.downloaded and e.key not in ticked]
    if missing:
        raise UserError(
            gettext_noop(
                "Download these releases first, or tick that you have a copy: %(names)s."
                " Nothing was deleted."
            ),
            names=", ".join(missing),
        )


def request_corpus_deletion(person: Person, corpus: Corpus) -> CorpusDeletion:
    """Have a worker delete the corpus. Raises UserError while other work of it goes on."""
    return CorpusDeletion.request(person, corpus, lost_with(corpus))


def delete_corpus(deletion: CorpusDeletion) -> None:
    """Do a claimed CorpusDeletion: files, then rows, then the corpus itself. Events stay."""
    corpus = Corpus.objects.filter(pk=deletion.corpus_id).first()
    if corpus is None:
        return
    total = max(1, sum(lost_with(corpus).values()))
    done = 0

    def beat() -> None:
        nonlocal done
        done += BATCH
        deletion.report_progress(min(0.95, done / total))

    _remove(corpus, deletion)
    delete_hanging(corpus, beat)
    with transaction.atomic():
        corpus.delete()
        deletion.finish()
    _remove(Corpus(pk=deletion.corpus_id), deletion)  # what work that was being stopped still wrote


def _remove(corpus: Corpus, deletion: CorpusDeletion) -> None:
    """Delete its files, as far as rows or its number tell where they are."""
    for _kind, place in list(corpus.places()):
        shared_folders.remove(place) if isinstance(place, Path) else storage.remove(place)


# --- A source ------------------------------------------------------------------------------------


def guard_source(source: Source) -> None:
    """Raises UserError while its dialogues are needed or a worker is at work on it."""
    if source.active and not source.stale:
        raise UserError(gettext_noop("A worker is importing this source. Stop it first."))
    for guard in source_guards:
        guard(source)


@transaction.atomic
def delete_source(person: Person, source: Source, title: str = "") -> None:
    """Delete a source with its dialogues and files.

    Raises UserError while it has to stay, and where judgements are lost unless its title was typed.
    """
    guard_source(source)
    lost = lost_with(source)
    if lost.get(JUDGEMENTS) and title.strip() != source.title:
        raise UserError(
            gettext_noop(
                "Judgements of its dialogues are deleted, too. Type the title, “%(title)s”."
                " Nothing was deleted."
            ),
            title=source.title,
        )
    _empty(person, source)
    Event.record(person, "delete", source, title=source.title, **lost)
    names = [*_own_files(source)]
    _remove_later(names)
    models.QuerySet(Source).filter(pk=source.pk)._raw_delete(connection.alias)


@transaction.atomic
def replace_files(
    person: Person, source: Source, media: str = "", transcript: Any = None, **probed: Any
) -> None:
    """Give a source other files (`media` is in the storage already), as a draft to be checked: its
    dialogues are deleted. Raises UserError while they have to stay, and where they were judged.
    """
    guard_source(source)
    if lost_with(source).get(JUDGEMENTS):
        raise UserError(
            gettext_noop(
                "Dialogues of this source were judged. Judgements belong to the words and clips"
                " that were judged, so its files stay. Add the new files as another source."
            )
        )
    old = [*_own_files(source)]
    _empty(person, source)
    if media:
        source.media = media
        for name, value in probed.items():
            setattr(source, name, value)
        source.track, source.subtitles, source.uploaded_transcript = None, None, None
    if transcript:
        source.transcript.save(transcript.name, transcript, save=False)
        source.subtitles, source.uploaded_transcript = None, None
    source.encoding, source.columns, source.read_options = "", {}, {}
    source.starts, source.inspection, source.counts, source.failure = None, None, {}, {}
    source.status, source.progress = Source.Status.DRAFT, 0.0
    source.save()
    Event.record(
        person, "replace", source, title=source.title, media=bool(media), words=bool(transcript)
    )
    kept = {*_own_files(source)}
    _remove_later([name for name in old if name not in kept])
    source.inspect_later()


def _empty(person: Person, source: Source) -> None:
    """Delete what was made from it, with the clips."""
    for prepare in source_preparations:
        prepare(source, person)
    delete_hanging(source)
    folders = [f"{kind}/{source.corpus_id}/{source.pk}" for kind in ("clips", "renditions")]
    _remove_later(folders)


def _remove_later(places: Iterable[str]) -> None:
    """Delete files once the transaction is over."""
    for place in places:
        transaction.on_commit(partial(storage.remove, place))


def _own_files(source: Source) -> Iterator[str]:
    for name in (source.media.name, source.transcript.name, source.uploaded_transcript):
        if name:
            yield name
            if name.lower().endswith(".xlsx") and default_storage.exists(f"{name}{CELLS}"):
                yield f"{name}{CELLS}"
