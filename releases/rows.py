"""The rows of a release, some hundred dialogues at a time, so that memory does not grow with them.

The same database rows give the same release rows in the same order. Everything is read within one
moment (core/snapshot.py): the submissions of that moment decide which answers count, and gold,
votes and the units of agreement are made of these answers alone.
"""

import gc
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Count, Exists, OuterRef

from annotation.gold_labels import GoldResolver
from annotation.models import Assignment, Item, Judgement, Round
from annotation.scheme import CANNOT_TELL, Scheme
from core.errors import UserError, gettext_noop
from corpus.models import Speaker, Utterance
from people.models import Person
from releases import personal_data, splits
from releases.integrity import Integrity, integrity_of, submitted_dialogues
from releases.models import PersonalDataReview, PseudonymKey, Release

AT_ONCE = 250  # dialogues
SUFFIXES = {"dialogues": "mp4", "utterances": "mp4", "features": "npz"}


class Chosen(NamedTuple):
    """A dialogue of the release, and the clip that it had in the moment of the freeze."""

    pk: int
    uid: str
    title: str  # of its source
    clip: str  # its name in the storage; "" without film
    sha256: str  # of the clip


@dataclass
class Plan:
    """What is known before the rows are read: which dialogues, in which split, who is who."""

    release: Release
    rounds: list[Round]
    scheme: Scheme
    dialogues: list[Chosen]
    split_of: dict[str, str]
    official: bool
    annotators: dict[int, str]  # id -> pseudonym
    speakers: dict[int, tuple[str, dict[str, str]]]  # id -> name to show, traits
    resolver: GoldResolver
    integrity: Integrity
    masked: Counter[str] = field(default_factory=Counter)  # kind -> places, as rows are read

    @property
    def traits(self) -> list[str]:
        """The traits that any speaker has."""
        return sorted({trait for _name, traits in self.speakers.values() for trait in traits})

    def place(self, number: int, turn: int = 0, timed: bool = True) -> str | None:
        """Where the media of the dialogue `number` (from 0), or of one of its turns, lie; None if
        they do not: an utterance without times, not `timed`, has no clip of its own.
        """
        policy = self.release.media
        if policy == Release.Media.NONE or not self.dialogues[number].clip:
            return None
        if policy == Release.Media.UTTERANCES and not timed:
            return None
        folder = "features" if policy == Release.Media.FEATURES else "media"
        more = f"_{turn:03d}" if policy == Release.Media.UTTERANCES else ""
        return f"{folder}/{number + 1:06d}{more}.{SUFFIXES[policy]}"


@dataclass(frozen=True)
class Part:
    """Rows of some dialogues; `given` has of each utterance its id, that of its dialogue, and what
    its judgements count for: task -> person id -> value.
    """

    utterances: list[dict[str, Any]]
    judgements: list[dict[str, Any]]
    given: list[tuple[int, int, dict[str, dict[int, str]]]]


def make_plan(release: Release) -> Plan:
    """Choose dialogues and splits. Raises UserError if nothing is handed in, or something is wrong
    with a dialogue and nobody has decided what to do about it; SplitError.
    """
    rounds = list(release.rounds.select_related("scheme_version", "guideline").order_by("pk"))
    if len({round.scheme_version_id for round in rounds}) != 1:
        raise UserError(
            gettext_noop("Choose rounds that were judged under the same scheme version.")
        )
    scheme = rounds[0].scheme
    integrity = integrity_of(release, rounds)
    dialogues, official = _dialogues(rounds, integrity)
    if not dialogues:
        raise UserError(
            gettext_noop(
                "Nothing has been submitted in the chosen rounds yet; nothing can be frozen."
            )
        )
    counts = _counts(rounds, scheme, dialogues)
    split_of = splits.split(
        [row.uid for row in dialogues],
        counts,
        official=official,
        kept=_kept(release),
        together=_together(release, dialogues),
        seed=release.seed,
        ratios=release.ratios,
    )
    key = PseudonymKey.of(release.corpus)
    submitted = Assignment.objects.filter(round__in=rounds, gold=False).submitted()
    people = Person.objects.filter(pk__in=submitted.order_by().values("person"))
    return Plan(
        release=release,
        rounds=rounds,
        scheme=scheme,
        dialogues=dialogues,
        split_of=split_of,
        official=bool(official),
        annotators={person.pk: key.annotator(person) for person in people},
        speakers=_speakers(release, key),
        resolver=GoldResolver(rounds),
        integrity=integrity,
    )


