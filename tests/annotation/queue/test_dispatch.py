"""The queue: k people a dialogue, nobody twice, leases, skips, people and dialogues that go."""

import datetime
from collections import Counter

import pytest
from django.utils import timezone

from annotation.answers import save_answer, skip_assignment, submit_assignment, undo_skip
from annotation.models import Assignment, Participant, RoundItem, Suggestion
from annotation.queue.dispatch import assign, claim_next, claim_next_of
from annotation.rounds import admit, extend_round, reopen_round
from annotation.withdrawal import reinstate, withdraw
from core.errors import UserError
from people.models import Event
from tests.factories import judge, make_dialogue, make_member, open_round


@pytest.fixture
def people(corpus):
    return [make_member(corpus) for _ in range(3)]


def seats(opened):
    return list(opened.participants.order_by("pk"))


def silence(assignment):
    """The annotator has not been heard of for longer than the lease."""
    past = timezone.now() - datetime.timedelta(minutes=1)
    Assignment.objects.filter(pk=assignment.pk).update(expires_at=past)


def counted_rightly(opened):
    """Every place counts the people who hold or have judged it, and is open while there are few."""
    for place in opened.round_items.all():
        work = opened.assignments.filter(dialogue=place.dialogue, gold=False)
        given = work.filter(state__in=["held", "submitted"]).count()
        assert place.given == given <= opened.overlap
        assert place.open == (given < opened.overlap and not place.withdrawn)


def test_everybody_gets_the_next_until_each_dialogue_has_k(corpus, people):
    dialogues = [make_dialogue(corpus) for _ in range(5)]
    opened = open_round(corpus, people, overlap=2)
    while work := [a for seat in seats(opened) if (a := claim_next(seat))]:
        for assignment in work:
            judge(assignment)
        counted_rightly(opened)
    given = opened.assignments.values_list("dialogue", "person")
    assert len(set(given)) == len(given) == 10
    assert Counter(d for d, _ in given) == {dialogue.pk: 2 for dialogue in dialogues}
    loads = Counter(person for _, person in given).values()
    assert max(loads) - min(loads) <= 1
    assert opened.share_done() == (10, 10)


def test_asking_twice_gives_the_same_dialogue(corpus, people):
    make_dialogue(corpus), make_dialogue(corpus)
    me = seats(open_round(corpus, people))[0]
    assert claim_next(me) == claim_next(me)
    assert Assignment.objects.count() == 1


def test_silence_frees_a_dialogue_and_activity_keeps_it(corpus, people):
    make_dialogue(corpus)
    opened = open_round(corpus, people, overlap=1)
    first, second, third = seats(opened)
    held = claim_next(first)
    assert claim_next(second) is None
    silence(held)
    save_answer(held, held.dialogue.utterances.first(), "emotion", "joy")  # back just in time
    assert claim_next(second) is None
    silence(held)
    taken = claim_next(second)
    assert taken.dialogue == held.dialogue
    counted_rightly(opened)
    with pytest.raises(UserError, match="went to somebody else"):
        save_answer(held, held.dialogue.utterances.first(), "emotion", "anger")
    assert held.answers()[held.dialogue.utterances.first().pk] == {"emotion": "joy"}
    silence(taken)
    assert claim_next(third) and claim_next(first) is None
    assert opened.assignments.filter(state="freed").count() == 2


def test_who_comes_back_before_anybody_else_goes_on_where_they_were(corpus, people):
    make_dialogue(corpus), make_dialogue(corpus)
    opened = open_round(corpus, people, overlap=1)
    me = seats(opened)[0]
    held = claim_next(me)
    silence(held)
    assert opened.release_expired() == 1
    assert claim_next(me) == held
    silence(held)
    opened.release_expired()
    judge(Assignment.objects.get(pk=held.pk))
    counted_rightly(opened)


