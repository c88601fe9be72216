"""A corpus from import to release at several sizes: CPU, wall time and memory of each step.

    .venv/bin/python -m benchmarks.scale [--sizes 10000 100000 1000000] [--minutes 10]
    bash tools/services.sh .venv/bin/python -m benchmarks.scale         (on PostgreSQL)

`import` reads and stores Label Studio's JSON as a worker does it: so many utterances, eight a
dialogue, and three people's answers to one question, thus three million labels of a million
utterances. `open` opens a round for sixteen people. `annotate` lets them work at it without a pause
for some minutes, or until nine tenths are done, through the API of the server that `make run`
starts: a dialogue is one request (48 answers, the hand-in, and the next dialogue in the answer),
and at the end every answer that was sent has to be stored. `agreement` reports on the imported
round from nothing, `freeze` releases it without media, `datasets` opens what was frozen and reads
every row. Each step is a process of its own; its peak memory stands beside what it had once
everything was loaded.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.importing import bring, make_tasks
from benchmarks.queue import ROOT, Annotator, cpu, family, memory, postgres, wait_for
from benchmarks.watching import database, set_up
from tests.ports import free_port
from tools.launch import web_command

QUESTION = "emotion"
PEOPLE, OVERLAP = 16, 3
HEADING = """
| utterances | step | done | CPU s | database CPU s | wall s | peak MB (loaded) |
|---|---|---|---|---|---|---|"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--work", choices=sorted(STEPS), help=argparse.SUPPRESS)
    options.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.work:
        set_up()
        return STEPS[chosen.work](chosen.file)
    print(HEADING.strip(), flush=True)
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory() as folder:
            settings = {"DATA_DIR": folder, "SECRET_KEY": "benchmark"}
            env = database(os.environ | settings | {"API_REQUESTS_PER_MINUTE": "0"})
            tasks = Path(folder) / "tasks.json"
            make_tasks(tasks, size, (QUESTION,))
            step("migrate", env)
            report(size, "import", env, tasks)
            tasks.unlink()
            opened = report(size, "open", env)
            annotate(size, chosen.minutes * 60, opened, env)
            for name in ("agreement", "freeze", "datasets"):
                report(size, name, env)


def report(size: int, name: str, env: dict[str, str], file: Path | None = None) -> dict:
    before = cpu(postgres())
    found = step(name, env, file)
    print(
        f"| {size:,} | {name} | {found['done']} | {found['cpu']:.1f} |"
        f" {cpu(postgres()) - before:.1f} | {found['wall']:.1f} |"
        f" {found['peak']:.0f} ({found['loaded']:.0f}) |",
        flush=True,
    )
    return found


def step(name: str, env: dict[str, str], file: Path | None = None) -> dict:
    command = [sys.executable, "-m", "benchmarks.scale", "--work", name]
    command += ["--file", str(file)] if file else []
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def annotate(size: int, seconds: float, opened: dict, env: dict[str, str]) -> None:
    """Everybody works at the round for some seconds; one row of the table, and a check."""
    port = free_port()
    server = subprocess.Popen(web_command("127.0.0.1", port), cwd=ROOT, env=env)
    sent: list[dict] = []
    spent: list[float] = []
    try:
        wait_for(port)
        crowd = [Annotator(port, opened["round"], token, sent, True) for token in opened["tokens"]]
        for person in crowd:  # the first dialogue and what a process loads once
            person.cycle([], [])
        web, stored = cpu(family(server.pid)), cpu(postgres())
        begun, enough = time.monotonic(), 0.9 * OVERLAP * opened["dialogues"]

        def work(person: Annotator) -> None:
            person.connection.close()  # the server hangs up on those who were silent
            while time.monotonic() < begun + seconds and len(sent) < enough:
                person.cycle([], spent)

        threads = [threading.Thread(target=work, args=[person]) for person in crowd]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.monotonic() - begun
        web, stored = cpu(family(server.pid)) - web, cpu(postgres()) - stored
        used = sum(memory(pid) for pid in family(server.pid)) / 1e6
    finally:
        server.terminate()
        server.wait()
    answers = sum(len(work["answers"]) for work in sent)
    stored_answers = step("count", env)["judgements"]
    if stored_answers != answers:
        sys.exit(f"{answers} answers were sent, {stored_answers} are stored")
    p95 = statistics.quantiles(spent, n=20)[-1] * 1000
    print(
        f"| {size:,} | annotate | {len(spent):,} dialogues, {answers:,} answers, p95 {p95:.0f} ms |"
        f" {web:.1f} | {stored:.1f} | {wall:.1f} | {used:.0f} (web, all processes) |",
        flush=True,
    )


