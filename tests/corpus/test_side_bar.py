"""The counts of the side bar, which are asked by statements that are composed once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.places import CappedCount, places
from corpus.side_bar import SHOWN, waiting_counts
from people.models import Person
from tests.factories import make_corpus, make_judged_round, make_member, make_person, make_round

pytestmark = pytest.mark.django_db


def composed_anew(person, corpus, shown):
    rows = {one: CappedCount(one.waiting(person, corpus.pk)) for one in shown if one.waiting}
    query = Person.objects.filter(pk=person.pk).values_list(*rows.values())
    return dict(zip(rows, query.get(), strict=True))


def test_they_are_those_of_the_person_and_the_corpus_that_are_asked_for(lead):
    corpora = [make_corpus(make_person(name)) for name in ("first", "second")]
    people = [lead]
    for corpus in corpora:
        people.append(make_member(corpus))
        make_judged_round(corpus)
        make_round(corpus, [people[-1]])
        corpus.memberships.create(person=lead, role="lead")
    for role in ("annotator", "adjudicator", "lead"):
        shown = [one for one in places() if one.group in SHOWN and one.is_for(lead, role)]
        for corpus in corpora:
            for person in people:
                with CaptureQueriesContext(connection) as asked:
                    found = waiting_counts(person, corpus, shown)
                assert found == composed_anew(person, corpus, shown) and len(asked) == 1
                assert person == lead or sum(found.values())