def test_a_lease_of_no_minutes_never_ends(corpus, people):
    make_dialogue(corpus)
    held = claim_next(seats(open_round(corpus, people, lease_minutes=0))[0])
    assert held.expires_at is None
    save_answer(held, held.dialogue.utterances.first(), "emotion", "joy")
    assert Assignment.objects.get().expires_at is None


def test_a_skip_goes_to_others_first_and_can_be_taken_back(corpus, people):
    dialogues = [make_dialogue(corpus) for _ in range(3)]
    opened = open_round(corpus, people, overlap=1)
    first, second, third = seats(opened)
    held = claim_next(first)
    skip_assignment(held, "upsetting", "war")
    assert claim_next(first).dialogue == dialogues[1]
    with pytest.raises(UserError, match="skipped"):
        save_answer(held, held.dialogue.utterances.first(), "emotion", "joy")
    undo_skip(held)
    assert Assignment.objects.get(pk=held.pk).state == "held"
    skip_assignment(held, "other")
    assert claim_next(second).dialogue == dialogues[0]  # before the fresh third one
    with pytest.raises(UserError, match="Others have"):
        undo_skip(held)
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True))[-3:] == [
        "skip", "take back", "skip"
    ]  # fmt: skip
    assert claim_next(third).dialogue == dialogues[2]
    counted_rightly(opened)


def test_a_dialogue_that_all_have_skipped_is_shown_as_stuck(corpus, people):
    dialogue = make_dialogue(corpus)
    opened = open_round(corpus, people, overlap=2)
    for seat in seats(opened)[:2]:
        skip_assignment(claim_next(seat), "bad_clip")
        assert claim_next(seat) is None
    assert [place.dialogue for place in opened.stuck()] == [dialogue]
    admit(opened, None, make_member(corpus))
    assert not opened.stuck().exists()


def test_quotas_hold(corpus, people):
    for _ in range(4):
        make_dialogue(corpus)
    opened = open_round(corpus, dict(zip(people, [1, 2, None])), overlap=1)
    a, b, c = seats(opened)
    for seat, quota in ((a, 1), (b, 2)):
        for _ in range(quota):
            judge(claim_next(seat))
        assert claim_next(seat) is None
    assert judge(claim_next(c)) is None and claim_next(c) is None
    assert opened.share_done() == (4, 4)


def test_people_come_and_go_midway(corpus, people, lead):
    make_dialogue(corpus), make_dialogue(corpus)
    opened = open_round(corpus, people[:2], overlap=2)
    a, b = seats(opened)
    judge(claim_next(a))
    held = claim_next(a)
    assert opened.dismiss(lead, people[0]) == 1
    with pytest.raises(UserError, match="do not take part"):
        claim_next(a)
    counted_rightly(opened)
    for _ in range(2):
        judge(claim_next(b))
    newcomer = admit(opened, lead, people[2])
    assert claim_next(newcomer).dialogue == held.dialogue
    admit(opened, lead, people[0])
    assert claim_next(a) is None  # the newcomer has it
    counted_rightly(opened)
    corpus.memberships.filter(person=people[2]).delete()
    with pytest.raises(UserError, match="do not take part"):
        claim_next(newcomer)


def test_a_dialogue_withdrawn_midway_does_not_count_until_it_is_reinstated(corpus, people, lead):
    make_dialogue(corpus)
    opened = open_round(corpus, people, overlap=3)
    a, b, c = seats(opened)
    judge(claim_next(a))
    held = claim_next(b)
    place = opened.round_items.get()
    withdraw(place, lead, "wrong episode")
    withdraw(place, lead, "again")
    assert opened.share_done() == (0, 0) and claim_next(c) is None
    with pytest.raises(UserError, match="withdrawn"):
        save_answer(held, held.dialogue.utterances.first(), "emotion", "joy")
    reinstate(RoundItem.objects.get(), lead)
    assert opened.share_done() == (1, 3)
    assert claim_next(b) == held and claim_next(c)
    counted_rightly(opened)
    assert Event.objects.filter(verb__in=["withdraw", "reinstate"]).count() == 2


