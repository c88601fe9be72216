"""Who speaks, with traits and a pseudonym."""

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from core.batches import batches, create
from core.errors import UserError, ValidationError, gettext_noop
from core.normalization import INVISIBLE, normalized, visible
from core.normalized_fields import Normalized, NormalizedField, NormalizedQuerySet, SearchField
from corpus.models.corpora import Corpus
from corpus.problems import Problem
from people.models import Event

OTHER_SPELLING = gettext_noop(
    "Another spelling of “%(name)s”: the names differ in case, width, white space or invisible"
    " characters only and are one speaker."
)
NO_NAME = gettext_noop("Nothing but invisible characters; no speaker is named.")


class SpeakerQuerySet(NormalizedQuerySet):
    def of(self, person):
        return self.filter(corpus__in=Corpus.objects.led_by(person))

    def duplicates(self):
        """Those of one corpus whose names differ in case, width or invisible characters only."""
        names = self.order_by().values("identity").annotate(n=models.Count("pk"))
        return self.filter(identity__in=names.filter(n__gt=1).values("identity"))


class SpeakerManager(models.Manager.from_queryset(SpeakerQuerySet)):  # type: ignore[misc]
    """Leaves out speakers that turned out to be another one; `all_objects` has them all."""

    def get_queryset(self):
        return super().get_queryset().filter(merged_into=None)


class Speaker(Normalized):
    """Somebody who talks in the dialogues of a corpus.

    Names that differ in case, width, white space or invisible characters only name one speaker;
    corpora of before have some twice, which is why no constraint says so.
    """

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
    machine = models.BooleanField(default=False)  # proposed, and not confirmed by a person yet
    merged_into = models.ForeignKey("self", models.RESTRICT, null=True, editable=False)
    identity = NormalizedField("name")
    search = SearchField("name")
    pseudonym_search = SearchField("pseudonym")

    objects = SpeakerManager()
    all_objects = SpeakerQuerySet.as_manager()

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
        indexes = [models.Index(fields=["corpus", "identity"], name="speakers_by_identity")]

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
    def invisible(self):
        """The invisible characters of the name, as U+200B, which nobody could tell it by."""
        return [f"U+{ord(letter):04X}" for letter in self.name if INVISIBLE.match(letter)]

    @property
    def current(self):
        """The speaker that this one was merged into, or itself."""
        return self.merged_into.current if self.merged_into else self

    @classmethod
    @transaction.atomic
    def get_or_create_by_name(cls, corpus_id, names, **fields):
        """Name -> the speaker of the corpus that it names, made if there is none.

        Of several spellings of a new name the first is kept. Each of `fields` gives the value of
        a new speaker's field for its name. What only consists of invisible characters is no name.
        """
        Corpus.objects.select_for_update(no_key=True).get(pk=corpus_id)  # nobody makes them too
        names = {name: normalized(name) for name in names}
        known: dict[str, Speaker] = {}
        exact: dict[str, Speaker] = {}
        for part in batches({*names.values()} - {""}, 500):
            there = cls.objects.filter(corpus_id=corpus_id, identity__in=part)
            for speaker in there.order_by("pk"):
                known.setdefault(speaker.identity, speaker)
                exact[speaker.name] = speaker
        new = {}
        for name, identity in names.items():
            if identity and identity not in known:
                values = {field: value(name) for field, value in fields.items()}
                made = cls(corpus_id=corpus_id, name=visible(name), **values)
                known[identity] = new[identity] = made
        create(cls, new.values())
        return {
            name: exact.get(name) or known[identity] for name, identity in names.items() if identity
        }

    @classmethod
    @transaction.atomic
    def introduce(cls, person, corpus, name):
        """The speaker of a name, made if there is none. Raises ValidationError for no name."""
        name = visible(name)
        if not name or len(name) > 80:
            raise ValidationError(gettext_noop("A name has 1 to 80 characters."))
        known = corpus.speakers.filter(identity=normalized(name)).exists()
        speaker = cls.get_or_create_by_name(corpus.pk, [name])[name]
        if not known:
            Event.record(person, "introduce", speaker, name=name)
        return speaker

    @staticmethod
    def spelling_problems(named, speakers):
        """Problems, one for each spelling that is not the name of the speaker that it means.

        `named` are (name, line) as a file has them, `speakers` the speaker of each name.
        """
        problems = {}
        for name, line in named:
            speaker = speakers.get(name)
            if name and (speaker is None or speaker.name != name) and name not in problems:
                kept = speaker.name if speaker else ""
                reason = OTHER_SPELLING if speaker else NO_NAME
                problems[name] = Problem(line, "speaker", name, "repaired", reason, {"name": kept})
        return [*problems.values()]

    @transaction.atomic
    def update_details(self, person, name, pseudonym, traits):
        """Rename the speaker, with its traits. Raises UserError for a name that is taken."""
        name, pseudonym = visible(name), pseudonym.strip()
        if not name:
            raise UserError(gettext_noop("A speaker needs a name."))
        others = Speaker.objects.filter(corpus_id=self.corpus_id).exclude(pk=self.pk)
        same = others.filter(identity=normalized(name)).first() if name != self.name else None
        if same:
            raise UserError(
                gettext_noop("There is a speaker “%(name)s” already; merge the two instead."),
                name=same.name,
            )
        if pseudonym and others.filter(pseudonym=pseudonym).exists():
            raise UserError(
                gettext_noop("The pseudonym “%(name)s” is another speaker's."), name=pseudonym
            )
        Event.record(person, "describe", self, before=self.name, after=name)
        self.name, self.pseudonym = name, pseudonym
        self.traits = {key: value for key, value in (self.traits | traits).items() if value}
        self.machine = False  # whoever saves it has looked at it
        self.save(update_fields=["name", "pseudonym", "traits", "machine"])

    @transaction.atomic
    def merge(self, person, other):
        """This speaker is really `other`: give all its utterances to it; their number."""
        if other.pk == self.pk or other.corpus_id != self.corpus_id:
            raise UserError(gettext_noop("Choose another speaker of the same corpus."))
        moved = self.utterances(manager="all_objects").update(speaker=other)
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
