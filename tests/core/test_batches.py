"""Rows written as tuples are what the ORM would have written, on either database."""

import datetime
import uuid

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.models import (
    Adjudication,
    Assignment,
    ExpertLabel,
    Judgement,
    Submission,
    Suggestion,
)
from core.batches import reserve_ids, write
from corpus.models import Dialogue, ImportProblem, Publication, Utterance
from corpus.search import LONGEST
from tests.examples import examples
from tests.factories import make_corpus, make_dialogue, make_member, make_person, make_round

pytestmark = pytest.mark.django_db
HOSTILE = [
    "", "\\N", "\\.", "\\", "a\tb", "line\nend\r\n", "%s %(x)s", "'\"`;--", "NULL", "{}",
    "\x01\x7f", "真巧啊，又是你。", "😀", "\u2028", "İSTANBUL ﬃ", "後來",
    "x" * (LONGEST + 3), "字" * LONGEST,
]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
)
DAY = datetime.datetime(2026, 3, 29, 1, 30, 0, 123456, datetime.UTC)
ABROAD = datetime.timezone(datetime.timedelta(hours=8))


def stored(model, pks):
    """The rows as they stand in the database, without what differs from row to row."""
    own = ("id", "client_id", "at", "given_at")
    with connection.cursor() as cursor:
        names = [f.column for f in model._meta.concrete_fields if f.column not in own]
        quoted = ", ".join(map(connection.ops.quote_name, names))
        listed = ", ".join(map(str, pks))
        cursor.execute(
            f"SELECT {quoted} FROM {model._meta.db_table} WHERE id IN ({listed}) ORDER BY id"
        )
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def both_ways(model, names, rows, later=()):
    """Rows by the ORM, and the same by `write`; `later` replaces (place, by) what is unique."""
    with transaction.atomic():
        attnames = [model._meta.get_field(name).attname for name in names]
        made = model._base_manager.bulk_create(
            model(**dict(zip(attnames, row, strict=True))) for row in rows
        )
        for place, by in later:
            rows = [(*row[:place], by(row[place]), *row[place + 1 :]) for row in rows]
        ids = reserve_ids(model, len(rows))
        whole = ((pk, *row) for pk, row in zip(ids, rows, strict=True))
        assert write(model, ("id", *names), whole) == len(rows)
    return stored(model, [row.pk for row in made]), stored(model, ids)


def without(rows, *names):
    return [{k: v for k, v in row.items() if k not in names} for row in rows]


@pytest.fixture
def world():
    lead = make_person()
    corpus = make_corpus(lead)
    first, second = make_dialogue(corpus, size=3), make_dialogue(corpus, size=3)
    annotation_round = make_round(corpus, [make_member(corpus)])
    return corpus, lead, first, second, annotation_round


def test_work_and_judgements(world):
    corpus, lead, first, second, annotation_round = world
    names = ("round", "dialogue", "person", "state", "expires_at", "gold", "attention")
    other = make_person()
    attention = {"task": "\\N\n\t", "时": [1, None, True, 1.5]}
    rows = [
        (annotation_round.pk, first.pk, lead.pk, "submitted", None, True, attention),
        (annotation_round.pk, second.pk, lead.pk, "held", DAY.astimezone(ABROAD), False, {}),
    ]
    orm, written = both_ways(Assignment, names, rows, [(2, lambda _pk: other.pk)])
    assert without(orm, "person_id") == without(written, "person_id")
    assert Assignment.objects.filter(person=other, expires_at=DAY).count() == 1

    made, brought = (
        list(Assignment.objects.filter(person=who).order_by("pk").values_list("pk", flat=True))
        for who in (lead, other)
    )
    orm, written = both_ways(
        Submission,
        ("assignment",),
        [(pk,) for pk in made],
        [(0, dict(zip(made, brought, strict=True)).get)],
    )
    assert without(orm, "assignment_id") == without(written, "assignment_id")
    names = ("assignment", "utterance", "task", "value", "confidence", "seconds")
    utterances = [u.pk for u in first.utterances.all()]
    rows = [
        (made[0], utterances[n % 3], f"task {n}", text[:40], (None, 1, 3)[n % 3], n / 7)
        for n, text in enumerate(HOSTILE)
    ]
    before = timezone.now()
    orm, written = both_ways(Judgement, names, rows)
    assert orm == written
    client_ids = list(Judgement.objects.values_list("client_id", flat=True))
    assert len(set(client_ids)) == len(client_ids) == 2 * len(rows)
    assert {(i.version, i.variant) for i in client_ids} == {(4, uuid.RFC_4122)}
    latest = Judgement.objects.order_by("-pk").first()
    assert before <= latest.at <= timezone.now()


def test_what_else_comes_in_with_a_corpus(world):
    corpus, lead, first, _second, annotation_round = world
    utterances = [u.pk for u in first.utterances.all()]
    texts = [text[:40] for text in HOSTILE]
    cases = {
        Suggestion: (
            ("utterance", "task", "value", "probability", "origin"),
            [(utterances[0], text, text, 0.25, text) for text in texts],
        ),
        ExpertLabel: (
            ("utterance", "task", "value", "person"),
            [(utterances[1], "t", text, (lead.pk, None)[n % 2]) for n, text in enumerate(texts)],
        ),
    }
    for model, (names, rows) in cases.items():
        orm, written = both_ways(model, names, rows)
        assert orm == written and len(orm) == len(rows), model
    names = ("round", "utterance", "task", "value", "verdict", "person")
    orm, written = both_ways(
        Adjudication,
        names,
        [(annotation_round.pk, utterances[0], text, "joy", "value", lead.pk) for text in texts[1:]],
        [(1, lambda _pk: utterances[1])],
    )
    assert without(orm, "utterance_id") == without(written, "utterance_id")
    names = ("source", "line", "column", "value", "outcome", "reason", "details")
    details = {"found": "\\N\t", "n": 1}
    rows = [(first.source_id, n, t, t, "rejected", t, details) for n, t in enumerate(HOSTILE[:12])]
    orm, written = both_ways(ImportProblem, names, rows)
    assert orm == written


