"""Reviews of personal data, and what new releases start with, by the API."""

import json

import pytest

from annotation.models import Round
from corpus.models import Corpus, Utterance
from releases.models import PersonalDataReview
from tests.factories import make_dialogue, make_member, open_round
from tests.scripts import script_of, send

pytestmark = pytest.mark.django_db
PHONE = "13812345678"


@pytest.fixture
def utterance(corpus):
    found = make_dialogue(corpus).utterances.first()
    Utterance.objects.filter(pk=found.pk).update(text=f"打 {PHONE} 吧")
    return found


def matches(script, corpus):
    lines = b"".join(script.get(f"/api/corpora/{corpus.pk}/personal-data.ndjson")).decode()
    return [json.loads(line) for line in lines.splitlines()]


def test_what_may_be_personal_is_reviewed(corpus, lead, utterance):
    script = script_of(lead)
    [found] = matches(script, corpus)
    assert (found["utterance"], found["words"], found["outcome"]) == (utterance.pk, PHONE, "")
    here = f"/api/utterances/{utterance.pk}/personal-data-reviews/"
    kept = send(script, here, {"words": PHONE, "outcome": "keep"})
    assert kept.json()["outcome"] == "keep" and matches(script, corpus)[0]["outcome"] == "keep"
    assert send(script, here, {"words": "110", "outcome": "keep"}).status_code == 404
    assert send(script, here, {"words": PHONE, "outcome": "burn"}).status_code == 400
    assert PersonalDataReview.objects.count() == 1
    annotator = script_of(make_member(corpus))
    assert send(annotator, here, {"words": PHONE, "outcome": "mask"}).status_code == 404
    assert annotator.get(f"/api/corpora/{corpus.pk}/personal-data.ndjson").status_code == 404


def test_words_that_a_round_withholds_are_left_out(corpus, utterance):
    other = make_member(corpus, "lead")
    open_round(corpus, [other], view=Round.View.AUDIO)
    script = script_of(other)
    assert matches(script, corpus) == []
    here = f"/api/utterances/{utterance.pk}/personal-data-reviews/"
    assert send(script, here, {"words": PHONE, "outcome": "keep"}).status_code == 403


def test_what_new_releases_start_with(corpus, lead):
    script, here = script_of(lead), f"/api/corpora/{corpus.pk}/settings/releases/"
    assert script.get(here).json() == {"licence": "", "members_may_read": False}
    assert send(script, here, {"members_may_read": True}, "patch").json()["members_may_read"]
    assert send(script, here, {"licence": "mine"}, "patch").status_code == 400
    assert Corpus.objects.get().members_read_releases
    assert script_of(make_member(corpus)).get(here).status_code == 404
