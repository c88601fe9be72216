"""Quality findings of a round: what chance would hardly make, person by person, with the rows.

The statistics are in annotation/quality/statistics.py. What is reported are findings, no verdicts.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
from django.db import transaction

from annotation.agreement.coefficients import count_values
from annotation.models import ExpertLabel, Item, Judgement, QualityFlag
from annotation.quality.gold_accuracy import gold_scores
from annotation.quality.statistics import copies, detachment, drift, longest_run, tail
from corpus.models import Utterance

SHOWN = 500  # rows that are kept of a finding
NOTABLE = 2.0  # neg_log10_p from which on a finding is told, all places looked at counted
ENOUGH = 100  # judgements of a correlation before its dependence says anything
USUAL_HASTE = 0.02  # share of dialogues done faster than the clip that nobody wonders about
USUAL_BREACH = 0.01  # share of answers against a rule, where nobody else's can be compared


@dataclass
class Sequence:
    """One person's answers to one task, in the order they were given: places of values."""

    person: int
    source: int | None
    utterances: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)

    @property
    def array(self):
        return np.array(self.codes, dtype=np.int64)


@dataclass(frozen=True)
class Found:
    """A finding before it is stored; `key` names it in every computation."""

    kind: str
    person: int | None
    task: str
    key: str
    evidence: dict
    rows: list[int]
    neg_log10_p: float
    count: int


def report(report, beat):
    """Find and store the quality flags of a round, for its Report."""
    found = list(findings(report.round, beat))
    store(report.round, found)
    return {"found": len(found)}


@transaction.atomic
def store(round, found):
    """Keep findings; those that are not found any more are marked, and keep their answers."""
    keys = {one.key for one in found}
    round.quality_flags.exclude(key__in=keys).update(gone=True)
    for one in found:
        round.quality_flags.update_or_create(
            key=one.key,
            defaults={
                "kind": one.kind,
                "person_id": one.person,
                "task": one.task,
                "evidence": one.evidence,
                "rows": one.rows[:SHOWN],
                "count": one.count,
                "neg_log10_p": one.neg_log10_p,
                "gone": False,
            },
        )


def findings(round, beat=lambda share: None):
    """The findings of a round. Their neg_log10_p is corrected for the many people and tasks that
    are looked at (Bonferroni), so that a round without flags has one finding of 2 in a hundred.
    """
    people = round.assignments.order_by().values("person").distinct().count()
    looks = math.log10(max(1, people * len(round.scheme.tasks)))
    for one in _all_findings(round, beat):
        if one.neg_log10_p - looks >= NOTABLE:
            yield replace(one, neg_log10_p=one.neg_log10_p - looks)


def _all_findings(round, beat):
    """Task by task, and then what is about all tasks."""
    tasks = round.scheme.tasks
    for number, task in enumerate(tasks):
        sequences = _sequences(round, task)
        for sequence in sequences:
            yield from _copied(task, sequence)
            yield from _monotone(task, sequence, sequences)
        yield from _drifting(round, task, sequences)
        if task.is_correlation:
            yield from _detached(round, task)
        beat((number + 1) / (len(tasks) + 1))
    yield from _fast(round)
    yield from _against_gold(round)
    yield from _breaches(round)


def _sequences(round, task):
    """Everybody's sequence; of published labels one a file, as their order is that of its rows."""
    places = {key: place for place, key in enumerate(task.keys)}
    rows = Judgement.objects.filter(assignment__round=round, task=task.key).submitted()
    newest: dict[tuple[int, int, int], str] = {}
    for who, source, utterance, value in (
        rows.order_by("pk")
        .values_list(
            "assignment__person_id", "utterance__dialogue__source_id", "utterance_id", "value"
        )
        .iterator()
    ):
        newest.pop((who, source, utterance), None)  # an answer stands where it was given last
        newest[who, source, utterance] = value
    found: dict[tuple[int, int | None], Sequence] = {}
    for (who, source, utterance), value in newest.items():
        if value in places:
            key = (who, source if round.published else None)
            sequence = found.setdefault(key, Sequence(*key))
            sequence.utterances.append(utterance)
            sequence.codes.append(places[value])
    return list(found.values())


def _key(kind, sequence, task, more=""):
    return f"{kind}/{sequence.person}/{sequence.source or ''}/{task.key}/{more}"


