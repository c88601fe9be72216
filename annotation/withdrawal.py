"""Taking a dialogue out of a round, and putting it back."""

from django.db import transaction

from annotation.agreement.item_counts import count_dialogues, lock
from annotation.models import Assignment, RoundItem, Withdrawal
from people.models import Event


@transaction.atomic
def withdraw(item, person, reason):
    """Take the dialogue out of the round; judgements stay on record and do not count."""
    lock(item.round)
    if Withdrawal.objects.filter(round_item=item).exists():
        return
    work = Assignment.objects.filter(round=item.round_id, dialogue=item.dialogue_id)
    work = work.exclude(state__in=["skipped", "freed"])
    work.lock_and_set("withdrawn")
    Withdrawal.objects.create(round_item=item, person=person, reason=reason)
    RoundItem.objects.filter(pk=item.pk).update(withdrawn=True, open=False, given=0)
    work.exclude(state="withdrawn").lock_and_set("withdrawn")  # given out at this moment
    count_dialogues(item.round, [item.dialogue_id])
    Event.record(person, "withdraw", item, dialogue=item.dialogue.uid, reason=reason)


@transaction.atomic
def reinstate(item, person):
    """Undo a withdrawal: submissions count again, unfinished work goes on where it was."""
    lock(item.round)
    if not Withdrawal.objects.filter(round_item=item).delete()[0]:
        return
    work = Assignment.objects.filter(
        round=item.round_id, dialogue=item.dialogue_id, state="withdrawn"
    )
    submitted = work.filter(submission__isnull=False).lock_and_set("submitted")
    work.filter(submission=None).lock_and_set("freed")
    full = not item.round.for_all and submitted >= item.round.overlap + item.extra
    RoundItem.objects.filter(pk=item.pk).update(
        withdrawn=False, open=not item.gold and not full, given=submitted, returned=True
    )
    count_dialogues(item.round, [item.dialogue_id])
    Event.record(person, "reinstate", item, dialogue=item.dialogue.uid)
