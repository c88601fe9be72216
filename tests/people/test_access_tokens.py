"""Access tokens: only the digest is kept; expiry, revocation and scope are checked."""

import datetime
import hashlib
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from people.access_tokens import Scope
from people.api.account import OwnToken
from people.models import AccessToken, Event, Person
from tests.factories import make_dialogue, make_member, make_person, make_token, open_round


@pytest.fixture
def person(db):
    return make_person("wang")


@pytest.fixture
def opened(corpus, person):
    make_dialogue(corpus)
    corpus.memberships.create(person=person, role="annotator")
    return open_round(corpus, [person, make_member(corpus)])


@pytest.fixture
def ask(client, opened):
    def take(token):
        address = reverse("api_round_work", args=[opened.pk])
        return client.post(address, headers={"Authorization": f"Token {token}"})

    return take


def test_a_token_is_shown_once_and_only_its_digest_is_kept(client_of, person):
    client = client_of(person)
    form = {"name": "nightly", "scopes": ["read"], "expiry": "90", "date": ""}
    page = client.post("/account/tokens/", form)
    [token] = re.findall(r">(sq_[\w-]{43})<", page.content.decode())
    assert "no-store" in page.headers["Cache-Control"]
    assert token not in client.get("/account/tokens/").content.decode()
    row = person.access_tokens.get()
    assert row.digest == hashlib.sha256(token.encode()).hexdigest()
    kept = AccessToken.objects.values_list().get()
    assert not any(token in str(value) for value in kept)
    days = (row.expires_at - timezone.now()) / datetime.timedelta(days=1)
    assert 89.9 < days < 90.1
    event = Event.objects.get(verb="create token")
    assert event.person == person and event.noun_id == person.pk
    assert token not in str(event.detail) and event.detail["scopes"] == ["read"]


def test_a_token_ends_with_its_day_in_the_zone_of_the_person(client_of, person):
    person.change_profile(time_zone="America/New_York")
    form = {"name": "a", "scopes": ["read"], "expiry": "date", "date": "2999-07-01"}
    client_of(person).post("/account/tokens/", form)
    ends = person.access_tokens.get().expires_at
    assert ends == datetime.datetime(2999, 7, 2, 4, tzinfo=datetime.UTC)


def test_a_date_that_is_missing_or_over_is_refused(client_of, person):
    client = client_of(person)
    form = {"name": "a", "scopes": ["read"], "expiry": "date"}
    assert "Choose the last day" in client.post("/account/tokens/", form).content.decode()
    form["date"] = "2020-01-01"
    assert "This day is over" in client.post("/account/tokens/", form).content.decode()
    assert not AccessToken.objects.exists()


def test_who_may_use_the_api(ask, person):
    token = make_token(person)
    assert ask(token).status_code == 200
    assert ask(token[:-1]).status_code == 401
    [row] = person.access_tokens.all()
    row.revoke(person)
    refused = ask(token)
    assert refused.status_code == 401 and "revoked" in refused.json()["detail"]
    assert Event.objects.filter(verb="revoke token", person=person).count() == 1
    expired = make_token(person, expires_at=timezone.now() - datetime.timedelta(seconds=1))
    refused = ask(expired)
    assert refused.status_code == 401 and "expired on" in refused.json()["detail"]
    good = make_token(person)
    Person.objects.filter(pk=person.pk).update(is_active=False)
    assert ask(good).status_code == 401


def test_a_missing_scope_is_named(ask, person):
    refused = ask(make_token(person, ["read"]))
    assert refused.status_code == 403
    assert refused.json()["detail"] == "This token lacks the scope “annotate”."
    assert ask(make_token(person, ["annotate"])).status_code == 200


def test_every_view_of_the_api_names_its_scope():
    views = list(api_views(get_resolver().url_patterns))
    assert len(views) >= 3
    free = [view for view in views if view.required_scope not in set(Scope)]
    assert [(view, view.required_scope) for view in free] == [(OwnToken, "")]
    changing = [view for view in views if getattr(view, "change_scope", Scope.READ) not in Scope]
    assert changing == [OwnToken]


def api_views(patterns):
    for entry in patterns:
        if not isinstance(entry, URLPattern):
            yield from api_views(entry.url_patterns)
        elif hasattr(entry.callback, "cls") and entry.name != "schema":
            yield entry.callback.cls


def test_the_last_use_is_written_once_an_hour(ask, person):
    token = make_token(person)
    ask(token)
    first = person.access_tokens.get().last_used_at
    assert timezone.now() - first < datetime.timedelta(minutes=1)
    ask(token)
    assert person.access_tokens.get().last_used_at == first
    long_ago = timezone.now() - datetime.timedelta(hours=2)
    person.access_tokens.update(last_used_at=long_ago)
    ask(token)
    assert person.access_tokens.get().last_used_at > long_ago


def test_nobody_revokes_a_token_of_somebody_else(client_of, person):
    make_token(person)
    address = reverse("account_token_revocation", args=[person.access_tokens.get().pk])
    assert client_of(make_person()).post(address).status_code == 404
    assert person.access_tokens.get().state == "active"
    assert client_of(person).post(address).status_code == 302
    assert person.access_tokens.get().state == "revoked"


def test_the_command(ask, person):
    out = StringIO()
    call_command(
        "make_token", "wang", "--name", "cron", "--scopes", "annotate", "--days", "0", stdout=out
    )
    assert ask(out.getvalue().strip()).status_code == 200
    row = person.access_tokens.get()
    assert (row.name, row.scopes, row.expires_at) == ("cron", "annotate", None)
    with pytest.raises(CommandError, match="no active account"):
        call_command("make_token", "nobody")
