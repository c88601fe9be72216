"""A published corpus comes in: its rows, and its labels as published judgements."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count

from annotation.models import (
    Adjudication,
    Assignment,
    Guideline,
    Judgement,
    Report,
    Round,
    SchemeVersion,
    Submission,
)
from annotation.scheme import FULL, Scheme, Task, Value
from corpus import imports
from corpus.batches import create
from corpus.complaints import gettext_noop
from corpus.formats import Judged, Row, Table, by_source, reader
from corpus.jobs import Refused
from corpus.models import Source
from people.models import Event, Person

BATCH = 5000
Verdict = Adjudication.Verdict


def published_labels() -> Person:
    """The account that stands for the labels of a published corpus; nobody can sign in with it."""
    person, made = Person.objects.get_or_create(
        username="published-labels",
        defaults={"name": "Published labels", "is_active": False},
    )
    if made:
        person.set_unusable_password()
        person.save(update_fields=["password"])
    return person


@transaction.atomic
def import_published(corpus, format_name: str, paths: list[Path], person=None) -> list[Source]:
    """Import files of a published corpus, all or none. Raises FormatError or Refused."""
    read = reader(format_name)
    sources = []
    for path in paths:
        for title, table in by_source(read(path)).items():
            source = imports.store(corpus, path, table, person, title)
            labels = _store_labels(corpus, source, table, format_name)
            source.counts |= {"labels": labels}
            source.save(update_fields=["counts"])
            Event.record(person, "import", source, **source.counts)
            sources.append(source)
    return sources


def scheme_of(table: Table) -> Scheme:
    """The scheme of a table's labels: our own tasks where all its values fit, else nominal ones
    with the table's values.
    """
    own = {task.key: task for task in FULL.tasks}
    fitting = [key for key in own if set(table.values.get(key, "?")) <= set(own[key].keys)]
    foreign = [key for key in table.values if key not in fitting]
    return Scheme((*(own[key] for key in fitting), *(_foreign(table, key) for key in foreign)))


def _foreign(table: Table, key: str) -> Task:
    words = key.replace("_", " ")
    values = tuple(Value(value, {"en": value, "zh": value}) for value in table.values[key])
    return Task(key, {"en": words, "zh": words}, "nominal", values)


def _store_labels(corpus, source: Source, table: Table, format_name: str) -> int:
    """One hand-in for each annotator and dialogue; settled labels are `published_labels`' own."""
    own = f"{format_name} (published)"
    who = {(judged.round or own, judged.annotator) for row in table.rows for judged in row.judged}
    scheme = Scheme.from_json(table.scheme, table.rules) if table.scheme else scheme_of(table)
    places = {
        uid: (pk, dialogue)
        for pk, uid, dialogue in source.dialogues.values_list(
            "utterances", "utterances__uid", "pk"
        ).iterator()
    }
    labels, rounds, people = 0, {}, {}
    for round_name, name in sorted(who or {(own, "")}, key=lambda k: (k[0], len(k[1]), k[1])):
        if round_name not in rounds:
            rounds[round_name] = _published_round(corpus, source, round_name, scheme, table)
        if name not in people:
            people[name] = _annotator(corpus, name, format_name) if who else published_labels()
        answers = partial(_answers, table, round_name if round_name != own else "", name)
        if not who:
            answers = partial(_settled, table)
        labels += _hand_in(rounds[round_name], people[name], answers, places)
    _store_rulings(table, places, next(iter(rounds.values()), None))
    for found in rounds.values():
        found.overlap = max(
            found.assignments.values("dialogue").annotate(n=Count("pk")).values_list("n", flat=True)
        )
        found.save(update_fields=["overlap"])
    return labels


def _settled(table: Table) -> Iterator[tuple[Row, Judged]]:
    return (
        (row, Judged("", task, value)) for row in table.rows for task, value in row.labels.items()
    )


