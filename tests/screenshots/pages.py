"""Every page that a role can open in the rich world, by the routes of the application."""

import re
import time
from dataclasses import dataclass

from django.db import transaction
from django.test import Client

from tests.permissions.walk import Addresses, routes
from tests.screenshots import world

MORE = {  # beside what tests/permissions/walk.py names: the same page in another state
    "source": ("draft", "broken"),
    "preview": ("draft",),
    "segmentation": ("draft",),
    "choose_track": ("draft",),
    "choose_subtitles": ("draft",),
}
OF_EMPTY = ("corpus", "dialogues", "rounds", "releases", "runs", "speakers", "members", "new_round")
BROKEN = "/no/such/page/"


@dataclass(frozen=True)
class Shown:
    """A page as one role sees it; `name` is the route's, with a number where it has several."""

    role: str
    name: str
    address: str
    status: int = 200


def pages(found, roles, wanted=(), once=False) -> list[Shown]:
    """What answers each role with a whole page; asked in this process, and nothing stays.

    `wanted` are parts of names of routes; `once` leaves each page to the first role that sees it.
    """
    shown, known = [], set()
    with transaction.atomic():
        addresses = Addresses(found)
        for role in roles:
            shown += of_role(found, addresses, role, wanted, known if once else set())
        transaction.set_rollback(True)
    return shown


def of_role(found, addresses, role, wanted, seen) -> list[Shown]:
    client = Client(headers={"host": "localhost"}, raise_request_exception=False)
    if found.people[role]:
        client.force_login(found.people[role])
        session = client.session
        session["account_authentication_methods"] = [just_signed_in(found.people[role])]
        session.save()
    shown = []
    for route in routes():
        if route.method != "GET" or wanted and not any(part in route.name for part in wanted):
            continue
        count = 0
        for address in [*tried(addresses, route, role), *more(found, route)]:
            if address in seen or not is_page(client, address):
                continue
            seen.add(address)
            count += 1
            shown.append(Shown(role, route.name + (f"-{count}" if count > 1 else ""), address))
    return shown if wanted else [*shown, Shown(role, "not_found", BROKEN, 404)]


def tried(addresses, route, role):
    try:
        return [address for address, _data in addresses.of(route, role)]
    except (AssertionError, AttributeError, KeyError):  # a thing that this world does not have
        return []


def more(found, route):
    things = [getattr(found, name) for name in MORE.get(route.name, ())]
    if route.name in OF_EMPTY:
        things.append(found.empty)
    if route.name.startswith("round"):
        things.append(found.second)
    filled = [re.sub(r"<int:pk>", str(each.pk), "/" + route.pattern) for each in things if each]
    return [address for address in filled if "<" not in address]


def is_page(client, address) -> bool:
    response = client.get(address)
    page = response.headers.get("Content-Type", "").startswith("text/html")
    if response.status_code != 200 or not page or response.streaming:
        return False
    return b"<!doctype html" in response.content[:200].lower()


def cookies(found, roles) -> dict[str, str]:
    """A session of each role, by its key."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    keys = {}
    for role in roles:
        if person := found.people[role]:
            session = import_module(settings.SESSION_ENGINE).SessionStore()
            session[SESSION_KEY] = str(person.pk)
            session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            session[HASH_SESSION_KEY] = person.get_session_auth_hash()
            session["account_authentication_methods"] = [just_signed_in(person)]
            session.save()
            keys[role] = session.session_key
    return keys


def just_signed_in(person) -> dict:
    """What allauth wants to know before it shows pages of second factors."""
    return {"method": "password", "at": time.time(), "username": person.username}


def load():
    return world.found()
