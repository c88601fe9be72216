"""What is wrong with a corpus: files against rows, times, words, repetitions.

Some of it makes rows or media wrong: errors, with which nothing is frozen before somebody has
decided. WRONG_TIMES are wrong in every table; WRONG_MEDIA where clips, or what is measured of them,
are given away. Everything else is a warning: true as it stands (no words, overlaps, repetitions,
fast speech, files that belong to nothing), or not known to be wrong (not yet verified).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from core.batches import create
from core.errors import gettext_noop
from core.storage import names_under
from core.translation import translate
from corpus.clip_faults import clips_to_recut, faults_of
from corpus.models import Corpus, Dialogue, IntegrityIssue, IntegrityReport, Utterance

KINDS = {
    "missing": gettext_noop("file missing"),
    "orphaned": gettext_noop("orphaned file"),
    "changed": gettext_noop("file changed"),
    "shifted": gettext_noop("sound or picture shifted against the source"),
    "length": gettext_noop("clip length differs from its dialogue"),
    "silent": gettext_noop("clip silent, source not"),
    "truncated": gettext_noop("utterance begins before its clip"),
    "unlike": gettext_noop("differs from its source"),
    "unreadable": gettext_noop("clip or source cannot be read"),
    "unverified": gettext_noop("made by an earlier version, not yet verified"),
    "timeless": gettext_noop("clip but no times"),
    "reversed": gettext_noop("ends before it starts"),
    "outside": gettext_noop("outside its clip"),
    "overlap": gettext_noop("overlaps the previous utterance"),
    "hurried": gettext_noop("text too long for its time"),
    "wordless": gettext_noop("no text"),
    "repeated": gettext_noop("duplicate dialogue"),
}
CLIPS = gettext_noop("clips: %(n)d")
WRONG_TIMES = ("reversed", "outside")
WRONG_MEDIA = (
    *("missing", "changed", "unreadable", "shifted", "length", "silent", "truncated", "unlike"),
    "timeless",  # its span of the clip is not known
)
SLACK = 0.05  # seconds by which an utterance may leave its clip
FASTEST = 16.0  # characters a second that somebody may say
LONGEST_OVERLAP = 1.0  # seconds that two people may talk at once


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, where, and what about it: a text as it is, or a message."""

    kind: str
    place: str
    dialogue_id: int | None = None
    utterance_id: int | None = None
    text: str = ""
    message: dict[str, Any] = field(default_factory=dict)  # template and values
    other_id: int | None = None  # the dialogue that is repeated

    @property
    def detail(self) -> str:
        """What about it, in the reader's language."""
        return translate(**self.message) if self.message else self.text


def check(corpus: Corpus, deep: bool = False) -> Iterator[Fault]:
    """Every fault; `deep` first compares every clip with its source, which reads all of them."""
    if deep:
        from corpus.clip_checks import check_clips  # PyAV takes 17 MB, for a deep check alone

        check_clips(corpus)
    yield from _files(corpus)
    yield from _clips(corpus)
    yield from _times_and_words(corpus)
    yield from _repetitions(corpus)


def list_issues(report: IntegrityReport) -> None:
    """Put what is wrong now with the corpus of a report in the place of its issues."""
    corpus, now = report.corpus, timezone.now()
    faults = list(check(corpus))
    report.report_progress(0.6)
    recuttable, stuck = clips_to_recut(corpus)
    report.report_progress(0.8)
    with transaction.atomic():
        corpus.integrity_issues.all().delete()
        spoken = Utterance.objects.filter(dialogue__corpus=corpus)
        dialogues = {None, *corpus.dialogues.values_list("pk", flat=True)}
        utterances = {None, *spoken.values_list("pk", flat=True)}
        rows = (
            IntegrityIssue(corpus=corpus, **vars(fault))
            for fault in faults  # but for those of what is gone meanwhile
            if {fault.dialogue_id, fault.other_id} <= dialogues and fault.utterance_id in utterances
        )
        create(IntegrityIssue, rows)
        report.set_date(now, recuttable_count=len(recuttable), stuck_count=len(stuck))


def errors(corpus: Corpus, dialogues: QuerySet[Dialogue], media: bool) -> Iterator[Fault]:
    """What is an error in these dialogues of the corpus; of clips only where `media` are given
    away, of their files the clip alone. Whether clips are as their sources, and as they were cut,
    is known from the last comparison.
    """
    kinds = _wrong_kinds(media)
    yield from (fault for fault in _wrong_times(dialogues) if fault.kind in kinds)
    if not media:
        return
    stored = set(names_under(f"clips/{corpus.pk}"))
    clips = dialogues.exclude(clip="")
    for pk, uid, clip in clips.order_by("pk").values_list("pk", "uid", "clip").iterator():
        if clip not in stored and not default_storage.exists(clip):
            yield Fault("missing", uid, pk, text=clip)
    compared = clips.filter(clip_check__isnull=False).exclude(clip_check__faults=[])
    yield from (fault for fault in _compared(compared) if fault.kind in kinds)


