"""Who speaks, with traits and a pseudonym."""

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from corpus.complaints import gettext_noop
from corpus.jobs import Refused
from corpus.models.corpora import Corpus
from people.models import Event


class SpeakerQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(corpus__in=Corpus.objects.led_by(person))


class SpeakerManager(models.Manager.from_queryset(SpeakerQuerySet)):
    """Leaves out speakers that turned out to be another one; `whole` has them all."""

    def get_queryset(self):
        return super().get_queryset().filter(merged_into=None)


class Speaker(models.Model):
    """Somebody who talks in the dialogues of a corpus."""

    class Gender(models.TextChoices):
        FEMALE = "female", _("female")
        MALE = "male", _("male")
        OTHER = "other", _("other")

    class Age(models.TextChoices):
        CHILD = "child", _("child")
        YOUNG = "young", _("young adult")
        MIDDLE = "middle", _("middle-aged")
        OLD = "old", _("elderly")

    class Role(models.TextChoices):
        LEAD = "lead", _("leading role")
        SUPPORTING = "supporting", _("supporting role")
        PASSING = "passing", _("passing role")

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="speakers")
    name = models.CharField(_("name"), max_length=80)
    pseudonym = models.CharField(_("pseudonym"), max_length=40, blank=True)
    traits = models.JSONField(default=dict)
    merged_into = models.ForeignKey("self", models.RESTRICT, null=True, editable=False)

    objects = SpeakerManager()
    whole = SpeakerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["corpus", "name"],
                condition=models.Q(merged_into=None),
                name="one_speaker_a_name",
            ),
            models.UniqueConstraint(
                fields=["corpus", "pseudonym"],
                condition=models.Q(merged_into=None) & ~models.Q(pseudonym=""),
                name="one_speaker_a_pseudonym",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def gender_text(self):
        return self._trait("gender", self.Gender)

    @property
    def age_text(self):
        return self._trait("age", self.Age)

    @property
    def role_text(self):
        return self._trait("role", self.Role)

    def _trait(self, name, choices):
        """A trait in the reader's language; an imported corpus' own word as it is."""
        value = self.traits.get(name, "")
        return dict(choices.choices).get(value, value) or "–"

    @property
    def now(self):
        """Who this is by today: the speaker it was merged into, or itself."""
        return self.merged_into.now if self.merged_into_id else self

    @transaction.atomic
    def describe(self, person, name, pseudonym, traits):
        """Rename the speaker, with its traits. Raises Refused for a name that is taken."""
        name, pseudonym = name.strip(), pseudonym.strip()
        if not name:
            raise Refused(gettext_noop("A speaker needs a name."))
        others = Speaker.objects.filter(corpus_id=self.corpus_id).exclude(pk=self.pk)
        if others.filter(name=name).exists():
            raise Refused(
                gettext_noop("There is a speaker “%(name)s” already; merge the two instead."),
                name=name,
            )
        if pseudonym and others.filter(pseudonym=pseudonym).exists():
            raise Refused(
                gettext_noop("The pseudonym “%(name)s” is another speaker's."), name=pseudonym
            )
        Event.record(person, "describe", self, before=self.name, after=name)
        self.name, self.pseudonym = name, pseudonym
        self.traits = {key: value for key, value in (self.traits | traits).items() if value}
        self.save(update_fields=["name", "pseudonym", "traits"])

    @transaction.atomic
    def merge(self, person, other):
        """This speaker is really `other`: give all its utterances to it; their number."""
        from corpus.models.dialogues import Utterance

        if other.pk == self.pk or other.corpus_id != self.corpus_id:
            raise Refused(gettext_noop("Choose another speaker of the same corpus."))
        moved = Utterance.whole.filter(speaker=self).update(speaker=other)
        self.merged_into = other
        self.save(update_fields=["merged_into"])
        Event.record(person, "merge", self, name=self.name, into=other.name, utterances=moved)
        return moved

    @classmethod
    @transaction.atomic
    def pseudonymise(cls, person, corpus):
        """Give S1, S2 … to the speakers of the corpus that have no pseudonym; their number."""
        taken = set(corpus.speakers.exclude(pseudonym="").values_list("pseudonym", flat=True))
        number = 0
        nameless = list(corpus.speakers.filter(pseudonym="").order_by("pk"))
        for speaker in nameless:
            number += 1
            while f"S{number}" in taken:
                number += 1
            speaker.pseudonym = f"S{number}"
        cls.objects.bulk_update(nameless, ["pseudonym"], batch_size=500)
        Event.record(person, "pseudonymise", corpus, speakers=len(nameless))
        return len(nameless)
