"""Members, invitations, uploads, sources, dialogues, utterances and speakers by the API."""

import base64
import hashlib
import json

import pytest

from annotation.models import Round
from core.normalization import search_key
from corpus.models import Corpus, Membership, Source, Speaker, Utterance
from people.models import Event
from tests.conftest import SRT
from tests.factories import make_dialogue, make_member, make_person, open_round
from tests.scripts import PIECE, script_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(lead, corpus):
    return script_of(lead)


def sent_in_pieces(script, corpus, name, data):
    """The token of a file that was sent in two pieces."""
    size = {"name": name, "size": len(data)}
    begun = send(script, f"/api/corpora/{corpus.pk}/uploads/", size).json()
    half = len(data) // 2
    for offset, piece in ((0, data[:half]), (half, data[half:])):
        digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        headers = {"upload-offset": str(offset), "upload-checksum": f"sha256 {digest}"}
        sent = script.patch(begun["url"], piece, content_type=PIECE, headers=headers)
        assert sent.status_code == 200, sent.content
    assert script.get(begun["url"]).json()["offset"] == len(data)
    return begun["token"]


def test_from_an_upload_to_published_dialogues(script, corpus):
    token = sent_in_pieces(script, corpus, "talk.srt", SRT.encode())
    made = send(script, f"/api/corpora/{corpus.pk}/sources/", {"transcript": token})
    assert made.status_code == 201 and made.json()["state"] == "draft"
    address = made.headers["Location"]
    job = send(script, f"{address}confirmation/", {"gap": 2.0})
    assert job.status_code == 202 and job.json()["state"] in ("queued", "done")
    Source.objects.get().run()
    done = script.get(job.json()["url"]).json()
    assert done["state"] == "done" and done["progress"] == 1 and done["failure"] == ""
    assert send(script, f"{address}publication/").json() == {"published": 2}
    rows = script.get(f"/api/corpora/{corpus.pk}/dialogues/?published=true").json()["results"]
    assert [row["utterances"] for row in rows] == [2, 2]
    lines = script.get(f"/api/corpora/{corpus.pk}/utterances.ndjson?dialogue={rows[0]['id']}")
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    texts = [json.loads(line) for line in b"".join(lines).decode().splitlines()]
    assert [row["text"] for row in texts] == ["你好！", "真巧啊，又是你。"]
    page = script.get(f"/api/corpora/{corpus.pk}/utterances/?dialogue={rows[0]['id']}").json()
    assert page["results"] == texts
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"ingest", "confirm", "publish"} <= verbs


def test_pieces_that_do_not_fit(script, corpus):
    size = {"name": "a.mp4", "size": 10}
    url = send(script, f"/api/corpora/{corpus.pk}/uploads/", size).json()["url"]
    for headers, status in (
        ({}, 400),
        ({"upload-offset": "x"}, 400),
        ({"upload-offset": "5"}, 409),
        ({"upload-offset": "0", "upload-checksum": "sha256 x"}, 409),
        ({"upload-offset": "0"}, 200),
    ):
        sent = script.patch(url, b"abc", content_type=PIECE, headers=headers)
        assert sent.status_code == status, sent.content
    incomplete = {"media": url.split("/")[3]}
    refused = send(script, f"/api/corpora/{corpus.pk}/sources/", incomplete)
    assert refused.status_code == 400 and "not complete" in refused.json()["detail"]
    assert script_of(make_person()).get(url).status_code == 404
    assert script.delete(url).status_code == 204 and script.get(url).status_code == 404


def test_members_keep_a_lead(script, corpus, lead):
    other = corpus.memberships.get(person=make_member(corpus, "lead"))
    own = corpus.memberships.get(person=lead)
    refused = send(script, f"/api/memberships/{own.pk}/", {"role": "annotator"}, "patch")
    assert refused.status_code == 409 and "owns this corpus" in refused.json()["detail"]
    assert script.delete(f"/api/memberships/{own.pk}/").status_code == 409
    changed = send(script, f"/api/memberships/{other.pk}/", {"role": "annotator"}, "patch")
    assert changed.json()["role"] == "annotator"
    assert script.delete(f"/api/memberships/{other.pk}/").status_code == 204
    assert Event.objects.filter(verb__in=["appoint", "dismiss"]).count() == 2
    Corpus.objects.update(owner=None)
    last = script.delete(f"/api/memberships/{own.pk}/")
    assert "at least one lead" in last.json()["detail"] and Membership.objects.count() == 1


