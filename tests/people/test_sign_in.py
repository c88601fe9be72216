"""Signing in: names and addresses, lock-out and its end, reset links, second factor, sessions."""

import datetime
import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from core.errors import UserError
from people.models import Event, Person
from people.sign_in.client_address import client_address
from people.sign_in.lockout import locks
from people.sign_in.password_reset import make_reset_link
from people.sign_in.sessions import device_of
from tests.factories import make_person

pytestmark = pytest.mark.django_db
PASSWORD = "secret-for-tests"
NEW = "quite another one 7"


@pytest.fixture
def limits(settings):
    settings.SIGN_IN_FAILURES = 3
    settings.SIGN_IN_ADDRESS_FAILURES = 6
    return settings


def sign_in(username, password=PASSWORD, client=None, address="10.0.0.1"):
    form = {"username": username, "password": password}
    return (client or Client()).post("/sign-in/", form, REMOTE_ADDR=address)


def is_in(response):
    return response.status_code == 302 and response.url == "/"


def verbs():
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))


def test_by_name_or_address_in_any_case():
    make_person("Wang", email="Wang@Example.org")
    for login in ("Wang", "wang", " Wang ", "Wang@Example.org", "wang@example.org"):
        assert is_in(sign_in(login)), login
    assert not is_in(sign_in("wang@example.com"))


def test_names_that_differ_in_case_only_are_two_people():
    make_person("Li")
    other = make_person("li")
    client = Client()
    assert is_in(sign_in("li", client=client))
    assert client.session["_auth_user_id"] == str(other.pk)


def test_a_session_of_an_earlier_version_holds():
    client = Client()
    client.force_login(make_person(), "django.contrib.auth.backends.ModelBackend")
    assert client.get("/").status_code == 200


def test_signing_in_and_out_is_written_down():
    person = make_person("wang")
    client = Client()
    assert not is_in(sign_in("wang", "wrong", client))
    assert is_in(sign_in("wang", client=client))
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").url == reverse("login")
    assert client.get("/").status_code == 302
    assert verbs() == ["fail to sign in", "sign in", "sign out"]
    failure, entry, _exit = Event.objects.order_by("pk")
    assert (failure.person, failure.noun, failure.noun_id) == (None, "person", person.pk)
    assert failure.detail == {"username": "wang", "address": "10.0.0.1"}
    assert (entry.person, entry.detail["address"]) == (person, "10.0.0.1")


def test_lock_out_of_an_account_at_an_address(limits):
    make_person("wang", email="wang@example.org")
    for login in ("wang", "wang@example.org"):
        assert sign_in(login, "wrong").status_code == 200
    locked = sign_in("WANG", "wrong")
    page = locked.content.decode()
    assert locked.status_code == 429 and "Too many failed attempts" in page
    assert re.search(r"try again at \d\d:\d\d", page)
    assert sign_in("wang").status_code == 429  # the right password does not help now
    assert is_in(sign_in("wang", address="10.0.0.2"))
    assert sign_in("other", "wrong").status_code == 200
    assert verbs().count("lock") == 1 and verbs().count("fail to sign in") == 4


def test_a_lock_ends_with_time(limits):
    make_person("wang")
    for _ in range(3):
        sign_in("wang", "wrong")
    past = timezone.now() - django_settings.AXES_COOLOFF_TIME - datetime.timedelta(seconds=1)
    AccessAttempt.objects.update(attempt_time=past)
    assert locks() == [] and is_in(sign_in("wang"))


def test_an_administrator_unlocks(limits):
    boss, person = make_person("boss", is_superuser=True), make_person("wang")
    for _ in range(3):
        sign_in("wang", "wrong")
    assert [(lock.account, lock.address) for lock in locks()] == [("wang", "10.0.0.1")]
    person.unlock(boss)
    assert locks() == [] and is_in(sign_in("wang"))
    assert Event.objects.get(verb="unlock").person == boss


def test_success_forgets_the_failures_of_this_account_alone(limits):
    make_person("wang")
    for _ in range(2):
        sign_in("wang", "wrong")
        sign_in("other", "wrong")
    assert is_in(sign_in("wang"))
    assert set(AccessAttempt.objects.values_list("username", flat=True)) == {"other"}


def test_lock_out_of_an_address(limits):
    make_person("wang")
    for number in range(6):
        sign_in(f"guess{number}", "wrong")
    assert sign_in("wang").status_code == 429
    assert is_in(sign_in("wang", address="10.0.0.2"))
    assert [(lock.account, lock.address) for lock in locks()] == [("", "10.0.0.1")]


def test_a_wrong_password_is_hashed_once(monkeypatch):
    person = make_person("wang")
    asked = []
    monkeypatch.setattr(Person, "check_password", lambda self, raw: asked.append(raw))
    assert authenticate(RequestFactory().get("/"), username="wang", password="wrong") is None
    assert asked == ["wrong"] and person.is_active


