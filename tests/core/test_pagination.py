"""Counts of many querysets in one statement."""

import pytest

from core.pagination import at_most, capped, counts_at_once, up_to
from people.models import Person
from tests.factories import make_corpus, make_member

pytestmark = pytest.mark.django_db


def test_many_counts_are_asked_at_once(lead, django_assert_num_queries):
    corpora = [make_corpus(lead), make_corpus(lead)]
    for corpus in corpora:
        make_member(corpus)
    people = Person.objects.all()
    memberships = corpora[0].memberships.all() | corpora[1].memberships.all()
    rows = {
        "all": people,
        "one": people.filter(username="100% lead"),
        "none": people.none(),
        "some": up_to(people, 1),
        "distinct": memberships.order_by().values("person").distinct(),
        "union": people.filter(pk=lead.pk).union(people.exclude(pk=lead.pk)),
    }
    apart = {name: each.count() for name, each in rows.items()}
    with django_assert_num_queries(1):
        found = counts_at_once(rows)
    assert found == apart == {"all": 3, "one": 0, "none": 0, "some": 2, "distinct": 3, "union": 3}
    assert capped(found["some"], 1) == at_most(people, 1) == (1, True)
    with django_assert_num_queries(0):
        assert counts_at_once({"none": people.none()}) == {"none": 0}
