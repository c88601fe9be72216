"""The page that finds utterances."""

import pytest
from django.urls import reverse

from annotation.answers import save_answer
from corpus.models import Membership, Speaker, Utterance
from tests.factories import (
    judge,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_round,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def corpus():
    return make_corpus(make_person("lead"))


@pytest.fixture
def lead(corpus, client_of):
    return client_of(corpus.people("lead").first().person)


def shown(client, corpus, **asked):
    page = client.get(reverse("utterance_search", args=[corpus.pk]), asked).context["table"]
    return [row.uid for row in page]


def test_every_filter_narrows(lead, corpus):
    dialogue, other = make_dialogue(corpus, size=3), make_dialogue(corpus, published=False)
    first, second, third = dialogue.utterances.all()
    Utterance.objects.filter(pk=first.pk).update(text="你好，<b>世界</b>", end=5, machine=True)
    assert shown(lead, corpus, q="好，<") == [first.uid]
    assert shown(lead, corpus, q="第2句") == [second.uid, other.utterances.last().uid]
    assert shown(lead, corpus, q="第2句", state="published") == [second.uid]
    assert shown(lead, corpus, source=other.source_id) == [u.uid for u in other.utterances.all()]
    assert shown(lead, corpus, speaker=second.speaker_id, state="published") == [second.uid]
    assert shown(lead, corpus, shortest=4) == shown(lead, corpus, state="machine") == [first.uid]
    assert shown(lead, corpus, longest=-1) == shown(lead, corpus, q="没有") == []
    page = lead.get(reverse("utterance_search", args=[corpus.pk]), {"q": "世界"}).content.decode()
    assert "你好，&lt;b&gt;<mark>世界</mark>&lt;/b&gt;" in page


def test_what_it_was_judged_as(lead, corpus):
    make_judged_round(corpus, dialogues=2)
    joyful = shown(lead, corpus, label="emotion:joy")
    assert len(joyful) == 2 and shown(lead, corpus, label="emotion:fear") == []
    assert shown(lead, corpus, label="nonsense") == []
    address = reverse("utterance_search", args=[corpus.pk])
    for nonsense in ("²", "9" * 40, "-1", "x"):  # digits to Python are not all numbers
        assert lead.get(address, {"source": nonsense}).status_code == 200
        assert lead.get(address, {"cursor": nonsense}).status_code == 200
        refused = lead.post(address, {"pk": nonsense})
        assert refused.status_code == 400
        assert "is not a whole number" in refused.content.decode()


def test_two_labels_of_the_same_person(lead, corpus):
    dialogue = make_dialogue(corpus)
    one, other = make_round(corpus, [make_member(corpus), make_member(corpus)]).assignments.all()
    judge(one, emotion="joy", sarcasm="yes")
    judge(other, emotion="fear", sarcasm="no")
    both = [row.uid for row in dialogue.utterances.all()]
    assert shown(lead, corpus, label="emotion:joy", also="sarcasm:yes") == both
    assert shown(lead, corpus, also="sarcasm:yes") == both
    assert shown(lead, corpus, label="emotion:joy", also="sarcasm:no") == []
    assert shown(lead, corpus, label="emotion:joy", also="emotion:fear") == []


def test_many_sources_and_speakers_are_found_by_name(lead, corpus):
    for number in range(61):
        Speaker.objects.create(corpus=corpus, name=f"speaker {number}")
    dialogue = make_dialogue(corpus, size=2)
    speaker = dialogue.utterances.first().speaker
    assert shown(lead, corpus, speaker=speaker.name) == [dialogue.utterances.first().uid]
    assert shown(lead, corpus, speaker=speaker.pk) == [dialogue.utterances.first().uid]
    page = lead.get(
        reverse("utterance_search", args=[corpus.pk]), {"speaker": speaker.pk}
    ).content.decode()
    assert f'value="{speaker.name}"' in page


def test_annotators_find_what_is_published_and_strangers_nothing(corpus, client_of):
    published, _draft = make_dialogue(corpus), make_dialogue(corpus, published=False)
    annotator = client_of(make_member(corpus))
    assert shown(annotator, corpus) == [u.uid for u in published.utterances.all()]
    address = reverse("utterance_search", args=[corpus.pk])
    assert annotator.post(address, {"pk": [1], "speaker": 1}).status_code == 404
    assert client_of(make_person()).get(address).status_code == 404


def test_many_are_given_to_a_speaker_at_once_and_it_can_be_undone(lead, corpus):
    one = make_dialogue(corpus, size=3, published=False)
    other = make_dialogue(corpus, size=2, published=False)
    speaker = Speaker.objects.create(corpus=corpus, name="王五")
    chosen = [one.utterances.all()[0].pk, one.utterances.all()[2].pk, other.utterances.all()[0].pk]
    lead.post(reverse("utterance_search", args=[corpus.pk]), {"pk": chosen, "speaker": speaker.pk})
    assert set(Utterance.objects.filter(speaker=speaker).values_list("pk", flat=True)) == set(
        chosen
    )
    one.refresh_from_db()
    one.undo(corpus.people("lead").first().person, one.head)
    assert Utterance.objects.filter(speaker=speaker).count() == 1


def test_of_many_speakers_one_is_chosen_by_name(lead, corpus):
    for number in range(61):
        Speaker.objects.create(corpus=corpus, name=f"speaker {number}")
    dialogue = make_dialogue(corpus, size=2, published=False)
    first, second = dialogue.utterances.all()
    address = reverse("utterance_search", args=[corpus.pk])
    page = lead.get(address)
    assert 'name="speaker_name"' in page.content.decode() and len(page.context["speakers"]) == 60
    lead.post(address, {"pk": [first.pk], "speaker_name": " ＳＰＥＡＫＥＲ 7"})
    assert Utterance.objects.get(pk=first.pk).speaker.name == "speaker 7"
    before = Utterance.objects.get(pk=second.pk).speaker
    for wrong in ({"speaker_name": "nobody"}, {"speaker": "0"}, {}):
        answer = lead.post(address, {"pk": [second.pk]} | wrong, follow=True)
        assert "This corpus has no speaker" in answer.content.decode()
    assert Utterance.objects.get(pk=second.pk).speaker == before


def test_words_are_found_in_any_form_unless_they_are_to_be_exact(lead, corpus):
    dialogue = make_dialogue(corpus, size=3)
    first, second, third = dialogue.utterances.all()
    for row, text in ((first, "剪頭髮，ＯＫ"), (second, "剪头发，ok"), (third, "ﬁn\u200bal")):
        Utterance.objects.filter(pk=row.pk).update(text=text)
    assert shown(lead, corpus, q="头发") == shown(lead, corpus, q="Ｏk") == [first.uid, second.uid]
    assert shown(lead, corpus, q="头发", exact="on") == [second.uid]
    assert shown(lead, corpus, q="OK", exact="on") == [] == shown(lead, corpus, q="\u200b")
    assert shown(lead, corpus, q="FINAL") == [third.uid]
    page = lead.get(reverse("utterance_search", args=[corpus.pk]), {"q": "头发,o"}).content.decode()
    assert "剪<mark>頭髮，Ｏ</mark>Ｋ" in page and "剪<mark>头发，o</mark>k" in page
    page = lead.get(reverse("utterance_search", args=[corpus.pk]), {"q": "ok", "exact": "on"})
    page = page.content.decode()
    assert 'name="exact"' in page and "checked" in page and "剪头发，<mark>ok</mark>" in page


def test_exact_words_stay_exact_on_the_next_page(lead, corpus):
    make_dialogue(corpus, size=60)
    address = reverse("utterance_search", args=[corpus.pk])
    page = lead.get(address, {"q": "句", "exact": "on"}).content.decode()
    assert "exact=on" in page[page.index('rel="next"') - 200 :]


def test_others_answers_are_not_found(lead, corpus, client_of):
    opened = make_judged_round(corpus, dialogues=2)
    first, second = opened.participants.order_by("pk")
    own, others = client_of(first.person), client_of(second.person)
    assert len(shown(own, corpus, label="emotion:joy")) == 2
    assert shown(others, corpus, label="emotion:joy") == []
    assert shown(others, corpus, also="emotion:joy") == []
    adjudicator = make_member(corpus, Membership.Role.ADJUDICATOR)
    for stranger in (client_of(adjudicator), client_of(make_member(corpus))):
        assert shown(stranger, corpus, label="emotion:joy") == []


def test_answers_that_are_not_submitted_are_not_found(lead, corpus, client_of):
    make_dialogue(corpus)
    person = make_member(corpus)
    assignment = make_round(corpus, [person], overlap=1).assignments.get()
    save_answer(assignment, assignment.dialogue.utterances.first(), "emotion", "fear")
    assert shown(lead, corpus, label="emotion:fear") == []
    assert shown(client_of(person), corpus, label="emotion:fear") == []
    judge(assignment, emotion="fear")
    assert len(shown(lead, corpus, label="emotion:fear")) == 2
    assert len(shown(client_of(person), corpus, label="emotion:fear")) == 2
