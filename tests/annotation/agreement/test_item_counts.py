"""Items and tally, kept up to date, beside a count from scratch."""

import random
import threading
from collections import Counter
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.adjudication import adjudicate
from annotation.agreement import item_counts
from annotation.agreement.coefficients import alpha
from annotation.agreement.measures import live, measure
from annotation.agreement.tally import Totals, tally_of
from annotation.models import Adjudication, Item, Round, Tally
from annotation.queue.dispatch import claim_next
from annotation.republishing import republish
from annotation.scheme import DEFAULT
from annotation.withdrawal import reinstate, withdraw
from core.errors import UserError
from corpus.models import Dialogue
from tests.annotation.test_republishing import edit
from tests.examples import examples
from tests.factories import (
    ANSWERS,
    items_of,
    judge,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    open_round,
)  # fmt: skip

pytestmark = pytest.mark.django_db


def kept(opened):
    item_counts.catch_up(opened)
    return Counter(item_counts.kept(opened))


def check(opened):
    """What is kept equals a count from scratch."""
    assert kept(opened) == item_counts.recount(opened)
    rows = item_counts._submitted_answers(opened)
    stored = {(i.utterance_id, i.task): i.given for i in Item.objects.filter(round=opened)}
    assert stored == {(u, task): who for u, tasks in rows.items() for task, who in tasks.items()}


@settings(
    deadline=None,
    max_examples=examples(12),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=30), st.randoms(use_true_random=False))
def test_whatever_happens_the_tally_is_a_recount(db, steps, rng):
    """Hand-ins, withdrawals, reinstatements, edits and looks in any order."""
    corpus = make_corpus()
    for _ in range(4):
        make_dialogue(corpus)
    people = [make_member(corpus) for _ in range(3)]
    opened = open_round(corpus, people, cannot_tell=True)
    lead = corpus.memberships.get(role="lead").person
    for step in steps:
        place = rng.choice(list(opened.round_items.select_related("dialogue", "round")))
        if step < 5:
            seat = rng.choice(list(opened.participants.select_related("round", "person")))
            if assignment := claim_next(seat):
                judge(assignment, **answers(rng))
        elif step == 5:
            withdraw(place, lead, "broken")
        elif step == 6:
            reinstate(place, lead)
        elif step == 7:
            dialogue = Dialogue.objects.get(pk=place.dialogue_id)
            edit(dialogue, lead, *rng.sample(["第1句", "完全不同", "又不一样", "第2句"], 2))
            republish(dialogue, lead)
        else:
            item_counts.catch_up(opened, most=1)
    check(opened)


def answers(rng):
    given = {task.key: rng.choice(task.keys) for task in DEFAULT.tasks}
    if rng.random() < 0.2:
        given["emotion"] = "cannot_tell"
        given["emotion_sentiment"] = ""
    return given


def test_live_equals_what_is_computed_from_the_judgements(corpus):
    opened = make_judged_round(corpus, dialogues=6, annotators=3)
    computed = measure([opened], opened.scheme, replicates=50)
    for now, then in zip(live(opened), computed, strict=True):
        assert now.units == then.units and now.judgements == then.judgements
        for name, row in now.coefficients.items():
            assert row["value"] == pytest.approx(then.coefficients[name]["value"], abs=1e-12)
        assert now.agreed == (then.agreed and {k: then.agreed[k] for k in now.agreed})


def test_a_look_counts_a_few_dialogues_and_says_what_is_left(corpus):
    opened = make_judged_round(corpus, dialogues=20, annotators=2)
    assert item_counts.catch_up(opened, most=8) == 24
    assert item_counts.catch_up(opened) == 0
    assert Tally.objects.get(round=opened, part="").submissions == 40


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plans of SQLite")
def test_counting_a_dialogue_does_not_look_through_its_round(corpus):
    """SQLite takes an index of the round where a few rows are asked for in the order of their ids:
    the first count of a million utterances would take hours.
    """
    opened = make_judged_round(corpus, dialogues=3, annotators=2)
    dialogues = list(opened.round_items.values_list("dialogue", flat=True))[:2]
    with CaptureQueriesContext(connection) as asked:
        item_counts.count_dialogues(opened, dialogues)
    plans = []
    for query in asked.captured_queries:
        if query["sql"].startswith(("SELECT", "UPDATE")):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}".replace("%", "%%"))
                plans += [row[3] for row in cursor.fetchall() if "_assignment" in row[3]]
    assert plans and [plan for plan in plans if plan.endswith("(round_id=?)")] == []


def test_the_tally_does_not_grow_with_the_judgements(corpus):
    sizes = []
    for dialogues in (4, 12):
        opened = make_judged_round(make_corpus(), dialogues=dialogues, annotators=2)
        sizes.append(len(kept(opened)))
    assert sizes[0] == sizes[1]


