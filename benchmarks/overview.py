"""What the overview of a corpus, its parts, and the tasks of an annotator cost by its size.

    .venv/bin/python -m benchmarks.overview [--sizes 2000 100000]
    bash tools/services.sh .venv/bin/python -m benchmarks.overview          (on PostgreSQL)

A corpus of so many utterances, twelve in a dialogue, annotated by three of nine people in an open
round over sixty days; a sixth of the dialogues is not complete, an eighth of the items contested.
CPU ms of a request, the median of nine, and the queries of it.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta

from benchmarks.watching import database, set_up

UTTERANCES, PEOPLE, DAYS = 12, 9, 60


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[2_000, 100_000])
    options.add_argument("--look", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.look:
        return look(chosen.look)
    print("| utterances | page | CPU ms | queries |\n|---|---|---|---|", flush=True)
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory() as folder:
            env = database(os.environ | {"DATA_DIR": folder, "SECRET_KEY": "benchmark"})
            command = [sys.executable, "-m", "benchmarks.overview", "--look", str(size)]
            subprocess.run(command, env=env, check=True)


def look(size: int) -> None:
    set_up()
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    lead, annotator, corpus, opened = fill(size)
    addresses = {
        lead: [
            *("/", f"/corpora/{corpus}/", f"/corpora/{corpus}/pace/", f"/rounds/{opened}/"),
            *(f"/rounds/{opened}/results/", f"/rounds/{opened}/history/"),
        ],
        annotator: ["/", "/tasks/"],
    }
    for person, pages in addresses.items():
        client = Client(headers={"host": "localhost"})
        client.force_login(person)
        for address in pages:
            assert client.get(address).status_code == 200, address
            spent = []
            for _ in range(9):
                begun = time.process_time()
                client.get(address)
                spent.append(1000 * (time.process_time() - begun))
            with CaptureQueriesContext(
                connection,
            ) as queries:
                client.get(address)
            print(
                f"| {size:,} | {person} {address} | {statistics.median(spent):.1f}"
                f" | {len(queries)} |",
                flush=True,
            )


def fill(size: int):
    """The lead, an annotator, and the ids of the corpus and its round."""
    from django.utils import timezone

    from annotation.models import (
        Assignment,
        DailyWork,
        Item,
        Participant,
        Round,
        RoundItem,
        SchemeVersion,
        Submission,
        Tally,
    )
    from core.batches import create
    from corpus.models import Corpus, Dialogue, Publication, Source, Utterance
    from jobs.models import JobStatus
    from people.models import Person

    def person(name):
        made = Person(username=name)
        made.set_password(str(time.time()))  # nobody is asked to set this installation up
        made.save()
        return made

    lead = person("lead")
    corpus = Corpus.create(lead, name="overview")
    people = [person(f"anno{n}") for n in range(PEOPLE)]
    for one in people:
        corpus.memberships.create(person=one, role="annotator")
    count = size // UTTERANCES
    source = Source.objects.create(
        corpus=corpus, title="s", kind="table", status=JobStatus.DONE,
        counts={"dialogues": count, "published": count, "utterances": count * UTTERANCES},
    )  # fmt: skip
    names = range(1, count + 1)
    create(Dialogue, (Dialogue(corpus=corpus, source=source, uid=f"D{n}", number=n) for n in names))
    dialogues = list(Dialogue.objects.order_by("pk").values_list("pk", flat=True))
    create(Publication, (Publication(dialogue_id=pk) for pk in dialogues))
    create(
        Utterance,
        (
            Utterance(corpus=corpus, dialogue_id=pk, number=n, uid=f"{pk}_{n}", text="你好。")
            for pk in dialogues
            for n in range(1, UTTERANCES + 1)
        ),
    )
    opened = Round.objects.create(
        corpus=corpus, name="r", overlap=3, scheme_version=SchemeVersion.of(corpus)
    )
    create(Participant, (Participant(round=opened, person=one) for one in people))
    done = 5 * count // 6
    create(
        RoundItem,
        (
            RoundItem(
                round=opened, dialogue_id=pk, position=n, given=3 * (n < done), open=n >= done
            )
            for n, pk in enumerate(dialogues)
        ),
    )
    create(
        Assignment,
        (
            Assignment(
                round=opened, dialogue_id=pk, person=people[(n + k) % PEOPLE],
                state="submitted", counted=True,
            )
            for n, pk in enumerate(dialogues[:done])
            for k in range(3)
        ),
    )  # fmt: skip
    now = timezone.now()
    taken = list(Assignment.objects.order_by("pk").values_list("pk", flat=True))
    create(
        Submission,
        (
            Submission(
                assignment_id=pk, utterances=UTTERANCES, seconds=300.0,
                at=now - timedelta(days=DAYS * (1 - n / len(taken))),
            )
            for n, pk in enumerate(taken)
        ),
    )  # fmt: skip
    each = len(taken) // (DAYS * PEOPLE)
    create(
        DailyWork,
        (
            DailyWork(
                round=opened, person=one, day=(now - timedelta(days=day)).date(),
                submissions=each, utterances=each * UTTERANCES, seconds=each * 300.0,
            )
            for one in people
            for day in range(DAYS)
        ),
    )  # fmt: skip
    rng, tasks = random.Random(0), opened.scheme.tasks
    spoken = Utterance.objects.filter(dialogue__in=dialogues[:done]) if count < 900 else None
    rows = (spoken or Utterance.objects.all()).order_by("pk").values_list("pk", flat=True)
    rows = rows[: done * UTTERANCES]
    create(
        Item,
        (
            Item(
                round=opened, utterance_id=pk, task=task.key, size=3, kind="contested" if c else
                "majority", answers={"p2": "a", "p3": "b", "p4": "c"}, disagreement=rng.random(),
                value="" if c else task.keys[0], open=c,
            )
            for pk in rows.iterator()
            for task in tasks
            for c in [rng.random() < 0.125]
        ),
    )  # fmt: skip
    counts = {}
    for task in tasks:
        units, values = done * UTTERANCES, len(task.keys)
        counts[f"{task.key}/p/3/0/0"] = 6 * (units // 2)
        counts[f"{task.key}/p/3/0/1"] = 2 * (units // 2)
        counts[f"{task.key}/p/3/1/1"] = 2 * (units // 2)
        for one in people:
            for value in range(values):
                counts[f"{task.key}/g/{one.pk}/{value}"] = units // (3 * values)
    Tally.objects.create(round=opened, part="", counts=counts, submissions=len(taken))
    return lead, people[0], corpus.pk, opened.pk


if __name__ == "__main__":
    main()
