"""Forty people at work in a round whose agreement page is open, beside the same with it closed.

    .venv/bin/python -m benchmarks.watching [--seconds 30] [--phases 3]
    bash tools/services.sh .venv/bin/python -m benchmarks.watching          (on PostgreSQL)

The server of benchmarks/queue.py. Everybody takes a dialogue and hands it in, and waits five
seconds in the mean, dozens of times faster than people judge. The page is asked for every five
seconds (a browser asks every 20), and a second process computes the intervals of the round every
five. Phases with the page closed and open alternate; p95 of both requests. At the end the page's
coefficients are compared with a count from scratch.

    .venv/bin/python -m benchmarks.watching --page [--sizes 10000 10000000]

What the page costs in rounds of so many judgements: CPU ms of a look when everything is counted,
and of a look after one more hand-in.
"""

import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.queue import ROOT, Annotator, make, wait_for
from tests.ports import free_port

PEOPLE, DIALOGUES, PAUSE, EVERY = 40, 20_000, 5.0, 5.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=30)
    options.add_argument("--phases", type=int, default=3)
    options.add_argument("--page", action="store_true")
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 10_000_000])
    options.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--recompute", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--look", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.make:
        return prepare()
    if chosen.recompute or chosen.check:
        return recompute(once=chosen.check)
    if chosen.look:
        return look(chosen.look)
    if chosen.page:
        print("| judgements | dialogues | a look, CPU ms | after one more hand-in | counting all |")
        print("|---" * 5 + "|", flush=True)
    for size in chosen.sizes if chosen.page else [0]:
        with tempfile.TemporaryDirectory() as folder:
            env = database(os.environ | {"DATA_DIR": folder, "SECRET_KEY": "benchmark"})
            if chosen.page:
                command = [sys.executable, "-m", "benchmarks.watching", "--look", str(size)]
                subprocess.run(command, env=env, check=True)
            else:
                measure(chosen, env)