def _copied(task, sequence):
    for copy in copies(sequence.array):
        rows = [pk for start, end in copy.spans for pk in sequence.utterances[start:end]]
        yield Found(
            QualityFlag.Kind.COPIED,
            sequence.person,
            task.key,
            _key("copied", sequence, task, copy.lag),
            {
                "lag": copy.lag,
                "spans": [[start + 1, end] for start, end in copy.spans],
                "ends": [
                    [sequence.utterances[start], sequence.utterances[end - 1]]
                    for start, end in copy.spans
                ],
                "equal": copy.equal,
                "by_chance": copy.by_chance,
                "of": len(sequence.codes),
                "source": sequence.source,
            },
            rows,
            copy.neg_log10_p,
            len(set(rows)),
        )


def _monotone(task, sequence, sequences):
    run = longest_run(sequence.array, [one.array for one in sequences])
    if run and run.neg_log10_p >= NOTABLE:
        rows = sequence.utterances[run.start : run.end]
        yield Found(
            QualityFlag.Kind.MONOTONE,
            sequence.person,
            task.key,
            _key("monotone", sequence, task),
            {
                "value": task.keys[run.value],
                "spans": [[run.start + 1, run.end]],
                "of": len(sequence.codes),
                "source": sequence.source,
            },
            rows,
            run.neg_log10_p,
            len(rows),
        )


def _drifting(round, task, sequences):
    """How often a person answers as most of the others do, dialogue by dialogue."""
    others = {}
    for item in Item.objects.filter(round=round, task=task.key, size__gt=2).iterator():
        others[item.utterance_id] = item.given
    if not others:
        return
    dialogue_of = dict(
        Utterance.objects.filter(items__round=round).values_list("pk", "dialogue").distinct()
    )
    for sequence in sequences:
        hits = defaultdict(list)
        for utterance, code in zip(sequence.utterances, sequence.codes):
            given = others.get(utterance, {})
            rest = [value for who, value in given.items() if who != sequence.person]
            most = max(set(rest), key=rest.count) if rest else None
            if most and rest.count(most) * 2 > len(rest):
                hits[dialogue_of[utterance]].append((utterance, most == task.keys[code]))
        shares = [sum(hit for _, hit in each) / len(each) for each in hits.values()]
        rho, neg_log10_p = drift(shares)
        if neg_log10_p >= NOTABLE:
            half = len(shares) // 2
            rows = [pk for each in hits.values() for pk, hit in each if not hit]
            yield Found(
                QualityFlag.Kind.DRIFT,
                sequence.person,
                task.key,
                _key("drift", sequence, task),
                {
                    "rho": rho,
                    "first": sum(shares[:half]) / half,
                    "second": sum(shares[half:]) / (len(shares) - half),
                    "of": len(shares),
                },
                rows,
                neg_log10_p,
                len(rows),
            )


def _detached(round, task):
    """A correlation that says the same whatever its parents are."""
    scheme = round.scheme
    tables: dict[tuple[int, int | None], list[tuple[int, int]]] = {}
    of_source: dict[int, int | None] = {}
    source, target = (scheme[parent] for parent in task.parents)
    places = [{key: n for n, key in enumerate(t.keys)} for t in (source, target, task)]
    given: dict[tuple[int, int], dict[str, str]] = defaultdict(dict)
    items = Item.objects.filter(round=round, task__in=[*task.parents, task.key])
    items = items.select_related("utterance__dialogue").order_by("utterance_id")
    for item in items.iterator(chunk_size=2000):
        source_pk = item.utterance.dialogue.source_id if round.published else None
        of_source[item.utterance_id] = source_pk
        for who, value in item.given.items():
            given[who, item.utterance_id][item.task] = value
    for (who, utterance), answers in given.items():
        if len(answers) == 3:
            x, y, v = (places[n][answers[t.key]] for n, t in enumerate((source, target, task)))
            row = (x * len(target.keys) + y, v)
            tables.setdefault((who, of_source[utterance]), []).append(row)
    width = len(source.keys) * len(target.keys)
    for (who, source_pk), pairs in tables.items():
        cells = np.array(pairs)
        table = count_values(cells[:, 0], cells[:, 1], width, len(task.keys))
        cramers_v, neg_log10_p = detachment(table)
        if len(cells) >= ENOUGH and neg_log10_p >= NOTABLE:
            yield Found(
                QualityFlag.Kind.DETACHED,
                who,
                task.key,
                f"detached/{who}/{source_pk or ''}/{task.key}",
                {"v": cramers_v, "of": len(cells), "source": source_pk},
                [pk for person, pk in given if person == who and of_source[pk] == source_pk],
                neg_log10_p,
                len(cells),
            )


