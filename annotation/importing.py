"""A published corpus comes in: its rows, and its labels as one published judgement each."""

from pathlib import Path

from django.db import transaction

from annotation.models import Assignment, Judgement, Round, SchemeVersion, Submission
from annotation.scheme import FULL, Scheme, Task, Value
from corpus import imports
from corpus.complaints import gettext_noop
from corpus.formats import Row, Table, reader
from corpus.jobs import Refused
from corpus.models import Source
from people.models import Event, Person

BATCH = 5000


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
        table = read(path)
        source = imports.store(corpus, path, table, person)
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
    scheme = scheme_of(table)
    published, _ = Round.objects.get_or_create(
        corpus=corpus,
        name=f"{format_name} (published)",
        defaults={
            "published": True,
            "overlap": 1,
            "scheme_version": SchemeVersion.of(corpus, scheme),
        },
    )
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
    label_maker = published_labels()
    assignments = Assignment.objects.bulk_create(
        (
            Assignment(round=published, dialogue=dialogue, person=label_maker)
            for dialogue in source.dialogues.all()
        ),
        batch_size=BATCH,
    )
    Submission.objects.bulk_create(
        (Submission(assignment=assignment) for assignment in assignments), batch_size=BATCH
    )
    rows: dict[str, Row] = {row.uid: row for row in table.rows}
    assignment_of = {assignment.dialogue_id: assignment for assignment in assignments}
    judgements = Judgement.objects.bulk_create(
        (
            Judgement(
                assignment=assignment_of[dialogue_id], utterance_id=pk, task=task, value=value
            )
            for pk, uid, dialogue_id in source.dialogues.values_list(
                "utterances", "utterances__uid", "pk"
            ).iterator()
            for task, value in rows[uid].labels.items()
        ),
        batch_size=BATCH,
    )
    return len(judgements)