def measured(work) -> None:
    """Do `work` and print, as JSON, what it answers and what it took."""
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    used, wall = time.process_time(), time.perf_counter()
    answer = work()
    found = {
        "cpu": time.process_time() - used,
        "wall": time.perf_counter() - wall,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "loaded": loaded,
    }
    print(json.dumps(found | answer))


def migrate(_file: Path) -> None:
    from django.core.management import call_command

    from people.models import Person

    call_command("migrate", verbosity=0)
    lead = Person(username="lead")
    lead.set_password(str(time.time()))  # nobody is asked to set this installation up
    lead.save()
    measured(dict)


def bring_in(file: Path) -> None:
    from annotation.models import Judgement
    from corpus.models import Corpus, Utterance
    from people.models import Person

    corpus = Corpus.create(Person.objects.get(), name="scale")

    def work():
        bring("tasks", file, corpus)
        stored = Utterance.objects.count(), Judgement.objects.count()
        return {"done": "{:,} utterances, {:,} labels".format(*stored)}

    measured(work)


def open_for_all(_file: Path) -> None:
    from annotation.rounds import open_round
    from corpus.models import Corpus
    from people.access_tokens import AccessToken, Scope
    from people.models import Person

    corpus, lead = Corpus.objects.get(), Person.objects.get(username="lead")
    people = [Person.objects.create(username=f"anno{n}") for n in range(PEOPLE)]
    for person in people:
        corpus.memberships.create(person=person, role="annotator")
    tokens = [AccessToken.create(person, "benchmark", Scope.values)[1] for person in people]

    def work():
        dialogues = corpus.dialogues.published()
        opened = open_round(lead, corpus, "scale", dialogues, people, OVERLAP)
        held = opened.round_items.count()
        answer = {"done": f"{held:,} dialogues", "dialogues": held}
        return answer | {"round": opened.pk, "tokens": tokens}

    measured(work)


def count(_file: Path) -> None:
    from annotation.models import Judgement

    stored = Judgement.objects.filter(assignment__round__name="scale").count()
    measured(lambda: {"judgements": stored})


def report_agreement(_file: Path) -> None:
    from annotation.models import Report, Round

    opened = Round.objects.exclude(name="scale").get()
    asked = Report.objects.create(round=opened, kind="agreement")

    def work():
        asked.run()
        assert asked.status == "done", asked.failure_text
        return {"done": ""}

    measured(work)


def freeze(_file: Path) -> None:
    import pyarrow

    from annotation.models import Round
    from people.models import Person
    from releases import archive, rows, snapshot  # noqa: F401
    from releases.models import Release

    pyarrow.array(["a worker that runs has loaded everything"])
    opened = Round.objects.exclude(name="scale").get()
    lead = Person.objects.get(username="lead")
    asked = Release.request(lead, opened.corpus, "1.0.0", [opened], media="none")

    def work():
        asked.run()
        assert asked.is_frozen, asked.failure_text
        return {"done": f"{asked.size / 1e6:,.0f} MB written"}

    measured(work)


def open_in_datasets(_file: Path) -> None:
    import datasets

    from releases.models import Release

    folder = str(Release.objects.get().directory)

    def work():
        with tempfile.TemporaryDirectory() as cache:
            found = datasets.load_dataset(folder, cache_dir=cache)
            judged = datasets.load_dataset(folder, "judgements", cache_dir=cache)
            read = [sum(len(rows) for rows in parts.values()) for parts in (found, judged)]
            for parts in (found, judged):
                for rows in parts.values():
                    for batch in rows.iter(10_000):
                        assert batch
        return {"done": "{:,} utterances, {:,} judgements".format(*read)}

    measured(work)


STEPS = {
    "migrate": migrate,
    "import": bring_in,
    "open": open_for_all,
    "count": count,
    "agreement": report_agreement,
    "freeze": freeze,
    "datasets": open_in_datasets,
}

if __name__ == "__main__":
    main()