def test_parents_that_agree():
    """Two utterances, on one of which the annotators differ about the emotion."""
    same = {"sentiment": {1: "negative", 2: "negative"}, "emotion": {1: "joy", 2: "joy"}}
    apart = {"sentiment": {1: "negative", 2: "negative"}, "emotion": {1: "joy", 2: "fear"}}
    moved = {"emotion_sentiment": {1: "-1", 2: "1"}}
    totals = Totals(tally_of({1: same | moved, 2: apart | moved}, DEFAULT), DEFAULT)
    task = DEFAULT["emotion_sentiment"]
    assert int(totals.pairs(task).pairable) == 2 and int(totals.pairs(task, "a").pairable) == 1
    assert totals.joint(task).sum() == 4 and totals.joint(task)[0, 0].sum() == 3
    assert totals.confusions(task)[1, 2][1, 3] == 2
    assert totals.given(DEFAULT["emotion"])[2].tolist() == [1, 0, 0, 1, 0, 0, 0]
    assert float(alpha(totals.pairs(DEFAULT["emotion"]), "nominal")) == pytest.approx(0)


def test_a_decision_sends_an_item_back_to_one_more_person(corpus, lead):
    make_dialogue(corpus, size=1)
    people = [make_member(corpus) for _ in range(3)]
    opened = open_round(corpus, people, overlap=2)
    seats = list(opened.participants.select_related("round", "person"))
    judge(claim_next(seats[0]), emotion="joy")
    judge(claim_next(seats[1]), emotion="fear")
    item = items_of(opened, "emotion")[0]
    assert item.open and item.kind == "contested" and item.disagreement == 1
    assert claim_next(seats[2]) is None
    adjudicate(lead, opened, item.utterance, "emotion", verdict="again")
    assert not items_of(opened, "emotion")[0].open and opened.share_done() == (2, 3)
    judge(claim_next(seats[2]), emotion="joy")
    item = items_of(opened, "emotion")[0]
    assert (item.kind, item.gold, item.verdict) == ("majority", "joy", "")
    assert opened.share_done() == (3, 3) and claim_next(seats[2]) is None
    opened.close(lead)
    with pytest.raises(UserError, match="closed"):
        closed = Round.objects.get(pk=opened.pk)
        adjudicate(lead, closed, item.utterance, "emotion", verdict="again")


def test_decisions_are_revised_and_taken_back_and_none_is_lost(corpus, lead):
    opened = make_judged_round(corpus, dialogues=2)
    item = next(item for item in items_of(opened, "emotion") if item.open)

    def now(*args, **more):
        adjudicate(lead, opened, item.utterance, "emotion", *args, **more)
        found = Item.objects.get(round=opened, utterance=item.utterance, task="emotion")
        return found.gold, found.provenance, found.open

    assert now("fear", reason="trembles", error="context") == ("fear", "adjudicated", False)
    assert now(verdict="ambiguous") == (None, "ambiguous", False)
    assert now(verdict="none") == (None, "contested", True)
    assert now("joy") == ("joy", "adjudicated", False)
    assert [row.verdict for row in Adjudication.objects.all()] == [
        "value", "ambiguous", "none", "value"
    ]  # fmt: skip
    item_counts.count_dialogues(opened, [item.utterance.dialogue_id])
    again = Item.objects.get(round=opened, utterance=item.utterance, task="emotion")
    assert again.gold == "joy"  # counting anew keeps what was decided


def test_a_shuffle_of_submits_gives_the_same_tally(corpus):
    one = make_judged_round(corpus, dialogues=5, annotators=2)
    whole = kept(one)
    Item.objects.all().delete()
    Tally.objects.all().delete()
    one.assignments.update(counted=False)
    dialogues = list(one.assignments.values_list("dialogue", flat=True).distinct())
    random.Random(1).shuffle(dialogues)
    for dialogue in dialogues:
        item_counts.count_dialogues(one, [dialogue])
    assert kept(one) == whole
    assert set(ANSWERS) == {item.task for item in items_of(one)}


@pytest.mark.django_db(transaction=True)
def test_many_submit_while_two_look_and_a_lead_withdraws():
    """Threads against the database as it is; what is kept equals a recount in the end."""
    corpus = make_corpus()
    for _ in range(12):
        make_dialogue(corpus)
    people = [make_member(corpus) for _ in range(4)]
    opened = open_round(corpus, people, overlap=3, cannot_tell=True)
    lead = corpus.memberships.get(role="lead").person
    over, faults = threading.Event(), []

    def thread(act):
        def work():
            try:
                act()
            except Exception as error:
                faults.append(error)
                raise
            finally:
                connection.close()

        return threading.Thread(target=work)

    def submit_all(seat, seed):
        rng = random.Random(seed)
        while assignment := claim_next(seat):
            try:
                judge(assignment, **answers(rng))
            except UserError:  # withdrawn meanwhile
                continue

    def look():
        while not over.is_set():
            item_counts.catch_up(Round.objects.get(pk=opened.pk), most=2)

    def change_ones_mind():
        rng = random.Random(1)
        while not over.is_set():
            place = rng.choice(list(opened.round_items.select_related("dialogue", "round")))
            withdraw(place, lead, "broken")
            reinstate(place, lead)

    seats = opened.participants.select_related("round", "person")
    working = [thread(partial(submit_all, seat, n)) for n, seat in enumerate(seats)]
    watching = [thread(look), thread(look), thread(change_ones_mind)]
    for each in [*working, *watching]:
        each.start()
    for each in working:
        each.join()
    over.set()
    for each in watching:
        each.join()
    assert faults == []
    check(opened)
    counted = opened.assignments.filter(state="submitted").count()
    assert counted == Tally.objects.get(round=opened, part="").submissions > 0