def test_invitations(script, corpus, lead):
    address = f"/api/corpora/{corpus.pk}/invitations/"
    made = send(script, address, {"email": "a@example.org", "role": "adjudicator", "days": 3})
    assert made.status_code == 201 and "/invitations/" in made.json()["link"]
    body, key = {"role": "annotator", "name": "twice"}, {"idempotency-key": "k"}
    twice = [script.post(address, body, format="json", headers=key).json() for _ in range(2)]
    assert twice[0]["id"] == twice[1]["id"] and twice[0]["link"] and twice[1]["link"] == ""
    other = script_of(make_member(corpus, "lead"))
    assert other.get(address).json()["results"][0]["link"] == ""
    again = send(script, address, {"email": "a@example.org", "role": "annotator"})
    assert again.status_code in (400, 409) and again.json()["detail"]
    nobody = send(script, address, {"username": "nobody", "role": "annotator"})
    assert nobody.status_code in (400, 409) and "nobody" in nobody.json()["detail"]
    assert send(script, address, {"role": "annotator", "round": 99}).status_code == 400
    assert script.delete(f"/api/invitations/{made.json()['id']}/").status_code == 204
    assert script.get(f"{address}?status=revoked").json()["results"][0]["link"] == ""


def test_speakers(script, corpus):
    make_dialogue(corpus)
    address = f"/api/corpora/{corpus.pk}/speakers/"
    first, second = script.get(address).json()["results"]
    made = send(script, address, {"name": " C "}).json()
    assert made["name"] == "C" and send(script, address, {"name": "Ｃ"}).json() == made
    changed = {"name": "Cc", "gender": "female"}
    renamed = send(script, f"/api/speakers/{made['id']}/", changed, "patch").json()
    assert renamed["name"] == "Cc" and renamed["traits"] == {"gender": "female"}
    taken = send(script, f"/api/speakers/{made['id']}/", {"name": first["name"]}, "patch")
    assert taken.status_code == 409 and "merge" in taken.json()["detail"]
    merged = send(script, f"/api/speakers/{second['id']}/merger/", {"into": first["id"]})
    assert merged.json()["id"] == first["id"] and Speaker.objects.count() == 2


def test_who_does_not_lead_sees_published_dialogues_alone(script, corpus):
    shown, hidden = make_dialogue(corpus), make_dialogue(corpus, published=False)
    annotator = script_of(make_member(corpus))
    rows = annotator.get(f"/api/corpora/{corpus.pk}/dialogues/").json()["results"]
    assert [row["id"] for row in rows] == [shown.pk]
    assert annotator.get(f"/api/dialogues/{hidden.pk}/").status_code == 404
    found = annotator.get(f"/api/corpora/{corpus.pk}/utterances/").json()["results"]
    assert {row["dialogue"] for row in found} == {shown.pk}
    for place in ("members", "sources", "speakers", "invitations", "jobs"):
        assert annotator.get(f"/api/corpora/{corpus.pk}/{place}/").status_code == 404
    publish = f"/api/dialogues/{hidden.pk}/publication/"
    assert send(annotator, publish).status_code == 404
    assert send(script, publish).json()["published"]


@pytest.mark.parametrize("role", ["annotator", "lead"])
def test_words_that_a_round_withholds_are_left_out(corpus, role):
    held, free = make_dialogue(corpus), make_dialogue(corpus)
    person = make_member(corpus, role)
    rows = corpus.dialogues.filter(pk=held.pk)
    open_round(corpus, [person], dialogues=rows, view=Round.View.AUDIO)
    script = script_of(person)
    for place in ("utterances/", f"utterances/?dialogue={held.pk}"):
        found = script.get(f"/api/corpora/{corpus.pk}/{place}").json()["results"]
        assert held.pk not in {row["dialogue"] for row in found}
    lines = b"".join(script.get(f"/api/corpora/{corpus.pk}/utterances.ndjson")).decode()
    assert {json.loads(line)["dialogue"] for line in lines.splitlines()} == {free.pk}
    speaker = Utterance.objects.filter(dialogue=held).first().speaker_id
    page = script.get(f"/api/corpora/{corpus.pk}/utterances/?speaker={speaker}").json()
    assert {row["dialogue"] for row in page["results"]} <= {free.pk}
    Utterance.objects.filter(pk=held.utterances.first().pk).update(text="Secret", search="secret")
    free.utterances.update(text="ＡＢＣ", search=search_key("ＡＢＣ"))
    for words, count in (("secret", 0), ("abc", free.utterances.count()), ("？", 0)):
        query = {"q": words}
        found = script.get(f"/api/corpora/{corpus.pk}/utterances/", query).json()["results"]
        assert len(found) == count and {row["dialogue"] for row in found} <= {free.pk}


@pytest.mark.parametrize(
    ("place", "most"),
    [("members", 5), ("dialogues", 5), ("utterances", 6), ("speakers", 5), ("sources", 5)],
)
def test_lists_cost_the_same_however_long(
    script, corpus, place, most, django_assert_max_num_queries
):
    for _ in range(3):
        make_dialogue(corpus)
        make_member(corpus)
    with django_assert_max_num_queries(most):
        assert script.get(f"/api/corpora/{corpus.pk}/{place}/").status_code == 200
