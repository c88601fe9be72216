"""What pages cost by the size of a corpus: overviews, lists, a round, adjudication, the workbench.

    .venv/bin/python -m benchmarks.overview [--sizes 2000 100000] [--most 1.5]
    bash tools/services.sh .venv/bin/python -m benchmarks.overview          (on PostgreSQL)

A corpus of so many utterances, twelve in a dialogue, annotated by three of nine people in an open
round over sixty days; a sixth of the dialogues is not complete, an eighth of the items contested.
The sizes take turns, LOOKS times each: CPU ms of a request, the least of all, and its queries. Ends
with 1 if a page of the largest corpus costs more than `--most` times what it costs in the smallest
and more than 60 ms.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import timedelta

from benchmarks.watching import database, set_up

UTTERANCES, PEOPLE, DAYS = 12, 9, 60
LOOKS, REQUESTS = 3, 9
ENOUGH = 60.0  # ms up to which a page may cost what it likes
UUIDS = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}
JUDGEMENTS = """
INSERT INTO annotation_judgement
    (assignment_id, utterance_id, task, value, seconds, client_id, at)
SELECT a.id, u.id, %s, %s, 4.0, UUID, %s
FROM annotation_assignment a JOIN corpus_utterance u ON u.dialogue_id = a.dialogue_id
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[2_000, 100_000])
    options.add_argument("--most", type=float, default=1.5)
    options.add_argument("--make", type=int, help=argparse.SUPPRESS)
    options.add_argument("--look", type=json.loads, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.make:
        return make(chosen.make)
    if chosen.look:
        return look(*chosen.look)
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(chosen.sizes, folder)
    sizes = " | ".join(f"{size:,} utterances, ms" for size in chosen.sizes)
    print(f"| page | {sizes} | ratio | queries |\n|{'---|' * (len(chosen.sizes) + 3)}")
    dear = []
    for page in measured[0]:
        spent = [found[page][0] for found in measured]
        ratio = spent[-1] / spent[0]
        cells = " | ".join(f"{ms:.0f}" for ms in spent)
        print(f"| {page} | {cells} | {ratio:.1f} | {measured[-1][page][1]} |")
        dear += [page] if ratio > chosen.most and spent[-1] > ENOUGH else []
    if dear:
        sys.exit(f"More than {chosen.most} times as dear: {', '.join(dear)}")


def measure(sizes, folder):
    """For each size what `look` found, the least of LOOKS."""
    corpora = []
    for size in sizes:
        own = {"DATA_DIR": f"{folder}/{size}", "SECRET_KEY": "benchmark"}
        env = database(os.environ | own, f"overview_{size}")
        corpora.append((env, run(env, "--make", str(size))))
    measured: list[dict] = [{} for _env, _ids in corpora]
    for _ in range(LOOKS):
        for (env, ids), known in zip(corpora, measured, strict=True):
            for page, found in run(env, "--look", json.dumps(ids)).items():
                known[page] = min(found, known.get(page, found))
    return measured


def run(env, *options):
    """What this file prints with these options, the last line as JSON."""
    command = [sys.executable, "-m", "benchmarks.overview", *options]
    made = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
    return json.loads(made.stdout.splitlines()[-1])


def make(size: int) -> None:
    """Fill the database; prints what `fill` returns, people as ids."""
    set_up()
    from django.core.management import call_command
    from django.db import connection

    from corpus.models import Corpus
    from corpus.models.checks import CorpusReport

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    lead, annotator, corpus, opened = fill(size)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # which its autovacuum does within minutes
    for report in CorpusReport.__subclasses__():
        assert report.request(Corpus.objects.get(pk=corpus), now=True).run().status == "done"
    print(json.dumps([lead.pk, annotator.pk, corpus, opened]))


def look(lead: int, annotator: int, corpus: int, opened: int) -> None:
    """Measure in this process; prints page -> (CPU ms, queries) as JSON."""
    set_up()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from people.models import Person

    people = [Person.objects.get(pk=pk) for pk in (lead, annotator)]
    found = {}
    for name, (person, address) in pages(*people, corpus, opened).items():
        client = Client(headers={"host": "localhost"})
        client.force_login(person)
        assert client.get(address).status_code == 200, address
        spent = []
        for _ in range(REQUESTS):
            begun = time.process_time()
            client.get(address)
            spent.append(1000 * (time.process_time() - begun))
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        found[name] = min(spent), len(queries)
    print(json.dumps(found))


def pages(lead, annotator, corpus: int, opened: int):
    """What a page is called -> who looks at it, and its address."""
    dialogue, assignment = some_of(annotator)
    at, in_round = f"/corpora/{corpus}", f"/rounds/{opened}"
    of_lead = {
        "start page of a lead": "/",
        "overview of the corpus": f"{at}/",
        "its pace": f"{at}/pace/",
        "dialogues": f"{at}/dialogues/",
        "a dialogue": dialogue,
        "its editor": f"{dialogue}editor/",
        "search for utterances": f"{at}/utterances/?q=你好",
        "search everywhere": "/search/?q=D12",
        "speakers": f"{at}/speakers/",
        "integrity check": f"{at}/integrity/",
        "expert labels": f"{at}/expert-labels/",
        "personal data": f"{at}/personal-data/",
        "rounds": f"{at}/rounds/",
        "form of a round": f"{at}/rounds/new/",
        "a round": f"{in_round}/",
        "its results": f"{in_round}/results/",
        "its history": f"{in_round}/history/",
        "its dialogues": f"{in_round}/dialogues/",
        "agreement": f"{in_round}/agreement/",
        "items": f"{in_round}/items/",
        "adjudication": f"{in_round}/adjudication/",
        "quality": f"{in_round}/quality/",
        "comments": f"{in_round}/comments/",
        "releases": f"{at}/releases/",
        "form of a release": f"{at}/releases/new/",
        "form of a run": f"{at}/runs/new/",
        "jobs": f"{at}/jobs/",
        "audit log": f"{at}/audit-log/",
    }
    of_annotator = {
        "start page of an annotator": "/",
        "my tasks": "/tasks/",
        "annotation history": "/tasks/history/",
        "workbench": assignment,
    }
    return {name: (lead, address) for name, address in of_lead.items()} | {
        name: (annotator, address) for name, address in of_annotator.items()
    }


def some_of(annotator):
    """The addresses of a dialogue in the middle and of an open assignment of the annotator."""
    from annotation.models import Assignment, Round
    from corpus.models import Dialogue

    opened = Round.objects.get()
    waiting = opened.round_items.filter(open=True).first().dialogue_id
    taken, _made = Assignment.objects.get_or_create(
        round=opened, dialogue_id=waiting, person=annotator
    )
    middle = Dialogue.objects.all()[Dialogue.objects.count() // 2]
    return f"/dialogues/{middle.pk}/", f"/assignments/{taken.pk}/"


def fill(size: int):
    """The lead, an annotator, and the ids of the corpus and its round."""
    from django.db import connection
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
    from corpus.models import Corpus, Dialogue, Publication, Source, Speaker, Utterance
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
    create(Speaker, (Speaker(corpus=corpus, name=f"Speaker {n}") for n in names))
    speakers = list(Speaker.objects.order_by("pk"))
    create(Publication, (Publication(dialogue_id=pk) for pk in dialogues))
    create(
        Utterance,
        (
            Utterance(
                corpus=corpus, dialogue_id=pk, number=n, uid=f"{pk}_{n}", text=f"你好，{pk}。",
                speaker=speakers[(k + n % 2) % len(speakers)], start=2.0 * n, end=2.0 * n + 1.5,
            )
            for k, pk in enumerate(dialogues)
            for n in range(1, UTTERANCES + 1)
        ),
    )  # fmt: skip
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
    with connection.cursor() as cursor:  # 100,000 utterances have 1,500,000
        for task in opened.scheme.tasks:
            cursor.execute(
                JUDGEMENTS.replace("UUID", UUIDS[connection.vendor]),
                [task.key, task.keys[0], timezone.now()],
            )
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
    each = max(1, len(taken) // (DAYS * PEOPLE))  # people and days are the same in every size
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
                round=opened, utterance_id=pk, task=task.key, size=3,
                kind="contested" if c else "majority",
                answers={f"p{people[k].pk}": task.keys[k * c] for k in range(2)},
                disagreement=rng.random(), value="" if c else task.keys[0], open=c,
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
