"""The rows of a release, some hundred dialogues at a time, so that memory does not grow with them.

The same database rows give the same release rows in the same order.
"""

import gc
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy as np
from django.db.models import Count

from annotation.counting import catch_up_all
from annotation.models import Assignment, Item, Judgement, Round
from annotation.models.gold import gold_as_counted
from annotation.scheme import Scheme
from corpus.complaints import gettext_noop
from corpus.jobs import Refused
from corpus.models import Dialogue, Speaker, Utterance
from people.models import Person
from releases import private, splits
from releases.models import Inspection, PseudonymKey, Release

AT_ONCE = 250  # dialogues
SUFFIXES = {"dialogues": "mp4", "utterances": "mp4", "features": "npz"}


@dataclass
class Plan:
    """What is known before the rows are read: which dialogues, in which split, who is who."""

    release: Release
    rounds: list[Round]
    scheme: Scheme
    dialogues: list[tuple[int, str, str, bool]]  # id, uid, title of the source, whether it has film
    split_of: dict[str, str]
    official: bool
    spread: dict[str, dict[str, float]]
    annotators: dict[int, str]  # id -> pseudonym
    speakers: dict[int, tuple[str, dict[str, str]]]  # id -> name to show, traits
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
        if policy == Release.Media.NONE or not self.dialogues[number][3]:
            return None
        if policy == Release.Media.UTTERANCES and not timed:
            return None
        folder = "features" if policy == Release.Media.FEATURES else "media"
        more = f"_{turn:03d}" if policy == Release.Media.UTTERANCES else ""
        return f"{folder}/{number + 1:06d}{more}.{SUFFIXES[policy]}"


@dataclass(frozen=True)
class Part:
    """Rows of some dialogues."""

    utterances: list[dict[str, Any]]
    judgements: list[dict[str, Any]]


def plan(release: Release) -> Plan:
    """Choose dialogues and splits. Raises Refused if nothing is handed in, SplitError."""
    rounds = list(release.rounds.select_related("scheme_version", "guideline").order_by("pk"))
    if len({round.scheme_version_id for round in rounds}) != 1:
        raise Refused(gettext_noop("Choose rounds that were judged under the same scheme version."))
    catch_up_all(rounds)
    handed_in = Assignment.objects.filter(round__in=rounds, gold=False).submitted()
    chosen = Dialogue.objects.filter(pk__in=handed_in.order_by().values("dialogue"))
    rows = list(
        chosen.order_by("source_id", "number").values_list(
            "pk", "uid", "source__title", "clip", "split"
        )
    )
    if not rows:
        raise Refused(
            gettext_noop("Nothing is handed in yet in the chosen rounds; nothing can be frozen.")
        )
    dialogues = [(pk, uid, title, bool(clip)) for pk, uid, title, clip, _split in rows]
    official = {uid: split for _pk, uid, _title, _clip, split in rows if split}
    scheme = rounds[0].scheme
    counts, columns = _counts(rounds, scheme, dialogues)
    uids = [uid for _pk, uid, _title, _film in dialogues]
    split_of = splits.split(
        uids,
        counts,
        official=official,
        kept=_kept(release),
        together=_together(release, dialogues),
        seed=release.seed,
        ratios=release.ratios,
    )
    key = PseudonymKey.of(release.corpus)
    people = Person.objects.filter(pk__in=handed_in.order_by().values("person"))
    return Plan(
        release=release,
        rounds=rounds,
        scheme=scheme,
        dialogues=dialogues,
        split_of=split_of,
        official=bool(official),
        spread=splits.spread(counts, list(split_of.values()), columns),
        annotators={person.pk: key.annotator(person) for person in people},
        speakers=_speakers(release, key),
    )


def _counts(rounds, scheme, dialogues):
    """Utterances and values a dialogue, (dialogues, L), and what the columns are."""
    columns = ["utterances", *(f"{t.key}={value}" for t in scheme.tasks for value in t.keys)]
    place = {pk: number for number, (pk, *_rest) in enumerate(dialogues)}
    column = {name: number for number, name in enumerate(columns)}
    counts = np.zeros((len(dialogues), len(columns)), np.int32)
    sizes = Utterance.objects.filter(corpus=rounds[0].corpus_id).order_by().values("dialogue")
    for pk, size in sizes.annotate(n=Count("pk")).values_list("dialogue", "n").iterator():
        if pk in place:
            counts[place[pk], 0] = size
    settled = Item.objects.filter(round__in=rounds).exclude(verdict="ambiguous").order_by()
    told = settled.values("utterance__dialogue_id", "task", "value", "ruling")
    numbers = told.annotate(n=Count("pk")).values_list(
        "utterance__dialogue_id", "task", "value", "ruling", "n"
    )
    for pk, task, value, ruling, number in numbers.iterator():
        known = column.get(f"{task}={ruling or value}")
        if pk in place and known is not None:
            counts[place[pk], known] += number
    return counts, columns


