"""What the administrators of an installation decide for all corpora."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import UserError, gettext_noop
from people.models import Event

GB = 1024**3  # bytes, as file sizes are written here
LIMIT = [MinValueValidator(1), MaxValueValidator(1_000_000)]


class Installation(models.Model):
    """Who may create corpora, and how much a corpus may store and train. There is one row, or none
    while nobody has decided anything.
    """

    class Creation(models.TextChoices):
        EVERYBODY = "everybody", _("everybody")
        CHOSEN = "chosen", _("administrators and the people chosen below")
        ADMINISTRATORS = "administrators", _("administrators only")

    creation = models.CharField(
        _("who may create corpora"), max_length=14, choices=Creation, default=Creation.EVERYBODY
    )
    creators = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, verbose_name=_("chosen people"), related_name="+"
    )
    storage_quota = models.PositiveIntegerField(
        _("storage of a corpus (GB)"), null=True, blank=True, validators=LIMIT
    )
    runs_at_once = models.PositiveIntegerField(
        _("runs of a corpus that wait or train at once"), null=True, blank=True, validators=LIMIT
    )
    hours_a_month = models.PositiveIntegerField(
        _("hours that a corpus may train in a month"), null=True, blank=True, validators=LIMIT
    )

    def __str__(self):
        return "installation"

    @classmethod
    def load(cls):
        """The row, or one with what holds while nobody has decided anything."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @transaction.atomic
    def set(self, person, creators, **values):
        """Change the settings, with one Event that names those that are different."""
        before = Installation.load()
        changed = {name: value for name, value in values.items() if value != getattr(before, name)}
        had = set(before.creators.all()) if before._state.adding is False else set()
        for name, value in values.items():
            setattr(self, name, value)
        self.pk = 1
        self.save()
        self.creators.set(creators)
        if had != set(creators):
            changed["creators"] = sorted(creator.username for creator in creators)
        if changed:
            Event.record(person, "set", self, **changed)

    def may_create(self, person):
        """Whether the person may create a corpus."""
        if self.creation == self.Creation.EVERYBODY or person.is_superuser:
            return True
        chosen = self.creation == self.Creation.CHOSEN
        return chosen and self.creators.filter(pk=person.pk).exists()

    def guard_creation(self, person):
        """Raises UserError if the person may not create a corpus."""
        if not self.may_create(person):
            raise UserError(
                gettext_noop("You may not create corpora here. Ask an administrator for one.")
            )
