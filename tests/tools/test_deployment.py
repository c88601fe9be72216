"""The processes of docker-compose.yml by the same commands and settings, without containers: two
web hosts behind nginx, a worker and a trainer, on the database and the queue of the suite.
"""

import io
import shlex
import socket
import zipfile
from contextlib import ExitStack

import pytest
from django.conf.global_settings import PASSWORD_HASHERS
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from annotation.models import Assignment, Judgement, Submission
from corpus.models import Source, Upload
from jobs.models import UNCLAIMED_AFTER, JobStatus
from modeling import encoders
from modeling.models import EncoderImport, TrainingRun
from releases.models import Release
from tests.factories import (
    ANSWERS,
    judge,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_round,
)
from tests.hosts import (
    OF_ALL,
    OF_WEB,
    Browser,
    Host,
    compose_command,
    ended,
    kill,
    listens,
    nginx_process,
    places,
)
from tests.modeling.encoder_factories import make_encoder
from tests.ports import free_port
from tests.waiting import LIMIT, wait_until
from tests.workers import database_environment, start_broker

PASSWORD = "secret-for-tests"  # of make_person
on_postgresql = pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="hosts share no file of SQLite (bash tools/services.sh make test ARGS=--database-only)",
)


def half_sent(port, session, path, offset, data):
    """A piece of an upload of which half has arrived; its connection, and the other half."""
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n"
        f"X-CSRFToken: {session.cookies['csrftoken']}\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", port), LIMIT)
    connection.sendall(head.encode() + data[: len(data) // 2])
    return connection, data[len(data) // 2 :]


def columns_of_next_version(stack):
    """Add to tables at work what `make lint` lets through: columns that may be empty. Whatever runs
    has read these tables by prepared statements before.
    """
    for model in (Assignment, Judgement, Submission, Upload):
        table = model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER TABLE "{table}" ADD COLUMN of_next_version varchar(9) NULL')
        stack.callback(drop_column, table)


def drop_column(table):
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{table}" DROP COLUMN of_next_version')


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_web_hosts_lose_nothing_when_one_is_killed_and_the_other_replaced(
    settings, tmp_path, film, srt
):
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS  # those of the processes
    lead = make_person("lead")
    corpus = make_corpus(lead)
    make_dialogue(corpus)
    assignment = make_round(corpus, [make_member(corpus, username="annotator")]).assignments.get()
    broker = start_broker(settings)
    data, common = film.read_bytes(), tmp_path / "common"
    first_host, second_host, workers = (
        Host(
            tmp_path / name,
            common,
            shared,
            REDIS_URL=settings.CELERY_BROKER_URL,
            **database_environment(),
        )
        for name, shared in (("first", OF_WEB), ("second", OF_WEB), ("workers", OF_ALL))
    )
    parts = [data[:50_000], data[50_000:100_000], data[100_000:]]
    with ExitStack() as stack:
        if broker:
            stack.callback(broker.wait)
            stack.callback(broker.terminate)
        migration = ["python", "manage.py", "migrate", "--noinput"]
        assert shlex.join(migration) in compose_command("migrate")[-1]
        assert first_host.start("migrate", migration).wait(LIMIT) == 0, first_host.log("migrate")
        worker, trainer = (
            stack.enter_context(ended(workers.start(name, compose_command(name))))
            for name in ("worker", "trainer")
        )
        first_port, second_port = free_port(), free_port()
        first = stack.enter_context(ended(first_host.web(first_port)))
        second = stack.enter_context(ended(second_host.web(second_port)))
        other = f"http://127.0.0.1:{second_port}"
        (tmp_path / "nginx").mkdir()
        settings.MEDIA_ROOT = common / "media"
        front = nginx_process(
            tmp_path / "nginx", f"127.0.0.1:{first_port}", media=settings.MEDIA_ROOT
        )
        session = Browser(stack.enter_context(front))

        # signed in at one host, known to the other
        session.page(reverse("login"))
        answer = session.page(reverse("login"), username="lead", password=PASSWORD)
        assert answer.status_code == 302, answer.text
        assert corpus.name in session.page(reverse("home"), other).text

        # a day's annotation begins at the first host
        annotator = Browser(session.address)
        annotator.page(reverse("login"))
        annotator.page(reverse("login"), username="annotator", password=PASSWORD)
        utterances = list(assignment.dialogue.utterances.all())
        judgements = reverse("judgements", args=[assignment.pk])
        assert annotator.page(judgements, utterance=utterances[0].pk, **ANSWERS).ok

        # the schema of the next version is there before its programs are, as in a rolling deploy
        columns_of_next_version(stack)
        assert annotator.page(judgements, utterance=utterances[0].pk, **ANSWERS).ok

        # an upload: a piece to one host, the next to the other, which is killed in the middle of it
        path = session.new_upload(reverse("new_upload", args=[corpus.pk]), "film.mp4", data)
        assert session.piece(path, 0, parts[0]).status_code == 204
        connection, _ = half_sent(first_port, session, path, len(parts[0]), parts[1])
        kill(first)
        connection.close()
        away = session.page(reverse("home"))
        assert away.status_code == 503 and "tries again by itself" in away.text
        assert session.head(other + path).headers["Upload-Offset"] == str(len(parts[0]))
        assert session.piece(path, len(parts[0]), parts[1], other).status_code == 204

        # what found no server is sent again, here to the other host, and is there once
        for _ in range(2):
            assert annotator.page(judgements, other, utterance=utterances[1].pk, **ANSWERS).ok

        # a deploy: the second host is told to stop while a piece is on its way, which still arrives
        connection, rest = half_sent(second_port, session, path, 100_000, parts[2])
        second.terminate()
        wait_until(
            lambda: not listens(second_port),
            "it to take no more",
            state=lambda: second_host.log(f"web-{second_port}"),
        )
        connection.sendall(rest)
        assert connection.recv(4096).startswith(b"HTTP/1.1 204")
        connection.close()
        assert second.wait(LIMIT) == 0
        stack.enter_context(ended(first_host.web(first_port)))

        # the dialogue is submitted to the new process, twice as by somebody impatient
        for _ in range(2):
            submission = reverse("submission", args=[assignment.pk])
            assert annotator.page(submission, csrfmiddlewaretoken="").status_code == 302
        assert Submission.objects.get().assignment == assignment
        assert Judgement.objects.count() == len(utterances) * len(ANSWERS)

        # what was uploaded is whole, is cut by the worker and sent by nginx
        upload = Upload.objects.get()
        with srt.open("rb") as words:
            form = {"upload": upload.token, "title": "film"}
            form["csrfmiddlewaretoken"] = session.cookies["csrftoken"]
            address = session.address + reverse("new_source", args=[corpus.pk])
            session.post(address, form, files={"transcript": words}, headers={"Referer": address})
        source = Source.objects.get(title="film")
        session.page(reverse("confirm_source", args=[source.pk]), gap="3.0")
        state = Source.objects.filter(pk=source.pk)
        wait_until(
            state.filter(status=JobStatus.DONE).exists, "the upload to be cut",
            state=lambda: (state.get().status, state.get().failure_text, workers.log("worker")),
        )  # fmt: skip
        clip = reverse("dialogue_media", args=[source.dialogues.first().pk, "clip"])
        played = session.get(session.address + clip, headers={"Range": "bytes=10-19"})
        assert played.status_code == 206 and len(played.content) == 10
        with source.media.open("rb") as stored:
            assert stored.read() == data

        # told to stop, idle workers end at once and well
        for process in (worker, trainer):
            process.terminate()
        assert [process.wait(LIMIT) for process in (worker, trainer)] == [0, 0]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_hosts_that_share_no_folder(settings, tmp_path, film, srt, object_store):
    """Two web hosts, a worker and a trainer that have nothing in common but the database, the queue
    and an object store: each does its part, and whoever is asked has what the others made.
    """
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS  # those of the processes
    settings.ENCODERS_DIR = tmp_path / "asking" / "encoders"
    lead = make_person("lead", is_superuser=True)
    corpus = make_corpus(lead)
    broker = start_broker(settings)
    common = {"REDIS_URL": settings.CELERY_BROKER_URL, **database_environment()}
    common |= object_store.environment() | {"X_ACCEL": "", "UPKEEP_EVERY": "1"}
    first_host, second_host, worker_host, trainer_host = (
        Host(tmp_path / name, tmp_path / "nothing", (), place, **common)
        for name, place in zip(("first", "second", "worker", "trainer"), places(4), strict=True)
    )
    data = film.read_bytes()
    with ExitStack() as stack:
        if broker:
            stack.callback(broker.wait)
            stack.callback(broker.terminate)
        for host, name in ((worker_host, "worker"), (trainer_host, "trainer")):
            stack.enter_context(ended(host.start(name, compose_command(name))))
        first_port, second_port = free_port(), free_port()
        stack.enter_context(ended(first_host.web(first_port)))
        stack.enter_context(ended(second_host.web(second_port)))
        session = Browser(f"http://{first_host.address}:{first_port}")
        other = f"http://{second_host.address}:{second_port}"
        session.page(reverse("login"))
        answer = session.page(reverse("login"), username="lead", password=PASSWORD)
        assert answer.status_code == 302, answer.text

        # an upload: a piece to each web host; what was taken is made by the worker
        path = session.new_upload(reverse("new_upload", args=[corpus.pk]), "film.mp4", data)
        assert session.piece(path, 0, data[:50_000]).status_code == 204
        assert session.head(other + path).headers["Upload-Offset"] == "50000"
        assert session.piece(path, 50_000, data[50_000:], other).status_code == 204
        with srt.open("rb") as words:
            form = {"upload": Upload.objects.get().token, "title": "film"}
            form["csrfmiddlewaretoken"] = session.cookies["csrftoken"]
            address = session.address + reverse("new_source", args=[corpus.pk])
            session.post(address, form, files={"transcript": words}, headers={"Referer": address})
        source = Source.objects.get()
        session.page(reverse("confirm_source", args=[source.pk]), other, gap="3.0")
        until_done(source, worker_host.log("worker"))

        # frozen by the worker, with clips
        source.publish(lead)
        judged = make_round(corpus, [make_member(corpus)])
        for assignment in judged.assignments.all():
            judge(assignment)
        plain = make_judged_round(corpus, dialogues=4)
        release = Release.request(lead, corpus, "1.0.0", [judged, plain], media="dialogues")
        until_done(release, worker_host.log("worker"))
        assert list((worker_host.folder / "data/releases").rglob("*.mp4"))

        # read at web hosts that have none of it
        card = session.page(reverse("release_card", args=[release.pk]), other)
        assert card.ok and corpus.name in card.text
        whole = session.get(other + reverse("archive", args=[release.pk]))
        with zipfile.ZipFile(io.BytesIO(whole.content)) as packed:
            clips = [each for each in packed.namelist() if each.endswith(".mp4")]
            assert clips and packed.testzip() is None
        clip = clips[0].partition("/")[2]
        played = session.get(
            other + reverse("release_file", args=[release.pk, clip]),
            headers={"Range": "bytes=10-19"},
        )
        assert played.status_code == 206 and len(played.content) == 10
        assert not list((second_host.folder / "data/releases").rglob("*.mp4"))

        # an encoder, uploaded at one web host, unpacked by the worker, offered by the other
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            make_encoder("bert", tmp_path / "small-bert")
            for path in (tmp_path / "small-bert").iterdir():
                archive.write(path, path.name)
        form = {"csrfmiddlewaretoken": session.cookies["csrftoken"]}
        address = session.address + reverse("import_encoder")
        files = {"file": ("small-bert.zip", packed.getvalue())}
        session.post(address, form, files=files, headers={"Referer": address})
        until_done(EncoderImport.objects.get(), worker_host.log("worker"))
        new_run = f"{other}{reverse('new_run', args=[corpus.pk])}"
        wait_until(lambda: "small-bert:" in session.get(new_run).text, "the encoder to be offered")

        # trained with it by the trainer, seen at a web host
        encoders.fetch({"text_encoder": "small-bert"})
        own = {"epochs": 1, "text_encoder": "small-bert", "text_tuning": "full"}
        run = TrainingRun.request(lead, release, "hard-text", own=own)
        until_done(run, trainer_host.log("trainer"))
        assert (trainer_host.folder / f"data/runs/{run.pk}/model.safetensors").is_file()
        shown = session.page(f"{run.page_url}?tab=files", other)
        assert shown.ok and "model.safetensors" in shown.text
        assert "1/1" in session.page(f"{run.page_url}?tab=log", other).text
        assert not list((second_host.folder / "data/runs").rglob("model.safetensors"))


def until_done(job, log):
    """Wait for a job; workers find by themselves what waits although the queue is empty."""
    rows = type(job).objects.filter(pk=job.pk)
    rows.filter(status=JobStatus.QUEUED).update(queued_at=timezone.now() - 2 * UNCLAIMED_AFTER)
    over = [JobStatus.DONE, JobStatus.FAILED]
    wait_until(
        rows.filter(status__in=over).exists, f"{job} to end", state=lambda: (rows.get().status, log)
    )
    job.refresh_from_db()
    assert job.status == JobStatus.DONE, (job.failure_text, log)
