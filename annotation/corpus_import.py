"""A published corpus comes in: its rows, and its labels as published judgements."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count

from annotation.models import (
    Adjudication,
    Assignment,
    ExpertLabel,
    Guideline,
    Judgement,
    Report,
    Round,
    SchemeVersion,
    Submission,
    Suggestion,
)
from annotation.scheme import CANNOT_TELL, FULL, Scheme, Task, Value
from core.batches import BATCH, batches, reserve_ids, write
from core.errors import UserError, gettext_noop
from core.memory import uncollected
from corpus import table_import
from corpus.formats import (
    LONGEST_NAMES,
    FormatError,
    Judged,
    Row,
    Table,
    by_source,
    checked,
    joiner,
    mapped_table,
    reader,
)
from corpus.formats.mapped_table import Mapping
from corpus.models import Source
from corpus.problems import Problem
from corpus.table_import import Places
from people.models import Event, Person

JUDGED = ("assignment", "utterance", "task", "value", "confidence", "seconds")
SUBMITTED = Assignment.State.SUBMITTED.value
VERDICT = Adjudication.Verdict.VALUE.value
AMBIGUOUS = Adjudication.Verdict.AMBIGUOUS.value


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


@dataclass(frozen=True)
class Part:
    """What would become one source: a file, or one of the sources that a file names."""

    path: Path
    title: str
    table: Table

    @property
    def labels(self) -> int:
        return sum(len(row.labels) + len(row.judged) for row in self.table.rows)

    @property
    def labelled(self) -> int:
        """Utterances with a label."""
        return sum(bool(row.labels or row.judged) for row in self.table.rows)


@dataclass(frozen=True)
class Target:
    """Where the labels of an import go."""

    labels: str = "published"  # one of TARGETS
    annotator: str = ""  # whose labels they are, where `labels` is "annotator"
    round: str = ""  # name of the round; empty: after the format

    def directed(self, table: Table) -> Table:
        """The table with its labels where they go; expert labels are taken out of it."""
        if self.labels == "none":
            rows = [replace(row, labels={}, judged=(), rulings={}) for row in table.rows]
        elif self.labels == "gold":
            rows = [replace(row, labels={}, rulings={}) for row in table.rows]
        elif self.labels == "annotator":
            rows = [self._of_annotator(row) for row in table.rows]
        else:
            return table
        return replace(table, rows=rows)

    def _of_annotator(self, row: Row) -> Row:
        own = (Judged(self.annotator, task, value) for task, value in row.labels.items())
        return replace(row, labels={}, judged=(*row.judged, *own))


PUBLISHED_ROUND = Target()
TARGETS = ("published", "annotator", "gold", "none")


def read_published(format_name: str, paths: list[Path]) -> list[Part]:
    """Everything that the files hold, with what is odd in it; nothing is written.

    Raises FormatError for a file of another format, or one in which nothing can be read;
    SchemeError for tasks or values that cannot be called as they are there.
    """
    read = reader(format_name)
    with uncollected():
        tables = {path: read(path) for path in paths}
    if (joined := joiner(format_name)) and len(tables) > 1:
        tables = {paths[0]: checked(joined(tables))}
    return parts_of(tables)


def read_mapped(paths: list[Path], mapping: Mapping) -> list[Part]:
    """The same of tables that are read by a mapping. Raises FormatError and SchemeError."""
    with uncollected():
        tables = {path: mapped_table.read(path, mapping) for path in paths}
    joined = mapped_table.joined(tables, mapping)
    return parts_of({path: checked(table) for path, table in joined.items()})


def parts_of(tables: dict[Path, Table]) -> list[Part]:
    """What would become of tables that were read. Raises FormatError and SchemeError as above."""
    for path, table in tables.items():
        if not table.rows:
            raise _nothing_in(path, table)
    _join_values([table for table in tables.values() if table.scheme is None])
    for table in tables.values():
        scheme_in(table).check_keys()
    return [
        Part(path, table_import.title_of(path, title), part)
        for path, table in tables.items()
        for title, part in by_source(table).items()
    ]


def _join_values(tables: list[Table]) -> None:
    """Every table has the tasks and values of all; a task with one value only is left out."""
    values: dict[str, dict[str, None]] = {}
    for table in tables:
        for key, known in table.values.items():
            values.setdefault(key, {}).update(dict.fromkeys(known))
    own = {task.key: task for task in FULL.tasks}
    single = {
        key
        for key, known in values.items()
        if len(known) < 2 and not (key in own and set(known) <= set(own[key].keys))
    }
    for table in tables:
        for key in single & set(table.values):
            _leave_out(table, key)
        table.values = {key: tuple(known) for key, known in values.items() if key not in single}


def _nothing_in(path: Path, table: Table) -> FormatError:
    rejected = [problem for problem in table.problems if problem.outcome == "rejected"]
    if not rejected:
        return FormatError(gettext_noop("%(file)s: the file is empty."), file=path.name)
    first = rejected[0]
    return FormatError(
        gettext_noop(
            "%(file)s: nothing could be imported. %(count)d rows were skipped; first skipped"
            " row: %(line)d (%(why)s)."
        ),
        file=path.name,
        count=len(rejected),
        line=first.line,
        why=first.reason % first.details if first.details else first.reason,
    )


def _leave_out(table: Table, key: str) -> None:
    """Take out a task to which everybody gave the same answer, and tell it."""
    given = sum(judged.task == key for row in table.rows for judged in row.judged)
    reason = gettext_noop(
        "all %(count)d labels are the same; skipped because a task needs at least two values"
    )
    value = ", ".join(table.values[key])
    table.problems.insert(0, Problem(0, key, value, "rejected", reason, {"count": given}))
    table.rows = [
        replace(
            row,
            judged=tuple(judged for judged in row.judged if judged.task != key),
            suggested=tuple(guess for guess in row.suggested if guess.task != key),
        )
        for row in table.rows
    ]


@transaction.atomic
def store_published(
    corpus,
    format_name: str,
    parts: list[Part],
    person=None,
    target: Target = PUBLISHED_ROUND,
    advance: table_import.Advance = lambda rows: None,
) -> list[Source]:
    """Import what was read, all or none; `advance` is told of rows as they are stored, which are
    `size_of` altogether. Raises UserError or SchemeError.
    """
    sources = []
    for part in parts:
        title = part.title
        source, places = table_import.store(corpus, part.path, part.table, person, title, advance)
        directed = replace(part, table=target.directed(part.table))
        labels = 0
        if directed.labels:
            name = target.round or f"{format_name} (published)"
            labels = _store_labels(
                corpus, source, directed.table, format_name, name, places, advance
            )
        if target.labels != "none":
            _store_suggestions(part.table, places)
        if target.labels == "gold":
            labels += _store_expert_labels(corpus, part.table, person, places, advance)
        source.counts |= {"labels": labels}
        source.save(update_fields=["counts"])
        Event.record(person, "import", source, **source.counts)
        sources.append(source)
    return sources


def _store_suggestions(table: Table, places: Places) -> None:
    """What machines answered; a round shows it to annotators only where a lead says so."""
    rows = (
        (places[row.uid][0], guess.task, guess.value, guess.probability, guess.origin)
        for row in table.rows
        for guess in row.suggested
    )
    write(Suggestion, ("utterance", "task", "value", "probability", "origin"), rows)


def size_of(parts: list[Part]) -> int:
    """How many rows `store_published` tells about."""
    return sum(len(part.table.rows) + part.labels for part in parts)


def _store_expert_labels(
    corpus, table: Table, person, places: Places, advance: table_import.Advance
) -> int:
    """Settled labels and rulings as expert labels; their number."""
    SchemeVersion.of(corpus, scheme_in(table), person)
    who = person and person.pk
    rows = (
        (places[row.uid][0], task, value, who)
        for row in table.rows
        for task, value in (row.labels | row.rulings).items()
        if value
    )
    count = write(ExpertLabel, ("utterance", "task", "value", "person"), rows)
    advance(count)
    return count


def scheme_of(table: Table) -> Scheme:
    """The scheme of a table's labels: our own tasks where all its values fit, else nominal ones
    with the table's values.
    """
    own = {task.key: task for task in FULL.tasks}
    fitting = [key for key in own if set(table.values.get(key, "?")) <= set(own[key].keys)]
    foreign = [key for key in table.values if key not in fitting]
    return Scheme((*(own[key] for key in fitting), *(_foreign(table, key) for key in foreign)))


def scheme_in(table: Table) -> Scheme:
    """The scheme that a table brings, or the one of its labels."""
    return Scheme.from_json(table.scheme, table.rules) if table.scheme else scheme_of(table)


def _foreign(table: Table, key: str) -> Task:
    words = key.replace("_", " ")
    values = tuple(Value(value, {"en": value, "zh": value}) for value in table.values[key])
    return Task(key, {"en": words, "zh": words}, "nominal", values)


def _store_labels(
    corpus,
    source: Source,
    table: Table,
    format_name: str,
    own: str,
    places: Places,
    advance: table_import.Advance,
) -> int:
    """One submission per annotator and dialogue; settled labels are `published_labels`' own. The
    round is called `own` where the table names none.
    """
    rows_of = _judged_rows(table, own)
    settled = not rows_of
    scheme = scheme_in(table)
    labels, rounds, people = 0, {}, {}
    for round_name, name in sorted(rows_of or {(own, "")}, key=lambda k: (k[0], len(k[1]), k[1])):
        if round_name not in rounds:
            rounds[round_name] = _published_round(corpus, source, round_name, scheme, table)
        if settled:
            person, answers = published_labels(), partial(_settled, table)
        else:
            if name not in people:
                people[name] = _annotator(corpus, name, format_name)
            rows = rows_of.pop((round_name, name))
            person, answers = people[name], partial(_judged, rows, own, round_name, name)
        labels += _submit(rounds[round_name], person, answers, places, advance)
    _store_rulings(table, places, next(iter(rounds.values()), None))
    for found in rounds.values():
        found.overlap = max(
            found.assignments.values("dialogue").annotate(n=Count("pk")).values_list("n", flat=True)
        )
        found.save(update_fields=["overlap"])
    return labels


def _judged_rows(table: Table, own: str) -> dict[tuple[str, str], list[Row]]:
    """(round, annotator) -> the rows that the annotator judged there, in order."""
    rows_of: dict[tuple[str, str], list[Row]] = {}
    for row in table.rows:
        for key in dict.fromkeys((judged.round or own, judged.annotator) for judged in row.judged):
            rows_of.setdefault(key, []).append(row)
    return rows_of


Answer = tuple[Row, str, str, int | None, float]  # row, task, value, confidence, seconds


def _settled(table: Table) -> Iterator[Answer]:
    return (
        (row, task, value, None, 0.0) for row in table.rows for task, value in row.labels.items()
    )


def _judged(rows: list[Row], own: str, round_name: str, annotator: str) -> Iterator[Answer]:
    return (
        (row, judged.task, judged.value, judged.confidence, judged.seconds)
        for row in rows
        for judged in row.judged
        if judged.annotator == annotator and (judged.round or own) == round_name
    )


def _annotator(corpus, name: str, format_name: str) -> Person:
    """The account that stands for an annotator of another tool, or of a release; nobody can sign
    in with it.
    """
    kind = "released" if format_name == "shengqing" else "imported"
    person, made = Person.objects.get_or_create(
        username=f"{kind}-{corpus.pk}-{name}",
        defaults={"name": name, "is_active": False},
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
    if len(name) > LONGEST_NAMES["round"]:
        raise UserError(
            gettext_noop(
                "The round “%(round)s” would have a name of more than %(most)d characters. Give it"
                " a shorter one."
            ),
            round=name,
            most=LONGEST_NAMES["round"],
        )
    stored = table.rounds.get(name, {})
    if not stored and any(j.value == CANNOT_TELL for row in table.rows for j in row.judged):
        stored = {"cannot_tell": True}
    published, made = Round.objects.get_or_create(
        corpus=corpus,
        name=name,
        defaults={
            "published": True,
            "overlap": 1,
            "scheme_version": SchemeVersion.of(corpus, scheme),
            **_options(corpus, stored),
        },
    )
    if made and published.consensus != Round.Consensus.MAJORITY:
        Report.request(None, published, Report.Kind.RELIABILITY)
    _refuse_other_scheme(source.title, published, scheme)
    return published


def refuse_conflicts(corpus, format_name: str, parts: list[Part], target: Target) -> None:
    """Raise the UserError that `store_published` would raise for what is in the corpus by now."""
    titles: set[str] = set()
    for part in parts:
        table_import.refuse_known(corpus, part.path, part.table, part.title)
        if part.title in titles:
            raise UserError(
                gettext_noop("Two of the files are called %(file)s. Rename one of them."),
                file=part.title,
            )
        titles.add(part.title)
        directed = target.directed(part.table)
        names = {judged.round for row in directed.rows for judged in row.judged} or {""}
        own = target.round or f"{format_name} (published)"
        there = Round.objects.filter(corpus=corpus, published=True)
        if replace(part, table=directed).labels:
            for published in there.filter(name__in=[name or own for name in names]):
                _refuse_other_scheme(part.title, published, scheme_in(part.table))


def _refuse_other_scheme(title: str, published: Round, scheme: Scheme) -> None:
    strange = set(scheme.keys) - set(published.scheme.keys)
    if strange:
        raise UserError(
            gettext_noop(
                "%(file)s: “%(round)s” has no task %(tasks)s. Import this file into a separate"
                " corpus."
            ),
            file=title,
            round=published.name,
            tasks=", ".join(sorted(strange)),
        )
    for task in scheme.tasks:
        other = set(task.keys) - set(published.scheme[task.key].keys)
        if other:
            raise UserError(
                gettext_noop(
                    "%(file)s: %(task)s in “%(round)s” has no value %(values)s. Import all"
                    " files of the corpus at once, or this file into a separate corpus."
                ),
                file=title,
                round=published.name,
                values=", ".join(sorted(other)),
                task=task.key,
            )


def _options(corpus, stored: dict[str, Any]) -> dict[str, Any]:
    """What a release says of a round and we know; nothing else is taken."""
    found: dict[str, Any] = {}
    known = {"view": Round.View, "order": Round.Order, "consensus": Round.Consensus}
    for name, choices in known.items():
        if stored.get(name) in choices.values:
            found[name] = stored[name]
    for name in ("confidence", "cannot_tell"):
        found[name] = stored.get(name) is True
    if isinstance(stored.get("guideline"), str) and stored["guideline"]:
        found["guideline"] = Guideline.draw_up(None, corpus, stored["guideline"])
    return found


def _submit(
    published: Round,
    person: Person,
    answers: Callable[[], Iterator[Answer]],
    places: Places,
    advance: table_import.Advance,
) -> int:
    """Store the answers of one person; their number."""
    dialogues = list(dict.fromkeys(places[row.uid][1] for row, *_answer in answers()))
    ids = reserve_ids(Assignment, len(dialogues))
    assigned = (
        (pk, published.pk, dialogue, person.pk, SUBMITTED)
        for pk, dialogue in zip(ids, dialogues, strict=True)
    )
    write(Assignment, ("id", "round", "dialogue", "person", "state"), assigned)
    write(Submission, ("assignment",), ((pk,) for pk in ids))
    assignment_of = dict(zip(dialogues, ids, strict=True))
    judgements = (
        (assignment_of[places[row.uid][1]], places[row.uid][0], task, value, confidence, seconds)
        for row, task, value, confidence, seconds in answers()
    )
    count = 0
    for part in batches(judgements, BATCH):
        count += write(Judgement, JUDGED, part)
        advance(len(part))
    return count


def _store_rulings(table: Table, places: Places, published: Round | None) -> None:
    if published is None or not any(row.rulings for row in table.rows):
        return
    where, who = published.pk, published_labels().pk
    rows = (
        (where, places[row.uid][0], task, value, VERDICT if value else AMBIGUOUS, who)
        for row in table.rows
        for task, value in row.rulings.items()
    )
    write(Adjudication, ("round", "utterance", "task", "value", "verdict", "person"), rows)
