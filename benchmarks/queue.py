"""Sixteen people take the next dialogue and hand it in, through the HTTP API of a real server.

    .venv/bin/python -m benchmarks.queue [--sizes 10000 1000000] [--at-once 1 4 16] [--cycles 2000]
    bash tools/services.sh .venv/bin/python -m benchmarks.queue           (on PostgreSQL)

The server is the one that `make run` starts: gunicorn, two workers. A cycle is two
requests of one person: POST for the next dialogue (of one utterance, so that the queue works in
every cycle), then POST of its six answers and the hand-in. Three people a dialogue. Reported: CPU
of the server's processes (and of PostgreSQL's) per cycle, latency of the single requests,
throughput, memory; at the end the stored rows are checked for loss, doubles and overlap. With
`--joined` the answers ask for the next dialogue, too, so that a cycle is one request.
"""

import argparse
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

from tests.ports import free_port
from tools.launch import web_command

PEOPLE, OVERLAP, TICK = 16, 3, os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    options.add_argument("--at-once", type=int, nargs="+", default=[1, 4, 16])
    options.add_argument("--cycles", type=int, default=2000)
    options.add_argument("--order", default="sequential")
    options.add_argument("--joined", action="store_true")
    options.add_argument("--make", type=int, help=argparse.SUPPRESS)
    options.add_argument("--check", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.make:
        return make(chosen.make, chosen.order)
    if chosen.check:
        return check(chosen.check)
    print("| dialogues | at once | CPU ms a cycle: web | database | together | next p50 | p95"
          " | submit p50 | p95 (ms) | cycles/s | web MB |")  # fmt: skip
    print("|---" * 11 + "|")
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(size, chosen, Path(folder))


def measure(size: int, chosen, folder: Path) -> None:
    env = os.environ | {
        "DATA_DIR": str(folder),
        "SECRET_KEY": "benchmark",
        "API_REQUESTS_PER_MINUTE": "0",
    }
    if "DATABASE_URL" in env:
        import psycopg

        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as database:
            database.execute(f"DROP DATABASE IF EXISTS queue_{size}")
            database.execute(f"CREATE DATABASE queue_{size}")
        env["DATABASE_URL"] = env["DATABASE_URL"].rsplit("/", 1)[0] + f"/queue_{size}"
    python = [sys.executable, "-m", "benchmarks.queue", "--order", chosen.order]
    made = subprocess.run([*python, "--make", str(size)], env=env, capture_output=True, text=True)
    if made.returncode:
        sys.exit(made.stderr)
    work = json.loads(made.stdout.splitlines()[-1])
    port = free_port()
    server = subprocess.Popen(web_command("127.0.0.1", port), cwd=ROOT, env=env)
    sent: list[dict] = []
    try:
        wait_for(port)
        crowd = [
            Annotator(port, work["round"], token, sent, chosen.joined) for token in work["tokens"]
        ]
        run(crowd, PEOPLE, 200)  # warm
        for at_once in chosen.at_once:
            report(size, at_once, chosen.cycles, crowd, server.pid)
        twice = Annotator(port, work["round"], work["tokens"][0], sent)
        doubled = twice.sends_twice(20)
    finally:
        server.terminate()
        server.wait()
    (folder / "sent.json").write_text(json.dumps({"sent": sent, "doubled": doubled}))
    checked = subprocess.run([*python, "--check", str(folder / "sent.json")], env=env)
    if checked.returncode:
        sys.exit(1)


def report(size, at_once, cycles, crowd, pid) -> None:
    web, database = cpu(family(pid)), cpu(postgres())
    begun = time.perf_counter()
    taken, submitted = run(crowd, at_once, cycles)
    wall = time.perf_counter() - begun
    web, database = cpu(family(pid)) - web, cpu(postgres()) - database
    done = len(submitted)

    def at(times):
        if len(times) < 2:  # joined to the submission before
            return "– | –"
        cuts = statistics.quantiles(times, n=20)
        return f"{statistics.median(times) * 1000:.1f} | {cuts[-1] * 1000:.1f}"

    used = sum(memory(one) for one in family(pid)) / 1e6
    print(
        f"| {size:,} | {at_once} | {web / done * 1000:.2f} | {database / done * 1000:.2f}"
        f" | {(web + database) / done * 1000:.2f} | {at(taken)} | {at(submitted)}"
        f" | {done / wall:.0f} | {used:.0f} |",
        flush=True,
    )


def run(crowd, at_once, cycles):
    """`cycles` cycles by `at_once` people at the same time; seconds of each request."""
    taken: list[float] = []
    submitted: list[float] = []
    left = iter(range(cycles))
    lock = threading.Lock()

    def work(person) -> None:
        person.connection.close()  # the server hangs up on those who were silent
        while True:
            with lock:
                if next(left, None) is None:
                    return
            person.cycle(taken, submitted)

    threads = [threading.Thread(target=work, args=[person]) for person in crowd[:at_once]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, submitted


class Annotator:
    def __init__(self, port, round, token, sent, joined=False):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self.round, self.sent = round, sent
        self.more, self.next = {"next": True} if joined else {}, None

    def post(self, address, body):
        begun = time.perf_counter()
        self.connection.request("POST", address, json.dumps(body), self.headers)
        response = self.connection.getresponse()
        content = response.read()
        spent = time.perf_counter() - begun
        if response.status != 200:
            raise RuntimeError(f"{address}: {response.status} {content[:300]!r}")
        return json.loads(content), spent

    def cycle(self, taken, submitted):
        given = self.next
        if given is None:
            given, spent = self.post(f"/api/rounds/{self.round}/assignments/", {})
            taken.append(spent)
        body = {"answers": self.answers(given), "submit": True, **self.more}
        answer, spent = self.post(f"/api/assignments/{given['assignment']}/", body)
        submitted.append(spent)
        self.next = answer.get("next")
        self.sent.append({"assignment": given["assignment"], "answers": body["answers"]})

    def answers(self, given):
        chosen = {
            "sentiment": random.choice(["negative", "neutral", "positive"]),
            "emotion": random.choice(["joy", "sadness", "anger", "neutral"]),
            "sarcasm": random.choice(["no", "yes"]),
            "humor": random.choice(["no", "yes"]),
            "emotion_sentiment": random.choice(["-1", "0", "1"]),
            "sarcasm_humor": random.choice(["-1", "0", "1"]),
        }
        return [
            {"utterance": each["id"], "task": task, "value": value, "client_id": str(uuid.uuid4())}
            for each in given["utterances"]
            for task, value in chosen.items()
        ]

    def sends_twice(self, times):
        """The same answers from two connections at once; the ids that were sent so."""
        twin = http.client.HTTPConnection("127.0.0.1", self.connection.port)
        doubled = []
        for _ in range(times):
            given, _ = self.post(f"/api/rounds/{self.round}/assignments/", {})
            body = {"answers": self.answers(given), "submit": False}
            address = f"/api/assignments/{given['assignment']}/"

            def again(address=address, body=body):
                twin.request("POST", address, json.dumps(body), self.headers)
                assert twin.getresponse().read()

            other = threading.Thread(target=again)
            other.start()
            self.post(address, body)
            other.join()
            self.post(address, {"answers": [], "submit": True})
            doubled += [answer["client_id"] for answer in body["answers"]]
            self.sent.append({"assignment": given["assignment"], "answers": body["answers"]})
        return doubled


def wait_for(port):
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def stat(pid):
    """The fields of /proc/PID/stat after the name."""
    text = Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2 :].split()


def family(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def postgres():
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "comm").read_text().strip() == "postgres":
                found.append(int(path.name))
        except OSError:
            continue
    return found


def cpu(pids):
    """Seconds of CPU of the processes, those of ended children of theirs included."""
    total = 0
    for pid in pids:
        try:
            total += sum(map(int, stat(pid)[11:15]))
        except OSError:
            continue
    return total / TICK


def memory(pid):
    """Bytes of a process; pages that it shares with others count in parts (PSS)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def make(size: int, order: str, crowd: int = PEOPLE) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from annotation.rounds import open_round
    from core.batches import create
    from corpus.models import Corpus, Dialogue, Publication, Source, Utterance
    from jobs.models import JobStatus
    from people.access_tokens import AccessToken, Scope
    from people.models import Person

    call_command("migrate", verbosity=0)
    lead = Person(username="lead")
    lead.set_password(str(uuid.uuid4()))  # nobody is asked to set this installation up
    lead.save()
    corpus = Corpus.create(lead, name="queue")
    source = Source.objects.create(corpus=corpus, title="s", kind="table", status=JobStatus.DONE)
    create(
        Dialogue,
        (Dialogue(corpus=corpus, source=source, uid=f"D{n}", number=n) for n in range(1, size + 1)),
    )
    rows = list(Dialogue.objects.values_list("pk", "uid"))
    create(Publication, (Publication(dialogue_id=pk) for pk, _uid in rows))
    create(
        Utterance,
        (
            Utterance(corpus=corpus, dialogue_id=pk, number=1, uid=f"{uid}_1", text="你好。")
            for pk, uid in rows
        ),
    )
    people = [Person.objects.create(username=f"anno{n}") for n in range(crowd)]
    for person in people:
        corpus.memberships.create(person=person, role="annotator")
    opened = open_round(lead, corpus, "queue", Dialogue.objects.all(), people, OVERLAP, order=order)
    tokens = [AccessToken.create(person, "benchmark", Scope.values)[1] for person in people]
    print(json.dumps({"round": opened.pk, "tokens": tokens}))


def check(path: Path) -> None:
    """Every answer that was sent is stored once; no dialogue is with too many people."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db.models import Count, F

    from annotation.models import Assignment, Judgement, RoundItem

    data = json.loads(path.read_text())
    sent = [answer["client_id"] for work in data["sent"] for answer in work["answers"]]
    stored = {str(pk) for pk in Judgement.objects.values_list("client_id", flat=True).iterator()}
    lost, doubled = set(sent) - stored, Judgement.objects.count() - len(set(sent))
    work = Assignment.objects.filter(state__in=["held", "submitted"])
    over = work.values("dialogue").annotate(n=Count("pk")).filter(n__gt=OVERLAP).count()
    counted = dict(work.values_list("dialogue").annotate(n=Count("pk")))
    places = RoundItem.objects.exclude(given=0).values_list("dialogue", "given")
    wrong = sum(counted.get(dialogue, 0) != given for dialogue, given in places)
    full = RoundItem.objects.filter(given__gt=F("round__overlap")).count()
    print(
        f"stored {len(stored):,} of {len(sent):,} answers; lost {len(lost)}, doubled {doubled}"
        f" ({len(data['doubled'])} of them sent twice at once), dialogues over the overlap"
        f" {over + full}, places that count wrongly {wrong}"
    )
    if lost or doubled or over or full or wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
