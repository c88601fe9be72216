"""The workbench and the pages of rounds over HTTP."""

import re
import uuid

import pytest
from django.core.cache import caches
from django.urls import reverse

from annotation.answers import save_answer
from annotation.models import Adjudication, Assignment, Judgement, Round, SchemeVersion, Suggestion
from annotation.scheme import DEFAULT, Scheme
from annotation.urls import MOVED
from people.models import Person
from tests.factories import (
    ANSWERS,
    judge,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_round,
    make_token,
)  # fmt: skip


@pytest.fixture
def assignment(corpus):
    make_dialogue(corpus)
    make_dialogue(corpus)
    return make_round(corpus, [make_member(corpus)]).assignments.first()


@pytest.fixture
def annotator(client_of, assignment):
    return client_of(assignment.person)


def answer(utterance, task, value, client_id=None):
    return {
        "utterance": utterance.pk,
        "task": task,
        "value": value,
        "client_id": client_id or uuid.uuid4(),
    }


def test_the_list_leads_to_the_workbench(annotator, assignment):
    page = annotator.get(reverse("my_tasks")).content.decode()
    assert "2 dialogues to annotate" in page
    bench = annotator.get(reverse("assignment", args=[assignment.pk])).content.decode()
    assert bench.count("<fieldset data-task") == 12 and "第1句" in bench
    assert bench.count("data-waiting") - bench.count("data-waiting=") == 4  # correlations


def test_parts_that_pages_share_are_those_of_each_page(corpus, client_of):
    """Each page, in an order that would show what was kept for another, beside itself afresh."""
    dialogue, person = make_dialogue(corpus), make_member(corpus)
    other = Scheme.from_json([task | {"names": {"en": "Other"}} for task in DEFAULT.to_json()])
    rounds = [
        make_round(corpus, [person]),
        make_round(corpus, [person], cannot_tell=True),
        make_round(corpus, [person], confidence=True),
        make_round(corpus, [person], suggestions="always"),
        make_round(corpus, [person], scheme_version=SchemeVersion.of(corpus, other)),
    ]
    first, second = dialogue.utterances.all()[:2]
    for utterance, value, share in ((first, "joy", 0.5), (second, "joy", 0.75)):
        Suggestion.objects.create(
            utterance=utterance, task="emotion", value=value, probability=share, origin="m"
        )
    client, pages = client_of(person), {}
    work = [opened.assignments.get() for opened in rounds]
    for again in (False, True):
        for assignment in work:
            for language in ("en", "zh-hans"):
                for answered in ("", "joy", "anger"):
                    if answered:
                        save_answer(assignment, first, "emotion", answered)
                    key = (assignment.pk, language, answered)
                    Person.objects.filter(pk=person.pk).update(language=language)
                    if again:
                        caches["fragments"].clear()
                    page = client.get(reverse("assignment", args=[assignment.pk]))
                    pages[again, *key] = questions_of(page.content.decode())
                save_answer(assignment, first, "emotion", "")
    kept = {key[1:]: found for key, found in pages.items() if not key[0]}
    afresh = {key[1:]: found for key, found in pages.items() if key[0]}
    assert kept == afresh and len({str(found) for found in kept.values()}) == len(kept)


def questions_of(page):
    """The fields of each question, without what names the answer before."""
    return re.findall(r"<legend.*?</fieldset>", page, re.DOTALL)


def test_every_answer_is_saved_once(annotator, assignment):
    address = reverse("judgements", args=[assignment.pk])
    utterance = assignment.dialogue.utterances.first()
    data = answer(utterance, "emotion", "joy")
    assert annotator.post(address, data).json() == {"saved": True}
    assert annotator.post(address, data).json() == {"saved": True}
    assert Judgement.objects.count() == 1
    refused = annotator.post(address, answer(utterance, "emotion", "purple"))
    assert refused.status_code == 409 and "purple" in refused.json()["why"]
    no_id = annotator.post(address, data | {"client_id": "x"})
    assert no_id.status_code == 409
    assert annotator.post(address, data | {"utterance": "abc"}).status_code == 400
    assert annotator.post(address, data | {"utterance": "9" * 18}).status_code == 404


def test_without_scripts_a_form_saves_a_whole_utterance(annotator, assignment):
    utterance = assignment.dialogue.utterances.first()
    address = reverse("judgements", args=[assignment.pk])
    response = annotator.post(address, {"utterance": utterance.pk} | ANSWERS)
    assert response.url == f"{reverse('assignment', args=[assignment.pk])}#u{utterance.pk}"
    annotator.post(address, {"utterance": utterance.pk} | ANSWERS)
    assert assignment.answers()[utterance.pk] == ANSWERS and Judgement.objects.count() == 6


