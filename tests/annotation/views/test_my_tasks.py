"""The annotator's pages: what waits, skipping, comments, warnings, history."""

import re
import uuid

import pytest
from django.urls import reverse

from annotation.answers import save_answer, skip_assignment, submit_assignment, undo_skip
from annotation.models import (
    Assignment,
    Comment,
    Guideline,
    Judgement,
    RuleWarning,
    Suggestion,
)  # fmt: skip
from annotation.queue.dispatch import claim_next
from people.models import Event
from tests.factories import ANSWERS, judge, make_dialogue, make_member, make_person, open_round


@pytest.fixture
def opened(corpus):
    make_dialogue(corpus), make_dialogue(corpus)
    return open_round(corpus, [make_member(corpus), make_member(corpus)], overlap=1)


@pytest.fixture
def seat(opened):
    return opened.participants.select_related("round", "person").first()


@pytest.fixture
def client(client_of, seat):
    return client_of(seat.person)


def bench(client, assignment):
    return client.get(reverse("assignment", args=[assignment.pk])).content.decode()


def test_what_waits_and_taking_it(client, opened, seat):
    assert "2 dialogues to annotate" in client.get(reverse("my_tasks")).content.decode()
    next_one = reverse("next_assignment", args=[opened.pk])
    taken = client.post(next_one).url
    assert client.post(next_one).url == taken
    assert "In progress" in client.get(reverse("my_tasks")).content.decode()
    assert client.get(next_one).status_code == 405


def test_a_round_without_me_gives_nothing(opened, client_of):
    stranger = client_of(make_person())
    assert stranger.post(reverse("next_assignment", args=[opened.pk])).url == reverse("my_tasks")
    assert not Assignment.objects.exists()


def test_skipping_with_a_reason_and_taking_it_back(client, seat):
    held = claim_next(seat)
    address = reverse("skip", args=[held.pk])
    refused = client.post(address, {"reason": ""}, follow=True).content.decode()
    assert "Choose a reason" in refused
    following = client.post(address, {"reason": "language", "words": "闽南话"}).url
    assert following != reverse("assignment", args=[held.pk])
    page = client.get(reverse("my_tasks")).content.decode()
    assert "闽南话" in page and "Undo skip" in page
    assert client.post(reverse("undo_skip", args=[held.pk])).url == reverse(
        "assignment", args=[held.pk]
    )
    assert Assignment.objects.get(pk=held.pk).state == "held"


def test_comments_and_flags_reach_the_lead_and_come_back(client, seat, lead, client_of, opened):
    held = claim_next(seat)
    utterance = held.dialogue.utterances.first()
    address = reverse("comments", args=[held.pk])
    sent = {"utterance": utterance.pk, "kind": "wrong_text", "words": "少了一个字",
            "client_id": str(uuid.uuid4())}  # fmt: skip
    for _ in range(2):
        assert client.post(address, sent).json()["saved"]
    assert Comment.objects.count() == 1
    empty = sent | {"kind": "comment", "words": " ", "client_id": str(uuid.uuid4())}
    assert client.post(address, empty).status_code == 409
    leader = client_of(lead)
    inbox = reverse("round_comments", args=[opened.pk])
    assert "少了一个字" in leader.get(inbox).content.decode()
    comment = Comment.objects.get()
    one = reverse("comment", args=[comment.pk])
    leader.post(one, {"words": "已改", "verb": "resolve"})
    assert "少了一个字" not in leader.get(inbox).content.decode()
    assert "少了一个字" in leader.get(f"{inbox}?state=resolved").content.decode()
    assert "已改" in client.get(reverse("my_tasks")).content.decode()
    assert "已改" in bench(client, held)
    leader.post(one, {"verb": "reopen"})
    assert Comment.objects.waiting().count() == 1
    assert client.post(one, {"words": "x"}).status_code == 404
    client.post(address, {"take_back": comment.pk})
    assert "少了一个字" not in bench(client, held)


def test_who_cannot_judge_an_utterance_says_so_and_hands_in(client, seat):
    held = claim_next(seat)
    first, second = held.dialogue.utterances.all()
    judge(held, submit=False)
    save_answer(held, second, "emotion", "")
    assert held.missing()
    Comment.make(held, second, "cannot_judge")
    submit_assignment(held)
    assert held.is_submitted


def test_warnings_are_on_record(client, seat):
    held = claim_next(seat)
    utterance = held.dialogue.utterances.first()
    assert "angry_but_positive" in bench(client, held)
    address = reverse("warnings", args=[held.pk])
    sent = {"utterance": utterance.pk, "rule": "angry_but_positive"}
    for outcome in ("raised", "kept"):
        body = sent | {"outcome": outcome, "client_id": str(uuid.uuid4())}
        assert client.post(address, body).json()["saved"]
        client.post(address, body)
    assert list(RuleWarning.objects.values_list("outcome", flat=True)) == ["raised", "kept"]
    for wrong in ({"rule": "none"}, {"outcome": "none"}, {"client_id": "none"}):
        body = sent | {"outcome": "kept", "client_id": str(uuid.uuid4())} | wrong
        assert client.post(address, body).status_code == 409


