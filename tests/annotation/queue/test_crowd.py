"""Fifty simulated annotators who crash, skip, return, double-click and work in two tabs."""

import datetime
import os
import random
import threading
import uuid
from collections import Counter

import pytest
from django.db import connection
from django.utils import timezone

from annotation.answers import Answer, AnswerConflict, save_and_submit, skip_assignment
from annotation.models import Assignment, Judgement, RoundItem
from annotation.queue.dispatch import claim_next, claim_next_of
from annotation.withdrawal import reinstate, withdraw
from core.errors import UserError
from tests.factories import ANSWERS, make_dialogue, make_member, open_round

PEOPLE, DIALOGUES, OVERLAP = 50, 30, 3
SEEDS = [int(seed) for seed in os.environ.get("CROWD_SEEDS", "1 2").split()]


class Simulated:
    """One annotator, with moods; remembers every answer that the server has confirmed."""

    def __init__(self, seat, seed):
        self.seat, self.rng = seat, random.Random(seed)
        self.confirmed, self.tabs, self.done = {}, [], 0

    def act(self):
        mood = self.rng.random()
        try:
            assignment = claim_next(self.seat)
            if assignment is None:
                return False
            if mood < 0.15:
                self.crash(assignment)
            elif mood < 0.25:
                skip_assignment(assignment, self.rng.choice(["other", "upsetting"]))
            else:
                self.judge(assignment, twice=mood < 0.5, tabs=mood > 0.8)
        except UserError:
            pass
        return True

    def crash(self, assignment):
        """Answer something, then fall silent for longer than the lease."""
        first = next(iter(assignment.numbers))
        self.save(assignment, [self.answer(first, "emotion", "joy")])
        past = timezone.now() - datetime.timedelta(minutes=1)
        Assignment.objects.filter(pk=assignment.pk).update(expires_at=past)
        self.tabs.append(assignment)

    def answer(self, utterance, task, value, over=None):
        return Answer(utterance, task, value, uuid.UUID(int=self.rng.getrandbits(128)), over)

    def judge(self, assignment, twice, tabs):
        answers = [
            self.answer(utterance, task, value)
            for utterance in assignment.numbers
            for task, value in ANSWERS.items()
        ]
        self.save(assignment, answers)
        if twice:  # the same request again, as after a double click
            self.save(assignment, answers)
        if tabs:  # a second window that has not seen the first one's answers
            stale = self.answer(answers[0].utterance, answers[0].task, "negative", over="")
            with pytest.raises(AnswerConflict):
                self.save(assignment, [stale])
        save_and_submit(assignment.pk, assignment.person_id, [], submit=True)
        if twice:
            save_and_submit(assignment.pk, assignment.person_id, [], submit=True)
        self.done += 1

    def save(self, assignment, answers):
        save_and_submit(assignment.pk, assignment.person_id, answers)
        self.confirmed |= {answer.client_id: answer.value for answer in answers}

    def come_back(self):
        """Go on in tabs that were left open: what others have by now is refused."""
        for assignment in self.tabs:
            try:
                self.judge(assignment, twice=False, tabs=False)
            except UserError:
                continue
        self.tabs = []


def all_is_well(opened, crowd):
    counting = opened.assignments.filter(state__in=["held", "submitted"])
    per_place = Counter(counting.values_list("dialogue", flat=True))
    assert max(per_place.values(), default=0) <= OVERLAP
    for place in RoundItem.objects.filter(round=opened):
        assert place.given == per_place[place.dialogue_id]
        assert place.open == (place.given < OVERLAP)
    confirmed = {pk: value for one in crowd for pk, value in one.confirmed.items()}
    stored = dict(Judgement.objects.values_list("client_id", "value"))
    assert stored == confirmed  # nothing lost, nothing doubled, nothing overwritten
    pairs = list(opened.assignments.values_list("dialogue", "person"))
    assert len(pairs) == len(set(pairs))


def make_crowd(corpus, seed):
    for _ in range(DIALOGUES):
        make_dialogue(corpus, size=2)
    people = [make_member(corpus) for _ in range(PEOPLE)]
    opened = open_round(corpus, people, overlap=OVERLAP, order="shuffled", seed=seed)
    seats = opened.participants.select_related("round", "person")
    return opened, [Simulated(seat, f"{seed} {n}") for n, seat in enumerate(seats)]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", SEEDS)
def test_a_crowd_that_takes_turns(corpus, lead, seed):
    opened, crowd = make_crowd(corpus, seed)
    rng = random.Random(seed)
    for turn in range(2000):
        one = rng.choice(crowd)
        if one.tabs and rng.random() < 0.2:
            one.come_back()
        one.act()
        if turn == 60:
            opened.dismiss(lead, crowd[0].seat.person)
            place = opened.round_items.first()
            withdraw(place, lead, "test")
            reinstate(place, lead)
        if turn % 40 == 0:
            opened.release_expired()
            all_is_well(opened, crowd)
        done, wanted = opened.share_done()
        if done == wanted:
            break
    all_is_well(opened, crowd)
    assert done == wanted == DIALOGUES * OVERLAP
    loads = Counter(opened.assignments.submitted().values_list("person", flat=True))
    assert max(loads.values()) <= 3 * wanted / PEOPLE + 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_crowd_all_at_once(corpus, seed):
    """Eight threads, each some annotators of the fifty, against the database as it is."""
    opened, crowd = make_crowd(corpus, seed)
    faults = []

    def work(part):
        try:
            for _ in range(40):
                moving = [one.act() for one in part]
                for one in part:
                    one.come_back()
                if not any(moving):
                    return
        except Exception as error:
            faults.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[crowd[n::8]]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    opened.release_expired()
    all_is_well(opened, crowd)
    done, wanted = opened.share_done()
    assert done == wanted


@pytest.mark.django_db(transaction=True)
def test_one_person_in_many_windows_at_once(corpus):
    """Ten requests for the next dialogue and ten times the same answers: one of each."""
    for _ in range(5):
        make_dialogue(corpus, size=1)
    opened = open_round(corpus, [make_member(corpus)], overlap=1)
    seat = opened.participants.get()
    given, faults = [], []

    def ask():
        try:
            given.append(claim_next_of(opened.pk, seat.person_id).pk)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    at_once(ask, 10)
    assert faults == [] and len(given) == 10 and len(set(given)) == 1
    mine = Assignment.objects.get()
    answers = [Answer(next(iter(mine.numbers)), task, value) for task, value in ANSWERS.items()]

    def send():
        try:
            save_and_submit(mine.pk, mine.person_id, answers, submit=True)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    at_once(send, 10)
    late = [fault for fault in faults if "handed in" not in str(fault)]
    assert late == [] and Judgement.objects.count() == len(ANSWERS)


def at_once(act, times):
    threads = [threading.Thread(target=act) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
