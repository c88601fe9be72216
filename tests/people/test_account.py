"""The account page: what a person sets there holds on every page."""

import datetime

import pytest
from django.contrib.sessions.models import Session
from django.core import mail

from annotation.models import Comment
from core.errors import UserError
from corpus.models import Invitation
from people.models import AccessToken, Event, Person
from people.notifications import notify
from tests.factories import judge, make_dialogue, make_member, make_person, make_round, make_token


@pytest.fixture
def person(db):
    return make_person("wang", email="wang@example.org")


def profile(**changed):
    return {"name": "", "language": "", "theme": "system", "time_zone": ""} | changed


def test_the_profile_is_saved_with_an_event(client_of, person):
    client = client_of(person)
    assert "Asia/Shanghai" in client.get("/account/").content.decode()
    form = profile(name="王", theme="dark", time_zone="Europe/Berlin")
    assert client.post("/account/", form).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.theme, person.time_zone) == ("王", "dark", "Europe/Berlin")
    [event] = Event.objects.filter(verb="change profile")
    assert (event.person, event.noun_id) == (person, person.pk)
    assert event.detail == {"changed": ["name", "theme", "time_zone"]}
    client.post("/account/", form)
    assert Event.objects.filter(verb="change profile").count() == 1
    refused = client.post("/account/", profile(time_zone="Mars/Phobos"))
    assert refused.status_code == 200 and "Mars/Phobos" in refused.content.decode()


def test_times_are_given_in_the_zone_of_the_person(client_of, person):
    make_token(person)
    at = datetime.datetime(2026, 1, 31, 22, 30, tzinfo=datetime.UTC)
    AccessToken.objects.update(last_used_at=at)
    client = client_of(person)
    assert "2026-02-01 06:30" in client.get("/account/tokens/").content.decode()
    person.change_profile(time_zone="America/New_York")
    page = client.get("/account/tokens/").content.decode()
    assert "2026-01-31 17:30" in page and 'data-time-zone="America/New_York"' in page
    person.change_profile(time_zone="Gone/Zone")  # which this machine does not know
    assert "2026-02-01 06:30" in client.get("/account/tokens/").content.decode()


def test_the_language_of_the_account_wins_over_cookie_and_browser(client_of, person):
    client = client_of(person)
    client.cookies["django_language"] = "en"
    assert 'lang="en"' in client.get("/account/").content.decode()
    person.change_profile(language="zh-hans")
    answer = client.get("/account/", headers={"Accept-Language": "en"})
    assert 'lang="zh-hans"' in answer.content.decode()
    assert answer.headers["Content-Language"] == "zh-hans"
    assert 'lang="zh-hans"' in client.get("/no-such-page/").content.decode()
    client.post("/language/", {"language": "en", "next": "/account/"})
    person.refresh_from_db()
    assert person.language == "en"
    assert 'lang="en"' in client.get("/account/").content.decode()


def test_the_theme_stands_in_the_page(client_of, client, person):
    assert 'data-theme="system"' in client.get("/sign-in/").content.decode()
    own = client_of(person)
    answer = own.post("/theme/", {"theme": "dark", "next": "/account/tokens/"})
    assert answer.url == "/account/tokens/"
    assert 'data-theme="dark"' in own.get("/account/").content.decode()
    assert own.post("/theme/", {"theme": "pink"}).status_code == 404
    elsewhere = own.post("/theme/", {"theme": "light", "next": "https://example.org/"})
    assert elsewhere.url == "/account/"


def test_preferences_cost_no_query(client_of, person, django_assert_num_queries):
    client = client_of(person)
    client.get("/account/")
    # session, person, the person that the form is of, and two of the side bar
    with django_assert_num_queries(5):
        client.get("/account/")


def test_an_account_is_deleted_and_its_work_stays(client_of, corpus, person):
    make_dialogue(corpus), make_dialogue(corpus)
    other = make_member(corpus)
    corpus.memberships.create(person=person, role="annotator")
    opened = make_round(corpus, [person, other])
    assignment = opened.assignments.filter(person=person).first()
    judge(assignment)
    Comment.make(assignment, assignment.dialogue.utterances.first(), "comment", "hm")
    Event.record(corpus.memberships.first().person, "admit", opened, person="wang")
    sent = Invitation.invite(person, corpus)
    make_token(person)
    client, elsewhere = client_of(person), client_of(person)
    wrong = client.post("/account/deletion/", {"username": "wang", "password": "wrong"})
    assert "Nothing was deleted" in wrong.content.decode()
    right = {"username": "wang", "password": "secret-for-tests"}
    assert client.post("/account/deletion/", right).url == "/sign-in/"
    gone = Person.objects.get(pk=person.pk)
    assert gone.username == f"deleted-{person.pk}" == str(gone)
    assert (gone.name, gone.email, gone.is_active) == ("", "", False)
    assert not gone.has_usable_password() and not gone.memberships.exists()
    sent.refresh_from_db()
    assert not AccessToken.objects.exists() and sent.revoked_at
    assert not Session.objects.filter(session_key=elsewhere.session.session_key).exists()
    assert elsewhere.get("/account/").status_code == 302
    assert assignment.judgements.exists() and Comment.objects.get().assignment.person == gone
    assert Event.objects.filter(verb="delete account", person=gone).count() == 1
    assert not Event.objects.filter(detail__person="wang").exists()
    assert client.post("/sign-in/", {**right}).status_code == 200


def test_the_only_lead_the_owner_and_the_only_administrator_stay(client_of, corpus, lead):
    with pytest.raises(UserError, match="only lead of “corpus"):
        lead.delete_account()
    page = client_of(lead).get("/account/deletion/").content.decode()
    assert "make another member lead first" in page and "Delete my account" not in page
    other = make_member(corpus, role="lead")
    with pytest.raises(UserError, match="You own “corpus"):
        lead.delete_account()
    corpus.appoint_owner(lead, other)
    lead.delete_account()
    boss = make_person("boss", is_superuser=True)
    with pytest.raises(UserError, match="only administrator"):
        boss.delete_account()
    make_person("second", is_superuser=True)
    boss.delete_account()


def test_notifications_respect_choice_and_language(
    client_of, person, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_ENABLED = False
    assert "sends no e-mail" in client_of(person).get("/account/notifications/").content.decode()
    settings.EMAIL_ENABLED = True
    quiet = make_person("li", email="li@example.org")
    client_of(quiet).post(
        "/account/notifications/", {"wanted": ["reply", "job", "joining", "webhook"]}
    )
    quiet.refresh_from_db()
    assert quiet.muted_notifications == ["round"]
    person.change_profile(language="zh-hans")
    with django_capture_on_commit_callbacks(execute=True):
        notify("round", [person, quiet], "Profile saved.", "Profile saved.", "/tasks/")
    [sent] = mail.outbox
    assert sent.to == ["wang@example.org"]
    assert "个人资料" in sent.subject and "/tasks/" not in sent.body
    settings.SITE_URL = "https://annotate.example.org"
    with django_capture_on_commit_callbacks(execute=True):
        notify("round", [person], "Profile saved.", "Profile saved.", "/tasks/")
    assert "\n\nhttps://annotate.example.org/tasks/\n\n" in mail.outbox[1].body


def test_a_notification_that_cannot_be_sent_stops_nothing(
    person, settings, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def away(*arguments):
        raise ConnectionError("Redis is away")

    settings.EMAIL_ENABLED = True
    monkeypatch.setattr("people.notifications.send_notification.delay", away)
    with django_capture_on_commit_callbacks(execute=True):
        notify("round", [person], "Profile saved.", "Profile saved.")
    assert "Redis is away" in caplog.text
