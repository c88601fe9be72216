"""PostgreSQL killed in the middle of an ingest and of a day's annotation, and started again: what
was accepted is there once, and the job is done by the same worker.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import requests
from django.conf.global_settings import PASSWORD_HASHERS
from django.db import connection
from django.urls import reverse

from config.celery import app
from jobs.models import JobStatus
from tests.factories import (
    ANSWERS,
    make_corpus,
    make_dialogue,
    make_held_source,
    make_member,
    make_round,
)
from tests.hosts import OF_WEB, Browser, Host, ended
from tests.ports import free_port
from tests.waiting import LIMIT, wait_until
from tests.workers import end_of, start_broker, worker_process

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="not PostgreSQL")
PASSWORD = "secret-for-tests"  # of make_person


class Cluster:
    """A PostgreSQL server of this test with a copy of its database."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        self.run("initdb", "-D", self.folder, "-U", "shengqing", "--auth=trust", "-E", "UTF8")
        self.start()
        url = f"postgres://shengqing@127.0.0.1:{self.port}/postgres"
        self.address, parts = url, connection.settings_dict
        own = f"postgres://{parts['USER']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
        password = {"PGPASSWORD": parts["PASSWORD"]}
        whole = subprocess.run(
            ["pg_dump", own], env=os.environ | password, capture_output=True, check=True
        )
        subprocess.run(
            ["psql", "-q", "-v", "ON_ERROR_STOP=1", url],
            input=whole.stdout, capture_output=True, check=True,
        )  # fmt: skip

    def run(self, program, *arguments):
        whole = [str(self.programs / program), *map(str, arguments)]
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*user, *whole], check=True, cwd="/", stdout=subprocess.DEVNULL)

    def start(self):
        places = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        log = self.folder / "log"
        self.run("pg_ctl", "-D", self.folder, "-w", "-t", LIMIT, "-l", log, "-o", places, "start")

    def kill(self):
        """The server with every process of its, as a machine that loses power."""
        first = int((self.folder / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in (first, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{first}").exists(), "PostgreSQL to be gone")

    def rows(self, statement, *values):
        with psycopg.connect(self.address, autocommit=True) as asked:
            answer = asked.execute(statement, values)
            return answer.fetchall() if answer.description else None


@pytest.fixture
def cluster_folder():
    """Not below tmp_path, whose parents only this user may enter."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.django_db(transaction=True)
def test_answers_and_jobs_outlive_a_database_that_is_killed(
    settings, tmp_path, cluster_folder, film, srt
):
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS  # those of the processes
    corpus = make_corpus()
    make_dialogue(corpus)
    annotator = make_member(corpus, username="annotator")
    assignment = make_round(corpus, [annotator]).assignments.get()
    utterances = [utterance.pk for utterance in assignment.dialogue.utterances.all()]
    source, let_go = make_held_source(corpus, film, srt)
    cluster = Cluster(cluster_folder)
    environment = {"DATABASE_URL": cluster.address}
    broker = start_broker(settings)
    log, host = tmp_path / "worker.log", Host(
        tmp_path / "web", tmp_path / "common", OF_WEB,
        REDIS_URL=settings.CELERY_BROKER_URL, **environment,
    )  # fmt: skip
    state = "SELECT status, attempt FROM corpus_source WHERE id = %s"
    app.conf.task_always_eager = False
    with ExitStack() as stack:
        stack.callback(setattr, app.conf, "task_always_eager", True)
        stack.callback(cluster.run, "pg_ctl", "-D", cluster.folder, "-m", "immediate", "stop")
        if broker:
            stack.callback(broker.wait)
            stack.callback(broker.terminate)
        port = free_port()
        stack.enter_context(ended(host.web(port)))
        source.later()
        worker = stack.enter_context(worker_process(settings, log, **environment))
        wait_until(
            lambda: cluster.rows(state, source.pk)[0][0] == JobStatus.RUNNING, "the ingest",
            state=lambda: end_of(log),
        )  # fmt: skip
        browser = Browser(f"http://127.0.0.1:{port}")
        browser.page(reverse("login"))
        browser.page(reverse("login"), username="annotator", password=PASSWORD)
        judgements = reverse("judgements", args=[assignment.pk])
        answers = [
            {"utterance": utterance, "task": task, "value": value, "client_id": str(uuid.uuid4())}
            for utterance in utterances
            for task, value in ANSWERS.items()
        ]
        half = len(answers) // 2
        for answer in answers[:half]:
            assert browser.page(judgements, **answer).json()["saved"]

        cluster.kill()
        headers = {"Accept": "application/json", "X-CSRFToken": browser.cookies["csrftoken"]}
        away = browser.post(browser.address + judgements, answers[half], headers=headers)
        assert away.status_code == 503 and away.json()["detail"]
        let_go()  # the ingest goes on without its database
        wait_until(lambda: "OperationalError" in log.read_text(), "the worker to notice")
        cluster.start()

        for answer in answers:  # as the page does, which cannot know what arrived
            wait_until(
                lambda answer=answer: saved(browser, judgements, answer), "the answer to be taken",
                state=lambda: host.log(f"web-{port}"),
            )  # fmt: skip
        again = cluster.rows("SELECT client_id::text, value FROM annotation_judgement")
        assert sorted(again) == sorted((each["client_id"], each["value"]) for each in answers)

        # nobody writes the heartbeat of the row any more; what comes after two minutes, now
        cluster.rows(
            "UPDATE corpus_source SET heartbeat = now() - interval '1 hour' WHERE status = %s",
            JobStatus.RUNNING,
        )
        wait_until(
            lambda: cluster.rows(state, source.pk)[0][0] == JobStatus.DONE, "the ingest to be done",
            state=lambda: (cluster.rows(state, source.pk), end_of(log)),
        )  # fmt: skip
        assert worker.poll() is None
        cut = "SELECT count(*), count(DISTINCT number) FROM corpus_dialogue WHERE source_id = %s"
        assert cluster.rows(cut, source.pk) == [(2, 2)]


def saved(browser, address, answer):
    try:
        answered = browser.page(address, **answer)
    except requests.ConnectionError:
        return False
    return answered.status_code == 200 and answered.json()["saved"]