def _kept(release):
    """Dialogue -> split of the newest earlier release that has it."""
    found = {}
    for earlier in release.earlier():
        read = json.loads((earlier.directory / "splits.json").read_text("utf-8"))
        found = read["dialogues"] | found
    return found


def _together(release, dialogues):
    shared = []
    if release.apart in (Release.Apart.SOURCE, Release.Apart.BOTH):
        shared.append((number, title) for number, (_pk, _uid, title, _f) in enumerate(dialogues))
    if release.apart in (Release.Apart.SPEAKER, Release.Apart.BOTH):
        place = {pk: number for number, (pk, *_rest) in enumerate(dialogues)}
        spoken = Utterance.objects.filter(corpus=release.corpus_id, speaker__isnull=False)
        rows = spoken.order_by().values_list("dialogue_id", "speaker_id").distinct().iterator()
        shared.append((place[pk], str(speaker)) for pk, speaker in rows if pk in place)
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


def parts(found: Plan) -> Iterator[Part]:
    """All rows, dialogue by dialogue. What looks private is masked unless a person cleared it."""
    numbered = enumerate(found.dialogues)
    with uncollected():
        while batch := list(islice(numbered, AT_ONCE)):
            yield _part(found, batch)


def _part(found, batch):
    ids = [row[0] for _number, row in batch]
    place = {row[0]: (number, row) for number, row in batch}
    rows = Utterance.objects.filter(dialogue__in=ids).order_by().values_list(
        "dialogue_id", "number", "pk", "uid", "speaker_id", "text", "translation",
        "start", "end", "machine",
    )  # fmt: skip
    rows = sorted(rows, key=lambda row: (place[row[0]][0], row[1]))
    gold = gold_as_counted(found.rounds, [row[2] for row in rows])
    looked = {row[2]: row for row in rows if private.sightings(f"{row[5]}\n{row[6]}")}
    said = Inspection.said(list(looked)) if looked else {}
    by_utterance = _judgements(found, ids)
    tasks = found.scheme.keys
    utterances, judgements = [], []
    for dialogue, number, pk, uid, speaker, text, translation, start, end, machine in rows:
        position, (_pk, dialogue_uid, title, _film) = place[dialogue]
        if pk in looked:
            text, translation = (_masked(found, words, said[pk]) for words in (text, translation))
        name, traits = found.speakers.get(speaker, (None, {}))
        told = {task: item for task in tasks if (item := gold.get((pk, task)))}
        utterances.append(
            {
                "id": uid,
                "dialogue": dialogue_uid,
                "number": number,
                "split": found.split_of[dialogue_uid],
                "source": title,
                "speaker": name,
                "traits": traits,
                "start": start,
                "end": end,
                "text": text,
                "translation": translation or None,
                "machine": machine,
                "media": found.place(position, number, None not in (start, end)),
                "gold": {t: item.value for t, item in told.items() if item.value is not None},
                "provenance": {task: item.provenance for task, item in told.items()},
                "votes": {task: item.votes for task, item in told.items()},
                "soft": {task: item.soft for task, item in told.items()},
            }
        )
        for row in by_utterance.get(pk, ()):
            row["utterance"] = uid
            judgements.append(row)
    return Part(utterances, judgements)


def _masked(found, text, said):
    cleared = {words for words, outcome in said.items() if outcome == Inspection.Outcome.KEEP}
    words, kinds = private.masked(text, cleared)
    found.masked.update(kinds)
    return words


def _judgements(found, dialogues):
    """Utterance id -> what everybody said of it: the newest answer, by annotator, round, task.

    The newest rows are told here, as annotation/counting.py does and for its reasons.
    """
    handed_in = Assignment.objects.filter(
        round__in=found.rounds, dialogue__in=dialogues, gold=False
    )
    who = {
        pk: (found.annotators[person], name)
        for pk, person, name in handed_in.submitted()
        .order_by()
        .values_list("pk", "person_id", "round__name")
    }
    place = {task: number for number, task in enumerate(found.scheme.keys)}
    rows = Judgement.objects.filter(assignment__in=list(who), utterance__retired=False).order_by()
    newest = {}
    for row in rows.values_list(
        "utterance_id", "assignment_id", "task", "pk", "value", "confidence", "seconds"
    ).iterator(chunk_size=5000):
        key = row[:3]
        known = newest.get(key)
        if known is None or known[3] < row[3]:
            newest[key] = row
    given = defaultdict(list)
    for utterance, assignment, task, _pk, value, confidence, seconds in newest.values():
        if value:
            annotator, name = who[assignment]
            row = {
                "utterance": "",
                "annotator": annotator,
                "round": name,
                "task": task,
                "value": value,
                "confidence": confidence,
                "seconds": round(seconds, 3),
            }
            given[utterance].append(((annotator, name, place[task]), row))
    return {
        utterance: [row for _key, row in sorted(told, key=itemgetter(0))]
        for utterance, told in given.items()
    }


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
