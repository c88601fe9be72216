"""Pages and searches on a corpus of ten thousand and of a million utterances, side by side.

    .venv/bin/python -m benchmarks.finding [--sizes 10000 1000000] [--repeats 40]
    bash tools/services.sh .venv/bin/python -m benchmarks.finding       (on PostgreSQL)

Each corpus is made in a database of its own: dialogues of ten utterances, 200 dialogues a source,
words drawn by Zipf's law from a made lexicon. The sizes take turns within one run; what is printed
is the 95th percentile and the median of the whole request, in process, in milliseconds.
"""

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PER_DIALOGUE, PER_SOURCE = 10, 200


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    options.add_argument("--repeats", type=int, default=40)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workers = {size: start(size, Path(folder)) for size in chosen.sizes}
        for size, worker in workers.items():
            print(f"{size:,} utterances: made in {json.loads(worker.stdout.readline())} s")
        names = ask(next(iter(workers.values())), "names")
        times = {name: {size: [] for size in workers} for name in names}
        for name in names:
            for repeat in range(chosen.repeats):
                for size, worker in workers.items():
                    times[name][size].append(ask(worker, [name, repeat]))
        report(times)
        for worker in workers.values():
            worker.stdin.close()
            worker.wait()


def report(times) -> None:
    sizes = [f"{size:,}: p95 (median), ms" for size in next(iter(times.values()))]
    print("| " + " | ".join(["page", *sizes, "p95 ratio"]) + " |")
    print("|---" * (len(sizes) + 2) + "|")
    for name, by_size in times.items():
        p95 = [statistics.quantiles(taken, n=20)[-1] for taken in by_size.values()]
        cells = [f"{p:.1f} ({statistics.median(t):.1f})" for p, t in zip(p95, by_size.values())]
        print(f"| {name} | " + " | ".join(cells) + f" | {p95[-1] / p95[0]:.2f} |")


def start(size: int, folder: Path) -> subprocess.Popen:
    data = folder / str(size)
    data.mkdir()
    env = os.environ | {"DATA_DIR": str(data), "SECRET_KEY": "benchmark"}
    if "DATABASE_URL" in env:
        import psycopg

        name = f"finding_{size}"
        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as database:
            database.execute(f"CREATE DATABASE {name}")
        env["DATABASE_URL"] = env["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"
    command = [sys.executable, "-m", "benchmarks.finding", "--worker", str(size)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(command, env=env, text=True, bufsize=1, **pipes)


def ask(worker: subprocess.Popen, what):
    worker.stdin.write(json.dumps(what) + "\n")
    worker.stdin.flush()
    return json.loads(worker.stdout.readline())


def work(size: int) -> None:
    """The other end: make the corpus, then time what is asked for."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    settings.ALLOWED_HOSTS = ["*"]
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    call_command("migrate", verbosity=0)
    begun = time.perf_counter()
    corpus, lead, lexicon = make(size)
    print(json.dumps(round(time.perf_counter() - begun, 1)), flush=True)
    client = Client()
    client.force_login(lead)
    pages = addresses(corpus, lexicon, size)
    for name in pages:
        client.get(pages[name](0))
    gc.collect()
    gc.freeze()  # what was made belongs to no request
    for line in sys.stdin:
        asked = json.loads(line)
        if asked == "names":
            print(json.dumps(list(pages)), flush=True)
            continue
        name, repeat = asked
        address = pages[name](repeat)
        begun = time.perf_counter()
        response = client.get(address)
        spent = (time.perf_counter() - begun) * 1000
        assert response.status_code == 200, (address, response.status_code)
        print(json.dumps(spent), flush=True)


def make(size: int):
    from django.db import connection

    from corpus.models import Corpus, Dialogue, Publication, Source, Speaker, Utterance
    from jobs.models import JobStatus
    from people.models import Person

    chance = random.Random(7)
    common = [chr(0x4E00 + n) for n in chance.sample(range(6000), 1500)]
    weights = [1 / (rank + 2) for rank in range(len(common))]
    lengths = chance.choices([1, 2, 2, 3], k=20_000)
    lexicon = ["".join(chance.choices(common, weights, k=length)) for length in lengths]
    rarity = [1 / (rank + 5) for rank in range(len(lexicon))]
    lead = Person.objects.create_user("lead", password=None)
    corpus = Corpus.create(lead, name="benchmark")
    speakers = [Speaker.objects.create(corpus=corpus, name=f"speaker {n}") for n in range(200)]
    places = size // PER_DIALOGUE
    for first in range(0, places, PER_SOURCE):
        count = min(PER_SOURCE, places - first)
        source = Source.objects.create(
            corpus=corpus,
            kind=Source.Kind.TABLE,
            title=f"source {first}",
            status=JobStatus.DONE,
            counts={"dialogues": count, "published": count, "utterances": count * PER_DIALOGUE},
        )
        dialogues = Dialogue.objects.bulk_create(
            Dialogue(corpus=corpus, source=source, uid=f"D{first + n}", number=n, start=0, end=30)
            for n in range(1, count + 1)
        )
        Publication.objects.bulk_create(Publication(dialogue=d, person=lead) for d in dialogues)
        words = iter(chance.choices(lexicon, rarity, k=count * PER_DIALOGUE * 6))
        Utterance.objects.bulk_create(
            Utterance(
                corpus=corpus,
                dialogue=d,
                number=n,
                uid=f"{d.uid}_U_{n}",
                start=n * 3,
                end=n * 3 + 2,
                speaker=chance.choice(speakers),
                text="".join(next(words) for _ in range(6)) + "。",
            )
            for d in dialogues
            for n in range(1, PER_DIALOGUE + 1)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return corpus, lead, lexicon


def addresses(corpus, lexicon, size):
    from django.urls import reverse

    utterances, dialogues = (reverse(name, args=[corpus.pk]) for name in ("finding", "dialogues"))
    source = list(corpus.sources.order_by("pk").values_list("pk", flat=True))
    dialogue = corpus.dialogues.order_by("pk").values_list("pk", flat=True)[size // 20]
    middle = corpus.utterances.order_by("pk").values_list("pk", flat=True)[size // 2]
    speakers = list(corpus.speakers.values_list("pk", flat=True))

    def words(low, high):
        fitting = [word for word in dict.fromkeys(lexicon[low:high]) if len(word) == 2]
        return lambda n: f"{utterances}?q={fitting[n % len(fitting)]}"

    pair = [word for word in lexicon if len(word) == 2]
    return {
        "corpus": lambda n: reverse("corpus", args=[corpus.pk]),
        "dialogues": lambda n: dialogues,
        "dialogues, in the middle": lambda n: f"{dialogues}?after={source[len(source) // 2]}-100",
        "one dialogue": lambda n: reverse("dialogue", args=[dialogue]),
        "utterances": lambda n: utterances,
        "utterances, in the middle": lambda n: f"{utterances}?after={middle}",
        "utterances of a speaker": lambda n: f"{utterances}?speaker={speakers[n % len(speakers)]}",
        "search: frequent word": words(0, 100),
        "search: usual word": words(500, 2000),
        "search: rare word": words(15_000, 20_000),
        "search: one character": lambda n: f"{utterances}?q={lexicon[n % 50][:1]}",
        "search: four characters": lambda n: f"{utterances}?q={pair[n % 30] + pair[n % 31]}",
        "search: nothing there": lambda n: f"{utterances}?q=没有这样{n}",
        "search: word of a speaker": lambda n: f"{words(0, 100)(n)}&speaker={speakers[n % 200]}",
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(int(sys.argv[2]))
    else:
        main()
