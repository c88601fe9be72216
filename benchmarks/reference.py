"""What this machine and Django cost without the product, to read other figures beside.

    .venv/bin/python -m benchmarks.reference [--rounds 9]

CPU ms of a million additions in Python, of a request that answers nothing under no middleware, of
one under Django's own middleware that loads session and person by the ORM, and of a row that is
committed to an SQLite file. The same figures on another day say how much faster or slower the
machine was; two requests and two commits are the least that any label cycle of two requests costs.
The least of the rounds.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

REPEATS = 100


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"")


def person(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.get_username())


urlpatterns = [path("nothing/", nothing), path("person/", person)]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=9)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        works = prepare(Path(folder))
        least = dict.fromkeys(works, float("inf"))
        for _ in range(chosen.rounds):
            for name, (work, repeats) in works.items():
                least[name] = min(least[name], spent(work, repeats))
    print("| what | CPU ms |\n|---|---|")
    for name, cost in least.items():
        print(f"| {name} | {cost:.3g} |")


def prepare(folder: Path) -> dict[str, tuple[Callable[[], object], int]]:
    """What is measured, with how often a round does it."""
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "reference.sqlite3"}
    apps = ["auth", "contenttypes", "sessions", "messages"]
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": database},
        INSTALLED_APPS=[f"django.contrib.{app}" for app in apps],
        ROOT_URLCONF=__name__,
        SECRET_KEY="benchmark",
    )
    django.setup()
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")  # as the product has it
    bare = Client()
    bare.get("/nothing/")  # which loads the handler without middleware
    settings.MIDDLEWARE = MIDDLEWARE
    signed_in = Client()
    signed_in.force_login(User.objects.create(username="annotator"))
    names = iter(range(10**9))
    return {
        "a million additions": (additions, 1),
        "a bare request": (lambda: bare.get("/nothing/"), REPEATS),
        "a request with session and person": (lambda: signed_in.get("/person/"), REPEATS),
        "a committed row": (lambda: Group.objects.create(name=f"g{next(names)}"), REPEATS),
    }


def additions() -> int:
    total = 0
    for number in range(1_000_000):
        total += number
    return total


def spent(work: Callable[[], object], repeats: int) -> float:
    """CPU ms of one `work`."""
    begun = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - begun) / repeats * 1000


if __name__ == "__main__":
    main()
