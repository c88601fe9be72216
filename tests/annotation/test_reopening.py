"""An annotator reopens a submitted dialogue: what stays, what closes it, and who waits for whom."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from annotation.adjudication import adjudicate
from annotation.agreement.item_counts import catch_up, kept, recount
from annotation.answers import submit_assignment
from annotation.models import Adjudication, Judgement, Submission
from annotation.reopening import can_reopen, deadline, reopen
from core.errors import UserError
from jobs.models import JobStatus
from people.models import Event
from releases.models import Release
from tests.factories import (
    judge,
    make_dialogue,
    make_judged_round,
    make_member,
    make_release,
    make_round,
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened(corpus):
    opened = make_judged_round(corpus, dialogues=2)
    opened.reopen_hours = 24
    opened.save()
    catch_up(opened)
    return opened


@pytest.fixture
def submitted(opened):
    return opened.assignments.first()


def refused(assignment):
    assignment.refresh_from_db()
    with pytest.raises(UserError) as caught:
        reopen(assignment)
    assert not can_reopen(assignment) and Submission.objects.filter(assignment=assignment).exists()
    return str(caught.value)


def earlier(assignment, **ago):
    at = timezone.now() - datetime.timedelta(**ago)
    Submission.objects.filter(assignment=assignment).update(at=at)
    return at


def test_every_judgement_stays_and_what_was_counted_is_taken_away(opened, submitted):
    before = list(Judgement.objects.values_list())
    first = submitted.submission.at
    reopen(submitted)
    reopen(submitted)  # twice is as once
    submitted.refresh_from_db()
    assert submitted.state == "held" and submitted.expires_at is None and not submitted.counted
    assert list(Judgement.objects.values_list()) == before
    assert submitted.reopenings.get().submitted_at == first
    assert kept(opened) == recount(opened)
    event = Event.objects.get(verb="reopen")
    assert (event.person, event.noun_id) == (submitted.person, submitted.pk)
    submit_assignment(submitted)
    catch_up(opened)
    assert kept(opened) == recount(opened) and submitted.submission


def test_submitting_again_gives_no_more_time(submitted):
    first = earlier(submitted, hours=20)
    submitted.refresh_from_db()
    reopen(submitted)
    submit_assignment(submitted)
    submitted.refresh_from_db()
    assert deadline(submitted) == first + datetime.timedelta(hours=24) and can_reopen(submitted)
    submitted.reopenings.update(submitted_at=timezone.now() - datetime.timedelta(hours=25))
    assert "24 hours" in refused(submitted)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"reopen_hours": 0}, "cannot be reopened"),
        ({"kind": "test"}, "cannot be reopened"),
        ({"gold_percent": 10}, "cannot be reopened"),
    ],
)
def test_where_the_round_does_not_let_it(opened, submitted, change, part):
    type(opened).objects.filter(pk=opened.pk).update(**change)
    submitted.round.refresh_from_db()
    assert part in refused(submitted)


def test_a_closed_or_paused_round_and_who_has_left(opened, submitted, lead):
    opened.pause(lead)
    assert "paused" in refused(submitted)
    opened.resume(lead)
    opened.dismiss(lead, submitted.person)
    with pytest.raises(UserError, match="no longer"):
        reopen(submitted)
    opened.close(lead)
    assert "closed" in refused(submitted)


def test_an_adjudication_that_read_it_closes_it(opened, submitted, lead):
    utterance = submitted.dialogue.utterances.first()
    adjudicate(lead, opened, utterance, "emotion", "joy")
    assert "adjudicator" in refused(submitted)
    others = opened.assignments.exclude(dialogue=submitted.dialogue_id).first()
    assert can_reopen(others)
    before = submitted.submission.at - datetime.timedelta(hours=1)
    Adjudication.objects.update(at=before)  # of earlier submissions, with this one asked for
    assert can_reopen(submitted)


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
def test_a_release_that_is_being_frozen_closes_it(corpus, opened, submitted, lead, status):
    release = Release.request(lead, corpus, "1.0.0", [opened])
    Release.objects.filter(pk=release.pk).update(status=status)
    assert "1.0.0" in refused(submitted)
    Release.objects.filter(pk=release.pk).update(status=JobStatus.FAILED)
    assert can_reopen(submitted)


def test_a_frozen_release_closes_what_it_holds_and_nothing_later(corpus, opened, submitted):
    make_release(corpus, [opened])
    assert "1.0.0" in refused(submitted)
    Submission.objects.filter(assignment=submitted).update(at=timezone.now())  # after the freeze
    submitted.refresh_from_db()
    assert can_reopen(submitted)


def test_the_pages_offer_it_and_lead_on(client_of, corpus):
    make_dialogue(corpus)
    make_dialogue(corpus)
    opened = make_round(corpus, [make_member(corpus)], reopen_hours=24)
    assignment = opened.assignments.first()
    client = client_of(assignment.person)
    address = reverse("submission", args=[assignment.pk])
    assert client.get(address).url == reverse("assignment", args=[assignment.pk])
    judge(assignment, submit=False)
    page = client.post(address, follow=True).content.decode()
    assert "Next dialogue" in page and "Reopen (until" in page
    page = client.get(reverse("assignment", args=[assignment.pk])).content.decode()
    assert "Reopen to change answers" in page
    page = client.post(reverse("reopen_assignment", args=[assignment.pk]), follow=True)
    assert "Your answers are as they were" in page.content.decode()
    assert 'data-do="undo"' in page.content.decode()
    client.post(address)
    type(opened).objects.update(reopen_hours=0)
    page = client.post(reverse("reopen_assignment", args=[assignment.pk]), follow=True)
    assert "cannot be reopened" in page.content.decode()
    assert "can no longer be changed" in page.content.decode()


def test_corrections_are_shown_when_the_round_is_closed_and_allowed(client_of, opened, lead):
    assignment = opened.assignments.first()
    utterance = assignment.dialogue.utterances.first()
    adjudicate(lead, opened, utterance, "emotion", "fear", reason="she trembles")
    client = client_of(assignment.person)
    address = reverse("assignment", args=[assignment.pk])

    def shown():
        return "she trembles" in client.get(address).content.decode()

    assert not shown()
    type(opened).objects.update(corrections=True)
    assert not shown()
    opened.close(lead)
    assert shown()
    again = make_round(opened.corpus, [assignment.person], overlap=1)  # blind on the same dialogues
    assert not shown()
    again.close(lead)
    assert shown()
    type(opened).objects.update(corrections=False)
    assert not shown()
