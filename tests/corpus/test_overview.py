"""The overview of a corpus and the start page: what each role meets there."""

import datetime

import pytest
from django.urls import reverse

from annotation.agreement.item_counts import catch_up_all
from annotation.models import QualityFlag
from corpus.models import Corpus
from corpus.overview import Overview, next_step
from corpus.permissions import ADJUDICATOR, LEAD
from tests.factories import make_dialogue, make_judged_round, make_member, make_person, open_round

pytestmark = pytest.mark.django_db


def seen_by(corpus, person):
    corpus.my_role = corpus.role_of(person)
    return Overview(corpus, person)


def counts(corpus, person):
    return {str(s.label): (s.count, s.total) for s in seen_by(corpus, person).stages()}


def test_the_pipeline_leads_from_one_stage_to_the_next(corpus, lead):
    assert str(next_step(seen_by(corpus, lead).stages()).words) == "Add episode"
    source = make_dialogue(corpus).source
    source.counts = {"dialogues": 1, "published": 1, "utterances": 2}
    source.save()
    assert str(next_step(seen_by(corpus, lead).stages()).words) == "New round"


def test_what_was_annotated_agreed_and_decided_is_counted(corpus, lead):
    make_judged_round(corpus, dialogues=4)
    found = counts(corpus, lead)
    assert found["Annotated"][0] == 4
    assert found["Agreed"] == (44, 48) and found["Adjudicated"] == (0, 4)  # of 4 * 2 * 6


def test_what_needs_a_lead_comes_with_its_number_and_its_address(corpus, lead):
    opened = make_judged_round(corpus)
    opened.due = datetime.date(2020, 1, 1)
    opened.save()
    QualityFlag.objects.create(
        round=opened, person=opened.participants.first().person, kind="drift", key="k",
        neg_log10_p=9,
    )  # fmt: skip
    seen_by(corpus, lead).stages()  # counts what was submitted
    found = {need.sentence: need.href for need in seen_by(corpus, lead).needs()}
    contested = found[f"4 contested items in {opened}"]
    assert contested == reverse("adjudication", args=[opened.pk])
    assert f"1 annotator of {opened} drifts over time" in found
    judge = make_member(corpus, ADJUDICATOR)
    theirs = [need.sentence for need in seen_by(corpus, judge).needs()]
    assert f"4 contested items in {opened}" in theirs and not any("drift" in t for t in theirs)
    annotator = make_member(corpus)
    assert seen_by(corpus, annotator).needs() == []


def test_a_round_after_its_deadline_is_urgent(corpus, lead):
    make_dialogue(corpus)
    opened = open_round(corpus, [make_member(corpus)], due=datetime.date(2020, 1, 1))
    [need] = [need for need in seen_by(corpus, lead).needs() if need.urgent]
    assert need.sentence == f"{opened} was due on 2020-01-01: 1 submission is missing"


def test_whoever_annotates_blind_learns_nothing_of_the_results(corpus):
    opened = make_judged_round(corpus)
    blind = make_member(corpus, LEAD)
    opened.participants.create(person=blind)
    assert counts(corpus, blind)["Agreed"] == (0, 0)
    assert not any("contested" in n.sentence for n in seen_by(corpus, blind).needs())


def test_the_start_page_leads_everybody_to_their_work(corpus, lead, client_of):
    make_dialogue(corpus)
    annotator = make_member(corpus)
    open_round(corpus, [annotator])
    mine = client_of(annotator).get("/").content.decode()
    assert mine.count('class="primary"') == 1 and "Start annotating" in mine
    led = client_of(lead).get("/").content.decode()
    assert "mini-pipeline" in led and "Start annotating" not in led
    assert "Welcome" in client_of(make_person()).get("/").content.decode()


def test_an_administrator_is_led_to_what_failed(corpus, lead, client_of):
    source = make_dialogue(corpus).source
    admin = make_person(is_superuser=True)
    assert "needs you" not in client_of(admin).get("/").content.decode()
    source.status, source.failure = "failed", {"template": "The disk is full.", "values": {}}
    source.save()
    address = f"{reverse('installation_jobs')}?state=failed"
    page = client_of(admin).get("/").content.decode()
    assert f'<a href="{address}">1 job has failed</a>' in page
    assert "The disk is full." in client_of(admin).get(address).content.decode()
    assert address not in client_of(lead).get("/").content.decode()


def test_the_side_bar_begins_with_a_corpus_that_has_dialogues(lead, client_of):
    for name in ("An empty one", "Another"):
        made = Corpus.create(lead, name=name)
    make_dialogue(made)
    page = client_of(lead).get("/").content.decode()
    assert reverse("rounds", args=[made.pk]) in page
    made.archive(lead)
    first = Corpus.objects.get(name="An empty one")
    assert reverse("rounds", args=[first.pk]) in client_of(lead).get("/").content.decode()


def test_pages_ask_few_questions_and_no_more_for_more_rounds(
    corpus, lead, client_of, django_assert_max_num_queries
):
    first = make_judged_round(corpus)
    limits = {"/": 26, reverse("corpus", args=[corpus.pk]): 21}
    limits[reverse("round", args=[first.pk])] = 25
    client = client_of(lead)
    for more in range(2):
        if more:
            for _ in range(2):
                make_judged_round(corpus)
            corpus.rounds.first().participants.create(person=make_member(corpus))
        catch_up_all(corpus.rounds.all())
        for address, most in limits.items():
            with django_assert_max_num_queries(most):
                assert client.get(address).status_code == 200
