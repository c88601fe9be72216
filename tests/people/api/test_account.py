"""The account behind a token by the API: its settings, its tokens."""

import pytest

from people.access_tokens import AccessToken
from people.models import Event, Person
from tests.factories import make_person
from tests.people.api.test_views import problem_of, script_of

pytestmark = pytest.mark.django_db
ACCOUNT, TOKENS, OWN = "/api/account/", "/api/account/tokens/", "/api/account/token/"


@pytest.fixture
def person():
    return make_person("wang")


@pytest.fixture
def script(person):
    return script_of(person)


def change(script, **said):
    return script.patch(ACCOUNT, said, format="json")


def test_settings_of_an_account(script, person):
    found = script.get(ACCOUNT).json()
    assert found["name"] == "wang" and found["language"] == "" and found["theme"] == "system"
    assert found["notifications"] == ["round", "reply", "job", "joining", "webhook"]
    changed = change(script, name="王", time_zone="Asia/Shanghai", notifications=["reply"]).json()
    assert changed == found | {
        "name": "王", "time_zone": "Asia/Shanghai", "notifications": ["reply"],
    }  # fmt: skip
    person = Person.objects.get(pk=person.pk)
    assert person.name == "王"
    assert person.muted_notifications == ["round", "job", "joining", "webhook"]
    events = Event.objects.filter(verb="change profile").order_by("pk")
    changed = [event.detail["changed"] for event in events]
    assert changed == [["name", "time_zone"], ["muted_notifications"]]
    assert change(script, notifications=[]).json()["notifications"] == []
    assert change(script, language="zh-hans", name="").json()["name"] == "wang"


def test_a_setting_that_there_is_not(script):
    for said in ({"time_zone": "Mars"}, {"theme": "loud"}, {"language": "la"}, {"email": "a@b.c"},
                 {"notifications": ["weather"]}, {"name": "x" * 81}):  # fmt: skip
        (fault,) = problem_of(change(script, **said), 400)["errors"]
        assert fault["field"].partition(".")[0] == next(iter(said))
    assert not Event.objects.filter(verb="change profile").exists()


def test_settings_need_manage_and_what_was_read(person):
    weak = script_of(person, "read", "annotate", "write")
    assert "manage" in problem_of(change(weak, name="x"), 403)["detail"]
    strong = script_of(person)
    tag = strong.get(ACCOUNT).headers["ETag"]
    change(strong, name="x")
    late = strong.patch(ACCOUNT, {"name": "y"}, format="json", headers={"if-match": tag})
    assert problem_of(late, 412) and Person.objects.get(pk=person.pk).name == "x"


def test_tokens_are_listed_and_revoked(script, person):
    old, secret = AccessToken.create(person, "old", ["read", "write"])
    AccessToken.create(make_person(), "of somebody else", ["read"])
    first, second = script.get(TOKENS).json()["results"]
    assert first["id"] == old.pk and first["scopes"] == ["read", "write"] and not first["asks"]
    assert second["asks"] and second == script.get(OWN).json()
    assert secret not in script.get(TOKENS).content.decode()
    for _again in range(2):
        assert script.delete(f"{TOKENS}{old.pk}/").status_code == 204
    assert script.get(f"{TOKENS}{old.pk}/").json()["state"] == "revoked"
    assert Event.objects.filter(verb="revoke token", detail__number=old.pk).count() == 1
    assert script.post(TOKENS, {"name": "x", "scopes": ["read"]}, format="json").status_code == 405


def test_tokens_of_others_are_not_there(script):
    other, _secret = AccessToken.create(make_person(), "x", ["read"])
    for method in (script.get, script.delete):
        problem_of(method(f"{TOKENS}{other.pk}/"), 404)
    other.refresh_from_db()
    assert other.revoked_at is None


def test_a_token_revokes_others_with_manage_and_itself_always(person):
    weak = script_of(person, "annotate")
    other, _secret = AccessToken.create(person, "x", ["read"])
    problem_of(weak.delete(f"{TOKENS}{other.pk}/"), 403)
    problem_of(weak.get(TOKENS), 403)
    assert weak.get(OWN).json()["scopes"] == ["annotate"]
    assert weak.delete(OWN).status_code == 204
    assert "revoked" in problem_of(weak.get(OWN), 401)["detail"]


def test_a_browser_has_no_token(client_of, person):
    assert client_of(person).get(OWN).status_code == 404
    assert client_of(person).get(ACCOUNT).json()["scopes"] is None