def test_a_paused_or_closed_round_gives_nothing_and_keeps_everything(corpus, people, lead):
    make_dialogue(corpus)
    opened = open_round(corpus, people)
    me = seats(opened)[0]
    held = claim_next(me)
    opened.pause(lead)
    opened.pause(lead)
    for act in (lambda: claim_next(me), lambda: submit_assignment(held)):
        with pytest.raises(UserError, match="paused"):
            act()
    opened.resume(lead)
    assert claim_next(me) == held
    opened.close(lead)
    with pytest.raises(UserError, match="closed"):
        claim_next(me)
    reopen_round(opened, lead)
    judge(claim_next(me))
    assert Event.objects.filter(verb="pause").count() == 1


def test_a_round_grows(corpus, people, lead):
    make_dialogue(corpus)
    opened = open_round(corpus, people, overlap=1)
    a, b, _c = seats(opened)
    judge(claim_next(a))
    assert claim_next(b) is None
    with pytest.raises(UserError, match="from 1 up to the 3"):
        extend_round(opened, lead, overlap=4)
    extend_round(opened, lead, overlap=2)
    assert claim_next(b) and claim_next(a) is None
    more = make_dialogue(corpus)
    assert extend_round(opened, lead, corpus.dialogues.all()) == 1
    assert claim_next(a).dialogue == more
    counted_rightly(opened)


def test_a_lead_gives_a_dialogue_to_somebody(corpus, people, lead):
    make_dialogue(corpus), make_dialogue(corpus)
    opened = open_round(corpus, people, overlap=1)
    a, b, _c = seats(opened)
    later = opened.round_items.last()
    given = assign(b, lead, later)
    assert given.expires_at is None and claim_next(b) == given
    with pytest.raises(UserError, match="already"):
        assign(b, lead, later)
    with pytest.raises(UserError, match="As many people"):
        assign(a, lead, later)
    skip_assignment(given, "other")
    assert assign(b, lead, later).state == "held"
    counted_rightly(opened)


def test_orders(corpus, people):
    dialogues = [make_dialogue(corpus) for _ in range(12)]

    def walk(opened, seat):
        seen = []
        while assignment := claim_next(seat):
            seen.append(assignment.dialogue)
            judge(assignment)
        return seen

    plain = open_round(corpus, people)
    assert walk(plain, seats(plain)[0]) == dialogues
    shuffled = open_round(corpus, people, order="shuffled")
    first, second = (walk(shuffled, seat) for seat in seats(shuffled)[:2])
    assert sorted(d.pk for d in first) == sorted(d.pk for d in second) == [d.pk for d in dialogues]
    assert first != second != dialogues
    unsure = dialogues[7].utterances.first()
    Suggestion.objects.create(
        utterance=unsure, task="emotion", value="joy", probability=0.2, origin="m"
    )
    uncertain = open_round(corpus, people, order="uncertain")
    assert claim_next(seats(uncertain)[0]).dialogue == dialogues[7]


def test_how_far_somebody_has_come_is_remembered_and_hides_nothing(corpus, people):
    dialogues = [make_dialogue(corpus, size=1) for _ in range(70)]
    opened = open_round(corpus, people, overlap=3)
    fast, slow, _ = seats(opened)
    work = [judge(a) or a for _ in range(70) if (a := claim_next(fast))]
    assert len(work) == 70 and claim_next(fast) is None
    held = claim_next(slow)
    assert held.dialogue == dialogues[0]
    assert Participant.objects.get(pk=fast.pk).reached > 0
    skip_assignment(held, "other")
    assert claim_next(slow).dialogue == dialogues[1]
    counted_rightly(opened)


def test_a_stranger_has_no_place_in_the_queue(corpus, people):
    make_dialogue(corpus)
    opened = open_round(corpus, people)
    with pytest.raises(Participant.DoesNotExist):
        claim_next_of(opened.pk, make_member(corpus).pk)
