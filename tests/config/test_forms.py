"""Every form of every page, filled in and sent in both languages: whoever reads Chinese can do with
it what whoever reads English can, and a day or a number that a page shows comes back as it was.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client

from tests.config.world import arguments, make_world, routes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("learner_here")]
WRITTEN = re.compile(r"<(\w+:)?(\w+)>")
LANGUAGES = ("en", "zh-hans")
MOST = 2  # pages of one route: the forms of a second run are those of the first
PLAIN = {  # what a browser takes as the value of such an input; anything else it shows as empty
    "date": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "datetime-local": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?"),
    "time": re.compile(r"\d{2}:\d{2}(:\d{2})?"),
    "month": re.compile(r"\d{4}-\d{2}"),
    "number": re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?"),
    "range": re.compile(r"-?\d+(\.\d+)?"),
}
FILLED = {  # what somebody writes into a field that is empty
    "date": "2031-03-04",
    "datetime-local": "2031-03-04T05:06",
    "email": "someone@example.org",
    "number": "1",
    "password": "a long pass phrase of 2026",
}


@dataclass
class Form:
    """A form as a browser has it: where it leads, and what its fields hold."""

    action: str
    method: str
    fields: list[dict] = field(default_factory=list)

    @property
    def names(self):
        return sorted({each["name"] for each in self.fields})

    def filled(self):
        """What is sent when somebody fills in what is empty and presses the first button."""
        sent, pressed = {}, False
        for each in self.fields:
            name, kind, value = each["name"], each["kind"], each["value"]
            if kind in ("submit", "file", "button", "reset"):
                if kind == "submit" and not pressed:
                    pressed = True
                    sent.setdefault(name, []).append(value)
            elif kind in ("radio", "checkbox"):
                if each["chosen"] or (kind == "radio" and name not in sent):
                    sent[name] = [*(sent.get(name, []) if kind == "checkbox" else []), value]
            else:
                empty = "" if kind == "select" else FILLED.get(kind, "x")
                sent.setdefault(name, []).append(value or empty)
        return sent


class Forms(HTMLParser):
    """The forms of a page, with the fields that name theirs by `form=`."""

    def __init__(self):
        super().__init__()
        self.forms, self.by_id, self.open, self.last, self.shown = [], {}, None, None, []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.open = Form(given.get("action") or "", (given.get("method") or "get").lower())
            self.forms.append(self.open)
            self.by_id[given.get("id")] = self.open
        elif tag in ("input", "select", "textarea", "button"):
            kind = given.get("type") or {"input": "text", "button": "submit"}.get(tag, tag)
            value = given.get("value") or ("on" if kind in ("checkbox", "radio") else "")
            self.last = {
                "name": given.get("name") or "", "kind": kind, "value": value,
                "chosen": "checked" in given, "first": True,
            }  # fmt: skip
            self.shown.append(self.last)
            form = self.by_id.get(given["form"]) if "form" in given else self.open
            if form and given.get("name") and "disabled" not in given:
                form.fields.append(self.last)
        elif tag == "option" and self.last and self.last["kind"] == "select":
            value = given.get("value") or ""
            if "selected" in given or not self.last["value"]:
                self.last["value"] = value

    def handle_data(self, data):
        if self.last and self.last["kind"] == "textarea":
            self.last["value"] += data

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = None
        elif tag in ("textarea", "select"):
            self.last = None


def read(body):
    found = Forms()
    found.feed(body.decode())
    return found


@pytest.fixture
def places(film):
    """(client, addresses of each route) of every page that the lead of a world opens."""
    world = make_world(film)
    client = Client(raise_request_exception=False)
    client.force_login(world.lead)
    found = []
    for route, pattern in routes():
        if not route.startswith("api/"):
            given = arguments(world, route, pattern)[:MOST]
            found.append(
                ["/" + WRITTEN.sub(lambda name, v=v: str(v[name[2]]), route) for v in given]
            )
    return client, found


def ask(client, method, address, language, data=None):
    """What is answered in a language; nothing of it stays."""
    with transaction.atomic():
        headers = {"accept-language": language}
        response = getattr(client, method)(address, data or {}, headers=headers)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        body = response.content if is_page and not response.streaming else b""
        transaction.set_rollback(True)
    assert response.status_code < 500, (method, address, language, data)
    return response, body


@pytest.mark.one_database
def test_every_form_is_sent_in_both_languages(places):
    client, routes_of_pages = places
    session = client.cookies.copy()
    sent, values, differing = set(), [], []
    formless = set()  # routes whose first page has no form that was not sent before
    for route, address in [(n, one) for n, own in enumerate(routes_of_pages) for one in own]:
        if route in formless:
            continue
        pages, before = {}, len(sent)
        for language in LANGUAGES:
            client.cookies = session.copy()
            _response, body = ask(client, "get", address, language)
            pages[language] = read(body)
            values += [
                (address, language, each["name"], each["value"])
                for each in pages[language].shown
                if each["kind"] in PLAIN
                and each["value"]
                and not PLAIN[each["kind"]].fullmatch(each["value"])
            ]
        english, chinese = (pages[language].forms for language in LANGUAGES)
        assert [form.names for form in english] == [form.names for form in chinese], address
        for one, other in zip(english, chinese, strict=True):
            place = urlsplit(urljoin(address, one.action)).path
            key = (one.method, place if not place[-2:-1].isdigit() else address, *one.names)
            if one.method == "dialog" or key in sent or place.startswith("/sign-out"):
                continue
            sent.add(key)
            answers = []
            for form, language in ((one, "en"), (other, "zh-hans")):
                client.cookies = session.copy()
                data = form.filled()
                response, body = ask(client, form.method, place, language, data)
                answers.append((response.status_code, *kept(body, data)))
            if answers[0] != answers[1]:
                differing.append((address, place, one.names, answers))
        if len(sent) == before:
            formless.add(route)
    assert values == []
    assert differing == []
    assert len(sent) > 100, len(sent)


def kept(body, data):
    """How many fields an answer complains of, and the days and numbers that it shows again."""
    again = [
        (each["name"], each["value"])
        for each in read(body).shown
        if each["kind"] in PLAIN and data.get(each["name"])
    ]
    return body.count(b'class="errorlist'), sorted(set(again))
