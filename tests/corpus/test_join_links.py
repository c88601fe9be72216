"""The join link of a corpus: who may ask by it, and what a lead decides."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from corpus.models import Corpus, JoinLink, JoinRequest
from people.models import Event, Person
from tests.corpus.test_invitations import ACCOUNT, in_threads
from tests.factories import make_corpus, make_dialogue, make_member, make_person, open_round


@pytest.fixture
def link(lead, corpus):
    return JoinLink.switch_on(lead, corpus)


def address(link):
    return reverse("join", args=[link.token])


def test_a_lead_switches_it_on_renews_it_and_off(client_of, lead, corpus):
    client, settings = client_of(lead), reverse("join_link", args=[corpus.pk])
    client.post(settings, {"days": "7", "most": "2", "email_domain": "@pku.edu.cn"})
    first = JoinLink.objects.get()
    assert (first.most, first.email_domain) == (2, "pku.edu.cn")
    assert address(first) in client.get(settings).content.decode()
    client.post(settings, {})
    second = JoinLink.objects.current().get()
    gone = Client().get(address(first))
    assert gone.status_code == 410 and "switched off" in gone.content.decode()
    client.post(settings, {"verb": "switch off"})
    assert Client().get(address(second)).status_code == 410
    assert Client().get("/join/unknown/").status_code == 404
    verbs = list(Event.objects.filter(corpus_id=corpus.pk).values_list("verb", flat=True))
    assert verbs[:3] == ["close join link", "renew join link", "open join link"]
    bad = client.post(settings, {"email_domain": "no domain"})
    assert "errorlist" in bad.content.decode()
    assert client_of(make_member(corpus)).get(settings).status_code == 404


def test_who_registers_waits_for_a_lead(client_of, lead, corpus, link):
    make_dialogue(corpus)
    opened = open_round(corpus, [make_member(corpus)])
    guest = Client()
    page = guest.post(address(link), ACCOUNT, follow=True).content.decode()
    assert "You asked to join" in page and "until a lead has decided" in page
    person = Person.objects.get(username="newcomer")
    assert corpus.role_of(person) is None
    guest.post(address(link))  # a second time
    request = JoinRequest.objects.get()
    boss = client_of(lead)
    members = boss.get(reverse("members", args=[corpus.pk])).content.decode()
    assert "1 request" in members and "新人" in members
    decision = reverse("join_request", args=[request.pk])
    assert client_of(make_person()).post(decision, {"verb": "approve"}).status_code == 404
    boss.post(decision, {"verb": "approve", "round": opened.pk})
    assert corpus.role_of(person) == "annotator"
    assert opened.participants.filter(person=person).exists()
    again = boss.post(decision, {"verb": "decline"}, follow=True).content.decode()
    assert "was decided already" in again and corpus.role_of(person) == "annotator"
    assert "already a member" in guest.get(address(link)).content.decode()


def test_who_is_declined_stays_outside(client_of, lead, corpus, link):
    guest = make_person("guest")
    client_of(guest).post(address(link))
    JoinRequest.objects.get().decline(lead)
    again = client_of(guest).post(address(link))
    assert again.status_code == 403 and "was declined" in again.content.decode()
    assert corpus.role_of(guest) is None and not JoinRequest.objects.waiting().exists()


@pytest.mark.parametrize(
    ("verb", "said"), [("approve", "approved"), ("decline", "was declined. Ask whoever")]
)
def test_the_decision_is_sent_to_who_asked(
    client_of, lead, link, settings, verb, said, django_capture_on_commit_callbacks
):
    settings.EMAIL_ENABLED, settings.SITE_URL = True, "https://annotate.example.org"
    client_of(make_person("guest", email="guest@example.org")).post(address(link))
    decision = reverse("join_request", args=[JoinRequest.objects.get().pk])
    with django_capture_on_commit_callbacks(execute=True):
        client_of(lead).post(decision, {"verb": verb})
    [sent] = mail.outbox
    assert sent.to == ["guest@example.org"] and said in sent.body
    assert ("https://annotate.example.org/\n" in sent.body) == (verb == "approve")


def test_what_limits_a_link(lead, corpus):
    link = JoinLink.switch_on(lead, corpus, most=1, email_domain="pku.edu.cn")
    outside = Client().post(address(link), ACCOUNT | {"email": "a@example.org"})
    assert "end with @pku.edu.cn" in outside.content.decode()
    assert not Person.objects.filter(username="newcomer").exists()
    Client().post(address(link), ACCOUNT | {"email": "A@PKU.edu.cn"})
    assert JoinRequest.objects.count() == 1
    full = Client().get(address(link))
    assert full.status_code == 410 and "maximum number of requests" in full.content.decode()


@pytest.mark.django_db(transaction=True)
def test_clicks_at_once_make_one_request_and_one_member():
    lead = make_person()
    corpus = make_corpus(lead)
    link, guest = JoinLink.switch_on(lead, corpus, most=1), make_person()
    in_threads(*(lambda: link.request(guest) for _ in range(2)))
    request = JoinRequest.objects.get()
    found = in_threads(
        lambda: JoinRequest.objects.get(pk=request.pk).approve(lead),
        lambda: JoinRequest.objects.get(pk=request.pk).decline(lead),
    )
    assert sum(isinstance(each, Exception) for each in found) == 1
    request.refresh_from_db()
    assert request.approved == (corpus.role_of(guest) is not None)
    assert Corpus.objects.get(pk=corpus.pk).memberships.count() == 1 + request.approved
