"""Reading one moment of the database while others write."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from core.snapshot import database_snapshot
from people.models import Person
from tests.factories import make_person
from tests.waiting import LIMIT


def elsewhere(act):
    """Do something on a connection of its own, which must not have to wait for this one."""
    failed = []

    def work():
        try:
            act()
        except BaseException as error:  # told to the test
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(LIMIT)
    assert not thread.is_alive() and failed == []


def in_transaction(act):
    with transaction.atomic():
        act()


@pytest.mark.django_db(transaction=True)
def test_what_others_write_is_not_seen_and_they_do_not_wait():
    make_person("before")
    with database_snapshot():
        elsewhere(lambda: in_transaction(lambda: make_person("meanwhile")))
        assert list(Person.objects.values_list("username", flat=True)) == ["before"]
        elsewhere(lambda: Person.objects.all().update(name="other"))
        assert Person.objects.get().name == ""
    assert Person.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_nothing_can_be_written_in_it_but_aside_and_afterwards():
    with pytest.raises(DatabaseError), database_snapshot():
        make_person("inside")
    with database_snapshot() as aside:
        assert aside(make_person, "aside").pk
        assert not Person.objects.exists()
        with pytest.raises(ValueError, match="told"):
            aside(_fail)
    make_person("afterwards")
    assert Person.objects.count() == 2


def _fail():
    raise ValueError("told")


@pytest.mark.django_db(transaction=True)
def test_it_ends_where_the_work_in_it_fails():
    with pytest.raises(ValueError), database_snapshot():
        raise ValueError
    assert not connection.in_atomic_block
    with transaction.atomic():
        make_person()


@pytest.mark.django_db
def test_inside_a_transaction_it_is_a_part_of_it():
    make_person("uncommitted")
    with database_snapshot() as aside:
        assert Person.objects.get().username == "uncommitted"
        aside(make_person, "another")
        assert Person.objects.count() == 2
