"""Fifty people at work while a film arrives, is cut, a release is frozen and a model trained.

    .venv/bin/pip install -r requirements-load.lock
    bash tools/services.sh .venv/bin/python -m benchmarks.load [--minutes 10]
    bash tools/services.sh .venv/bin/python -m benchmarks.load --knee 100 200 400 [--minutes 2]

The processes of docker-compose.yml by the same commands (nginx, gunicorn with two workers, worker,
trainer) on PostgreSQL and Redis, all on this machine, and so are the people (locust, whose CPU is
reported). An annotator signs in, takes dialogues, plays their clips a piece at a time, needs a few
seconds for an utterance and about one for an answer, and submits; two leads go from page to page.
Meanwhile a client sends a film of ten minutes, which is cut and published; freezes a release of
10,000 utterances with 180,000 judgements; and trains a network on it.

Reported: requests by name with failures and percentiles; whether each answer that was accepted is
stored once and as it was sent, each submission too, and no dialogue with too many people; CPU of
each part. `--knee` has more and more annotators, who are signed in already, as hashing passwords
is another matter, and none of the work beside them.
"""

import argparse
import json
import logging
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks import releases
from benchmarks.queue import cpu, postgres
from benchmarks.releases import set_up
from benchmarks.watching import session_of

ROOT = Path(__file__).resolve().parent.parent
UTTERANCES, TASKS = 10_000, 6  # of the finished round
COPIES = 100  # of each clip of the demo: 1,200 dialogues in the round at work
OVERLAP, LEADS = 3, 2
REPEATS = 14  # of an episode of the demo: a film of ten minutes
ARRIVALS, SETTLE = 5.0, 10.0  # sign-ins a second, seconds before the clock starts
RECIPE, EPOCHS = "hard-text", {"epochs": 12}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--annotators", type=int, default=50)
    options.add_argument("--knee", type=int, nargs="+", metavar="ANNOTATORS")
    chosen = options.parse_args()
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        sys.exit("This is measured on PostgreSQL: bash tools/services.sh python -m benchmarks.load")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        measure(Path(folder), chosen, stack)


def measure(folder: Path, chosen, stack: ExitStack) -> None:
    os.environ |= {"SECRET_KEY": "benchmark", "DATA_DIR": str(folder / "host/data")}
    (folder / "host/data").mkdir(parents=True)
    crowds = chosen.knee or [chosen.annotators]
    plan, client_token = make(max(crowds))
    from django.conf import settings

    from tests.hosts import Host, compose_command, ended, nginx_process
    from tests.ports import free_port

    host = Host(folder / "host", folder / "host/data", (), WORKER_NICENESS="10")
    port = free_port()
    web = stack.enter_context(ended(host.web(port, workers=2)))
    parts = {"web": [web.pid], "PostgreSQL": postgres()}
    for name in ("worker", "trainer"):
        process = stack.enter_context(ended(host.start(name, compose_command(name))))
        parts[name] = [process.pid]
    (folder / "nginx").mkdir()
    front = nginx_process(folder / "nginx", f"127.0.0.1:{port}", media=settings.MEDIA_ROOT)
    plan["address"] = stack.enter_context(front)
    for crowd in crowds:
        of_crowd = plan | {"annotators": plan["annotators"][:crowd], "seconds": chosen.minutes * 60}
        if chosen.knee:
            sessions = {name: session_of(name) for name in of_crowd["annotators"]}
            of_crowd |= {"leads": [], "sessions": sessions}
        work = [] if chosen.knee else jobs_beside(plan, client_token, folder)
        before = {name: cpu(tree(pids)) for name, pids in parts.items()}
        result = send(folder, of_crowd, work)
        spent = {name: cpu(tree(pids)) - before[name] for name, pids in parts.items()}
        report(result, of_crowd, spent | {"the people": result["cpu"]}, brief=bool(chosen.knee))
        check(result)
        for thread in work:
            thread.join()
        for name, took in plan.get("took", {}).items():
            print(f"{name}: {took}")


def tree(pids: list[int]) -> set[int]:
    """The processes with all that they have started."""
    found, ahead = set(), list(pids)
    while ahead:
        pid = ahead.pop()
        found.add(pid)
        try:
            ahead += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except OSError:
            continue
    return found


