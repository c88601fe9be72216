"""Owners and deletion of a corpus, and who comes into it, by the API."""

import datetime

import pytest
from django.utils import timezone

from corpus.models import Corpus, CorpusDeletion, Invitation, JoinLink, OwnershipOffer, Publication
from people.models import Event
from tests.factories import (
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
)
from tests.scripts import rows, script_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(lead, corpus):
    return script_of(lead)


def test_a_corpus_is_offered_and_accepted(script, corpus, lead):
    other = make_member(corpus, "lead")
    here = f"/api/corpora/{corpus.pk}"
    assert script.get(f"{here}/ownership-offer/").status_code == 404
    assert send(script, f"{here}/ownership-offer/", {"person": lead.pk}).status_code == 409
    nobody = {"person": make_member(corpus).pk}
    assert send(script, f"{here}/ownership-offer/", nobody).status_code == 404
    made = send(script, f"{here}/ownership-offer/", {"person": other.pk})
    assert made.status_code == 201 and made.json()["person"]["id"] == other.pk
    assert send(script, f"{here}/ownership/").status_code == 404  # it is not offered to its owner
    assert script.delete(f"{here}/ownership-offer/").status_code == 204
    send(script, f"{here}/ownership-offer/", {"person": other.pk})
    third = script_of(make_member(corpus, "lead"))
    assert third.get(f"{here}/ownership-offer/").status_code == 200
    assert third.delete(f"{here}/ownership-offer/").status_code == 404
    assert send(third, f"{here}/ownership/").status_code == 404
    assert send(script_of(other), f"{here}/ownership/").status_code == 204
    assert Corpus.objects.get().owner == other and not OwnershipOffer.objects.exists()
    assert send(script, f"{here}/ownership-offer/", {"person": other.pk}).status_code == 404
    assert Event.objects.filter(verb="transfer").exists()


def test_a_corpus_is_deleted_once_its_name_is_written(script, corpus, lead):
    release = make_release(corpus, [make_judged_round(corpus, 1)], media="none")
    here = f"/api/corpora/{corpus.pk}/deletion/"
    loss = script.get(here).json()
    assert loss["rows"]["annotation.judgement"] > 0
    assert loss["copies"] == [
        {"key": f"release-{release.pk}", "name": loss["copies"][0]["name"], "downloaded": False}
    ]
    wrong = send(script, here, {"name": "another"})
    assert wrong.status_code == 409 and "Nothing was deleted" in wrong.json()["detail"]
    missing = send(script, here, {"name": corpus.name})
    assert missing.status_code == 409 and "Download" in missing.json()["detail"]
    other = script_of(make_member(corpus, "lead"))
    body = {"name": corpus.name, "copies": [f"release-{release.pk}"]}
    assert send(other, here, body).status_code == 404 and Corpus.objects.exists()
    job = send(script, here, body)
    assert job.status_code == 202 and job.json()["url"] == job.headers["Location"]
    assert script.get(f"/api/corpora/{corpus.pk}/").status_code == 404
    waiting = script.get(job.headers["Location"]).json()
    assert waiting["state"] == "queued" and waiting["name"] == corpus.name
    assert other.get(job.headers["Location"]).status_code == 404
    CorpusDeletion.objects.update(status="failed")
    again = send(script, f"{job.headers['Location']}attempts/")
    assert again.json()["state"] == "queued"
    CorpusDeletion.objects.get().run()
    assert script.get(job.headers["Location"]).json()["state"] == "done"
    assert not Corpus.objects.exists()


def test_an_archived_corpus_can_be_offered_and_deleted(script, corpus, lead):
    other = make_member(corpus, "lead")
    corpus.archive(lead)
    here = f"/api/corpora/{corpus.pk}"
    assert send(script, f"{here}/ownership-offer/", {"person": other.pk}).status_code == 201
    assert send(script, f"{here}/integrity/checks/").status_code == 403
    assert send(script, f"{here}/deletion/", {"name": corpus.name}).status_code == 202


def test_what_the_files_of_a_corpus_take(script, corpus, settings):
    clip = settings.MEDIA_ROOT / "clips" / str(corpus.pk) / "1.mp4"
    clip.parent.mkdir(parents=True)
    clip.write_bytes(bytes(1000))
    here = f"/api/corpora/{corpus.pk}/storage/"
    found = script.get(here).json()
    assert found["bytes"]["clips"] == found["total"] == 1000 and found["quota"] is None
    assert {"sources", "uploads", "releases", "runs"} < {*found["bytes"]}
    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        assert script_of(person).get(here).status_code == 404


