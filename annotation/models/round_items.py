"""The dialogues of a round: how many people have each, and whether another may have it."""

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from annotation.models.rounds import Round
from core.errors import UserError, gettext_noop
from core.statements import Prepared, true_if
from corpus.models import Dialogue


class RoundItemQuerySet(models.QuerySet["RoundItem"]):
    def give_back(self):
        """Count one person less, and offer the items before fresh ones."""
        ordered = self.order_by("pk").select_for_update()
        return RoundItem.objects.filter(pk__in=[item.pk for item in ordered]).update(
            given=F("given") - 1, open=true_if(Q(gold=False, withdrawn=False)), returned=True
        )


class RoundItem(models.Model):
    """A dialogue in a round: how many people have it, and whether another may have it."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="round_items")
    dialogue = models.ForeignKey(Dialogue, models.PROTECT, related_name="round_items")
    position = models.PositiveIntegerField()
    given = models.PositiveIntegerField(default=0)
    open = models.BooleanField(default=True)
    returned = models.BooleanField(default=False)
    gold = models.BooleanField(default=False)
    withdrawn = models.BooleanField(default=False)
    extra = models.PositiveIntegerField(default=0, db_default=0)  # people beyond the overlap

    objects = RoundItemQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["round", "dialogue"], name="one_round_item_a_dialogue")
        ]
        indexes = [
            models.Index(
                fields=["round", "position"], condition=Q(open=True), name="open_round_items"
            ),
            models.Index(
                fields=["round", "position"],
                condition=Q(open=True, returned=True),
                name="returned_round_items",
            ),
            models.Index(
                fields=["round", "position"], condition=Q(gold=True), name="gold_round_items"
            ),
        ]

    def __str__(self):
        return f"{self.dialogue} · {self.round}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    @transaction.atomic
    def ask_one_more(self):
        """Offer the dialogue to one person more than the round asks for. Raises UserError."""
        if not self.round.is_open or self.withdrawn or self.round.published:
            raise UserError(
                gettext_noop(
                    "The round is closed or the dialogue is withdrawn, so it cannot be annotated."
                )
            )
        RoundItem.objects.filter(pk=self.pk).update(extra=F("extra") + 1, open=True, returned=True)


class Withdrawal(models.Model):
    """That a dialogue was taken out of a round, said by whom, when and why."""

    round_item = models.OneToOneField(RoundItem, models.CASCADE, related_name="withdrawal")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.round_item}: {self.reason}"


CLAIM = Prepared(  # one more person on an item, unless it is full or somebody is just changing it
    lambda item, most: (
        RoundItem.objects.filter(
            pk__in=RoundItem.objects.filter(pk=item, open=True)
            .select_for_update(skip_locked=True)
            .values("pk")
        ),
        {"given": F("given") + 1, "open": true_if(Q(given__lt=F("extra") + most))},
    )
)