def _fast(round):
    """Dialogues handed in after less work than their film lasts."""
    spent: dict[tuple[int, int], float] = defaultdict(float)
    lasts: dict[tuple[int, int], float] = {}
    rows: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    judgements = Judgement.objects.filter(assignment__round=round).submitted()
    per_utterance: dict[tuple[int, int, int], float] = defaultdict(float)
    for who, dialogue, start, end, utterance, seconds in judgements.values_list(
        *("assignment__person_id", "assignment__dialogue_id"),
        *("utterance__start", "utterance__end", "utterance_id", "seconds"),
    ).iterator():
        if start is None or end is None or end <= start:
            continue
        spent[who, dialogue] += seconds
        per_utterance[who, dialogue, utterance] += seconds
        lasts[dialogue, utterance] = end - start
    if not any(spent.values()):
        return  # time was not kept, as for published labels
    films: dict[int, float] = defaultdict(float)
    for (dialogue, _), seconds in lasts.items():
        films[dialogue] += seconds
    for (who, dialogue), seconds in spent.items():
        rows[who].append((dialogue, seconds < films[dialogue]))
    for who, done in rows.items():
        hasty = {dialogue for dialogue, fast in done if fast}
        rest = [fast for other, each in rows.items() if other != who for _, fast in each]
        usual = max(USUAL_HASTE, sum(rest) / len(rest) if rest else 0.0)
        neg_log10_p = tail(len(hasty), len(done), usual)
        if neg_log10_p >= NOTABLE:
            quick = [pk for (person, talk, pk) in per_utterance if person == who and talk in hasty]
            yield Found(
                QualityFlag.Kind.FAST,
                who,
                "",
                f"fast/{who}",
                {"dialogues": len(hasty), "of": len(done), "usual": usual},
                quick,
                neg_log10_p,
                len(quick),
            )


def _against_gold(round):
    scores = gold_scores(round)
    for who, by_task in scores.items():
        for task, (right, asked) in by_task.items():
            rest = [pair[task] for other, pair in scores.items() if other != who and task in pair]
            wrong = sum(n - hit for hit, n in rest)
            usual = max(0.05, wrong / sum(n for _, n in rest)) if rest else 0.2
            neg_log10_p = tail(asked - right, asked, usual)
            if neg_log10_p >= NOTABLE:
                rows = list(_gold_faults(round, who, task))
                yield Found(
                    QualityFlag.Kind.GOLD,
                    who,
                    task,
                    f"gold/{who}/{task}",
                    {"right": right, "of": asked, "usual": usual},
                    rows,
                    neg_log10_p,
                    len(rows),
                )


def _gold_faults(round, who, task):
    mine = Judgement.objects.filter(
        assignment__round=round, assignment__gold=True, assignment__person=who, task=task
    ).current()
    known = ExpertLabel.known(list(mine.values_list("assignment__dialogue", flat=True).distinct()))
    for utterance, value in mine.values_list("utterance_id", "value"):
        gold = known.get(utterance, {}).get(task)
        if gold and gold.value != value:
            yield utterance


def _breaches(round):
    """Answers that a rule of the scheme warns of."""
    rules = round.scheme.rules
    if not rules:
        return
    answers: dict[tuple[int, int], dict[str, str]] = defaultdict(dict)
    wanted = {task for rule in rules for task in rule.when}
    for item in Item.objects.filter(round=round, task__in=wanted).order_by("pk").iterator():
        for who, value in item.given.items():
            answers[who, item.utterance_id][item.task] = value
    for rule in rules:
        by_person: dict[int, list[tuple[int, bool]]] = defaultdict(list)
        for (who, utterance), given in answers.items():
            if len(given.keys() & rule.when.keys()) == len(rule.when):
                by_person[who].append((utterance, rule.holds(given)))
        for who, rows in by_person.items():
            broken = [utterance for utterance, holds in rows if holds]
            rest = [h for other, each in by_person.items() if other != who for _, h in each]
            usual = max(USUAL_BREACH, sum(rest) / len(rest) if rest else 0.0)
            neg_log10_p = tail(len(broken), len(rows), usual)
            if neg_log10_p >= NOTABLE:
                yield Found(
                    QualityFlag.Kind.RULES,
                    who,
                    "",
                    f"rules/{who}/{rule.key}",
                    {"rule": rule.key, "of": len(rows), "usual": usual},
                    broken,
                    neg_log10_p,
                    len(broken),
                )
