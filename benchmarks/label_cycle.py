"""What a dialogue costs the server when it is annotated in a browser, request by request.

    .venv/bin/python -m benchmarks.label_cycle [--beside TREE] [--rounds 5] [--cycles 4]

A cycle is what the workbench of one person asks for: the next dialogue of eight utterances, its
page, six answers an utterance, a sign of life, the submission and the page after it. In process,
by Django's test client, which takes compressed answers as browsers do, six people in turns; CPU ms
of each kind of request and the bytes of the page as it is sent, the median of the rounds.
`--beside` names the tree of another commit with its own `.venv`: both are measured in turns, with
data of their own.
"""

import argparse
import gzip
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
DIALOGUES, UTTERANCES, PEOPLE, TEXT = 600, 8, 6, "你好。"
HEADERS = {"accept": "application/json,text/html", "accept-encoding": "gzip"}
FORM = "application/x-www-form-urlencoded"  # as the page's script sends answers
VALUES = {
    "sentiment": ["negative", "neutral", "positive"],
    "emotion": ["joy", "sadness", "anger", "neutral"],
    "sarcasm": ["no", "yes"],
    "humor": ["no", "yes"],
    "emotion_sentiment": ["-1", "0", "1"],
    "sarcasm_humor": ["-1", "0", "1"],
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--beside", type=Path)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--cycles", type=int, default=4)
    options.add_argument("--work", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.work:
        return work(chosen.work)
    trees = [ROOT, *([chosen.beside.resolve()] if chosen.beside else [])]
    with tempfile.TemporaryDirectory() as folder:
        workers = [
            start(tree, Path(folder) / str(n), chosen.cycles) for n, tree in enumerate(trees)
        ]
        found: list[dict[str, list[float]]] = [defaultdict(list) for _ in workers]
        for _ in range(chosen.rounds):
            for worker, kinds in zip(workers, found, strict=True):
                for kind, spent in ask(worker).items():
                    kinds[kind].append(spent)
        for worker in workers:
            worker.communicate()
    print("| request | " + " | ".join(str(tree) for tree in trees) + " |")
    print("|---" * (len(trees) + 1) + "|")
    for kind in found[0]:
        cells = [f"{statistics.median(of[kind]):.2f}" if of[kind] else "–" for of in found]
        print(f"| {kind} | " + " | ".join(cells) + " |")


def start(tree, data, cycles):
    """A process that works in a tree; it has made its data once it says so."""
    from benchmarks.watching import database  # not at the top: another tree may not have it

    data.mkdir()
    env = database(dict(os.environ), f"label_cycle_{data.name}") | {
        "DATA_DIR": str(data),
        "SECRET_KEY": "benchmark",
        "ALLOWED_HOSTS": "testserver",
        "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(tree),
    }
    python = [str(tree / ".venv/bin/python"), "-P"]  # this folder has a queue.py
    command = [*python, str(Path(__file__).resolve()), "--work", str(cycles)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    worker = subprocess.Popen(command, cwd=tree, env=env, text=True, **pipes)
    while (line := worker.stdout.readline()) != "ready\n":
        if not line:
            sys.exit(f"{tree}: the worker has failed")
    return worker


def ask(worker):
    worker.stdin.write("\n")
    worker.stdin.flush()
    return json.loads(worker.stdout.readline())


def work(cycles):
    from benchmarks import queue

    queue.make(DIALOGUES, "sequential")
    import config.wsgi  # noqa: F401  imports the views
    from annotation.models import Round
    from core.batches import create
    from corpus.models import Dialogue, Utterance
    from people.models import Person

    opened = Round.objects.get()
    rows = list(Dialogue.objects.values_list("pk", "uid"))
    create(
        Utterance,
        (
            Utterance(
                corpus_id=opened.corpus_id,
                dialogue_id=pk,
                number=n,
                uid=f"{uid}_{n}",
                text=TEXT,
            )
            for pk, uid in rows
            for n in range(2, UTTERANCES + 1)
        ),
    )
    from django.test import Client

    clients = [Client() for _ in range(PEOPLE)]
    for number, client in enumerate(clients):
        client.force_login(Person.objects.get(username=f"anno{number}"))
        cycle(client, opened.pk, defaultdict(list))
    print("ready", flush=True)
    for _line in sys.stdin:
        spent = defaultdict(list)
        for number in range(cycles):
            begun = time.process_time()
            cycle(clients[number % PEOPLE], opened.pk, spent)
            spent["the whole cycle"].append(time.process_time() - begun)
        means = {kind: statistics.mean(each) * 1000 for kind, each in spent.items()}
        print(json.dumps(means), flush=True)


def cycle(client, opened, spent):
    def timed(kind, method, address, **values):
        begun = time.process_time()
        sent = [urlencode(values), FORM] if method == client.post else [values]
        response = method(address, *sent, headers=HEADERS)
        spent[kind].append(time.process_time() - begun)
        assert response.status_code in (200, 302), (address, response.status_code)
        return response

    given = timed("take the next dialogue", client.post, f"/rounds/{opened}/next/")
    address = given["Location"]
    sent = timed("its page", client.get, address)
    spent["bytes of its page"].append(len(sent.content) / 1000)  # which is multiplied by as much
    compressed = sent.headers.get("Content-Encoding") == "gzip"
    page = (gzip.decompress(sent.content) if compressed else sent.content).decode()
    for utterance in re.findall(r'name="utterance" value="(\d+)"', page):
        for task, values in VALUES.items():
            timed(
                "an answer",
                client.post,
                f"{address}judgements/",
                utterance=utterance,
                task=task,
                value=random.choice(values),
                client_id=str(uuid.uuid4()),
                seconds="1.5",
            )
    timed("a sign of life", client.post, f"{address}presence/")
    after = timed("submit", client.post, f"{address}submission/")
    if "submission" in after["Location"]:
        timed("the page after it", client.get, after["Location"])


if __name__ == "__main__":
    main()
