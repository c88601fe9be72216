"""Every page with hostile input, as whoever may do most, as an annotator and as nobody: whatever
is sent, the answer is no fault of the server's, and what is stored fits both databases.

FUZZ_SECONDS=600 keeps on drawing for so long (make fuzz); the suite draws a fixed few hundred.
"""

import ast
import logging
import os
import random
import re
import time
import traceback
from collections import defaultdict
from contextlib import contextmanager
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.config import hostile_input
from tests.config.stored_text import check_stored
from tests.config.world import arguments, make_world, routes
from tests.examples import examples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("learner_here")]
SECONDS = float(os.environ.get("FUZZ_SECONDS", 0))
EXAMPLES = examples(600)
OURS = ("people", "corpus", "annotation", "releases", "modeling")
WRITTEN = re.compile(r"<(\w+:)?(\w+)>")
READERS = {"GET", "POST", "posted", "asked", "data", "headers"}


class Forms(HTMLParser):
    """The forms of a page: where each leads, how, and what its fields hold."""

    def __init__(self):
        super().__init__()
        self.forms, self.open = [], None

    def handle_starttag(self, tag, attributes):
        result = dict(attributes)
        if tag == "form":
            self.open = (result.get("action") or "", (result.get("method") or "get").upper(), {})
            self.forms.append(self.open)
        elif self.open and tag in ("input", "select", "textarea", "button") and result.get("name"):
            self.select = result["name"]
            self.open[2].setdefault(result["name"], []).append(result.get("value") or "")
        elif self.open and tag == "option":
            self.open[2].setdefault(self.select, []).append(result.get("value") or "")

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = None