def _dialogues(rounds, integrity):
    """The dialogues of a release, in order, and the official splits of those that have one."""
    spoken = Utterance.objects.filter(dialogue=OuterRef("pk"))
    rows = submitted_dialogues(rounds).filter(Exists(spoken)).exclude(pk__in=integrity.excluded)
    rows = rows.order_by("source_id", "number").values_list(
        "pk", "uid", "source__title", "clip", "clip_sha256", "split"
    )
    dialogues, official = [], {}
    for pk, uid, title, clip, sha256, split in rows:
        lost = pk in integrity.without_clip
        dialogues.append(Chosen(pk, uid, title, "" if lost else clip, sha256))
        if split:
            official[uid] = split
    return dialogues, official


def _counts(rounds, scheme, dialogues):
    """Utterances and settled values a dialogue, (dialogues, L), by which splits are drawn evenly.

    They are those that are kept of the items, all counted before; nothing else is read of these.
    """
    columns = ["utterances", *(f"{t.key}={value}" for t in scheme.tasks for value in t.keys)]
    row_of = {row.pk: number for number, row in enumerate(dialogues)}
    column_of = {name: number for number, name in enumerate(columns)}
    counts = np.zeros((len(dialogues), len(columns)), np.int32)
    sizes = Utterance.objects.filter(corpus=rounds[0].corpus_id).order_by().values("dialogue")
    for pk, size in sizes.annotate(n=Count("pk")).values_list("dialogue", "n").iterator():
        if pk in row_of:
            counts[row_of[pk], 0] = size
    settled = Item.objects.filter(round__in=rounds).exclude(verdict="ambiguous").order_by()
    by_value = settled.values("utterance__dialogue_id", "task", "value", "ruling")
    numbers = by_value.annotate(n=Count("pk")).values_list(
        "utterance__dialogue_id", "task", "value", "ruling", "n"
    )
    for pk, task, value, ruling, number in numbers.iterator():
        at = column_of.get(f"{task}={ruling or value}")
        if pk in row_of and at is not None:
            counts[row_of[pk], at] += number
    return counts


def _kept(release):
    """Dialogue -> split of the newest earlier release that has it."""
    split_of: dict[str, str] = {}
    for earlier in release.earlier():
        splits_file = json.loads((earlier.directory / "splits.json").read_text("utf-8"))
        split_of = splits_file["dialogues"] | split_of
    return split_of


def _together(release, dialogues):
    shared = []
    if release.split_unit in (Release.SplitUnit.SOURCE, Release.SplitUnit.BOTH):
        shared.append((number, row.title) for number, row in enumerate(dialogues))
    if release.split_unit in (Release.SplitUnit.SPEAKER, Release.SplitUnit.BOTH):
        number_of = {row.pk: number for number, row in enumerate(dialogues)}
        spoken = Utterance.objects.filter(corpus=release.corpus_id, speaker__isnull=False)
        rows = spoken.order_by().values_list("dialogue_id", "speaker_id").distinct().iterator()
        shared.append((number_of[pk], str(speaker)) for pk, speaker in rows if pk in number_of)
    return splits.groups(len(dialogues), *shared)


def _speakers(release, key):
    hidden = release.speakers == Release.Speakers.PSEUDONYMS
    return {
        speaker.pk: (
            key.speaker(speaker) if hidden else speaker.name,
            dict(sorted(speaker.traits.items())),
        )
        for speaker in Speaker.objects.filter(corpus=release.corpus_id)
    }


def parts(plan: Plan) -> Iterator[Part]:
    """All rows, dialogue by dialogue. What looks private is masked unless a person cleared it."""
    numbered = enumerate(plan.dialogues)
    with uncollected():
        while batch := list(islice(numbered, AT_ONCE)):
            yield _part(plan, batch)


