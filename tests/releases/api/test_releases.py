"""Releases by the API: the checks, the guards and the bytes of the pages."""

import datetime
import json

import pytest
from django.urls import reverse
from django.utils import timezone

from corpus.models import Dialogue, Utterance
from jobs.models import JobStatus
from people.models import Event
from releases.models import Diff, Release, Share
from tests.factories import (
    make_corpus,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
)
from tests.people.api.test_views import problem_of, script_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged(corpus):
    return make_judged_round(corpus)


@pytest.fixture
def frozen(corpus, judged):
    return make_release(corpus, [judged], authors="张三", media="none")


@pytest.fixture
def script(lead):
    return script_of(lead)


def freeze(script, corpus, **said):
    return script.post(f"/api/corpora/{corpus.pk}/releases/", said, format="json")


def test_freezing_starts_as_the_last_release_was_made(script, corpus, frozen, monkeypatch):
    monkeypatch.setattr(Release, "later", lambda self: None)
    answer = freeze(script, corpus, shares="60/20/20", seed=9)
    assert answer.status_code == 202, answer.content
    job = answer.json()
    made = Release.objects.get(pk=job["id"])
    assert job["kind"] == "release" and answer.headers["Location"] == job["url"]
    assert script.get(job["url"]).json()["state"] == "queued"
    assert (made.version, made.shares, made.seed) == ("1.1.0", "60/20/20", 9)
    assert (made.media, made.authors, [*made.rounds.all()]) == (
        "none",
        "张三",
        [*frozen.rounds.all()],
    )
    assert Event.objects.filter(verb="freeze", noun_id=made.pk).exists()
    address = f"/api/releases/{made.pk}/"
    assert problem_of(script.delete(address), 409)["detail"] == (
        "The release is being frozen. Stop it first."
    )
    assert script.post(f"{job['url']}stop/").json()["state"] == "stopped"
    assert script.delete(address).status_code == 204
    assert problem_of(script.delete(f"/api/releases/{frozen.pk}/"), 409)


