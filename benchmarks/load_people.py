"""The people of benchmarks/load.py, as locust drives them: a process, a greenlet each.

    python -m benchmarks.load_people PLAN RESULT

PLAN is the JSON that benchmarks/load.py writes. RESULT gets the requests by name (count, failures,
milliseconds), what was sent and answered (for the comparison with the database), and CPU seconds.
"""

from locust import HttpUser, constant, task  # first: it exchanges what waits  # isort: skip
from locust.env import Environment  # isort: skip

import json
import random
import re
import sys
import time
import uuid
from itertools import count
from pathlib import Path

import gevent

from benchmarks.label_cycle import VALUES

PLAN = json.loads(Path(sys.argv[1]).read_text()) if len(sys.argv) == 3 else {}
PIECE = 256 << 10  # bytes of a clip that a player asks for at once
READS, ANSWERS, LOOKS = 4.0, 1.2, 8.0  # median seconds: an utterance, an answer, a page of a lead
PRESENCE = 30  # seconds between two signs of life of a page
SENT: dict[str, dict] = {}  # client_id -> the answer, and whether the server has said yes to it
SUBMITTED: list[int] = []
numbers = count()


def pause(median: float) -> None:
    gevent.sleep(random.lognormvariate(0, 0.5) * median)


class Person(HttpUser):
    abstract = True
    wait_time = constant(0)

    def sign_in(self, name: str) -> None:
        """By password, or where the plan has a session for everybody, as somebody of yesterday."""
        if "sessions" in PLAN:
            self.client.cookies.set("sessionid", PLAN["sessions"][name])
            self.client.get("/tasks/", name="my tasks")
            self.client.headers["X-CSRFToken"] = self.client.cookies["csrftoken"]
            return
        self.client.get("/sign-in/", name="sign-in page")
        form = {"username": name, "password": PLAN["password"]}
        self.client.headers["X-CSRFToken"] = self.client.cookies["csrftoken"]
        self.client.post("/sign-in/", form, name="sign in")
        self.client.headers["X-CSRFToken"] = self.client.cookies["csrftoken"]


class Annotator(Person):
    """Takes dialogues, plays them, answers each question of each utterance, submits."""

    def on_start(self) -> None:
        self.sign_in(PLAN["annotators"][next(numbers)])
        self.client.get("/tasks/", name="my tasks")
        gevent.sleep(random.uniform(0, READS))

    @task
    def annotate(self) -> None:
        given = self.client.post(
            f"/rounds/{PLAN['round']}/next/", name="next dialogue", allow_redirects=False
        )
        address = given.headers.get("Location", "")
        if "/assignments/" not in address:
            pause(READS)  # as somebody who reads that the server is busy
            raise RuntimeError(f"no dialogue: {given.status_code}, {address!r}")
        page = self.client.get(address, name="dialogue page").text
        player = gevent.spawn(self.play, re.search(r"/dialogues/\d+/media/clip/", page).group())
        signs = gevent.spawn(self.show_presence, address)
        try:
            for utterance in re.findall(r'name="utterance" value="(\d+)"', page):
                pause(READS)
                for question, values in VALUES.items():
                    pause(ANSWERS)
                    self.answer(address, utterance, question, random.choice(values))
            with self.client.post(
                f"{address}submission/", name="submit", allow_redirects=False, catch_response=True
            ) as done:
                if done.status_code != 302 or done.headers["Location"] == address:
                    done.failure(f"not submitted: {done.status_code}")
                else:
                    SUBMITTED.append(int(address.strip("/").split("/")[-1]))
        finally:
            gevent.killall([player, signs])

    def answer(self, address: str, utterance: str, question: str, value: str) -> None:
        client_id = str(uuid.uuid4())
        form = {"utterance": utterance, "task": question, "value": value, "seconds": "1.5"}
        SENT[client_id] = form | {"answered": False}
        with self.client.post(
            f"{address}judgements/",
            form | {"client_id": client_id},
            headers={"Accept": "application/json"},
            name="save an answer",
            catch_response=True,
        ) as saved:
            if saved.status_code == 200 and saved.json()["saved"]:
                SENT[client_id]["answered"] = True
            else:
                saved.failure(f"not saved: {saved.status_code} {saved.text[:200]}")

    def play(self, clip: str) -> None:
        """The clip once, a piece at a time, as a player asks for it."""
        at, size = 0, 1
        while at < size:
            head = {"Range": f"bytes={at}-{at + PIECE - 1}"}
            with self.client.get(
                clip, headers=head, name="piece of a clip", catch_response=True
            ) as piece:
                if piece.status_code != 206:
                    return piece.failure(f"no piece: {piece.status_code}")
                size = int(piece.headers["Content-Range"].split("/")[1])
            at += PIECE
            gevent.sleep(1)

    def show_presence(self, address: str) -> None:
        while True:
            gevent.sleep(PRESENCE)
            self.client.post(f"{address}presence/", name="sign of life")


class Lead(Person):
    """Goes from page to page of the round at work and of one that is finished."""

    def on_start(self) -> None:
        self.sign_in(PLAN["leads"][next(lead_numbers)])

    @task
    def look(self) -> None:
        for round in (PLAN["round"], PLAN["finished"]):
            for place in ("", "agreement/", "results/", "history/"):
                name = place.strip("/") or "round"
                self.client.get(f"/rounds/{round}/{place}", name=f"lead: {name}")
                pause(LOOKS)


lead_numbers = count()


def main() -> None:
    people = [Annotator, Lead] if PLAN["leads"] else [Annotator]
    Lead.fixed_count = len(PLAN["leads"])
    environment = Environment(user_classes=people, host=PLAN["address"])
    runner = environment.create_local_runner()
    runner.start(len(PLAN["annotators"]) + len(PLAN["leads"]), spawn_rate=PLAN["arrivals"])
    while runner.user_count < len(PLAN["annotators"]) + len(PLAN["leads"]):
        gevent.sleep(0.1)
    gevent.sleep(PLAN["settle"])
    environment.stats.reset_all()
    gevent.sleep(PLAN["seconds"])
    found = {
        name: {
            "requests": row.num_requests,
            "failures": row.num_failures,
            "per_second": row.num_requests / PLAN["seconds"],
            "p50": row.get_response_time_percentile(0.5),
            "p95": row.get_response_time_percentile(0.95),
            "p99": row.get_response_time_percentile(0.99),
            "max": row.max_response_time,
        }
        for (name, _method), row in sorted(environment.stats.entries.items())
    }
    runner.quit()
    errors = [
        f"{row.method} {row.name}: {row.error} ({row.occurrences} times)"
        for row in environment.stats.errors.values()
    ]
    errors += [f"{row['msg']} ({row['count']} times)" for row in runner.exceptions.values()]
    result = {
        "requests": found,
        "errors": errors,
        "sent": SENT,
        "submitted": SUBMITTED,
        "cpu": time.process_time(),
    }
    Path(sys.argv[2]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
