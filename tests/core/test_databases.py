"""Our two database backends: writers in turn on SQLite, kept connections on PostgreSQL."""

import os
import threading
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from people.models import Event
from tests.factories import make_person
from tests.waiting import LIMIT, wait_until

only = {
    vendor: pytest.mark.skipif(connection.vendor != vendor, reason=f"this is not {vendor}")
    for vendor in ("sqlite", "postgresql")
}


@pytest.mark.django_db(transaction=True)
def test_many_writers_lose_nothing():
    person = make_person()

    def write():
        try:
            for _ in range(20):
                with transaction.atomic():
                    Event.objects.create(person=person, verb="look", noun="x", noun_id=1)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Event.objects.count() == 160


@only["sqlite"]
@pytest.mark.django_db(transaction=True)
def test_the_turn_is_given_back_however_a_transaction_ends():
    with pytest.raises(ValueError), transaction.atomic():
        raise ValueError
    assert not connection.has_turn
    with transaction.atomic():
        assert connection.has_turn
        with transaction.atomic():
            make_person()
        assert connection.has_turn
    assert not connection.has_turn
    with pytest.raises(IntegrityError):
        connection.cursor().execute("INSERT INTO people_person DEFAULT VALUES")
    assert not connection.has_turn
    connection.close()
    assert not connection.has_turn


@only["sqlite"]
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("alone", [False, True], ids=["in a transaction", "a statement alone"])
def test_a_writer_that_waits_goes_on_when_it_is_its_turn(alone):
    done = []

    def write():
        try:
            make_person("late")
            done.append("late")
        finally:
            connection.close()

    with transaction.atomic():
        make_person("early")
        waiting = threading.Thread(target=write if alone else lambda: _in_transaction(write))
        waiting.start()
        wait_until(somebody_waits_for_the_turn, "the second writer to wait")
        assert done == []
    waiting.join(LIMIT)
    assert done == ["late"]


def somebody_waits_for_the_turn():
    """Whether the kernel has a thread or process that waits for the lock on the turn's file."""
    file = os.fstat(connection.turns).st_ino
    return any("->" in line and f":{file} " in line for line in locks())


def locks():
    return Path("/proc/locks").read_text().splitlines()


def _in_transaction(act):
    with transaction.atomic():
        act()


@only["postgresql"]
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_has_closed_is_noticed():
    make_person()
    assert connection.is_usable()
    pid = connection.connection.info.backend_pid
    gone = connection.copy()
    with gone.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    gone.close()
    wait_until(lambda: not connection.is_usable(), "the server to close the connection")
    connection.close()
    make_person()
