"""A release of 10,000 utterances with 30,000 judgements and more: CPU, wall time, memory.

    .venv/bin/python -m benchmarks.releases [--sizes 10000 100000 1000000] [--repeats 3]
    bash tools/services.sh .venv/bin/python -m benchmarks.releases          (on PostgreSQL)

Three people judge each utterance; once with one task (a judgement an utterance and person, as in
tools that keep one label an annotation), once with four (120,000 labels of 10,000 utterances, as
other tools were measured with), once with all six. Every measurement is a fresh process:
`tables` writes what a JSON and CSV export is elsewhere (utterances with gold, votes and soft labels
as JSONL, CSV and Parquet; every judgement as JSONL and Parquet), `freeze` the whole release without
media (with leakage report, intervals of agreement by 1,000 replicates, card, checksums), `archive`
reads the whole zip once. Modules are loaded before the clock starts, as in a worker that runs. Peak
memory is that of the process, of which `start` is used by then.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.watching import database, set_up

DIALOGUE, PEOPLE = 8, 3  # utterances, people
WORDS = "我你他她这那是不了在有人都一个上也就到说要去会着没看好自己吗呢吧啊真的怎么样今天明天"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options.add_argument("--tasks", type=int, nargs="+", default=[1, 4, 6])
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--make", nargs=2, type=int, help=argparse.SUPPRESS)
    options.add_argument("--work", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.make:
        return make(*chosen.make)
    if chosen.work:
        return work(chosen.work)
    print("| utterances | judgements | what | CPU s | wall s | peak MB (start) | written MB |")
    print("|---" * 7 + "|", flush=True)
    for size in chosen.sizes:
        for tasks in chosen.tasks:
            if size * tasks > 2_000_000:
                continue  # making the rows takes longer than the rest together
            with tempfile.TemporaryDirectory() as folder:
                env = database(os.environ | {"DATA_DIR": folder, "SECRET_KEY": "benchmark"})
                again = [sys.executable, "-m", "benchmarks.releases"]
                subprocess.run([*again, "--make", str(size), str(tasks)], env=env, check=True)
                report(chosen.repeats if size < 1_000_000 else 1, size, tasks, again, env)


def report(repeats, size, tasks, again, env) -> None:
    for what in ("tables", "freeze", "archive"):
        found = []
        for _ in range(repeats):
            done = subprocess.run([*again, "--work", what], env=env, capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr)
            found.append(json.loads(done.stdout.splitlines()[-1]))
        cpu, wall, peak, start, written = (
            statistics.median(row[name] for row in found)
            for name in ("cpu", "wall", "peak", "start", "written")
        )
        print(
            f"| {size:,} | {size * tasks * PEOPLE:,} | {what} | {cpu:.2f} | {wall:.2f}"
            f" | {peak:.0f} ({start:.0f}) | {written:.1f} |",
            flush=True,
        )


def make(size: int, count: int) -> None:
    """A corpus of so many utterances, judged in a round of so many tasks, and counted."""
    set_up()
    from django.core.management import call_command

    from annotation.consensus import Majority
    from annotation.models import Assignment, Item, Judgement, Round, SchemeVersion, Submission
    from annotation.scheme import DEFAULT, Scheme
    from core.batches import create
    from corpus.models import Corpus, Dialogue, Source, Utterance
    from jobs.models import JobStatus
    from people.models import Person

    call_command("migrate", verbosity=0)
    lead = Person.objects.create(username="lead")
    corpus = Corpus.create(lead, name="releases")
    source = Source.objects.create(corpus=corpus, title="s", kind="table", status=JobStatus.DONE)
    people = [Person.objects.create(username=f"anno{n}") for n in range(PEOPLE)]
    rng, dialogues = random.Random(0), size // DIALOGUE
    create(
        Dialogue,
        (
            Dialogue(corpus=corpus, source=source, uid=f"D{n}", number=n)
            for n in range(1, dialogues + 1)
        ),
    )
    ids = list(Dialogue.objects.order_by("pk").values_list("pk", "uid"))
    create(
        Utterance,
        (
            Utterance(
                corpus=corpus, dialogue_id=pk, number=n, uid=f"{uid}_{n}", start=n, end=n + 1,
                text="".join(rng.choices(WORDS, k=rng.randint(4, 16))),
            )
            for pk, uid in ids
            for n in range(1, DIALOGUE + 1)
        ),
    )  # fmt: skip
    tasks = DEFAULT.tasks[:count]
    opened = Round.objects.create(
        corpus=corpus, name="r", overlap=PEOPLE, published=True,
        scheme_version=SchemeVersion.of(corpus, Scheme(tasks)),
    )  # fmt: skip
    create(
        Assignment,
        (
            Assignment(round=opened, dialogue_id=pk, person=person, state="submitted", counted=True)
            for pk, _uid in ids
            for person in people
        ),
    )
    rows = Assignment.objects.order_by("pk").values_list("pk", "dialogue", "person")
    create(Submission, (Submission(assignment_id=pk) for pk, *_rest in rows.iterator()))
    of = {(dialogue, person): pk for pk, dialogue, person in rows.iterator()}

    def given():
        draw = random.Random(1)
        spoken = Utterance.objects.order_by("pk").values_list("pk", "dialogue")
        for pk, dialogue in spoken.iterator():
            for task in tasks:
                favourite = draw.choice(task.keys)
                said = {
                    person.pk: favourite if draw.random() < 0.7 else draw.choice(task.keys)
                    for person in people
                }
                yield pk, dialogue, task, said

    create(
        Judgement,
        (
            Judgement(
                assignment_id=of[dialogue, who], utterance_id=pk, task=task.key, value=value,
                seconds=2.5,
            )
            for pk, dialogue, task, said in given()
            for who, value in said.items()
        ),
    )  # fmt: skip

    def items():
        for pk, _dialogue, task, said in given():
            found = Majority().settle(said)
            yield Item(
                round=opened, utterance_id=pk, task=task.key, size=PEOPLE, disagreement=0.0,
                answers={f"p{who}": value for who, value in said.items()},
                kind=found.kind, value=found.value or "", soft=found.soft,
            )  # fmt: skip

    create(Item, items())


def work(what: str) -> None:
    """Do one thing and say what it took, as JSON."""
    set_up()
    import pyarrow

    from annotation.models import Round
    from releases import archive, rows, snapshot  # noqa: F401
    from releases.models import Release
    from releases.tables import Tables

    pyarrow.array(["a worker that runs has loaded everything"])
    opened = Round.objects.get()
    frozen = Release.objects.frozen().first()
    version = f"1.{Release.objects.count()}.0"
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu, wall = time.process_time(), time.perf_counter()
    if what == "archive":
        whole = archive.of(frozen.directory, frozen.slug)
        written = sum(len(block) for block in whole.read())
    else:
        options = {"media": "none", "keep_splits": False}
        release = Release.request(None, opened.corpus, version, [opened], **options)
        if what == "freeze":
            release.run()
            assert release.status == "done", release.failure_text
            written = release.size
        else:
            with tempfile.TemporaryDirectory() as folder:
                plan = rows.make_plan(release)
                with Tables(Path(folder), plan.scheme, plan.traits) as tables:
                    for part in rows.parts(plan):
                        tables.add(part)
                written = sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file())
            release.delete()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {"cpu": cpu, "wall": wall, "peak": peak, "start": start, "written": written / 1e6}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