def _part(plan, batch):
    ids = [row.pk for _number, row in batch]
    place = {row.pk: (number, row) for number, row in batch}
    rows = Utterance.objects.filter(dialogue__in=ids).order_by().values_list(
        "dialogue_id", "number", "pk", "uid", "speaker_id", "text", "translation",
        "start", "end", "machine",
    )  # fmt: skip
    rows = sorted(rows, key=lambda row: (place[row[0]][0], row[1]))
    rulings = plan.resolver.rulings([row[2] for row in rows])
    suspicious = {row[2] for row in rows if personal_data.find_personal_data(f"{row[5]}\n{row[6]}")}
    reviews = PersonalDataReview.outcomes(suspicious) if suspicious else {}
    by_utterance, answers = _judgements(plan, ids)
    utterances, judgements, given = [], [], []
    for dialogue, number, pk, uid, speaker, text, translation, start, end, machine in rows:
        position, chosen = place[dialogue]
        if pk in suspicious:
            text, translation = (_masked(plan, each, reviews[pk]) for each in (text, translation))
        name, traits = plan.speakers.get(speaker, (None, {}))
        gold = _gold(plan, pk, answers.get(pk, {}), rulings)
        utterances.append(
            {
                "id": uid,
                "dialogue": chosen.uid,
                "number": number,
                "split": plan.split_of[chosen.uid],
                "source": chosen.title,
                "speaker": name,
                "traits": traits,
                "start": start,
                "end": end,
                "text": text,
                "translation": translation or None,
                "machine": machine,
                "media": plan.place(position, number, None not in (start, end)),
                "gold": {t: item.value for t, item in gold.items() if item.value is not None},
                "provenance": {task: item.provenance for task, item in gold.items()},
                "votes": {task: item.votes for task, item in gold.items()},
                "soft": {task: item.soft for task, item in gold.items()},
            }
        )
        for row in by_utterance.get(pk, ()):
            row["utterance"] = uid
            judgements.append(row)
        if pk in answers:
            given.append((pk, dialogue, _together_given(answers[pk])))
    return Part(utterances, judgements, given)


def _gold(plan, utterance, answers, rulings):
    """Task -> Gold of an utterance, in the order of the scheme."""
    return {
        task: plan.resolver.gold(task, answers[task], rulings.get((utterance, task), {}))
        for task in plan.scheme.keys
        if task in answers
    }


def _together_given(answers):
    """What answers count for in all rounds together: of the same person the later round's."""
    values = {}
    for task, by_round in answers.items():
        if len(by_round) == 1:
            (values[task],) = by_round.values()
        else:
            values[task] = {w: v for round in sorted(by_round) for w, v in by_round[round].items()}
    return values


def _masked(plan, text, outcomes):
    keep = PersonalDataReview.Outcome.KEEP
    cleared = {words for words, outcome in outcomes.items() if outcome == keep}
    words, kinds = personal_data.mask_personal_data(text, cleared)
    plan.masked.update(kinds)
    return words


def _judgements(plan, dialogues):
    """Utterance id -> its judgements: the newest answer, by annotator, round, task; and
    utterance id -> task -> round id -> person id -> value, where "cannot tell" is none.

    The newest rows are chosen here, as and because annotation/agreement/item_counts.py does.
    """
    submitted = Assignment.objects.filter(
        round__in=plan.rounds, dialogue__in=dialogues, gold=False
    ).submitted()
    who = {
        pk: (person, plan.annotators[person], round, name)
        for pk, person, round, name in submitted.order_by().values_list(
            "pk", "person_id", "round_id", "round__name"
        )
    }
    order = {task: number for number, task in enumerate(plan.scheme.keys)}
    rows = Judgement.objects.filter(assignment__in=list(who), utterance__retired=False).order_by()
    newest: dict[tuple, tuple] = {}
    for row in rows.values_list(
        "utterance_id", "assignment_id", "task", "pk", "value", "confidence", "seconds"
    ).iterator(chunk_size=5000):
        key = row[:3]
        known = newest.get(key)
        if known is None or known[3] < row[3]:
            newest[key] = row
    rows_of = defaultdict(list)
    values: dict = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    for utterance, assignment, task, _pk, value, confidence, seconds in newest.values():
        if value:
            person, annotator, round_id, name = who[assignment]
            judgement = {
                "utterance": "",
                "annotator": annotator,
                "round": name,
                "task": task,
                "value": value,
                "confidence": confidence,
                "seconds": round(seconds, 3),
            }
            rows_of[utterance].append(((annotator, name, order[task]), judgement))
            if value != CANNOT_TELL:
                values[utterance][task][round_id][person] = value
    judgements = {
        utterance: [row for _key, row in sorted(rows, key=itemgetter(0))]
        for utterance, rows in rows_of.items()
    }
    return judgements, values


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the cyclic garbage collector, which would look through all rows again and again;
    they hold no cycles.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
