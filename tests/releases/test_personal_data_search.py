"""The report of where something may be personal data: kept, dated, made again, and never a copy."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from corpus.models import Utterance
from corpus.models.checks import note_change
from releases import personal_data_search
from releases.models import PersonalDataCandidate, PersonalDataReport, PersonalDataReview
from tests.factories import make_corpus, make_dialogue, make_member, search_for_personal_data

pytestmark = pytest.mark.django_db
PHONE = "打13812345678"


def say(utterance, **fields):
    Utterance.objects.filter(pk=utterance.pk).update(**fields)


def found(corpus):
    return [*PersonalDataCandidate.objects.filter(corpus=corpus).values_list("pk", flat=True)]


def test_a_report_holds_where_something_was_found(corpus):
    first, second = make_dialogue(corpus, size=2).utterances.order_by("pk")
    other = make_corpus()
    say(make_dialogue(other).utterances.first(), text=PHONE)
    say(first, translation="write to a@b.cn")
    say(second, text=PHONE)
    for _time in range(2):  # the second takes the place of the first
        assert search_for_personal_data(corpus).listed_at
        assert found(corpus) == [first.pk, second.pk] and found(other) == []
    say(second, text="打给我")
    say(first, retired=True)
    search_for_personal_data(corpus)
    assert found(corpus) == []


def test_the_page_shows_the_words_of_now(corpus, lead, client_of):
    first, second = make_dialogue(corpus, size=2).utterances.order_by("pk")
    client, address = client_of(lead), reverse("personal_data", args=[corpus.pk])
    assert "Nothing was found" not in client.get(address).content.decode()  # not searched yet
    search_for_personal_data(corpus)
    assert "Nothing was found" in client.get(address).content.decode()
    say(first, text=PHONE)
    say(second, text=PHONE)
    search_for_personal_data(corpus)
    assert client.get(address).content.decode().count("<mark>13812345678</mark>") == 2
    say(first, text="打给我")
    say(second, text="我的电话是13912345678")
    page = client.get(address).content.decode()
    assert page.count("<mark>") == page.count("<mark>13912345678</mark>") == 1
    say(second, retired=True)
    assert "<mark>" not in client.get(address).content.decode()


def test_a_search_is_asked_for_by_hand(corpus, lead, client_of):
    client, address = client_of(lead), reverse("personal_data", args=[corpus.pk])
    assert "Check again" not in client.get(address).content.decode()
    PersonalDataReport.objects.get().run()
    page = client.get(address).content.decode()
    assert "Check again" in page and "Transcripts as of" in page
    client.post(reverse("search_personal_data", args=[corpus.pk]))
    assert lead.events.filter(verb="search for personal data", noun="corpus").count() == 1
    assert "The transcripts are being searched." in client.get(address).content.decode()
    progress = reverse("personal_data_progress", args=[corpus.pk])
    assert "HX-Refresh" not in client.get(progress)
    PersonalDataReport.objects.get().run()
    assert client.get(progress)["HX-Refresh"] == "true"
    assert "being searched" not in client.get(address).content.decode()
    PersonalDataReport.objects.update(status="failed")
    assert "could not be searched" in client.get(address).content.decode()


def test_leads_alone_search(corpus, client_of):
    search_for_personal_data(corpus)
    client = client_of(make_member(corpus))
    assert client.get(reverse("personal_data_progress", args=[corpus.pk])).status_code == 404
    assert client.post(reverse("search_personal_data", args=[corpus.pk])).status_code == 404


def test_no_progress_before_a_search(corpus, lead, client_of):
    progress = reverse("personal_data_progress", args=[corpus.pk])
    assert client_of(lead).get(progress).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_look_has_it_made_again_where_the_words_may_have_changed(corpus, lead):
    dialogue = make_dialogue(corpus)
    utterance = dialogue.utterances.first()

    def made_after(minutes=0):
        PersonalDataReport.objects.update(requested_at=timezone.now() - timedelta(minutes=minutes))
        before = PersonalDataReport.objects.values_list("attempt", flat=True).first() or 0
        return PersonalDataReport.of(corpus).attempt - before

    assert made_after() == 1 and made_after(minutes=5) == 0  # nothing has happened
    lead.record("edit", dialogue)
    assert made_after() == 0 and made_after(minutes=2) == 1
    match = personal_data_search.matches_in(PHONE)[0]
    PersonalDataReview.record(lead, utterance, match, "keep")
    PersonalDataReport.request(corpus, by=lead)  # neither a decision nor a search changes words
    assert made_after(minutes=2) == 0
    note_change(dialogue.source)
    assert made_after() == 1 and made_after() == 0


def test_what_is_gone_meanwhile_is_left_out(corpus, monkeypatch):
    dialogue = make_dialogue(corpus)
    say(dialogue.utterances.first(), text=PHONE)
    search = personal_data_search.matches_in

    def slow(*texts):
        matches = search(*texts)
        if matches:
            dialogue.delete()
        return matches

    monkeypatch.setattr(personal_data_search, "matches_in", slow)
    search_for_personal_data(corpus)
    assert found(corpus) == []
