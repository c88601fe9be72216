"""Signing in through OpenID Connect, with a provider that really runs."""

import re

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from oidc_provider_mock import User, run_server_in_thread

from corpus.claimed_roles import check_claimed_roles
from people.models import Event, Person
from people.sign_in.openid_connect import check_roles
from tests.factories import make_corpus, make_person

pytestmark = pytest.mark.django_db


def somebody(sub, verified=True, groups=(), **claims):
    claims = {"email": f"{sub}@example.org", "email_verified": verified, "name": "王小明"} | claims
    return User(sub=sub, claims=claims | {"groups": list(groups)})


@pytest.fixture(scope="module")
def provider():
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def service(provider, settings):
    settings.OIDC_NAME = "University"
    app = {
        "provider_id": "oidc", "name": "University", "client_id": "us", "secret": "s",
        "settings": {"server_url": provider},
    }  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}
    }
    return provider


def come(service, user, client=None, **query):
    """Go to the provider and back as a browser does; the last page, and the client."""
    claims = requests.put(f"{service}/users/{user.sub}", json=user.claims, timeout=10)
    claims.raise_for_status()
    client = client or Client()
    page = client.post(reverse("openid_connect_login", kwargs={"provider_id": "oidc"}), query)
    way = page.context["address"]
    assert way.startswith(service) and way.replace("&", "&amp;") in page.content.decode()
    answer = requests.post(way, {"sub": user.sub}, allow_redirects=False, timeout=10)
    back = answer.headers["Location"]
    assert back.startswith("http://testserver/sign-in/service/answer/")
    return client.get(back.removeprefix("http://testserver"), follow=True), client


def test_there_is_no_button_without_a_provider():
    assert "Sign in with OpenID" not in Client().get("/sign-in/").content.decode()
    place = reverse("openid_connect_login", kwargs={"provider_id": "oidc"})
    assert Client().post(place).status_code == 404


def test_an_account_is_made_and_found_again(service):
    assert "Sign in with University" in Client().get("/sign-in/").content.decode()
    page, client = come(service, somebody("wang", preferred_username="wang"))
    assert page.redirect_chain[-1][0] == "/" and page.status_code == 200
    person = Person.objects.get()
    assert (person.username, person.name, person.email) == ("wang", "王小明", "wang@example.org")
    assert not person.has_usable_password()
    assert EmailAddress.objects.get().verified
    client.post(reverse("logout"))
    come(service, somebody("wang", name="renamed"), client)
    assert Person.objects.get() == person and client.get("/").status_code == 200
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)) == [
        *("accept", "sign in", "sign out", "sign in")
    ]


def test_an_address_must_be_verified_there(service):
    page, client = come(service, somebody("li", verified=False))
    assert "does not say that your e-mail address is verified" in page.content.decode()
    assert not Person.objects.exists() and client.get("/").status_code == 302


def test_an_account_is_linked_by_an_address_that_is_confirmed_here(service):
    person = make_person("wang", email="zhang@example.org")
    page, _client = come(service, somebody("zhang"))
    assert "never confirmed here" in page.content.decode()
    assert not SocialAccount.objects.exists()
    person.refresh_from_db()
    assert person.check_password("secret-for-tests")
    EmailAddress.objects.create(user=person, email="zhang@example.org", verified=True, primary=True)
    page, client = come(service, somebody("zhang"))
    assert SocialAccount.objects.get().user == person
    assert client.session["_auth_user_id"] == str(person.pk)
    person.refresh_from_db()
    assert person.check_password("secret-for-tests")


def test_it_is_linked_and_unlinked_by_hand(service):
    person = make_person("wang")
    client = Client()
    client.force_login(person)
    client.post(reverse("account_reauthenticate"), {"password": "secret-for-tests"})
    page, client = come(service, somebody("zhao"), client, process="connect")
    assert "Linked since" in page.content.decode()
    account = SocialAccount.objects.get(user=person)
    client.post(reverse("socialaccount_connections"), {"account": account.pk})
    assert not SocialAccount.objects.exists()


def test_roles_follow_the_claims_at_each_sign_in(service, settings):
    lead = make_person("lead", is_superuser=True)
    corpus = make_corpus(lead, name="Lab")
    settings.OIDC_ROLES = {
        "it": "admin",
        "lab": {"corpus": "Lab", "role": "annotator"},
        "judges": {"corpus": "Lab", "role": "adjudicator"},
    }

    def role(*groups):
        come(service, somebody("sun", groups=groups))
        person = Person.objects.get(email="sun@example.org")
        return corpus.role_of(person), person.is_superuser

    assert role("lab", "other") == ("annotator", False)
    assert role("judges", "it") == ("adjudicator", True)
    assert role() == (None, False)
    member = corpus.memberships.create(
        person=Person.objects.get(email="sun@example.org"), role="annotator"
    )
    lead.record("admit", member)
    assert role() == ("annotator", False)  # a lead has admitted them
    assert Event.objects.filter(verb="grant administrator", person=None).count() == 1


def test_what_goes_wrong_is_shown_in_a_sentence(service, settings):
    client = Client()
    place = reverse("openid_connect_login", kwargs={"provider_id": "oidc"})
    client.post(place)
    answer = reverse("openid_connect_callback", kwargs={"provider_id": "oidc"})
    page = client.get(f"{answer}?code=x&state=y", follow=True).content.decode()
    assert re.search("did not succeed", page)
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"] = {
        "server_url": "http://localhost:9"
    }
    assert "cannot be reached" in client.post(place, follow=True).content.decode()


@pytest.mark.parametrize("roles", [[], {"a": "boss"}, {"a": {"corpus": "x"}}])
def test_a_setting_that_cannot_be_read(roles):
    with pytest.raises(ImproperlyConfigured):
        check_roles(roles)
    with pytest.raises(ImproperlyConfigured):
        check_claimed_roles({"a": {"corpus": "x", "role": "boss"}})
