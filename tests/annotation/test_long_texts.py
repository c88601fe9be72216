"""What people write is kept whole or refused with a sentence: no end of it is lost."""

import pytest
from django.urls import reverse

from annotation.adjudication import adjudicate
from annotation.agreement.item_counts import catch_up
from annotation.models import Adjudication, Comment, ExpertLabel, QualityFlagReview
from core.column_lengths import fitting
from core.errors import UserError
from tests.factories import make_judged_round

pytestmark = pytest.mark.django_db
TOO_LONG = "at most"


def test_what_fits_is_kept_without_space_around_it():
    assert fitting(" 很好 \n", "words", 2) == "很好"
    with pytest.raises(UserError, match="“words” has at most 2 characters"):
        fitting("很好的", "words", 2)


@pytest.fixture
def judged(corpus):
    return make_judged_round(corpus)


def test_the_reason_of_an_adjudication(judged, lead, client_of):
    catch_up(judged)
    utterance = judged.corpus.utterances.first()
    sent = {"utterance": utterance.pk, "task": "emotion", "value": "joy", "reason": "r" * 2001}
    page = client_of(lead).post(reverse("adjudications", args=[judged.pk]), sent, follow=True)
    assert TOO_LONG in page.content.decode() and not Adjudication.objects.exists()
    adjudicate(lead, judged, utterance, "emotion", "joy", reason="r" * 2000)
    assert len(Adjudication.objects.get().reason) == 2000


def test_a_comment_and_its_reply(judged, lead, client_of):
    assignment = judged.assignments.first()
    utterance = assignment.dialogue.utterances.first()
    with pytest.raises(UserError, match=TOO_LONG):
        Comment.make(assignment, utterance, "comment", "w" * 2001)
    comment = Comment.make(assignment, utterance, "comment", "w" * 2000)
    client, address = client_of(lead), reverse("comment", args=[comment.pk])
    page = client.post(address, {"words": "a" * 2001}, follow=True).content.decode()
    assert TOO_LONG in page and not comment.replies.exists()
    client.post(address, {"words": "a" * 2000})
    assert len(comment.replies.get().words) == 2000


def test_why_an_expert_label_is_right(judged, lead, client_of):
    dialogue = judged.corpus.dialogues.first()
    name = f"{dialogue.utterances.first().pk}-emotion"
    client, address = client_of(lead), reverse("dialogue_expert_labels", args=[dialogue.pk])
    page = client.post(address, {name: "joy", f"{name}-why": "w" * 1001}, follow=True)
    assert TOO_LONG in page.content.decode() and not ExpertLabel.objects.exists()
    client.post(address, {name: "joy", f"{name}-why": "w" * 1000})
    assert len(ExpertLabel.objects.get().why) == 1000


def test_what_a_quality_flag_was(judged, lead, client_of):
    flag = judged.quality_flags.create(kind="fast", key="fast", neg_log10_p=5.0)
    sent = {"outcome": QualityFlagReview.Outcome.values[0], "words": "w" * 1001}
    client, address = client_of(lead), reverse("quality_flag_reviews", args=[flag.pk])
    assert client.post(address, sent).status_code == 400 and not flag.reviews.exists()
    client.post(address, sent | {"words": "w" * 1000})
    assert len(flag.reviews.get().words) == 1000