def names_read():
    """Every name that our code reads from an address, a form or a header."""
    found = set()
    for app in OURS:
        for path in (django_settings.ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    of, arguments = node.func.value, node.args
                    wanted = node.func.attr in ("get", "getlist") and arguments
                elif isinstance(node, ast.Subscript):
                    of, arguments, wanted = node.value, [node.slice], True
                elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "text":
                    of, arguments, wanted = node.args[0], node.args[1:], True
                else:
                    continue
                name = getattr(of, "attr", getattr(of, "id", ""))
                if wanted and name in READERS and isinstance(arguments[0], ast.Constant):
                    found.add(arguments[0].value)
    return sorted(name for name in found if isinstance(name, str))


class Pages:
    """The addresses of a world with the forms that lead to them, and who may ask."""

    def __init__(self, world):
        self.places = []  # (address, names of its route)
        for route, pattern in routes():
            for values in arguments(world, route, pattern):
                here = WRITTEN.sub(lambda found, v=values: str(v[found[2]]), route)
                self.places.append(f"/{here}")
        self.clients = {"lead": Client(), "annotator": Client(), "nobody": Client()}
        self.clients["lead"].force_login(world.lead)
        self.clients["annotator"].force_login(world.annotator)
        self.cookies = {who: client.cookies for who, client in self.clients.items()}
        self.forms = defaultdict(list)  # (method, address) -> fields with their values
        self.only_posted = set()
        own = {"/", reverse("my_tasks")}  # where an annotator has forms that a lead has not
        for place in self.places:
            if not self._read("lead", place) or place in own:
                self._read("annotator", place)
        self.names = names_read()
        root = django_settings.MEDIA_ROOT
        self.files = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def restore(self):
        """Files that a request has deleted, though its rows came back."""
        for path, data in self.files.items():
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def _read(self, who, place):
        """Keep the forms of a page; whether there is one."""
        with undone():
            answer = self.clients[who].get(place)
        assert answer.status_code < 500, place
        if answer.status_code == 405:
            self.only_posted.add(place)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            found = Forms()
            found.feed(answer.content.decode())
            for action, method, fields in found.forms:
                self.forms[method, urlsplit(action).path or place].append(fields)
        return answer.status_code == 200


@contextmanager
def undone():
    """What is done to the database within is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def pages(film):
    return Pages(make_world(film))


@pytest.fixture
def trespass(caplog):
    """The messages of the net below, each the sign of a check that is missing."""
    heard = []
    caplog.set_level(logging.CRITICAL, "django.request")
    handler = logging.Handler()
    handler.emit = lambda record: heard.append(record)
    logging.getLogger("core.middleware").addHandler(handler)
    yield heard
    logging.getLogger("core.middleware").removeHandler(handler)


@st.composite
def requests(draw, pages):
    """(who, method, address, fields of the address, fields or text of the body, headers).

    Where it goes is drawn from a seed, as hypothesis would stay long at a place that it has drawn.
    """
    chance = random.Random(draw(st.integers(0, 2**32)))
    place = chance.choice(pages.places)
    who = chance.choice(["lead", "lead", "lead", "annotator", "nobody"])
    usual = ["POST"] if place in pages.only_posted else ["GET", "POST"]
    method = chance.choice(usual * 8 + ["GET", "HEAD", "PUT"])
    kind = "POST" if method in ("POST", "PUT") else "GET"
    known = pages.forms.get((kind, place), [])
    fields = dict(chance.choice(known)) if known and chance.random() < 0.9 else {}
    for name, held in fields.items():
        fields[name] = held if len(held) < 2 else [chance.choice(held)]
    candidates = [*fields] * 3 + pages.names
    for name in chance.choices(candidates, k=chance.choice([0, 1, 1, 1, 2, 3])):
        fields[name] = draw(st.lists(hostile_input.values, min_size=1, max_size=2))
    if chance.random() < 0.05:
        fields[draw(hostile_input.values)] = [draw(hostile_input.values)]
    headers = draw(hostile_input.headers) if chance.random() < 0.2 else {}
    query, body = (fields, {}) if kind == "GET" else ({}, fields)
    json_wanted = place.endswith(("/revisions/", "/head/")) or place.startswith("/api/")
    if kind == "POST" and chance.random() < (0.9 if json_wanted else 0.1):
        body = draw(hostile_input.bodies)
    return who, method, place, query, body, headers


def send(pages, drawn):
    """Send it; raises what the view raises."""
    who, method, place, query, body, headers = drawn
    address = f"{place}?{urlencode(query, doseq=True)}" if query else place
    kind = headers.get("Content-Type")
    headers = {name: value for name, value in headers.items() if name != "Content-Type"}
    if isinstance(body, str):
        data, kind = body.encode("utf-8", "replace"), kind or "application/json"
    else:
        data = urlencode(body, doseq=True).encode()
        kind = kind or "application/x-www-form-urlencoded"
    pages.clients[who].cookies = pages.cookies[who].copy()  # somebody may have signed out
    with undone():
        answer = pages.clients[who].generic(method, address, data, kind, headers=headers)
        assert answer.status_code < 500, answer.status_code
        if answer.streaming:
            b"".join(answer.streaming_content)
        pages.restore()
        if method == "POST" and answer.status_code < 400:
            check_stored()
    return answer


def test_whatever_is_sent_is_no_fault_of_the_server(pages, trespass):
    if SECONDS:
        return long_run(pages, trespass)

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @seed(20_261_126)
    @given(st.data())
    def whatever(data):
        drawn = data.draw(requests(pages))
        send(pages, drawn)
        assert not trespass, (drawn, trespass[0].exc_info)

    whatever()


def long_run(pages, trespass):
    """Draw for SECONDS, and tell at the end every distinct fault with what brought it about."""
    faults, count, statuses = {}, 0, defaultdict(int)
    end = time.monotonic() + SECONDS

    def note(error, drawn):
        frames = [f for f in traceback.extract_tb(error.__traceback__) if ".venv" not in f.filename]
        where = [f"{f.filename}:{f.lineno}" for f in frames if "/tests/" not in f.filename]
        place = (type(error).__name__, *where[-1:]) if where else (str(error)[:80],)
        if place not in faults:
            words = "".join(traceback.format_exception(error))[-1500:]
            faults[place] = f"{drawn!r:.600}\n{words}"

    while time.monotonic() < end:

        @settings(
            max_examples=500, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @seed(random.randrange(2**32))
        @given(st.data())
        def whatever(data):
            nonlocal count
            drawn = data.draw(requests(pages))
            if time.monotonic() > end:
                return
            count += 1
            trespass.clear()
            try:
                statuses[send(pages, drawn).status_code] += 1
            except Exception as error:  # noqa: BLE001
                note(error, drawn)
            for record in trespass:
                note(record.exc_info[1], drawn)

        whatever()
    result = "\n\n".join(f"{place}\n{words}" for place, words in faults.items())
    print(f"{count} requests, {dict(sorted(statuses.items()))}, {len(faults)} faults")  # noqa: T201
    assert not faults, result