def test_forwarded_addresses_count_only_where_a_setting_says_so(settings):
    def address(proxies, forwarded):
        settings.TRUSTED_PROXIES = proxies
        headers = {"x-forwarded-for": forwarded} if forwarded else {}
        return client_address(RequestFactory().get("/", REMOTE_ADDR="10.0.0.9", headers=headers))

    assert address(0, "1.1.1.1") == "10.0.0.9"
    assert address(1, "6.6.6.6, 1.1.1.1") == "1.1.1.1"
    assert address(2, "6.6.6.6, 1.1.1.1, 2.2.2.2") == "1.1.1.1"
    assert address(2, "1.1.1.1") == "10.0.0.9"
    assert address(1, "") == "10.0.0.9"
    assert address(1, "junk") == "0.0.0.0"


def test_a_deactivated_account_cannot_sign_in():
    boss, person = make_person("boss", is_superuser=True), make_person("wang")
    person.deactivate(boss)
    answer = Client().post("/sign-in/", {"username": "wang", "password": PASSWORD}, follow=True)
    assert "deactivated" in answer.content.decode() and not answer.wsgi_request.user.pk


def test_the_administration_signs_in_here():
    answer = Client().get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2F"


# --- Passwords -----------------------------------------------------------------------------------
def test_a_password_is_changed_and_other_sessions_end():
    person = make_person("wang", email="wang@example.org")
    client, other = Client(), Client()
    sign_in("wang", client=client)
    sign_in("wang", client=other)
    address = reverse("account_change_password")
    form = {"oldpassword": PASSWORD, "password1": "wang@example", "password2": "wang@example"}
    assert "too similar to the" in client.post(address, form).content.decode()
    form |= {"password1": NEW, "password2": NEW}
    assert client.post(address, form).url == reverse("account_security")
    assert client.get("/").status_code == 200 and other.get("/").status_code == 302
    assert not is_in(sign_in("wang")) and is_in(sign_in("wang", NEW))
    assert Event.objects.get(verb="change password").detail == {"by_link": False}
    person.refresh_from_db()
    assert person.check_password(NEW)


@pytest.mark.parametrize("password", ["xiaoming", "wanderer12"])
def test_a_password_like_the_name_is_refused(password, settings):
    person = make_person("wanderer1", name="Xiaoming")
    settings.EMAIL_ENABLED = False
    client = Client()
    page = client.get(make_reset_link(person, person), follow=True)
    place = page.redirect_chain[-1][0]
    answer = client.post(place, {"password1": password, "password2": password})
    assert "too similar" in answer.content.decode()


def test_a_reset_link_works_once_and_ends_a_lock(limits):
    boss, person = make_person("boss", is_superuser=True), make_person("wang")
    for _ in range(3):
        sign_in("wang", "wrong")
    link = make_reset_link(person, boss)
    client = Client()
    place = client.get(link).url
    assert "set-password" in place
    assert client.post(place, {"password1": NEW, "password2": NEW}).url == reverse("login")
    assert is_in(sign_in("wang", NEW))
    assert "not valid any more" in Client().get(link).content.decode()
    events = {event.verb: event for event in Event.objects.all()}
    assert events["make reset link"].person == boss
    assert events["change password"].detail == {"by_link": True}


def test_a_reset_link_expires(settings):
    person = make_person()
    link = make_reset_link(person, person)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "not valid any more" in Client().get(link).content.decode()


def test_a_reset_by_e_mail_where_there_is_a_server(settings, mailoutbox):
    make_person("wang", email="wang@example.org")
    address = reverse("account_reset_password")
    assert "sends no e-mail" in Client().get(address).content.decode()
    assert Client().post(address, {"email": "wang@example.org"}).status_code == 200
    assert mailoutbox == []
    settings.EMAIL_ENABLED = True
    for email in ("wang@example.org", "nobody@example.org"):
        answer = Client().post(address, {"email": email}, follow=True)
        assert "If an account has this address" in answer.content.decode()
    [message] = mailoutbox
    link = re.search(r"http://testserver(/account/password/reset/\S+)", message.body)[1]
    assert Client().get(link).status_code == 302


# --- Second factor -------------------------------------------------------------------------------
def confirmed(person):
    """A client that has just given the password again."""
    client = Client()
    sign_in(person.username, client=client)
    answer = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert answer.status_code == 302
    return client


def code_now(secret):
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def set_up(person):
    """A person with an app, and its secret with the recovery codes."""
    client = confirmed(person)
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert page.context["totp_svg"].startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("mfa_view_recovery_codes")
    return secret, answer.context["unused_codes"]


def second_step(person, code):
    client = Client()
    assert sign_in(person.username, client=client).url == reverse("mfa_authenticate")
    return client.post(reverse("mfa_authenticate"), {"code": code}, REMOTE_ADDR="10.0.0.1")