def make(crowd: int) -> tuple[dict, str]:
    """An installation with a finished round, a round at work, and its people."""
    releases.make(UTTERANCES, TASKS)
    set_up()
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    from django.contrib.auth.hashers import make_password
    from django.core.files import File

    from annotation.models import Round
    from annotation.rounds import open_round
    from core.batches import create
    from corpus.models import Corpus, Dialogue, Publication, Source, Utterance
    from people.access_tokens import AccessToken, Scope
    from people.models import Person

    password = secrets.token_urlsafe()
    hashed = make_password(password)
    lead = Person.objects.get(username="lead")
    finished = Round.objects.get()
    corpus = Corpus.create(lead, name="at work")
    for number in (1, 2):
        episode = ROOT / f"demo/episodes/episode{number}"
        source = Source(corpus=corpus, title=episode.name)
        for field, kind in ((source.media, "mp4"), (source.transcript, "srt")):
            with episode.with_suffix(f".{kind}").open("rb") as file:
                field.save(f"{episode.name}.{kind}", File(file), save=False)
        source.save()
        source.run()
    for dialogue in list(Dialogue.objects.filter(corpus=corpus)):
        said = list(dialogue.utterances.all())
        uid = dialogue.uid
        for copy in range(COPIES - 1):
            dialogue.pk, dialogue.uid = None, f"{uid}-{copy}"
            dialogue.number += 1000
            dialogue._state.adding = True
            dialogue.save()
            create(Utterance, (copy_of(each, dialogue, copy) for each in said))
    unpublished = Dialogue.objects.filter(corpus=corpus, publication=None)
    create(Publication, [Publication(dialogue=each) for each in unpublished])
    people = [f"annotator{n}" for n in range(crowd)]
    leads = ["lead", *(f"lead{n}" for n in range(1, LEADS))]
    for name in (*people, *leads[1:]):
        Person.objects.create(username=name)
    Person.objects.filter(username__in=[*people, *leads]).update(password=hashed)
    for name in (*people, *leads[1:]):
        person = Person.objects.get(username=name)
        role = "annotator" if name in people else "lead"
        corpus.memberships.create(person=person, role=role)
        if role == "lead":
            finished.corpus.memberships.create(person=person, role=role)
    opened = open_round(
        lead,
        corpus,
        "at work",
        Dialogue.objects.filter(corpus=corpus),
        list(Person.objects.filter(username__in=people)),
        OVERLAP,
    )
    _, token = AccessToken.create(lead, "benchmark", Scope.values)
    plan = {
        "password": password,
        "annotators": people,
        "leads": leads,
        "round": opened.pk,
        "finished": finished.pk,
        "judged": finished.corpus_id,
        "corpus": corpus.pk,
        "arrivals": ARRIVALS,
        "settle": SETTLE,
    }
    return plan, token


def copy_of(utterance, dialogue, copy: int):
    """The same words at the same times in a copy of their dialogue."""
    same = ("corpus_id", "number", "start", "end", "text", "speaker_id")
    kept = {name: getattr(utterance, name) for name in same}
    return type(utterance)(dialogue=dialogue, uid=f"{utterance.uid}-{copy}", **kept)


def long_episode(folder: Path) -> tuple[Path, Path]:
    """An episode of the demo again and again, and its words."""
    import pysubs2

    from corpus.ffmpeg_binary import ffmpeg_path
    from corpus.media import probe

    media, subtitles = (ROOT / f"demo/episodes/episode1.{kind}" for kind in ("mp4", "srt"))
    film, words = folder / "film.mp4", folder / "film.srt"
    command = [ffmpeg_path(), "-loglevel", "error", "-stream_loop", str(REPEATS - 1)]
    subprocess.run([*command, "-i", str(media), "-c", "copy", str(film)], check=True)
    length = round(probe(media).duration * 1000)
    once, whole = pysubs2.load(str(subtitles)), pysubs2.SSAFile()
    for number in range(REPEATS):
        for event in once:
            again = event.copy()
            again.shift(ms=number * length)
            whole.append(again)
    whole.save(str(words))
    return film, words