def test_handing_in_leads_to_the_next_dialogue(annotator, assignment):
    address = reverse("submission", args=[assignment.pk])
    page = annotator.post(address, follow=True)
    assert "2 utterances are incomplete" in page.content.decode()
    judge(assignment, submit=False)
    following = Assignment.objects.exclude(pk=assignment.pk).get()
    assert annotator.post(address).url == address
    assert "1 dialogue submitted" in annotator.get(address).content.decode()
    onward = annotator.post(reverse("next_assignment", args=[assignment.round_id]))
    assert onward.url == reverse("assignment", args=[following.pk])
    judge(following, submit=False)
    page = annotator.post(reverse("submission", args=[following.pk]), follow=True)
    assert "Thank you" in page.content.decode() and "no more dialogues" in page.content.decode()
    assert (
        "Submitted on"
        in annotator.get(reverse("assignment", args=[assignment.pk])).content.decode()
    )  # noqa: E501


def test_work_is_its_owners_alone(client_of, assignment, corpus, lead):
    for person in (make_person(), make_member(corpus), lead):
        client = client_of(person)
        for name in ("assignment", "judgements", "submission"):
            address = reverse(name, args=[assignment.pk])
            assert client.get(address).status_code in (404, 405)
            assert client.post(address, {}).status_code in (404, 405)


def test_who_has_left_the_corpus_has_left_its_work(annotator, assignment, corpus):
    corpus.memberships.filter(person=assignment.person).delete()
    assert annotator.get(reverse("assignment", args=[assignment.pk])).status_code == 404


def test_rounds_belong_to_leads_and_adjudicators(client_of, corpus, lead):
    opened = make_judged_round(corpus)
    adjudicator = make_member(corpus, "adjudicator")
    annotator = opened.assignments.first().person
    pages = [
        reverse("rounds", args=[corpus.pk]),
        reverse("round", args=[opened.pk]),
        reverse("items", args=[opened.pk]),
    ]
    for person, status in ((lead, 200), (adjudicator, 200), (annotator, 404), (make_person(), 404)):
        for page in pages:
            assert client_of(person).get(page).status_code == status, (person, page)
    closure = reverse("closure", args=[opened.pk])
    assert client_of(adjudicator).post(closure).status_code == 404
    assert client_of(lead).post(closure).status_code == 302


def test_a_lead_opens_a_round_from_the_page(client_of, corpus, lead):
    client, address = client_of(lead), reverse("new_round", args=[corpus.pk])
    assert "needs published dialogues" in client.get(address).content.decode()
    dialogue = make_dialogue(corpus)
    people = [make_member(corpus), make_member(corpus)]
    members = [corpus.memberships.get(person=person).pk for person in people]
    form = {"name": "one", "sources": [dialogue.source_id], "annotators": members, "overlap": 3}
    assert "at least as many annotators" in client.post(address, form).content.decode()
    assert client.post(address, form | {"overlap": 2}).status_code == 302
    opened = Round.objects.get()
    assert opened.round_items.count() == 1 and opened.participants.count() == 2
    assert "already" in client.post(address, form | {"overlap": 2}).content.decode()


def test_numbers_lead_to_items_and_items_to_rulings(client_of, corpus, lead):
    opened = make_judged_round(corpus)
    client = client_of(lead)
    assert (
        reverse("round_results", args=[opened.pk])
        in client.get(reverse("round", args=[opened.pk])).content.decode()
    )
    page = client.get(reverse("round_results", args=[opened.pk])).content.decode()
    assert "only one value was used" in page and "not reliable" in page
    address = reverse("items", args=[opened.pk])
    rows = client.get(address, {"task": "emotion", "kind": "open"}).context["table"].rows
    assert len(rows) == 4
    ruling = {"utterance": rows[0]["utterance"].pk, "task": "emotion", "query": "task=emotion"}
    target = reverse("adjudications", args=[opened.pk])
    client.post(target, ruling | {"value": "purple"})
    assert not Adjudication.objects.exists()
    assert client.post(target, ruling | {"value": "joy"}).url.startswith(
        f"{address}?task=emotion#i"
    )
    assert len(client.get(address, {"task": "emotion", "kind": "open"}).context["table"].rows) == 3  # noqa: E501
    assert client.get(address, {"task": "nothing"}).status_code == 404
    outside = make_dialogue(corpus).utterances.first()
    assert client.post(target, ruling | {"utterance": outside.pk}).status_code == 404


def test_agreement_over_the_api(client, corpus, lead):
    opened = make_judged_round(corpus)
    address = reverse("api_agreement", args=[opened.pk])
    assert client.get(address).status_code == 401
    header = {"authorization": f"Token {make_token(lead)}"}
    rows = client.get(address, headers=header).json()
    assert [row["task"] for row in rows] == list(opened.scheme.keys)
    stranger = {"authorization": f"Token {make_token(make_person())}"}
    assert client.get(address, headers=stranger).status_code == 404


@pytest.mark.parametrize("old", sorted(MOVED))
def test_an_address_of_before_leads_to_the_page_of_today(client_of, lead, old):
    address = "/" + old.replace("<int:pk>", "7")
    arguments = [7] if "pk" in old else []
    moved = client_of(lead).get(address, {"q": "再见"})
    assert moved.status_code == 301
    assert moved.url == reverse(MOVED[old], args=arguments) + "?q=%E5%86%8D%E8%A7%81"
    assert client_of(lead).post(address).status_code == 405