def test_time_confidence_and_cannot_tell_are_kept(client, seat, opened):
    opened.confidence = opened.cannot_tell = True
    opened.save()
    held = claim_next(seat)
    utterance = held.dialogue.utterances.first()
    sent = {"utterance": utterance.pk, "task": "emotion", "value": "cannot_tell",
            "client_id": str(uuid.uuid4()), "confidence": "2", "seconds": "12"}  # fmt: skip
    assert client.post(reverse("judgements", args=[held.pk]), sent).json() == {"saved": True}
    row = Judgement.objects.get()
    assert (row.value, row.confidence, row.seconds) == ("cannot_tell", 2, 12.0)
    assert held.seconds() == 12.0
    page = bench(client, held)
    assert page.count('value="cannot_tell"') == 12 and "how sure" in page
    save_answer(held, utterance, "sentiment", "positive")
    due = {task.key for task in opened.scheme.asked(held.answers()[utterance.pk])}
    assert "emotion_sentiment" not in due  # nothing acts on what cannot be told
    opened.cannot_tell = False
    opened.save()
    late = sent | {"client_id": str(uuid.uuid4())}
    assert client.post(reverse("judgements", args=[held.pk]), late).status_code == 409


@pytest.mark.parametrize(
    ("view", "words", "media"),
    [
        ("full", True, {"clip", "poster", "peaks"}),
        ("text", True, set()),
        ("audio", False, {"sound", "peaks"}),
        ("silent", False, {"silent"}),
    ],
)
def test_a_view_hides_what_it_hides(client, seat, opened, view, words, media):
    opened.view = view
    opened.save()
    for dialogue in opened.corpus.dialogues.all():  # the one at work, and the one that comes next
        dialogue.clip, dialogue.audio, dialogue.peaks = "clip.mp4", "clip.flac", "clip.json"
        dialogue.save()
    claim_next(seat)
    page = bench(client, Assignment.objects.get())
    assert ("第1句" in page) == words and ("<video" in page) == bool(media)
    assert set(re.findall(r"/media/(\w+)/", page)) == media


def test_suggestions_are_shown_only_where_the_round_says_so(client, seat, opened):
    held = claim_next(seat)
    Suggestion.objects.create(
        utterance=held.dialogue.utterances.first(), task="emotion", value="joy", probability=0.82,
        origin="m",
    )  # fmt: skip
    assert "machine 82" not in bench(client, held)
    opened.suggestions = "before"
    opened.save()
    page = bench(client, held)
    assert "machine 82 %" in page and 'data-suggested="before"' in page


def test_suggestions_after_judging_come_with_the_last_answer(client, seat, opened):
    opened.suggestions = "after"
    opened.save()
    held = claim_next(seat)
    first, second = held.dialogue.utterances.all()
    for utterance in (first, second):
        Suggestion.objects.create(
            utterance=utterance, task="emotion", value="joy", probability=0.82, origin="m"
        )
    address = reverse("judgements", args=[held.pk])
    for task, value in ANSWERS.items():
        assert "machine 82" not in bench(client, held) and "suggested" not in bench(client, held)
        sent = {"utterance": first.pk, "task": task, "value": value, "client_id": uuid.uuid4()}
        answer = client.post(address, sent).json()
        last = task == list(ANSWERS)[-1]
        assert ("revealed" in answer) == last and answer["saved"]
    shown = {"suggested": [{"task": "emotion", "value": "joy", "hint": "machine 82 %"}]}
    assert answer["revealed"] == shown
    assert client.post(address, sent).json()["revealed"] == shown  # sent twice: it is told twice
    page = bench(client, held)
    assert page.count("machine 82 %") == 1 and page.count('data-suggested="after"') == 1
    Comment.make(held, second, "cannot_judge")  # a flag is no judgement: it can be taken back
    assert bench(client, held).count("machine 82 %") == 1
    assert client.post(address, {"utterance": second.pk} | ANSWERS).status_code == 302
    assert bench(client, held).count("machine 82 %") == 2  # a form without scripts
    save_answer(held, second, "emotion", "")
    assert bench(client, held).count("machine 82 %") == 1


def test_the_guideline_stands_beside(client, seat, opened, lead, corpus):
    text = "# 讽刺\n\n反话。\n\n# Humor\n\n<script>alert(1)</script> meant to *amuse*"
    opened.guideline = Guideline.draw_up(lead, corpus, text)
    opened.save()
    page = bench(client, claim_next(seat))
    assert "<h1>讽刺</h1>" in page and "<em>amuse</em>" in page
    assert "<script>alert" not in page and page.count("<section>") == 2


def test_history_finds_what_was_judged(client, seat, opened):
    judge(claim_next(seat), emotion="joy")
    page = client.get(reverse("annotation_history")).content.decode()
    assert "喜" in page

    def count(**asked):
        return client.get(reverse("annotation_history"), asked).context["table"].count

    assert [count(), count(q="第2"), count(q="zzz")] == [2, 1, 0]
    assert [count(round=opened.pk), count(round=99999)] == [2, 0]
    file = client.get(reverse("annotation_history"), {"format": "csv"}).getvalue().decode()
    assert file.count("emotion=joy") == 2
    assert Event.objects.filter(verb="download", person=seat.person).count() == 1


def test_watching_keeps_the_lease(client, seat):
    held = claim_next(seat)
    address = reverse("presence", args=[held.pk])
    assert client.post(address).json() == {"held": True}
    judge(held)
    assert client.post(address).json() == {"held": False}


def test_every_human_verb_is_an_event(client, seat):
    held = claim_next(seat)
    Comment.make(held, held.dialogue.utterances.first(), "bad_cut")
    skip_assignment(held, "other")
    undo_skip(held)
    judge(held)
    verbs = Event.objects.filter(person=seat.person).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["comment", "skip", "take back", "submit"]
    assert set(Event.objects.values_list("corpus_id", flat=True)) == {held.corpus_id}