def jobs_beside(plan: dict, token: str, folder: Path) -> list[threading.Thread]:
    """What the client does meanwhile, one thread each; each writes its seconds into the plan."""
    sys.path.insert(0, str(ROOT / "client"))
    from shengqing import Client

    film, words = long_episode(folder)
    took = plan["took"] = {}

    def upload(client):
        source = client.sources.push(plan["corpus"], media=film, transcript=words, title="a film")
        client.jobs.wait(client.sources.confirm(source["id"]))
        client.sources.publish(source["id"])

    def freeze(client):
        return client.releases.freeze(
            plan["judged"], version="1.0.0", rounds=[plan["finished"]], media="none"
        )

    def freeze_and_train(client):
        release = timed(freeze, "freeze", client)
        begun = client.experiments.start(plan["judged"], release["id"], [RECIPE], settings=EPOCHS)
        timed(lambda client: client.runs.watch(begun["runs"][0]), "training", client)

    def timed(work, name, client):
        begun = time.monotonic()
        found = work(client)
        took[name] = f"{time.monotonic() - begun:,.0f} s"
        return found

    def begin(work, name):
        try:
            with Client(plan["address"], token) as client:
                timed(work, name, client)
        except Exception as error:
            took[f"{name} FAILED"] = repr(error)
            raise

    return [
        threading.Thread(target=begin, args=[work, name])
        for work, name in (
            (upload, "film sent, cut and published"),
            (freeze_and_train, "freeze and training together"),
        )
    ]


def send(folder: Path, plan: dict, work: list[threading.Thread]) -> dict:
    """Let them come, and the work beside them begin once all are there."""
    files = [folder / "plan.json", folder / "result.json"]
    files[0].write_text(json.dumps(plan))
    people = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load_people", *map(str, files)], cwd=ROOT
    )
    time.sleep(len(plan["annotators"]) / ARRIVALS + SETTLE)
    for thread in work:
        thread.start()
    if people.wait():
        sys.exit("the people have failed")
    return json.loads(files[1].read_text())


def report(result: dict, plan: dict, spent: dict, brief: bool) -> None:
    seconds = plan["seconds"]
    print(f"\n{len(plan['annotators'])} annotators, {len(plan['leads'])} leads, {seconds:.0f} s\n")
    print("| request | count | a second | failed | p50 ms | p95 ms | p99 ms | max ms |")
    print("|---" * 8 + "|")
    for name, row in result["requests"].items():
        if brief and name not in ("next dialogue", "dialogue page", "save an answer", "submit"):
            continue
        print(
            f"| {name} | {row['requests']:,} | {row['per_second']:.1f} | {row['failures']}"
            f" | {row['p50']:.0f} | {row['p95']:.0f} | {row['p99']:.0f} | {row['max']:.0f} |"
        )
    for error in result["errors"]:
        print(f"ERROR {error}")
    print("\nCPU s: " + ", ".join(f"{name} {used:.0f}" for name, used in spent.items()))
    sys.stdout.flush()


def check(result: dict) -> None:
    """Compare what was sent with what is stored; ends the program where they differ."""
    from django.db.models import Count

    from annotation.models import Assignment, Judgement, Round, Submission

    sent = result["sent"]
    opened = Round.objects.get(name="at work")
    stored = {
        str(row.client_id): (str(row.utterance_id), row.task, row.value)
        for row in Judgement.objects.filter(client_id__in=list(sent)).iterator()
    }
    lost = [key for key, row in sent.items() if row["answered"] and key not in stored]
    wrong = [
        key
        for key, found in stored.items()
        if found != (sent[key]["utterance"], sent[key]["task"], sent[key]["value"])
    ]
    submissions = Submission.objects.filter(assignment__in=result["submitted"])
    counted = dict(submissions.values_list("assignment").annotate(n=Count("pk")))
    missing = [pk for pk in result["submitted"] if counted.get(pk) != 1]
    twice = (
        Judgement.objects.filter(assignment__round=opened, client_id__in=list(sent)).count()
        - len(stored)
    )  # fmt: skip
    work = Assignment.objects.filter(round=opened, state__in=["held", "submitted"])
    over = work.values("dialogue").annotate(n=Count("pk")).filter(n__gt=OVERLAP).count()
    answered = sum(row["answered"] for row in sent.values())
    print(
        f"answers accepted {answered:,}: lost {len(lost)}, stored otherwise {len(wrong)}, stored"
        f" twice {twice}; submissions {len(result['submitted']):,}: missing or doubled"
        f" {len(missing)}; dialogues with too many people {over}"
    )
    if lost or wrong or twice or missing or over:
        sys.exit(1)


if __name__ == "__main__":
    main()