def database(env, name="watching"):
    """The environment with a new database of this name, where there is a server of databases."""
    if "DATABASE_URL" in env:
        import psycopg

        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"CREATE DATABASE {name}")
        env["DATABASE_URL"] = env["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"
    return env


def measure(chosen, env) -> None:
    again = [sys.executable, "-m", "benchmarks.watching"]
    made = subprocess.run([*again, "--make"], env=env, capture_output=True, text=True)
    if made.returncode:
        sys.exit(made.stderr)
    work, cookie = (json.loads(line) for line in made.stdout.splitlines()[-2:])
    port = free_port()
    command = [str(Path(sys.executable).parent / "gunicorn"), "config.wsgi"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
    server = subprocess.Popen([*command, "--log-level", "warning"], cwd=ROOT, env=env)
    sent: list[dict] = []
    try:
        wait_for(port)
        crowd = [Annotator(port, work["round"], token, sent) for token in work["tokens"]]
        phase(crowd, 5, None)  # warm
        times: dict[str, list[float]] = {"closed": [], "open": []}
        looks: list[float] = []
        for _ in range(chosen.phases):
            for name, page in (("closed", None), ("open", (port, work["round"], cookie, looks))):
                worker = subprocess.Popen([*again, "--recompute"], env=env) if page else None
                times[name] += phase(crowd, chosen.seconds, page)
                if worker:
                    worker.terminate()
                    worker.wait()
    finally:
        server.terminate()
        server.wait()
    print("| agreement page | requests of annotators | p50 ms | p95 ms |\n|---|---|---|---|")
    for name, spent in times.items():
        cuts = statistics.quantiles(spent, n=20)
        half = statistics.median(spent) * 1000
        print(f"| {name} | {len(spent)} | {half:.1f} | {cuts[-1] * 1000:.1f} |")
    print(f"{len(looks)} looks at the page, {1000 * statistics.median(looks):.0f} ms each")
    subprocess.run([*again, "--check"], env=env, check=True)


def phase(crowd, seconds, page):
    """Seconds of each request of everybody during some seconds."""
    until, taken, submitted = time.monotonic() + seconds, [], []

    def work(person) -> None:
        while time.monotonic() < until:
            time.sleep(random.expovariate(1 / PAUSE))
            person.connection.close()  # the server hangs up on those who were silent
            person.cycle(taken, submitted)

    def watch() -> None:
        port, round, cookie, looks = page
        while time.monotonic() < until:
            begun = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", f"/rounds/{round}/agreement/", headers={"Cookie": cookie})
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, body[:300]
            looks.append(time.perf_counter() - begun)
            time.sleep(EVERY)

    threads = [threading.Thread(target=work, args=[person]) for person in crowd]
    if page:
        threads.append(threading.Thread(target=watch))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken + submitted


def set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()


def prepare() -> None:
    set_up()
    from django.core.management import call_command

    make(DIALOGUES, "sequential", PEOPLE)
    call_command("collectstatic", verbosity=0, interactive=False)
    print(json.dumps(f"sessionid={session_of('lead')}"))


def session_of(username):
    """The key of a new session of somebody."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from people.models import Person

    person = Person.objects.get(username=username)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(person.pk), BACKEND
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return session.session_key


BACKEND = "people.sign_in.backends.PasswordBackend"


def recompute(once: bool) -> None:
    """Intervals over and over, or the kept tally beside one from scratch, once."""
    set_up()
    os.nice(10)  # as the workers are
    from annotation.agreement.item_counts import catch_up, kept, recount
    from annotation.models import Report, Round, Tally

    opened = Round.objects.get()
    while not once:
        report, _ = Report.objects.get_or_create(round=opened, kind="agreement")
        Report.objects.filter(pk=report.pk).update(status="queued")
        report.run()
        time.sleep(EVERY)
    catch_up(opened)
    tally = Tally.objects.get(round=opened, part="")
    same = kept(opened) == dict(recount(opened))
    print(f"{tally.submissions} hand-ins in the tally, equal to a recount: {same}")
    if not same:
        sys.exit(1)


def look(judgements: int) -> None:
    """Fill a round with so many judgements, count them, and look at its page."""
    set_up()
    from django.core.management import call_command
    from django.test import Client

    from annotation.agreement.item_counts import catch_up
    from annotation.models import Assignment, Judgement, Round, Submission
    from core.batches import create
    from corpus.models import Corpus, Dialogue, Source, Utterance
    from jobs.models import JobStatus
    from people.models import Person

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    lead = Person(username="lead")
    lead.set_password(str(time.time()))  # nobody is asked to set this installation up
    lead.save()
    corpus = Corpus.create(lead, name="watching")
    source = Source.objects.create(corpus=corpus, title="s", kind="table", status=JobStatus.DONE)
    people = [Person.objects.create(username=f"anno{n}") for n in range(10)]
    for person in people:
        corpus.memberships.create(person=person, role="annotator")
    size = judgements // (10 * 3 * 6)  # ten utterances, three people, six tasks
    made = (
        Dialogue(corpus=corpus, source=source, uid=f"D{n}", number=n) for n in range(1, size + 2)
    )
    create(Dialogue, made)
    dialogues = list(Dialogue.objects.order_by("pk").values_list("pk", "uid"))
    create(
        Utterance,
        (
            Utterance(corpus=corpus, dialogue_id=pk, number=n, uid=f"{uid}_{n}", text="你好。")
            for pk, uid in dialogues
            for n in range(1, 11)
        ),
    )
    from annotation.models import SchemeVersion

    opened = Round.objects.create(
        corpus=corpus, name="r", overlap=3, published=True, scheme_version=SchemeVersion.of(corpus)
    )
    who = [(pk, (n + k) % 10) for n, (pk, _) in enumerate(dialogues) for k in range(3)]
    given = (
        Assignment(round=opened, dialogue_id=pk, person=people[k], state="submitted")
        for pk, k in who[:-1]
    )
    create(Assignment, given)
    rng, tasks = random.Random(0), opened.scheme.tasks
    utterances = dict.fromkeys(pk for pk, _ in dialogues)
    for talk, pk in Utterance.objects.order_by("pk").values_list("dialogue", "pk").iterator():
        utterances[talk] = [*(utterances[talk] or []), pk]
    rows = Assignment.objects.order_by("pk").values_list("pk", "dialogue")
    create(
        Judgement,
        (
            Judgement(assignment_id=a, utterance_id=u, task=task.key, value=rng.choice(task.keys))
            for a, talk in rows.iterator()
            for u in utterances[talk]
            for task in tasks
        ),
    )
    create(Submission, (Submission(assignment_id=a) for a, _ in rows.iterator()))
    begun = time.process_time()
    catch_up(opened)
    counted = time.process_time() - begun
    client = Client(headers={"host": "localhost"})
    client.force_login(lead)
    address = f"/rounds/{opened.pk}/agreement/"

    def spent() -> float:
        begun = time.process_time()
        assert client.get(address).status_code == 200
        return 1000 * (time.process_time() - begun)

    spent()
    still = statistics.median(spent() for _ in range(9))
    after = []
    for assignment in Assignment.objects.order_by("-pk")[:5]:
        Assignment.objects.filter(pk=assignment.pk).update(counted=False)
        after.append(spent())
    print(
        f"| {judgements:,} | {size:,} | {still:.1f} | {statistics.median(after):.1f}"
        f" | {counted:.0f} s |",
        flush=True,
    )


if __name__ == "__main__":
    main()
