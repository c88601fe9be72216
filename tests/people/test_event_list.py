"""Events by filter, by words, page by page, and as files."""

import csv
import datetime
import io
import json

import pytest
from django.urls import reverse
from django.utils import timezone

from people.audit_log import Event
from people.event_list import SIZE
from tests.factories import make_dialogue as dialogue_of
from tests.factories import make_member, make_person, make_round, make_source

pytestmark = pytest.mark.django_db


def get(client, corpus, **query):
    return client.get(reverse("audit_log", args=[corpus.pk]), query).content.decode()


def rows_of(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def client(client_of, lead):
    return client_of(lead)


def test_the_log_says_in_words_who_did_what(client, corpus, lead):
    dialogue_of(corpus)
    opened = make_round(corpus, [make_member(corpus)], name="第一轮")
    Event.record(lead, "pause", opened)
    page = get(client, corpus)
    assert f'>lead</a> paused round <a href="/rounds/{opened.pk}/">第一轮</a>' in page
    assert f'href="/corpora/{corpus.pk}/audit-log/?person={lead.pk}"' in page
    assert ">The system</a> opened round" in page
    assert "2 members" not in page and "<dt>dialogues</dt>" in page
    client.cookies["django_language"] = "zh-hans"
    assert ">lead</a> 暂停了轮次 <a" in get(client, corpus)


def test_filters_narrow_the_page_and_the_files_alike(client, corpus, lead):
    source, other = make_source(corpus, title="甄嬛传"), make_person("wang", name="王小明")
    Event.record(lead, "confirm", source, title=source.title)
    Event.record(other, "discard", source, title="=HYPERLINK(1)")
    old = Event.record(other, "resegment", source)
    Event.objects.filter(pk=old.pk).update(at=timezone.now() - datetime.timedelta(days=9))
    today = timezone.localdate()
    for query, verbs in (
        ({"person": other.pk}, {"discard", "resegment"}),
        ({"person": "system"}, set()),
        ({"kind": "sources"}, {"confirm", "discard", "resegment"}),
        ({"kind": "corpus"}, {"create"}),
        ({"noun": "corpus"}, {"create"}),
        ({"since": today.isoformat()}, {"create", "confirm", "discard"}),
        ({"until": (today - datetime.timedelta(days=1)).isoformat()}, {"resegment"}),
        ({"q": "甄嬛"}, {"confirm", "discard", "resegment"}),  # by the name of the thing
        ({"q": "HYPERLINK"}, {"discard"}),  # by a detail
        ({"q": "小明"}, {"discard", "resegment"}),
        ({"q": "into other dialogues"}, {"resegment"}),  # by the sentence
        ({"q": "nothing like it"}, set()),
        ({"order": "oldest", "kind": "sources"}, {"confirm", "discard", "resegment"}),
    ):
        found = rows_of(client.get(reverse("audit_log_csv", args=[corpus.pk]), query))
        assert {row["action"] for row in found} - {"download"} == verbs, query
        page = get(client, corpus, **query)
        assert ("Nothing matches these filters." in page) == (not verbs), query
        for verb, words in (("confirm", "confirmed the import"), ("create", "created corpus")):
            assert (words in page) == (verb in verbs), (query, verb)


def test_files_run_no_formula_and_are_whole(client, corpus, lead):
    source = make_source(corpus, title="=1+1")
    Event.record(lead, "discard", source, title="=1+1")
    row = next(
        row
        for row in rows_of(client.get(reverse("audit_log_csv", args=[corpus.pk])))
        if row["action"] == "discard"
    )
    assert row["sentence"] == "lead discarded source =1+1" and row["id"] == str(source.pk)
    assert row["thing"] == "source =1+1" and row["details"] == "title: =1+1"
    lead.name = "=cmd()"
    lead.save()
    row = rows_of(client.get(reverse("audit_log_csv", args=[corpus.pk])))[0]
    assert row["user"] == "'=cmd()"
    answer = client.get(reverse("audit_log_jsonl", args=[corpus.pk]), {"kind": "sources"})
    (line,) = b"".join(answer.streaming_content).decode().splitlines()
    assert json.loads(line)["details"] == {"title": "=1+1"}
    downloads = Event.objects.filter(verb="download", noun="corpus")
    assert [event.detail["what"] for event in downloads] == ["audit-log.jsonl", "audit-log.csv"]


@pytest.mark.parametrize("order", ["", "oldest"])
def test_pages_follow_one_another_in_both_directions(client, corpus, lead, order):
    for number in range(SIZE + 20):
        Event.record(lead, "describe", corpus, name=f"n{number:03d}.")
    Event.objects.filter(verb="create").delete()
    first = client.get(reverse("audit_log", args=[corpus.pk]), {"order": order})
    page = first.context["table"]
    names = [row.event.detail["name"] for row in page]
    assert len(names) == SIZE and names[0] == ("n000." if order else f"n{SIZE + 19:03d}.")
    assert (page.count, page.more) == (SIZE + 20, False)
    second = client.get(page.next_url).context["table"]
    assert len(second.rows) == 20 and not second.next_url
    back = client.get(second.previous_url).context["table"]
    assert [row.event.detail["name"] for row in back] == names and not back.previous_url


def test_the_installation_has_a_log_of_its_own(client_of, lead, corpus):
    boss = make_person("boss", is_superuser=True)
    Event.record(boss, "deactivate", make_person("wang"))
    Event.record(None, "sign in failure", boss, address="192.0.2.1")
    page = client_of(boss).get("/installation/audit-log/").content.decode()
    assert "deactivated account wang" in page and "A sign-in failed: account boss" in page
    assert "created corpus" not in page and 'aria-current="page"' in page
    rows = rows_of(client_of(boss).get("/installation/audit-log.csv?kind=account"))
    assert [row["action"] for row in rows] == ["sign in failure", "deactivate"]
    for name in ("", ".csv", ".jsonl"):
        address = f"/installation/audit-log{name or '/'}"
        assert client_of(lead).get(address).status_code == 404


def test_what_is_withheld_is_found_by_no_words(client_of):
    """Somebody who annotates blind cannot ask the log, letter by letter, what others decided."""
    from tests.annotation.test_blinding import Scene

    scene = Scene()
    client = client_of(scene.reader)
    address = reverse("audit_log_csv", args=[scene.corpus.pk])
    rows = rows_of(client.get(address))
    hidden = [row for row in rows if row["withheld"]]
    assert {row["action"] for row in hidden} >= {"adjudicate", "comment"}
    assert all(row["details"] == "" and "#" in row["thing"] for row in hidden)
    for words in ("joy", "anger", "comment", "adjudicated", "emotion"):
        found = rows_of(client.get(address, {"q": words}))
        assert not any(row["withheld"] for row in found), words


def test_the_same_download_is_recorded_once_an_hour(corpus, lead):
    assert Event.record_once(lead, "download", corpus, what="a")
    assert Event.record_once(lead, "download", corpus, what="a") is None
    assert Event.record_once(lead, "download", corpus, what="b")
    assert Event.record_once(make_person(), "download", corpus, what="a")
    Event.objects.update(at=timezone.now() - datetime.timedelta(minutes=61))
    assert Event.record_once(lead, "download", corpus, what="a")
