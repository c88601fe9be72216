"""The dialogues of a round: how many people have each, and whether another may have it."""

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from annotation.models.rounds import Round
from core.errors import UserError, gettext_noop
from core.statements import Prepared, true_if
from corpus.models import Dialogue


class PlaceQuerySet(models.QuerySet):
    def give_back(self):
        """Count one person less, and offer the places before fresh ones."""
        ordered = self.order_by("pk").select_for_update()
        return Place.objects.filter(pk__in=[place.pk for place in ordered]).update(
            given=F("given") - 1, open=true_if(Q(gold=False, withdrawn=False)), returned=True
        )


class Place(models.Model):
    """A dialogue in a round: how many people have it, and whether another may have it."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="places")
    dialogue = models.ForeignKey(Dialogue, models.PROTECT, related_name="places")
    position = models.PositiveIntegerField()
    given = models.PositiveIntegerField(default=0)
    open = models.BooleanField(default=True)
    returned = models.BooleanField(default=False)
    gold = models.BooleanField(default=False)
    withdrawn = models.BooleanField(default=False)
    extra = models.PositiveIntegerField(default=0, db_default=0)  # people beyond the overlap

    objects = PlaceQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["round", "dialogue"], name="one_place_a_dialogue")
        ]
        indexes = [
            models.Index(fields=["round", "position"], condition=Q(open=True), name="open_places"),
            models.Index(
                fields=["round", "position"],
                condition=Q(open=True, returned=True),
                name="returned_places",
            ),
            models.Index(fields=["round", "position"], condition=Q(gold=True), name="gold_places"),
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
                gettext_noop("The round is closed or the dialogue withdrawn; nobody can judge it.")
            )
        Place.objects.filter(pk=self.pk).update(extra=F("extra") + 1, open=True, returned=True)


class Withdrawal(models.Model):
    """That a dialogue was taken out of a round, said by whom, when and why."""

    place = models.OneToOneField(Place, models.CASCADE, related_name="withdrawal")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.place}: {self.reason}"


TAKE = Prepared(  # one more person on a place, unless it is full or somebody is just changing it
    lambda place, most: (
        Place.objects.filter(
            pk__in=Place.objects.filter(pk=place, open=True)
            .select_for_update(skip_locked=True)
            .values("pk")
        ),
        {"given": F("given") + 1, "open": true_if(Q(given__lt=F("extra") + most))},
    )
)
