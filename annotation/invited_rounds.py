"""The rounds that an invitation into a corpus can lead to."""

from django.urls import reverse

from annotation.models import Round
from annotation.rounds import admit


class InvitedRounds:
    """What rounds tell the invitations of a corpus (corpus/round_offers.py)."""

    def open_rounds(self, corpus):
        return list(Round.objects.filter(corpus=corpus).open().values_list("pk", "name"))

    def names(self, corpus, rounds):
        return dict(Round.objects.filter(corpus=corpus, pk__in=rounds).values_list("pk", "name"))

    def join(self, corpus, round_id, person, inviter):
        """Let a member annotate in the round, as when its lead adds them. Who annotates in it
        already, or is blocked, stays as they are.
        """
        found = Round.objects.filter(corpus=corpus).open().filter(pk=round_id).first()
        if found is None:
            return False
        if not found.participants.filter(person=person, left_at=None).exists():
            admit(found, inviter, person)
        return True

    def tasks_address(self, round_id):
        return reverse("my_tasks") + (f"#r{round_id}" if round_id else "")