@pytest.mark.parametrize(
    ("said", "status", "says"),
    [
        ({"version": "1.0"}, 400, "version"),
        ({"version": "1.0.0"}, 400, "exists already"),
        ({"shares": "0/50/50"}, 400, "train must have some"),
        ({"shares": "a/b"}, 400, "Three whole percentages"),
        ({"rounds": [999999]}, 400, "rounds"),
        ({"rounds": []}, 400, "rounds"),
        ({"licence": "mine"}, 400, "licence"),
        ({"decisions": [{"kind": "missing", "choice": "accept"}]}, 400, "decisions"),
        ({"decisions": [{"choice": "accept"}]}, 400, "decisions"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_what_the_form_refuses_is_refused(script, corpus, frozen, said, status, says):
    assert says in problem_of(freeze(script, corpus, **said), status)["detail"]
    assert Release.objects.count() == 1


def test_errors_are_decided_about(script, corpus, judged, monkeypatch):
    monkeypatch.setattr(Release, "later", lambda self: None)
    dialogue = corpus.dialogues.first()
    Utterance.objects.filter(dialogue=dialogue, number=1).update(start=5, end=4)
    said = {"rounds": [judged.pk], "media": "none"}
    refused = problem_of(freeze(script, corpus, **said), 409)["detail"]
    assert dialogue.uid in refused and "Exclude them" in refused
    decision = {"dialogue": dialogue.pk, "choice": "accept"}
    refused = problem_of(freeze(script, corpus, **said, decisions=[decision]), 400)
    assert "Give a reason" in refused["detail"]
    done = freeze(script, corpus, **said, decisions=[decision | {"reason": "known"}])
    assert done.status_code == 202
    [kept] = Release.objects.get(pk=done.json()["id"]).decisions
    assert (kept["dialogue"], kept["choice"], kept["reason"]) == (dialogue.uid, "accept", "known")


def test_lists_files_and_lines(script, corpus, frozen, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        [row] = script.get(f"/api/corpora/{corpus.pk}/releases/?state=done").json()["results"]
    address = f"/api/releases/{frozen.pk}/"
    assert script.get(address).json() == row
    assert row["digest"] == frozen.digest and sum(row["dialogues"].values()) == 4
    names, where = [], f"{address}files/?limit=5"
    while where:
        page = script.get(where).json()
        names += [each["path"] for each in page["results"]]
        where = page["next"]
    manifest = json.loads((frozen.directory / "manifest.json").read_text("utf-8"))
    assert names == sorted(entry["path"] for entry in manifest["files"])
    problem_of(script.get(f"{address}files/?cursor=WzFd"), 400)

    text = (frozen.directory / "utterances.jsonl").read_bytes()
    accept = {"accept": "text/csv"}
    whole = script.get(f"{address}files/utterances.jsonl", headers=accept)
    assert b"".join(whole.streaming_content) == text
    part = script.get(f"{address}files/utterances.jsonl", headers={"range": "bytes=10-19"})
    assert part.status_code == 206 and b"".join(part.streaming_content) == text[10:20]
    problem_of(script.get(f"{address}files/../1.0.0.index.json"), 404)
    rows = list(map(json.loads, text.splitlines()))
    train = script.get(f"{address}utterances.ndjson?split=train")
    lines = b"".join(train.streaming_content).decode().splitlines()
    assert [*map(json.loads, lines)] == [row for row in rows if row["split"] == "train"]
    problem_of(script.get(f"{address}utterances.ndjson?split=dev"), 400)
    zipped = script.get(f"{address}archive.zip", headers={"range": "bytes=0-1"})
    assert b"".join(zipped.streaming_content) == b"PK"
    assert script.get(f"{address}as/cmma.zip").status_code == 200
    problem_of(script.get(f"{address}as/nonsense.zip"), 404)
    assert Event.objects.filter(verb="download", noun_id=frozen.pk).exists()
    assert script.post(f"{address}verification/").json() == {"faults": []}


def test_differences(script, corpus, judged, frozen, monkeypatch):
    monkeypatch.setattr(Diff, "later", Diff.run)
    Utterance.objects.filter(dialogue=Dialogue.objects.first(), number=1).update(text="改了")
    later = make_release(corpus, [judged], "1.1.0", media="none")
    said = {"one": frozen.pk, "other": later.pk}
    answer = script.post("/api/diffs/", said, format="json")
    assert answer.status_code == 202
    found = script.get(answer.headers["Location"]).json()
    assert found["state"] == "done" and found["summary"]["utterances"]["text"] == 1
    lines = script.get(f"/api/diffs/{found['id']}/changes.ndjson?what=text")
    [change] = map(json.loads, b"".join(lines.streaming_content).splitlines())
    assert "text" in change["what"]
    problem_of(script.post("/api/diffs/", {"one": frozen.pk, "other": 999}, format="json"), 404)


def test_retractions_and_links(script, lead, corpus, judged, frozen):
    address = f"/api/releases/{frozen.pk}/"
    later = make_release(corpus, [judged], "1.1.0", media="none")

    def retract(**said):
        return script.post(f"{address}retractions/", said, format="json")

    assert "takes its place" in problem_of(retract(kind="superseded", reason="x"), 400)["detail"]
    assert retract(kind="superseded", reason="x", by=later.pk).json()["by"] == later.pk
    until = {"terms": "Cite it.", "expires_at": "2000-01-01"}
    links = f"{address}links/"
    assert "future" in problem_of(script.post(links, until, format="json"), 400)["detail"]
    link = script.post(links, until | {"expires_at": "2999-01-01"}, format="json").json()
    token = frozen.links.get().token
    assert token in link["address"] and link["alive"]
    grants = f"/api/links/{link['id']}/grants/"
    assert script.get(grants).json()["results"] == []
    frozen.links.get().accept_terms("Lin", "A university", "lin@example.org")
    [grant] = script.get(grants).json()["results"]
    assert (grant["name"], grant["email"]) == ("Lin", "lin@example.org") and "token" not in grant
    revoked = script.post(f"/api/links/{link['id']}/revocation/").json()
    assert not revoked["alive"] and not script.get(links).json()["results"][0]["alive"]
    for where in (links, grants):
        assert problem_of(script_of(lead, "read", "write").get(where), 403)
    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        problem_of(script_of(person).get(grants), 404)

    member = script_of(make_member(corpus))
    assert member.get(address).status_code == 404
    assert script.post(f"{address}member-access/").json()["for_members"]
    assert member.get(address).json()["retraction"]["kind"] == "superseded"
    assert retract(kind="withdrawn", reason="y").status_code == 201
    assert member.get(address).status_code == 200
    problem_of(member.get(f"{address}files/"), 404)  # of a withdrawn one leads alone
    assert script.delete(f"{address}member-access/").status_code == 204
    assert "withdrawn" in problem_of(script.post(f"{address}member-access/"), 409)["detail"]


READ = ["", "files/", "files/utterances.jsonl", "utterances.ndjson", "archive.zip", "as/cmma.zip"]


def test_who_annotates_blind_gets_nothing_of_it(lead, corpus, judged, frozen, monkeypatch):
    monkeypatch.setattr(Diff, "later", Diff.run)
    later = make_release(corpus, [judged], "1.1.0", media="none")
    diff = Diff.request(lead, frozen, later)
    judged.close(lead)
    blind = make_member(corpus, "lead")
    again = make_round(
        corpus, [blind, make_member(corpus)], dialogues=[corpus.dialogues.first()], name="再评"
    )
    script, address = script_of(blind), f"/api/releases/{frozen.pk}/"
    listed = f"/api/corpora/{corpus.pk}/releases/"
    reads = [address + path for path in [*READ, "links/"]]
    share = Share.give(lead, frozen, "Cite it.", timezone.now() + datetime.timedelta(days=3))
    reads += [f"/api/links/{share.pk}/grants/"]
    reads += [f"/api/diffs/{diff.pk}/", f"/api/diffs/{diff.pk}/changes.ndjson"]
    sends = [("verification/", {}), ("member-access/", {}),
             ("retractions/", {"kind": "withdrawn", "reason": "x"}),
             ("links/", {"terms": "x", "expires_at": "2999-01-01"})]  # fmt: skip
    for where in reads:
        assert "再评" in problem_of(script.get(where), 403)["detail"], where
    for path, said in sends:
        problem_of(script.post(address + path, said, format="json"), 403)
    said = {"one": frozen.pk, "other": later.pk}
    problem_of(script.post("/api/diffs/", said, format="json"), 403)
    for row in script.get(listed).json()["results"]:
        assert "再评" in row["withheld"]
        figures = ("digest", "contents", "dialogues", "utterances", "judgements", "files", "bytes")
        assert {row[name] for name in figures} == {None}
    again.close(lead)
    assert {script.get(where).status_code for where in reads} == {200}
    assert script.get(listed).json()["results"][1]["digest"] == frozen.digest


def test_strangers_and_members_find_nothing(corpus, frozen):
    address = f"/api/releases/{frozen.pk}/"
    for person in (make_person(), make_member(corpus), make_corpus().owner):
        script = script_of(person)
        for path in [*READ, "links/"]:
            problem_of(script.get(address + path), 404)
        for path in ("retractions/", "member-access/", "verification/", "links/"):
            assert script.post(f"{address}{path}", {}, format="json").status_code in (400, 404)
        problem_of(script.delete(address), 404)
    corpus.archive(corpus.owner)
    owner = script_of(corpus.owner)
    problem_of(freeze(owner, corpus), 403)
    problem_of(owner.post(f"{address}member-access/"), 403)
    assert owner.get(reverse("api_release", args=[frozen.pk])).status_code == 200
    assert frozen.status == JobStatus.DONE
