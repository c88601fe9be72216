"""An edited dialogue goes to the annotators again: what that does to what they judged."""

from dataclasses import dataclass
from typing import cast

from django.db import transaction
from django.db.models import Count

from annotation.agreement.item_counts import count_dialogues, lock
from annotation.models import Assignment, Judgement, Round, Submission
from corpus.turns import Turn, same_for_annotators
from people.models import Event


@dataclass(frozen=True)
class Change:
    """One utterance before and after (None: it was not there, or is not any more)."""

    before: Turn | None
    after: Turn | None
    judgements: int
    people: int

    @property
    def uid(self):
        return cast(Turn, self.after or self.before).uid  # never both None

    @property
    def kind(self):
        """ "added", "removed", "material" (to be judged anew) or "small" (judgements hold)."""
        if self.before is None or self.after is None:
            return "added" if self.after else "removed"
        return "small" if same_for_annotators(self.before, self.after) else "material"

    @property
    def at_stake(self):
        """True if judgements would be set aside."""
        return self.judgements > 0 and self.kind in ("removed", "material")


def changes(dialogue) -> list[Change]:
    """What differs between what annotators see and the head, in the head's order."""
    rows = {row.uid: row for row in dialogue.utterances.all()}
    counted = (
        Judgement.objects.filter(utterance__in=rows.values())
        .current()
        .values("utterance")
        .annotate(n=Count("pk"), people=Count("assignment__person", distinct=True))
    )
    numbers = {row["utterance"]: (row["n"], row["people"]) for row in counted}
    after = {turn.uid: turn for turn in dialogue.turns()}
    found = []
    for uid in [*after, *(uid for uid in rows if uid not in after)]:
        old = rows[uid].turn if uid in rows else None
        if old != after.get(uid):
            judged = numbers.get(rows[uid].pk, (0, 0)) if old else (0, 0)
            found.append(Change(old, after.get(uid), *judged))
    return found


@transaction.atomic
def republish(dialogue, person, keep=()) -> tuple[int, int]:
    """Show the head to the annotators: utterances to judge anew, and submissions opened again.

    Answers to what did not change stay; submissions of open rounds that now lack answers are
    opened.
    """
    rounds = list(Round.objects.filter(assignments__dialogue=dialogue).distinct().order_by("pk"))
    for found in rounds:
        lock(found)
    anew = dialogue.publish_revision(person, keep)
    reopened = 0
    submitted = Assignment.objects.submitted().filter(
        dialogue=dialogue, round__closure=None, round__published=False
    )
    for assignment in submitted.select_related("round__scheme_version", "dialogue"):
        missing = assignment.missing()
        if missing:
            Submission.take_back(assignment)
            assignment.hold(expires_at=None)
            if assignment.round.participants.filter(person=assignment.person_id).exclude(
                left_at=None
            ):
                Assignment.objects.filter(pk=assignment.pk).release()  # somebody else judges it
            Event.record(person, "reopen", assignment, utterances=len(missing))
            reopened += 1
    for found in rounds:
        count_dialogues(found, [dialogue.pk])
    return len(anew), reopened