def test_dialogues(world):
    corpus, lead, first, _second, _round = world
    names = ("corpus", "source", "uid", "number", "split", "start", "end")
    rows = [
        (corpus.pk, first.source_id, f"é\\{n} {text[:80]}", n, "train", 0.0, (None, n / 3)[n % 2])
        for n, text in enumerate(HOSTILE, 1)
    ]
    orm, written = both_ways(Dialogue, names, rows, [(2, lambda uid: f"{uid}+")])
    assert [row["uid"] + "+" for row in orm] == [row["uid"] for row in written]
    found = Dialogue.objects.filter(uid__endswith="+")
    orm_search = [Dialogue(uid=row.uid) for row in found]
    for row in orm_search:
        Dialogue._meta.get_field("search").pre_save(row, add=True)
    assert [row.search for row in found] == [row.search for row in orm_search]
    assert without(orm, "uid", "search") == without(written, "uid", "search")
    dialogues = list(found.values_list("pk", flat=True))
    before = timezone.now()
    write(Publication, ("dialogue", "person"), [(pk, lead.pk) for pk in dialogues])
    publications = Publication.objects.filter(dialogue__in=dialogues)
    assert {p.person_id for p in publications} == {lead.pk}
    assert all(before <= p.at <= timezone.now() for p in publications)


def indexed(pks):
    """What the search index holds of each of the utterances, in their order."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # an index over a function of the column
            cursor.execute(
                "SELECT corpus_grams_of(search) FROM corpus_utterance WHERE id = ANY(%s)"
                " ORDER BY id",
                [pks],
            )
            return [sorted(grams) for (grams,) in cursor.fetchall()]
        cursor.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.held USING"
            " fts5vocab(main, 'corpus_grams', 'instance')"
        )
        cursor.execute("SELECT doc, term FROM temp.held")
        held = {}
        for doc, term in cursor.fetchall():
            held.setdefault(doc, set()).add(term)
        cursor.execute("DROP TABLE temp.held")
        return [sorted(held.get(pk, ())) for pk in pks]


@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_utterances_and_their_search_index(world, texts):
    corpus, _lead, first, second, _round = world
    with transaction.atomic():
        values = [
            (number, f"u{number}", text, translation, bool(number % 2), None, number / 3)
            for number, (text, translation) in enumerate(texts, 10)
        ]
        names = ("number", "uid", "text", "translation", "machine", "start", "end")
        made = Utterance.objects.bulk_create(
            Utterance(
                corpus_id=corpus.pk, dialogue_id=first.pk, **dict(zip(names, row, strict=True))
            )
            for row in values
        )
        ids = reserve_ids(Utterance, len(values))
        Utterance.write(
            (pk, corpus.pk, second.pk, number, uid, None, *rest)
            for pk, (number, uid, *rest) in zip(ids, values, strict=True)
        )
        old = [row.pk for row in made]
        orm, written = stored(Utterance, old), stored(Utterance, ids)
        assert without(orm, "dialogue_id") == without(written, "dialogue_id")
        assert indexed(old) == indexed(ids)
        transaction.set_rollback(True)


def test_all_the_hostile_texts_are_indexed_as_before(world):
    test_utterances_and_their_search_index.hypothesis.inner_test(
        world, [(text, text) for text in HOSTILE]
    )


def test_a_reserved_id_is_given_to_nobody_else(world):
    _corpus, lead, first, _second, _round = world
    utterance = first.utterances.first()
    assert ExpertLabel.objects.count() == 0
    with transaction.atomic():
        ids = reserve_ids(ExpertLabel, 3) + reserve_ids(ExpertLabel, 2)
    assert ids == sorted(set(ids)) and len(ids) == 5
    names = ("utterance", "task", "value")
    made = ExpertLabel.objects.create(utterance=utterance, task="a", value="b", person=lead)
    write(ExpertLabel, ("id", *names), [(pk, utterance.pk, "a", "c") for pk in ids])
    write(ExpertLabel, names, [(utterance.pk, "a", "d")])  # with an id of the database's own
    later = ExpertLabel.objects.create(utterance=utterance, task="a", value="e", person=lead)
    free = ExpertLabel.objects.exclude(pk__in=ids).order_by("pk")
    assert [row.value for row in free] == ["b", "d", "e"]
    assert made.pk > ids[-1] and later.pk > made.pk


def test_nothing_to_write(world):
    with transaction.atomic():
        assert reserve_ids(ExpertLabel, 0) == []
        assert write(ExpertLabel, ("utterance",), []) == 0
        Utterance.write([])


def test_after_a_failure_rows_are_indexed_again(world):
    corpus, _lead, first, second, _round = world
    with pytest.raises(Exception, match="(?i)unique|duplicate"), transaction.atomic():
        ids = reserve_ids(Utterance, 2)
        Utterance.write(
            (pk, corpus.pk, second.pk, 70, "same", None, "鲸鱼", "", False, None, None)
            for pk in ids
        )
    assert not Utterance.objects.filter(uid="same").exists()
    row = Utterance.objects.create(corpus=corpus, dialogue=first, number=71, uid="n", text="鲸鱼")
    assert indexed([row.pk]) != [[]]
