"""Dialogues whose publication is to be undone: not those that people annotate."""

from django.db.models import QuerySet

from annotation.models import ExpertLabel, RoundItem
from core.errors import UserError, gettext_noop
from corpus.models import Dialogue


def guard_annotated(dialogues: QuerySet[Dialogue]) -> None:
    """Raises UserError if a round has one of the dialogues, or an expert has labelled one."""
    in_round = RoundItem.objects.filter(dialogue__in=dialogues).select_related("round", "dialogue")
    if item := in_round.order_by("pk").first():
        raise UserError(
            gettext_noop(
                "%(dialogue)s is in the round “%(round)s” already. It stays published; nothing was"
                " changed. Withdraw it in the round if it should not be annotated."
            ),
            dialogue=item.dialogue.uid,
            round=item.round.name,
        )
    labels = ExpertLabel.objects.filter(utterance__dialogue__in=dialogues)
    if label := labels.select_related("utterance__dialogue").first():
        raise UserError(
            gettext_noop(
                "%(dialogue)s has expert labels already. It stays published; nothing was changed."
            ),
            dialogue=label.utterance.dialogue.uid,
        )
