"""Rounds from before the queue: their assignments become places and participants."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from annotation.models import Assignment, Participant, RoundItem, Submission
from annotation.queue.dispatch import claim_next
from tests.factories import judge, make_corpus, make_dialogue, make_member, make_person, make_round


@pytest.mark.django_db(transaction=True)
def test_an_old_round_goes_on(django_db_serialized_rollback):
    corpus = make_corpus(make_person("lead"))
    make_dialogue(corpus), make_dialogue(corpus)
    people = [make_member(corpus), make_member(corpus)]
    opened = make_round(corpus, people)
    judge(opened.assignments.first())
    before = set(Assignment.objects.values_list("dialogue", "person", "state"))
    try:
        MigrationExecutor(connection).migrate([("annotation", "0001_initial")])
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    assert set(Assignment.objects.values_list("dialogue", "person", "state")) == before
    assert Submission.objects.count() == 1
    assert [(p.given, p.open) for p in RoundItem.objects.all()] == [(2, False), (2, False)]
    assert {p.person for p in Participant.objects.all()} == set(people)
    for seat in Participant.objects.select_related("round", "person"):
        while work := claim_next(seat):
            judge(work)
    assert opened.share_done() == (4, 4)