def _answers(table: Table, round_name: str, annotator: str) -> Iterator[tuple[Row, Judged]]:
    return (
        (row, judged)
        for row in table.rows
        for judged in row.judged
        if (judged.round, judged.annotator) == (round_name, annotator)
    )


def _annotator(corpus, name: str, format_name: str) -> Person:
    """The account that stands for an annotator of another tool, or of a release; nobody can sign
    in with it.
    """
    kind = "released" if format_name == "shengqing" else "imported"
    person, made = Person.objects.get_or_create(
        username=f"{kind}-{corpus.pk}-{name}"[:150],
        defaults={"name": name[:80], "is_active": False},
    )
    if made:
        person.set_unusable_password()
        person.save(update_fields=["password"])
    return person


def stand_in_name(corpus, person: Person) -> str:
    """The pseudonym under which somebody came into `corpus` with a release; else empty."""
    if person.username == "published-labels":
        return "published"
    before, found, name = person.username.partition(f"released-{corpus.pk}-")
    return name if found and not before else ""


def _published_round(corpus, source: Source, name: str, scheme: Scheme, table: Table) -> Round:
    if Round.objects.filter(corpus=corpus, name=name, published=False).exists():
        name = f"{name} (published)"
    told = table.rounds.get(name, {})
    published, made = Round.objects.get_or_create(
        corpus=corpus,
        name=name[:80],
        defaults={
            "published": True,
            "overlap": 1,
            "scheme_version": SchemeVersion.of(corpus, scheme),
            **_options(corpus, told),
        },
    )
    if made and published.consensus != Round.Consensus.MAJORITY:
        Report.request(None, published, Report.Kind.RELIABILITY)
    strange = set(scheme.keys) - set(published.scheme.keys)
    if strange:
        raise Refused(
            gettext_noop(
                "%(file)s: “%(round)s” was imported without %(tasks)s; import this file into a"
                " corpus of its own."
            ),
            file=source.title,
            round=published.name,
            tasks=", ".join(sorted(strange)),
        )
    return published


def _options(corpus, told: dict[str, Any]) -> dict[str, Any]:
    """What a release says of a round and we know; nothing else is taken."""
    found: dict[str, Any] = {}
    known = {"view": Round.View, "order": Round.Order, "consensus": Round.Consensus}
    for name, choices in known.items():
        if told.get(name) in choices.values:
            found[name] = told[name]
    for name in ("confidence", "cannot_tell"):
        found[name] = told.get(name) is True
    if isinstance(told.get("guideline"), str) and told["guideline"]:
        found["guideline"] = Guideline.draw_up(None, corpus, told["guideline"])
    return found


def _hand_in(published: Round, person: Person, answers, places) -> int:
    """Store the answers (row, judged) of one person; their number."""
    dialogues = dict.fromkeys(places[row.uid][1] for row, _judged in answers())
    rows = (
        Assignment(round=published, dialogue_id=pk, person=person, state="submitted")
        for pk in dialogues
    )
    create(Assignment, rows, BATCH)
    mine = Assignment.objects.filter(round=published, person=person, submission=None)
    assignment_of = {dialogue: pk for pk, dialogue in mine.values_list("pk", "dialogue")}
    create(Submission, (Submission(assignment_id=pk) for pk in assignment_of.values()), BATCH)
    judgements = (
        Judgement(
            assignment_id=assignment_of[places[row.uid][1]],
            utterance_id=places[row.uid][0],
            task=judged.task,
            value=judged.value,
            confidence=judged.confidence,
            seconds=judged.seconds,
        )
        for row, judged in answers()
    )
    return create(Judgement, judgements, BATCH)


def _store_rulings(table: Table, places, published: Round | None) -> None:
    if published is not None:
        Adjudication.objects.bulk_create(
            Adjudication(
                round=published,
                utterance_id=places[row.uid][0],
                task=task,
                value=value,
                verdict=Verdict.VALUE if value else Verdict.AMBIGUOUS,
                person=published_labels(),
            )
            for row in table.rows
            for task, value in row.rulings.items()
        )
