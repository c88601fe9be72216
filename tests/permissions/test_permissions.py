"""What everybody may see and do: docs/permissions.md is compared with what the routes answer.

The same corpus is made again and again with one secret exchanged (other people's answers, their
names, the words, the picture, the sound). Where a response differs, it gives that secret away.
"""

import itertools
import os
import re
from collections import defaultdict
from pathlib import Path

import pytest
from django.core.cache import caches
from django.core.management.color import no_style
from django.db import connection, transaction
from django.http import HttpResponseNotFound

import config.urls
from annotation.blinding import WITHHELD
from annotation.models.schemes import read_scheme
from annotation.urls import MOVED
from tests.permissions.walk import CODES, NOTHING, SEEN, Route, cell, gives, routes, walk
from tests.permissions.world import BLIND, KINDS, ROLES, Secrets, World

pytestmark = pytest.mark.one_database
TABLE = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
WRITE = os.environ.get("PERMISSIONS") == "write"
MADE = {}
UNMET = {  # answered in situations that this corpus is not in; tests of their own prove them
    *("setup", "demo_progress", "accept_invitation", "decline_invitation", "accept_ownership"),
    *("withdraw_offer", "appoint_owner"),
    *("api_accept_invitation", "api_decline_invitation", "api_ownership"),
    "api_own_token",  # of a browser, which has none
}
WHO_ASKS = re.compile(  # on pages: the names of every role, and the letter of their own menu
    "|".join([role.replace(" ", "[ -]") for role in sorted(ROLES, key=len, reverse=True)]).encode()
    + rb'|(?<="monogram" aria-hidden="true">).'
)
START, END = "<!-- routes -->", "<!-- end of routes -->"


def _restart_numbers():
    """Let rows get the same numbers each time."""
    sequences = connection.introspection.sequence_list()
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_by_name_sql(no_style(), sequences):
            cursor.execute(statement)


@pytest.fixture
def ask(db, settings, tmp_path, learner_here, monkeypatch):
    """What a corpus with these secrets answers, its open round in a view; nothing of it stays."""
    # of what is not there the status is compared alone
    monkeypatch.setattr(
        config.urls, "handler404", lambda request, exception: HttpResponseNotFound()
    )
    numbers = itertools.count()

    def answers(secrets, wanted=None, *, view="audio", roles=ROLES, learns=True):
        folder = tmp_path / str(next(numbers))
        settings.MEDIA_ROOT = folder / "media"
        settings.RELEASES_DIR, settings.RUNS_DIR = folder / "releases", folder / "runs"
        settings.WORK_DIR = folder / "work"
        settings.MEDIA_ROOT.mkdir(parents=True)
        for name in caches:
            caches[name].clear()
        read_scheme.cache_clear()
        with transaction.atomic():
            _restart_numbers()
            found = walk(World(secrets, view, tmp_path, learns), wanted, roles)
            transaction.set_rollback(True)
        return found

    return answers


@pytest.fixture
def table_cells(ask):
    """The cells of the whole table, made once for all tests."""
    if MADE:
        return MADE
    base = ask(Secrets())
    given = [key for key, answered in base.items() if gives(answered)]
    if WRITE:
        again = ask(Secrets(), given)
        assert differences(base, again) == {}, "answers that differ though no secret does"
    # one is asked for all roles that were answered the same, and each that annotates blind
    asked = first_alike(
        given, lambda key: (key[0], impersonal(base[key]), key[1] in BLIND and key[1])
    )
    every = ask(exchanged(*KINDS), asked.values())
    differ = [key for key in every if every[key] != base[key]]
    alike = first_alike(differ, lambda key: (key[0], impersonal(base[key]), impersonal(every[key])))
    depends = defaultdict(set)

    def attribute(kinds, keys):
        found = ask(exchanged(*kinds), keys)
        differ = {key for key in keys if found[key] != base[key]}
        if len(kinds) == 1:
            for key in differ:
                depends[key].update(kinds)
        else:
            for kind in kinds:
                attribute([kind], differ)

    for kinds in (["answers"], ["names"], ["words"], ["picture", "sound"]):
        attribute(kinds, set(alike.values()))
    found = {
        key: cell(key[0], base[key], depends.get(alike.get(asked.get(key)), ())) for key in base
    }
    answered = {route for (route, _role), entry in found.items() if entry not in ("", NOTHING)}
    MADE.update({key: entry for key, entry in found.items() if key[0] in answered})
    return MADE


def exchanged(*kinds):
    return Secrets(**dict.fromkeys(kinds, True))


def first_alike(keys, likeness):
    """key -> the first of the keys with the same likeness."""
    first = {}
    return {key: first.setdefault(likeness(key), key) for key in keys}


def impersonal(answers):
    """Answers without who asked for them."""
    return tuple((status, WHO_ASKS.sub(b"", body)) for status, body in answers)


def differences(base, again):
    """Where other answers are given, and the first other place of each."""
    return {
        f"{route.method} {route.name} as {role}": first_difference(base[route, role], found)
        for (route, role), found in again.items()
        if found != base[route, role]
    }