def listed_errors(corpus: Corpus, media: bool) -> QuerySet[IntegrityIssue]:
    """The same of all its dialogues as its report lists them, which may be older."""
    rows = corpus.integrity_issues.filter(kind__in=_wrong_kinds(media))
    return rows.exclude(~Q(text=F("dialogue__clip")), kind="missing")


def _wrong_kinds(media: bool) -> set[str]:
    return {*WRONG_TIMES, *(WRONG_MEDIA if media else ())}


def _wrong_times(dialogues: QuerySet[Dialogue]) -> Iterator[Fault]:
    """The faults of single utterances whose times the database finds doubtful."""
    lasts = F("dialogue__end") - F("dialogue__start")
    doubtful = (
        Q(start=None)
        | Q(end=None)
        | Q(end__lte=F("start"))
        | Q(start__lt=-SLACK / 2)
        | Q(end__gt=lasts + SLACK / 2)
    )
    rows = Utterance.objects.filter(doubtful, dialogue__in=dialogues.order_by().values("pk"))
    rows = rows.select_related("dialogue").order_by("dialogue_id", "number")
    for row in rows.iterator():
        for kind in _faults_of(row, None):
            yield Fault(kind, row.uid, row.dialogue_id, row.pk, row.text[:40])


def _files(corpus: Corpus) -> Iterator[Fault]:
    stored = set(names_under(f"clips/{corpus.pk}"))
    known = set()
    for dialogue in corpus.dialogues.exclude(clip="").iterator():
        for file in filter(None, (dialogue.clip, dialogue.poster, dialogue.audio, dialogue.peaks)):
            known.add(str(file))
            if str(file) not in stored:
                yield Fault("missing", dialogue.uid, dialogue.pk, text=str(file))
    busy = {str(source.pk) for source in corpus.sources.all() if source.active}
    for name in sorted(stored - known):
        if name.split("/")[2] not in busy:
            yield Fault("orphaned", name)


def _clips(corpus: Corpus) -> Iterator[Fault]:
    """What comparing clips with their sources found, and how many were not compared yet."""
    clips = corpus.dialogues.exclude(clip="")
    compared = clips.filter(clip_check__isnull=False)
    yield from _compared(compared.exclude(clip_check__faults=[]))
    unknown = Counter(
        clips.filter(clip_check__isnull=True)
        .exclude(source__media="")
        .values_list("source__title", flat=True)
    )
    for title, count in sorted(unknown.items()):
        yield Fault("unverified", title, message={"template": CLIPS, "values": {"n": count}})


def _compared(dialogues: QuerySet[Dialogue]) -> Iterator[Fault]:
    for dialogue in dialogues.iterator():
        for fault in faults_of(dialogue):
            message = {"template": fault.template, "values": fault.values}
            yield Fault(fault.kind, dialogue.uid, dialogue.pk, message=message)


def _times_and_words(corpus: Corpus) -> Iterator[Fault]:
    rows = Utterance.objects.filter(dialogue__corpus=corpus).select_related("dialogue")
    before: Utterance | None = None
    for utterance in rows.order_by("dialogue_id", "number").iterator():
        follows = before if before and before.dialogue_id == utterance.dialogue_id else None
        for kind in _faults_of(utterance, follows):
            yield Fault(
                kind, utterance.uid, utterance.dialogue_id, utterance.pk, utterance.text[:40]
            )
        before = utterance


def _faults_of(utterance: Utterance, before: Utterance | None) -> Iterator[str]:
    start, end, dialogue = utterance.start, utterance.end, utterance.dialogue
    if not utterance.text.strip():
        yield "wordless"
    if start is None or end is None:
        if dialogue.clip:
            yield "timeless"
        return
    if end <= start:
        yield "reversed"
        return
    if dialogue.clip and (start < -SLACK or end > dialogue.duration + SLACK):
        yield "outside"
    if len(utterance.text) > FASTEST * (end - start):
        yield "hurried"
    if before and before.end is not None and before.end - start > LONGEST_OVERLAP:
        yield "overlap"


def _repetitions(corpus: Corpus) -> Iterator[Fault]:
    """Dialogues of three or more utterances with the very same words."""
    words: dict[int, list[str]] = defaultdict(list)
    long = corpus.dialogues.sized().filter(size__gte=3)
    names = dict(long.values_list("pk", "uid"))
    rows = Utterance.objects.filter(dialogue__in=long.values("pk")).order_by(
        "dialogue_id", "number"
    )
    for dialogue, text in rows.values_list("dialogue_id", "text").iterator():
        words[dialogue].append(text)
    same: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for dialogue, texts in words.items():
        same[tuple(texts)].append(dialogue)
    for twins in same.values():
        for first, second in pairwise(twins):
            yield Fault("repeated", names[second], second, other_id=first, text=names[first])
