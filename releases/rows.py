"""The rows of a release as columns, some hundred dialogues at a time, so that memory does not grow
with them.

The same database rows give the same release rows in the same order. Everything is read within one
moment (core/snapshot.py): the submissions of that moment decide which answers count, and gold,
votes and the units of agreement are made of these answers alone.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
from django.db.models import Count, Exists, OuterRef

from annotation.agreement.coefficients import count_values, patterns
from annotation.gold_labels import GoldResolver
from annotation.models import Assignment, Item, Judgement, Round
from annotation.scheme import Scheme
from core.errors import UserError, gettext_noop
from core.memory import uncollected
from corpus.models import Speaker, Utterance
from people.models import Person
from releases import personal_data, splits
from releases.columns import Answers, Judgements, Part, Settled, Work
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


@uncollected()
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
    answers = Answers(plan.scheme)
    with uncollected():
        while batch := list(islice(numbered, AT_ONCE)):
            yield _part(plan, answers, batch)


def _part(plan, answers, batch):
    place = {row.pk: number for number, row in batch}
    rows = Utterance.objects.filter(dialogue__in=list(place)).order_by().values_list(
        "dialogue_id", "number", "pk", "uid", "speaker_id", "text", "translation",
        "start", "end", "machine",
    )  # fmt: skip
    rows = sorted(rows, key=lambda row: (place[row[0]], row[1]))
    dialogues, numbers, ids, uids, spoken_by, texts, translations, starts, ends, machine = (
        map(list, zip(*rows)) if rows else ([] for _ in range(10))
    )
    _mask(plan, ids, texts, translations)
    positions = [place[pk] for pk in dialogues]
    chosen = [plan.dialogues[position] for position in positions]
    speakers = [plan.speakers.get(pk, (None, {})) for pk in spoken_by]
    timed = [start is not None and end is not None for start, end in zip(starts, ends)]
    judgements = _judgements(plan, answers, list(place), np.array(ids, np.int64))
    return Part(
        {
            "id": uids,
            "dialogue": [row.uid for row in chosen],
            "number": numbers,
            "split": [plan.split_of[row.uid] for row in chosen],
            "source": [row.title for row in chosen],
            "speaker": [name for name, _traits in speakers],
            "traits": [traits for _name, traits in speakers],
            "start": starts,
            "end": ends,
            "text": texts,
            "translation": [words or None for words in translations],
            "machine": machine,
            "media": [plan.place(*each) for each in zip(positions, numbers, timed)],
        },
        np.array(dialogues, np.int64),
        judgements,
        _settle(plan, answers, judgements, ids, plan.resolver.rulings(place)),
    )


def _mask(plan, ids, texts, translations):
    """Mask in these columns what looks private and nobody cleared."""
    found = personal_data.find_personal_data
    places = [row for row, words in enumerate(zip(texts, translations)) if found("\n".join(words))]
    reviews = PersonalDataReview.outcomes({ids[row] for row in places}) if places else {}
    for row in places:
        outcomes = reviews[ids[row]]
        texts[row] = _masked(plan, texts[row], outcomes)
        translations[row] = _masked(plan, translations[row], outcomes)


def _masked(plan, text, outcomes):
    keep = PersonalDataReview.Outcome.KEEP
    cleared = {words for words, outcome in outcomes.items() if outcome == keep}
    words, kinds = personal_data.mask_personal_data(text, cleared)
    plan.masked.update(kinds)
    return words


def _judgements(plan, answers, dialogues, utterances):
    """The Judgements of dialogues (ids) whose utterances have these ids, in order of the rows.

    The newest rows are chosen here, as and because annotation/agreement/item_counts.py does.
    """
    submitted = Assignment.objects.filter(
        round__in=plan.rounds, dialogue__in=dialogues, gold=False
    ).submitted()
    work = [
        Work(pk, person, plan.annotators[person], round, name)
        for pk, person, round, name in submitted.order_by("pk").values_list(
            "pk", "person_id", "round_id", "round__name"
        )
    ]
    rows = Judgement.objects.filter(assignment__in=[each.pk for each in work]).order_by()
    columns = rows.values_list(
        "utterance_id", "assignment_id", "pk", "task", "value", "confidence", "seconds"
    )
    read = list(zip(*columns.iterator(chunk_size=5000))) or [()] * 7
    spoken, assigned, pks = (np.array(column, np.int64) for column in read[:3])
    answer = np.array(
        [answers.numbers[name] for name in zip(read[3], read[4], strict=True)], np.int64
    )
    row = _places(utterances, spoken)  # -1 of utterances that were replaced since
    whose = _places(np.array([each.pk for each in work], np.int64), assigned)
    named = sorted(range(len(work)), key=lambda n: (work[n].annotator, work[n].round_name))
    rank = np.argsort(np.array(named, np.int64))
    person = row * len(work) + rank[whose]
    question = person * len(plan.scheme.tasks) + answers.task[answer]
    order = np.lexsort((pks, question))
    is_newest = np.append(question[order][1:] != question[order][:-1], True)[: len(order)]
    order = order[is_newest]
    kept = order[(row[order] >= 0) & ~answers.is_taken_back[answer[order]]]
    return Judgements(
        work,
        row[kept],
        whose[kept],
        answer[kept],
        [read[5][n] for n in kept.tolist()],
        _rounded(np.array(read[6], np.float64)[kept]),
    )


def _rounded(seconds):
    """Each as `round(…, 3)` has it; numpy goes wrong about those in the middle of two."""
    thousandths = seconds * 1000
    whole = np.rint(thousandths)
    with np.errstate(invalid="ignore"):  # of what is no number
        sure = (np.abs(thousandths) < 2**40) & (np.abs(thousandths - whole) < 0.499)
    found = whole / 1000
    for row in np.flatnonzero(~sure).tolist():
        found[row] = round(float(seconds[row]), 3)
    return found


def _places(ids, wanted):
    """Where in `ids` each of the wanted ids stands; -1: nowhere."""
    if not len(ids):
        return np.full(len(wanted), -1)
    order = np.argsort(ids)
    found = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    return np.where(ids[found] == wanted, found, -1)


def _settle(plan, answers, judgements, utterances, rulings):
    """What the judgements of these utterances (ids) come to, by task."""
    found = {}
    for number, task in enumerate(plan.scheme.tasks):
        mine = answers.task[judgements.answer] == number
        mine = np.flatnonzero(mine & answers.is_value[judgements.answer])
        row, place = judgements.utterance[mine], answers.place[judgements.answer[mine]]
        counts = count_values(row, place, len(utterances), len(task.keys))
        singly = np.full(len(utterances), not plan.resolver.by_votes(task.key))
        singly |= [(pk, task.key) in rulings for pk in utterances]
        outcomes, which = _settle_alike(plan, task, counts, counts.any(axis=1) & ~singly)
        numbers = {id(gold): number for number, gold in enumerate(outcomes)}
        for at, given in _given(plan, answers, judgements, mine[singly[row]]).items():
            ruling = rulings.get((utterances[at], task.key), {})
            gold = plan.resolver.gold(task.key, given, ruling)
            which[at] = numbers.setdefault(id(gold), len(outcomes))
            if which[at] == len(outcomes):
                outcomes.append(gold)
        found[task.key] = Settled(outcomes, which)
    return found


def _settle_alike(plan, task, counts, chosen):
    """Settle the `chosen` utterances by how often each value was given to them, (U, V)."""
    which = np.full(len(counts), -1)
    distinct, which[chosen] = patterns(counts[chosen])
    times = np.bincount(which[chosen], minlength=len(distinct)).tolist()
    outcomes = []
    for votes, number in zip(distinct.astype(int).tolist(), times):
        values = [value for value, count in zip(task.keys, votes) for _ in range(count)]
        given = {round: dict(enumerate(values)) for round in plan.resolver.rounds}
        outcomes.append(plan.resolver.gold(task.key, given, {}, number))
    return outcomes, which


def _given(plan, answers, judgements, chosen):
    """Row of an utterance -> round id -> person id -> value, of the chosen judgements; people in
    the order of their assignments.
    """
    chosen = chosen[np.lexsort((judgements.whose[chosen], judgements.utterance[chosen]))]
    found: dict[int, dict[int, dict[int, str]]] = {}
    columns = (judgements.utterance, judgements.whose, judgements.answer)
    for row, whose, answer in zip(*(column[chosen].tolist() for column in columns)):
        work = judgements.work[whose]
        by_round = found.setdefault(row, {}).setdefault(work.round, {})
        by_round[work.person] = answers.names[answer][1]
    return found
