"""A PostgreSQL that ends in the middle of a request: a sentence, nothing half saved."""

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection
from django.urls import reverse

from annotation import answers
from annotation.models import Submission
from core.database_outage import AWAY, is_database_away
from people.models import Event
from tests.factories import judge, make_corpus, make_dialogue, make_member, make_round
from tests.ports import free_port

only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="not PostgreSQL")


def terminate():
    """End the connection of this thread from the server's side, as a server that stops does."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    other.close()


@only_postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_submission_is_not_half_saved_and_can_be_sent_again(client_of, monkeypatch, accept):
    corpus = make_corpus()
    make_dialogue(corpus)
    assignment = make_round(corpus, [make_member(corpus)]).assignments.get()
    judge(assignment, submit=False)
    client = client_of(assignment.person)
    client.raise_request_exception = False
    address = reverse("submission", args=[assignment.pk])
    real = Submission.make

    def make_and_end(*arguments):
        real(*arguments)
        terminate()

    monkeypatch.setattr(answers.Submission, "make", make_and_end)
    answer = client.post(address, headers={"Accept": accept})
    assert answer.status_code == 503
    assert (
        AWAY in answer.content.decode()
        if accept == "text/html"
        else answer.json()["detail"] == AWAY
    )
    monkeypatch.undo()
    connection.close()  # as a server does between two requests
    assert not Submission.objects.exists() and not Event.objects.filter(verb="submit").exists()
    for _ in range(2):
        assert client.post(address).status_code == 302
    assert Submission.objects.count() == 1 and Event.objects.filter(verb="submit").count() == 1


@only_postgresql
@pytest.mark.django_db
def test_a_server_that_is_not_there_is_away():
    other = connection.copy()
    other.settings_dict = connection.settings_dict | {"PORT": str(free_port())}
    with pytest.raises(OperationalError) as found:
        other.ensure_connection()
    assert is_database_away(found.value)


def test_other_errors_are_others():
    locked = OperationalError("database is locked")
    wrong, deadlock = OperationalError(), OperationalError()
    wrong.__cause__ = psycopg.errors.ConnectionFailure()
    deadlock.__cause__ = psycopg.errors.DeadlockDetected()
    assert is_database_away(wrong) and not is_database_away(deadlock)
    assert not is_database_away(locked) and not is_database_away(IntegrityError())
