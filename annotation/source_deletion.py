"""Rounds and a source that is to be deleted: open ones need it, closed ones count without it."""

from annotation.models import Round, RoundItem
from annotation.withdrawal import withdraw
from core.errors import UserError, gettext_noop


def guard_rounds(source):
    """Raises UserError while a round over one of the dialogues of the source is open."""
    items = RoundItem.objects.filter(dialogue__source=source, withdrawn=False)
    needed = Round.objects.open().filter(pk__in=items.order_by().values("round"))
    if names := list(needed.values_list("name", flat=True)):
        raise UserError(
            gettext_noop(
                "Its dialogues are annotated in: %(rounds)s. Close these rounds, or remove the"
                " dialogues from them, first. Nothing was changed."
            ),
            rounds=", ".join(names),
        )


def withdraw_from_rounds(source, person):
    """Take the dialogues of the source out of the rounds, so that agreement is of what stays."""
    items = RoundItem.objects.filter(dialogue__source=source).select_related("round", "dialogue")
    for item in items:
        withdraw(item, person, source.title)
