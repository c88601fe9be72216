"""Rows a second and memory of importing a published table, at two sizes in turn.

    .venv/bin/python -m benchmarks.importing [--sizes 10000 100000]
    bash tools/services.sh .venv/bin/python -m benchmarks.importing     (on PostgreSQL)

The table has CMMA's columns, eight utterances a dialogue, eight labels an utterance, and one faulty
cell in a thousand. Each size is imported by `import_corpus` in a process and database of its own.
"""

import argparse
import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEADER = [
    *("Utterance", "Speaker", "Sentiment", "Emotion", "Relevancy(Emo→Sen)", "Sarcasm", "Humor"),
    *("Relevancy(Sar→Hum)", "Pride", "Love", "StartTime", "EndTime"),
    *("ConversationID", "UtteranceID"),
]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    chosen = options.parse_args()
    print("| rows | rows/s | CPU s | peak memory above an empty process, MB |\n|---|---|---|---|")
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "train.csv"
            make(table, size)
            command = [sys.executable, "-m", "benchmarks.importing", "--worker", str(table)]
            subprocess.run(command, check=True, env=environment(folder, size))


def environment(folder: str, size: int) -> dict[str, str]:
    env = os.environ | {"DATA_DIR": folder, "SECRET_KEY": "benchmark"}
    if "DATABASE_URL" in env:
        import psycopg

        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as database:
            database.execute(f"CREATE DATABASE importing_{size}")
        env["DATABASE_URL"] = env["DATABASE_URL"].rsplit("/", 1)[0] + f"/importing_{size}"
    return env


def make(path: Path, size: int) -> None:
    chance = random.Random(1)
    with path.open("w", encoding="gb18030", newline="") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        for number in range(size):
            dialogue, place = divmod(number, 8)
            second = place * 4
            words = "".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(14))
            faulty = number % 1000 == 999
            table.writerow(
                [
                    *(words, f"speaker {chance.randrange(50)}", "neutral"),
                    *("glee" if faulty else "joy", "1", "none", "none", "0", "none", "none"),
                    *(f"00:00:{second:02d},100", f"00:00:{second + 3:02d},900"),
                    *(f"C_{dialogue}", f"C_{dialogue}_U_{place + 1}"),
                ]
            )


def work(table: Path) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere:
        call_command("import_corpus", str(table), format="cmma", corpus="C", stdout=nowhere)
    spent = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_SELF)
    from corpus.models import Utterance

    rows = Utterance.objects.count()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = (after.ru_maxrss - before.ru_maxrss) / 1024
    print(f"| {rows:,} | {rows / spent:,.0f} | {cpu:.1f} | {memory:.0f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(Path(sys.argv[2]))
    else:
        main()