def test_a_second_factor_with_wrong_and_used_codes():
    person = make_person("wang")
    secret, codes = set_up(person)
    assert secret not in str(Authenticator.objects.get(type="totp").data)
    code = code_now(secret)
    assert second_step(person, "000000").status_code == 200
    assert is_in(second_step(person, code))
    again = second_step(person, code)
    assert again.status_code == 200 and "used before" in again.content.decode()
    assert is_in(second_step(person, codes[0])) and not is_in(second_step(person, codes[0]))
    assert "add second factor" in verbs() and verbs().count("fail to sign in") == 3


def test_wrong_codes_lock_out(limits):
    person = make_person("wang")
    secret, _codes = set_up(person)
    for _ in range(2):
        assert second_step(person, "000000").status_code == 200
    assert second_step(person, "000000").status_code == 429
    assert sign_in("wang").status_code == 429


def test_a_second_factor_is_turned_off():
    person = make_person("wang")
    set_up(person)
    client = Client()
    client.force_login(person)
    assert client.get(reverse("mfa_deactivate_totp")).url.startswith(
        reverse("account_reauthenticate")
    )
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists() and "remove second factor" in verbs()
    assert is_in(sign_in("wang"))


def test_recovery_codes_are_shown_once():
    person = make_person("wang")
    set_up(person)
    client = Client()
    client.force_login(person)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert "These codes were shown once" in page
    answer = client.post(reverse("mfa_generate_recovery_codes"), follow=True)
    assert len(answer.context["unused_codes"]) == 10 and "make recovery codes" in verbs()


# --- Sessions and addresses ----------------------------------------------------------------------
def test_sessions_are_listed_and_ended():
    make_person("wang")
    clients = [Client(headers={"user-agent": agent}) for agent in ("Firefox/1 Windows", "b", "c")]
    for client in clients:
        sign_in("wang", client=client)
    page = clients[0].get(reverse("account_sessions")).content.decode()
    assert "Firefox on Windows" in page and page.count("10.0.0.1") == 2
    stranger = UserSession.objects.create(
        user=make_person(), ip="10.0.0.5", session_key="x", user_agent=""
    )
    assert clients[0].post(reverse("account_session", args=[stranger.pk])).status_code == 404
    second = UserSession.objects.get(user_agent="b")
    clients[0].post(reverse("account_session", args=[second.pk]))
    assert [client.get("/").status_code for client in clients] == [200, 302, 200]
    clients[0].post(reverse("account_other_sessions"))
    assert [client.get("/").status_code for client in clients] == [200, 302, 302]
    assert verbs().count("end session") == 2


def test_sessions_note_when_they_were_seen(settings, django_assert_num_queries):
    settings.SESSION_SEEN_EVERY = 300
    person = make_person("wang")
    client = Client()
    client.force_login(person)  # as in an earlier version: nothing lists this session yet
    client.get(reverse("account_security"))
    assert UserSession.objects.get().user == person
    # session, person, authenticators, linked services, and two of the side bar
    with django_assert_num_queries(6):
        client.get(reverse("account_security"))


def test_devices_are_named():
    windows = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
    assert device_of(windows) == "Chrome on Windows"
    assert device_of(f"{windows} Edg/120.0") == "Edge on Windows"
    assert device_of("curl/8.0") == "curl/8.0" and device_of("") == "unknown device"


def test_addresses(settings, mailoutbox):
    person = make_person("wang", email="wang@example.org")
    client = confirmed(person)
    place = reverse("account_email")
    assert "sends no e-mail" in client.get(place).content.decode()
    client.post(place, {"action_add": "1", "email": "new@example.org"})
    assert mailoutbox == []
    settings.EMAIL_ENABLED = True
    cache.clear()  # of when a message was last asked for
    client.post(place, {"action_send": "1", "email": "new@example.org"})
    [message] = mailoutbox
    link = re.search(r"http://testserver(/account/e-mail/confirmation/\S+)", message.body)[1]
    assert client.get(link).status_code == 200
    client.post(link)
    assert EmailAddress.objects.get(email="new@example.org").verified
    client.post(place, {"action_primary": "1", "email": "new@example.org"})
    person.refresh_from_db()
    assert person.email == "new@example.org"


def test_a_deleted_account_leaves_no_way_in():
    person = make_person("wang", email="wang@example.org", is_superuser=True)
    set_up(person)
    client = Client()
    client.force_login(person)
    EmailAddress.objects.create(user=person, email="wang@example.org", verified=True)
    with pytest.raises(UserError, match="only administrator"):
        person.delete_account()
    make_person("boss", is_superuser=True)
    person.delete_account()
    for model in (EmailAddress, Authenticator, UserSession):
        assert not model.objects.exists()
    assert client.get("/").status_code == 302 and not is_in(sign_in("wang@example.org"))
