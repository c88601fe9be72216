"""Statements that are composed once: the same rows as the ORM, on either database."""

import datetime
import uuid

import pytest
from django.db.models import Q
from django.utils import timezone

from annotation.models import Assignment, Judgement
from core.statements import Prepared, insert, true_if
from people.models import Event, Person
from tests.factories import make_dialogue, make_member, make_person, make_round

NAMED = Prepared(
    lambda name, least: Person.objects.filter(username=name, pk__gte=least).values_list(
        "pk", "username", true_if(Q(is_active=True))
    )
)
SINCE = Prepared(lambda at: Event.objects.filter(at__gte=at).order_by("pk").values_list("verb"))
WHOLE = Prepared(lambda name: Person.objects.filter(username=name))
RENAME = Prepared(lambda pk, name: (Person.objects.filter(pk=pk), {"name": name}))


@pytest.mark.django_db
def test_values_go_where_their_markers_stood():
    found = [make_person(f"p{n}") for n in range(3)]
    for person in found:
        assert NAMED.rows(person.username, 0) == [(person.pk, person.username, True)]
        assert NAMED.first(person.username, person.pk + 1) is None
    assert RENAME.run(found[1].pk, "林岚") == 1 and RENAME.run(0, "nobody") == 0
    assert Person.objects.get(pk=found[1].pk).name == "林岚"


@pytest.mark.django_db
def test_whole_rows_are_what_the_orm_reads():
    made = make_person("p", is_superuser=True)
    Person.objects.filter(pk=made.pk).update(last_login=timezone.now())
    read, known = WHOLE.instance("p"), Person.objects.get(pk=made.pk)
    names = [field.attname for field in Person._meta.concrete_fields]
    assert [getattr(read, name) for name in names] == [getattr(known, name) for name in names]
    assert read == known and read.is_superuser is True and not read._state.adding
    read.name = "林岚"
    read.save()
    assert Person.objects.get(pk=made.pk).name == "林岚"
    assert WHOLE.instance("nobody") is None


@pytest.mark.django_db
def test_times(corpus, lead):
    before = timezone.now()
    Event.note(lead.pk, "look", corpus_thing(corpus))
    assert ("look",) in SINCE.rows(before)
    assert SINCE.rows(timezone.now() + datetime.timedelta(seconds=1)) == []
    event = Event.objects.get(verb="look")
    assert event.person == lead and event.corpus_id == corpus.pk and event.noun == "dialogue"


def corpus_thing(corpus):
    return make_dialogue(corpus)


@pytest.mark.django_db
def test_what_is_inserted_is_what_the_orm_reads_and_a_twin_is_left_out(corpus):
    make_dialogue(corpus)
    work = make_round(corpus, [make_member(corpus)]).assignments.get()
    utterance, client_id = work.dialogue.utterances.first(), uuid.uuid4()
    row = {
        "assignment": work.pk, "utterance": utterance.pk, "task": "emotion", "value": "joy",
        "client_id": client_id, "confidence": None, "seconds": 1.5, "at": timezone.now(),
    }  # fmt: skip
    other = row | {"client_id": uuid.uuid4(), "value": "fear"}
    first = insert(Judgement, [row])
    second = insert(Judgement, [row, other])
    assert len(first) == len(second) == 1
    stored = Judgement.objects.order_by("pk")
    assert [judgement.pk for judgement in stored] == first + second
    assert stored[0].client_id == client_id and stored[0].confidence is None
    assert stored[0].at == row["at"] and stored[1].value == "fear"
    assert Assignment.objects.get().answers() == {utterance.pk: {"emotion": "fear"}}