def test_invitations_are_renewed_extended_and_answered(script, corpus, lead):
    guest = make_person("guest")
    made = Invitation.invite(lead, corpus, person=guest, role="annotator")
    here = f"/api/invitations/{made.pk}"
    longer = send(script, f"{here}/extension/", {"days": 30}).json()
    assert longer["id"] == made.pk
    assert Invitation.objects.get().expires_at > timezone.now() + datetime.timedelta(days=29)
    renewed = send(script, f"{here}/renewal/")
    assert renewed.status_code == 201 and renewed.json()["link"]
    own = script_of(guest)
    [waiting] = rows(own, "/api/account/invitations/")
    assert waiting["corpus"] == corpus.name and waiting["invited_by"]["id"] == lead.pk
    here = f"/api/invitations/{waiting['id']}"
    assert send(script, f"{here}/acceptance/").status_code == 404  # it is the guest's
    assert send(own, f"{here}/acceptance/").status_code == 204
    assert corpus.role_of(guest) == "annotator"
    assert send(own, f"{here}/refusal/").status_code == 409
    other = make_person("other")
    refused = Invitation.invite(lead, corpus, person=other, role="annotator")
    answer = f"/api/invitations/{refused.pk}/refusal/"
    assert send(script_of(other), answer).status_code == 204
    assert (
        corpus.role_of(other) is None and rows(script_of(other), "/api/account/invitations/") == []
    )
    assert send(own, f"/api/invitations/{refused.pk}/extension/", {"days": 3}).status_code == 404


def test_a_join_link_and_who_asks_by_it(script, corpus, lead):
    here = f"/api/corpora/{corpus.pk}"
    assert script.get(f"{here}/join-link/").status_code == 404
    domain = {"email_domain": "no domain"}
    assert send(script, f"{here}/join-link/", domain).status_code == 400
    made = send(
        script, f"{here}/join-link/", {"days": 30, "most": 5, "email_domain": "@pku.edu.cn"}
    )
    assert made.status_code == 201 and "/join/" in made.json()["link"]
    assert (made.json()["email_domain"], made.json()["used"]) == ("pku.edu.cn", 0)
    asking = [make_person(f"p{n}", email=f"p{n}@pku.edu.cn") for n in range(2)]
    for person in asking:
        JoinLink.objects.get().request(person)
    assert script.get(f"{here}/join-link/").json()["used"] == 2
    one, two = rows(script, f"{here}/join-requests/?waiting=true")
    opened = make_round(corpus, [make_member(corpus)], dialogues=[make_dialogue(corpus)])
    decide = "/api/join-requests/{}/decision/"
    wrong = send(script, decide.format(one["id"]), {"approved": True, "round": 10**6})
    assert wrong.status_code == 400 and corpus.role_of(asking[0]) is None
    body = {"approved": True, "round": opened.pk}
    assert send(script, decide.format(one["id"]), body).json()["approved"] is True
    assert corpus.role_of(asking[0]) == "annotator"
    assert opened.participants.filter(person=asking[0]).exists()
    assert send(script, decide.format(two["id"]), {"approved": False}).json()["approved"] is False
    assert send(script, decide.format(two["id"]), {"approved": True}).status_code == 409
    assert rows(script, f"{here}/join-requests/?waiting=true") == []
    member = script_of(asking[0])
    assert member.get(f"{here}/join-requests/").status_code == 404
    assert send(member, decide.format(two["id"]), {"approved": True}).status_code == 404
    assert script.delete(f"{here}/join-link/").status_code == 204
    assert script.get(f"{here}/join-link/").status_code == 404


def test_a_publication_is_taken_back(script, corpus, lead):
    dialogue = make_dialogue(corpus, published=False)
    here = f"/api/dialogues/{dialogue.pk}/publication/"
    assert script.delete(here).status_code == 404
    send(script, here)
    assert script_of(make_member(corpus, "lead")).delete(here).status_code == 404  # not theirs
    assert script.delete(here).status_code == 204 and not Publication.objects.exists()
    send(script, here)
    make_round(corpus, [make_member(corpus)], dialogues=corpus.dialogues.all())
    assert script.delete(here).status_code == 409 and Publication.objects.exists()


def test_pseudonyms_are_given(script, corpus):
    make_dialogue(corpus)
    here = f"/api/corpora/{corpus.pk}/pseudonyms/"
    assert send(script, here).json() == {"given": 2}
    assert send(script, here).json() == {"given": 0}
    assert all(speaker.pseudonym for speaker in corpus.speakers.all())