def first_difference(some, others):
    """The place where two lists of answers differ first, for whoever looks for the reason."""
    for (status, one), (_status, other) in zip(some, others, strict=True):
        at = next((n for n, pair in enumerate(zip(one, other)) if pair[0] != pair[1]), -1)
        if one != other:
            return status, one[max(at - 60, 0) : at + 60], other[max(at - 60, 0) : at + 60]
    return some, others


def read_table():
    """(route, role) -> cell, as docs/permissions.md has it."""
    text = TABLE.read_text("utf-8").split(START)[1].split(END)[0]
    found = {}
    for line in text.splitlines():
        if not line.startswith("| `"):
            continue
        name, method, address, *cells = (part.strip(" `") for part in line.strip("|").split("|"))
        route = Route(name, address.removeprefix("/"), method)
        found |= {(route, role): entry for role, entry in zip(ROLES, cells, strict=True)}
    return found


def written(cells):
    """The rows of the table."""
    lines = [f"| route | method | address | {' | '.join(ROLES)} |", "|---" * (len(ROLES) + 3) + "|"]
    for route in dict.fromkeys(route for route, _role in cells):
        row = [cells[route, role] for role in ROLES]
        lines.append(
            f"| `{route.name}` | {route.method} | `/{route.pattern}` | {' | '.join(row)} |"
        )
    return "\n".join(lines)


def test_the_table_says_what_the_routes_answer(table_cells):
    cells = table_cells
    if WRITE:
        head, rest = TABLE.read_text("utf-8").split(START)
        tail = rest.split(END)[1]
        TABLE.write_text(f"{head}{START}\n{written(cells)}\n{END}{tail}", "utf-8")
    table = read_table()
    assert {route.name for route in routes()} - UNMET == {route.name for route, _role in table}
    named = {key: f"{key[0].method} {key[0].name} as {key[1]}" for key in {*cells, *table}}
    differ = {
        named[key]: (table.get(key), cells.get(key))
        for key in named
        if table.get(key) != cells.get(key)
    }
    assert differ == {}, "(documented, answered)"


def given_away(cells, roles, secrets):
    """The answers to these roles that depend on one of these secrets."""
    letters = {CODES[secret] for secret in secrets}
    return {
        f"{route.method} {route.name} as {role}": entry
        for (route, role), entry in cells.items()
        if role in roles and entry.isupper() and letters & set(entry)
    }


def test_who_annotates_blind_meets_nothing_that_the_view_withholds(ask):
    """Sound and words here, picture and words below; the others in corpus/test_visibility.py."""
    blind = {"view": "silent", "roles": BLIND, "learns": False}
    base = ask(Secrets(), **blind)
    given = {key for key, answered in base.items() if gives(answered)}
    withheld = exchanged("answers", *WITHHELD["silent"])
    assert differences(base, ask(withheld, given, **blind)) == {}


def test_who_annotates_blind_meets_no_answers_and_no_words_of_a_sound(table_cells):
    assert given_away(table_cells, BLIND, ["answers", *WITHHELD["audio"]]) == {}
    assert given_away(table_cells, ["annotating"], ["sound"]) != {}  # they do hear it


def test_annotators_and_adjudicators_meet_no_names(table_cells):
    roles = ["annotator", "annotating", "adjudicator", "annotating adjudicator"]
    assert given_away(table_cells, roles, ["names"]) == {}


def test_members_meet_others_answers_in_what_is_given_to_them_alone(table_cells):
    """A release that members may read, and a link, which is for anybody who has it."""
    met = given_away(table_cells, ["annotator"], ["answers"])
    given = ("archive", "file", "layout")
    given = {*(f"granted_{name}" for name in given), "archive", "release_file", "release_layout"}
    given |= {"release", "release_card", "releases"}
    given |= {
        f"api_{name}" for name in (*given, "release_files", "release_utterances", "release_tasks")
    }
    assert {name.split()[1] for name in met} <= given and "GET archive as annotator" in met


def test_strangers_get_nothing_of_a_corpus(table_cells):
    public = {"login", "logout", "set_language", "invitation", "join", "shared", "grant", "schema"}
    public |= {"granted_archive", "granted_file", "granted_layout"}
    public |= {"account_login", "mfa_authenticate", "mfa_login_webauthn", "openid_connect_login"}
    public |= {"openid_connect_callback", "account_reset_password", "account_confirm_email"}
    public |= {"account_reset_password_from_key"}
    own = {"home", "new_corpus", "my_tasks", "annotation_history", "next_assignment"}
    own |= {"getting_started", "checklist_dismissal", "guide", "guides", "machine"}
    own |= {"site_search", "corpus_switcher", "api_reference", "api_account", "api_corpora"}
    own |= {"api_tasks", "api_recipes", "api_encoders", "api_own_invitations"}
    own |= {"api_tokens", "api_token", "api_own_judgements"}
    own |= {route.name for route in routes() if route.pattern.startswith("account/")} | {"theme"}
    own |= {f"moved_{name}" for name in MOVED.values()}  # they only lead to the page of today
    for (route, role), entry in table_cells.items():
        if role == "anonymous" and route.name not in public:
            assert entry in ("", NOTHING), route
        if role == "stranger" and route.name not in public | own:
            assert entry in ("", NOTHING), route
        if role == "stranger" and route.name in ("site_search", "corpus_switcher"):
            assert entry == SEEN, "they list the places of the person alone"
