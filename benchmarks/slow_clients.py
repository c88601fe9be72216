"""Sign-in while sixty connections send their bodies a byte at a time.

    .venv/bin/python -m benchmarks.slow_clients [--connections 60] [--seconds 40] [-- COMMAND]

The server is the one that `make run` starts, or COMMAND, in which {port} stands for the port. Each
slow connection sends the head of a POST to the sign-in page with a Content-Length and then one byte
every ten seconds (`--heads`: not even the whole head). Meanwhile somebody signs in again and again:
the page, then the form. Reported: how many sign-ins, their seconds, those that took longer than
`--patience` and were given up, and the memory of the server.
"""

import argparse
import http.client
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from benchmarks.queue import family, memory, wait_for
from tests.ports import free_port
from tools.launch import web_command

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "benchmark-of-slow-clients"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--connections", type=int, default=60)
    options.add_argument("--seconds", type=float, default=40)
    options.add_argument("--patience", type=float, default=30)
    options.add_argument("--every", type=float, default=10)
    options.add_argument("--heads", action="store_true", help="let even the head hang")
    options.add_argument("command", nargs="*")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(chosen, folder)


def measure(chosen, folder) -> None:
    env = os.environ | {"DATA_DIR": folder, "SECRET_KEY": "benchmark"}
    made = [sys.executable, "-c", MAKE % PASSWORD]
    subprocess.run(made, env=env, cwd=ROOT, check=True)
    port = free_port()
    command = [each.format(port=port) for each in chosen.command] or web_command("127.0.0.1", port)
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    over = threading.Event()
    try:
        wait_for(port)
        before, _ = sign_ins(port, 5, chosen.patience)
        crowd = [
            threading.Thread(
                target=hang, args=[port, chosen.every, chosen.heads, over], daemon=True
            )
            for _ in range(chosen.connections)
        ]
        for each in crowd:
            each.start()
        time.sleep(3)
        during, given_up = sign_ins(port, chosen.seconds, chosen.patience)
        used = sum(memory(one) for one in family(process.pid)) / 1e6
    finally:
        over.set()
        process.terminate()
        process.wait()
    print("| slow connections | sign-ins before | p50 s | during | p50 s | max s | given up | MB |")
    print(
        f"| {chosen.connections} | {len(before)} | {statistics.median(before):.2f}"
        f" | {len(during)} | {statistics.median(during or [float('inf')]):.2f}"
        f" | {max(during or [float('inf')]):.2f} | {given_up} | {used:.0f} |"
    )


MAKE = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("collectstatic", verbosity=0, interactive=False)
from people.models import Person
person = Person(username="somebody", is_superuser=True)
person.set_password("%s")
person.save()
"""


def hang(port, every, heads, over) -> None:
    """A client that sends a byte now and then, and comes back when it is cut off."""
    while not over.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                head = f"POST /sign-in/ HTTP/1.1\r\nHost: localhost:{port}\r\n"
                head += "Content-Type: application/x-www-form-urlencoded\r\n"
                head += "Content-Length: 1000000\r\n" + ("X-Slow: " if heads else "\r\n")
                connection.sendall(head.encode())
                while not over.wait(every):
                    connection.sendall(b"a")
        except OSError:
            over.wait(0.2)


def sign_ins(port, seconds, patience):
    """Seconds of each sign-in, and how many were given up."""
    times, given_up, end = [], 0, time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        try:
            sign_in(port, patience)
        except OSError:
            given_up += 1
        else:
            times.append(time.monotonic() - begun)
        time.sleep(0.2)
    return times, given_up


def sign_in(port, patience) -> None:
    connection = http.client.HTTPConnection("localhost", port, timeout=patience)
    connection.request("GET", "/sign-in/")
    page = connection.getresponse()
    cookie = (page.headers["Set-Cookie"] or "").partition(";")[0]
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert found, "no form on the sign-in page"
    form = {"csrfmiddlewaretoken": found[1], "username": "somebody", "password": PASSWORD}
    form["login"] = "somebody"
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    connection.request("POST", "/sign-in/", urllib.parse.urlencode(form), kind)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 302, f"sign-in was answered {answer.status}"


if __name__ == "__main__":
    main()
