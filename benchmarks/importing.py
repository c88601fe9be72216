"""CPU, rows a second and memory of importing tables: talk without labels, CMMA's, Label Studio's.

    .venv/bin/python -m benchmarks.importing [--sizes 10000 100000] [--times 3]
    bash tools/services.sh .venv/bin/python -m benchmarks.importing     (on PostgreSQL)

`talk` is a CSV of dialogue, speaker and words. `cmma` has that set's columns: eight labels an
utterance, and one faulty cell in a thousand. `tasks` are Label Studio's JSON: three annotators with
four labels each. Eight utterances are a dialogue. Files are read and stored as a worker does it, in
a process and database of its own for each size; of several times the quickest counts, of memory the
first.
"""

import argparse
import csv
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HEADER = [
    *("Utterance", "Speaker", "Sentiment", "Emotion", "Relevancy(Emo→Sen)", "Sarcasm", "Humor"),
    *("Relevancy(Sar→Hum)", "Pride", "Love", "StartTime", "EndTime"),
    *("ConversationID", "UtteranceID"),
]
ANSWERS = {
    "emotion": ("joy", "anger", "sadness", "fear"),
    "sentiment": ("negative", "neutral", "positive"),
    "sarcasm": ("no", "yes"),
    "humor": ("no", "yes"),
}
WHAT = ("talk", "cmma", "tasks")
HEADING = """
| what | rows | labels | CPU s | wall s | rows/s | peak memory above an empty process, MB |
|---|---|---|---|---|---|---|"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    options.add_argument("--what", nargs="+", choices=WHAT, default=WHAT)
    options.add_argument("--times", type=int, default=3)
    chosen = options.parse_args()
    print(HEADING.strip(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty"
        run("migrate", environment(empty, "empty"))
        for size in chosen.sizes:
            for what in chosen.what:
                own = Path(folder) / f"{what}_{size}"
                shutil.copytree(empty, own)
                path = own / MAKERS[what][0]
                MAKERS[what][1](path, size)
                env = environment(own, own.name, "importing_empty")
                run("import", env, what, str(path), str(chosen.times))
                shutil.rmtree(own)


def run(*arguments: Any) -> None:
    step, env, *others = arguments
    command = [sys.executable, "-m", "benchmarks.importing", "--worker", step, *others]
    subprocess.run(command, check=True, env=env)


def environment(folder: Path, name: str, template: str = "template1") -> dict[str, str]:
    """The settings of a database of its own, on PostgreSQL made after another one."""
    folder.mkdir(exist_ok=True)
    env = os.environ | {"DATA_DIR": str(folder), "SECRET_KEY": "benchmark"}
    if "DATABASE_URL" in env:
        import psycopg

        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as database:
            database.execute(f"DROP DATABASE IF EXISTS importing_{name}")
            database.execute(f"CREATE DATABASE importing_{name} TEMPLATE {template}")
        env["DATABASE_URL"] = env["DATABASE_URL"].rsplit("/", 1)[0] + f"/importing_{name}"
    return env


def words(chance: random.Random) -> str:
    return "".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(14))


def make_talk(path: Path, size: int) -> None:
    chance = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["dialogue", "speaker", "text"])
        for number in range(size):
            speaker = f"speaker {chance.randrange(50)}"
            table.writerow([f"C_{number // 8}", speaker, words(chance)])


def make_cmma(path: Path, size: int) -> None:
    chance = random.Random(1)
    with path.open("w", encoding="gb18030", newline="") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        for number in range(size):
            dialogue, place = divmod(number, 8)
            second = place * 4
            faulty = number % 1000 == 999
            table.writerow(
                [
                    *(words(chance), f"speaker {chance.randrange(50)}", "neutral"),
                    *("glee" if faulty else "joy", "1", "none", "none", "0", "none", "none"),
                    *(f"00:00:{second:02d},100", f"00:00:{second + 3:02d},900"),
                    *(f"C_{dialogue}", f"C_{dialogue}_U_{place + 1}"),
                ]
            )


def make_tasks(path: Path, size: int, questions: tuple[str, ...] = tuple(ANSWERS)) -> None:
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for number in range(size):
            data = {
                "text": words(chance),
                "dialogue": f"C_{number // 8}",
                "speaker": f"speaker {chance.randrange(50)}",
            }
            annotations = [annotation(chance, person, questions) for person in (1, 2, 3)]
            task = {"id": number + 1, "data": data, "annotations": annotations}
            file.write("[\n" if number == 0 else ",\n")
            file.write(json.dumps(task, ensure_ascii=False))
        file.write("\n]\n")


def annotation(chance: random.Random, person: int, questions: tuple[str, ...]) -> dict[str, Any]:
    result = [
        {
            "from_name": name,
            "to_name": "text",
            "type": "choices",
            "value": {"choices": [chance.choice(ANSWERS[name])]},
        }
        for name in questions
    ]
    return {"completed_by": person, "was_cancelled": False, "lead_time": 3.5, "result": result}


MAKERS: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "talk": ("talk.csv", make_talk),
    "cmma": ("train.csv", make_cmma),
    "tasks": ("tasks.json", make_tasks),
}


def work(step: str, *others: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    if step == "migrate":
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
    else:
        what, path, times = others
        measure(what, Path(path), int(times))


def measure(what: str, path: Path, times: int) -> None:
    from annotation.models import Judgement
    from corpus.models import Corpus, Utterance

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    memory, taken = 0.0, []
    for number in range(times):
        corpus = Corpus.objects.create(name=f"{what} {number}")
        cpu, wall = time.process_time(), time.perf_counter()
        bring(what, path, corpus)
        taken.append((time.process_time() - cpu, time.perf_counter() - wall))
        memory = memory or (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rows, labels = Utterance.objects.count() // times, Judgement.objects.count() // times
    cpu, wall = min(taken)
    print(
        f"| {what} | {rows:,} | {labels:,} | {cpu:.2f} | {wall:.2f} | {rows / wall:,.0f}"
        f" | {memory:.0f} |",
        flush=True,
    )


def bring(what: str, path: Path, corpus: Any) -> None:
    """Read a file and store it, as import_corpus and the worker of an import do."""
    from django.db import transaction

    from annotation.corpus_import import read_mapped, read_published, store_published
    from corpus.formats.mapped_table import Mapping

    columns = {name: name for name in ("dialogue", "speaker", "text")}
    if what == "talk":
        name, parts = "mapped", read_mapped([path], Mapping.from_json({"columns": columns}))
    else:
        name = "cmma" if what == "cmma" else "labelstudio"
        parts = read_published(name, [path])
    with transaction.atomic():
        store_published(corpus, name, parts)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(*sys.argv[2:])
    else:
        main()
