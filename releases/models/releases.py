"""Release: freeze, verify, supersede, withdraw; immutable once it is frozen."""

from collections import Counter

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from annotation.blinding import blind_rounds, guard, withheld_rounds
from annotation.models import Round
from core import shared_folders
from core.column_lengths import check_lengths
from core.errors import UserError, gettext_noop
from corpus.models import Corpus
from corpus.visibility import Withheld
from jobs.models import Job, JobStatus
from people.models import Event
from releases.archive import index_path
from releases.verify import RECOUNTED, faults

MEDIA_FILES = ("media/*", "features/*")
FROZEN = "release.frozen"  # an event of webhooks
LICENCES = [
    ("cc-by-4.0", "CC BY 4.0"),
    ("cc-by-sa-4.0", "CC BY-SA 4.0"),
    ("cc-by-nc-4.0", "CC BY-NC 4.0"),
    ("cc-by-nc-sa-4.0", "CC BY-NC-SA 4.0"),
    ("cc-by-nc-nd-4.0", "CC BY-NC-ND 4.0"),
    ("cc0-1.0", "CC0 1.0"),
    ("other", _("other")),
]
semantic_version = RegexValidator(
    r"^(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})$",
    _("A version has three numbers, such as 1.0.0."),
)
three_shares = RegexValidator(
    r"^\d{1,3}/\d{1,3}/\d{1,3}$",
    _("Three whole percentages for train, valid and test, such as 70/15/15."),
)


class ReleaseQuerySet(models.QuerySet):
    def of(self, person):
        """Those that the person may know of: of a corpus that they lead, all; of another of theirs
        the frozen ones that a lead lets its members read.
        """
        led = Q(corpus__in=Corpus.objects.led_by(person))
        allowed = Q(corpus__in=Corpus.objects.of(person), member_access__isnull=False)
        visible = self.filter(led | (allowed & Q(status=JobStatus.DONE)))
        return visible.select_related("corpus", "member_access")

    def given_to(self, person):
        """Frozen ones whose content the person may have: withdrawn ones leads alone, and none
        about dialogues that the person annotates blind now.
        """
        withdrawn = Retraction.objects.filter(kind=Retraction.Kind.WITHDRAWN).values("release")
        led = Q(corpus__in=Corpus.objects.led_by(person))
        given = self.of(person).frozen().filter(led | ~Q(pk__in=withdrawn))
        return given.exclude(pk__in=Release.objects.withheld_from(person).order_by().values("pk"))

    def withheld_from(self, person):
        """Those of rounds whose results are withheld from the person now."""
        rounds = withheld_rounds(person).order_by().values("pk")
        holding = Release.rounds.through.objects.filter(round__in=rounds)
        return self.filter(pk__in=holding.values("release"))

    def frozen(self):
        return self.filter(status=JobStatus.DONE)

    def usable(self):
        """Frozen and not withdrawn."""
        return self.frozen().exclude(retractions__kind="withdrawn")

    def delete(self):
        if self.frozen().exists():
            raise UserError(
                gettext_noop("A frozen release cannot be deleted; withdraw it instead.")
            )
        return super().delete()


class Release(Job):
    """A frozen, checksummed directory; once it is frozen nothing about it changes."""

    class Media(models.TextChoices):
        DIALOGUES = "dialogues", _("the clip of each dialogue")
        UTTERANCES = "utterances", _("a clip of each utterance")
        FEATURES = "features", _("no clips, only extracted features of sound and picture")
        NONE = "none", _("no media: text and labels only")

    class Speakers(models.TextChoices):
        NAMES = "names", _("by their names")
        PSEUDONYMS = "pseudonyms", _("by pseudonyms")

    class SplitUnit(models.TextChoices):
        DIALOGUE = "dialogue", _("dialogues")
        SOURCE = "source", _("dialogues and sources")
        SPEAKER = "speaker", _("dialogues and speakers")
        BOTH = "both", _("dialogues, sources and speakers")

    corpus = models.ForeignKey(Corpus, models.PROTECT, related_name="releases")
    version = models.CharField(_("version"), max_length=20, validators=[semantic_version])
    rounds = models.ManyToManyField(Round, verbose_name=_("rounds"), related_name="releases")
    licence = models.CharField(
        _("licence"), max_length=20, choices=LICENCES, default="cc-by-nc-4.0"
    )
    media = models.CharField(_("media"), max_length=10, choices=Media, default=Media.DIALOGUES)
    speakers = models.CharField(
        _("speakers appear"), max_length=10, choices=Speakers, default=Speakers.NAMES
    )
    split_unit = models.CharField(
        _("split unit"), max_length=8, choices=SplitUnit, default=SplitUnit.DIALOGUE
    )
    shares = models.CharField(
        _("train / valid / test"), max_length=11, default="70/15/15", validators=[three_shares]
    )
    keep_splits = models.BooleanField(_("dialogues keep the split they had"), default=True)
    seed = models.PositiveIntegerField(_("seed of the splits"), default=1)
    authors = models.TextField(_("authors"), blank=True, max_length=4000)
    description = models.TextField(_("motivation and collection"), blank=True, max_length=20_000)
    notes = models.TextField(_("what is new"), blank=True, max_length=20_000)
    follows = models.ForeignKey("self", models.PROTECT, null=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    contents = models.CharField(max_length=64, blank=True, editable=False)
    summary = models.JSONField(default=dict, editable=False)
    decisions = models.JSONField(
        default=list, editable=False
    )  # as releases/integrity.py makes them

    verb = "freeze"
    work = "releases.freeze.freeze"
    kind_label = _("release")
    person_field = "created_by"
    name_fields = ("version",)
    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "version"], name="one_release_a_version")
        ]

    def __str__(self):
        return f"{self.corpus} {self.version}"

    @staticmethod
    def corpus_files(corpus):
        """(kind, folder) of the releases of a corpus, by its id."""
        yield "releases", settings.RELEASES_DIR / str(corpus)

    def save(self, *args, **kwargs):
        """Raises UserError if it is frozen already."""
        if self.pk and Release.objects.frozen().filter(pk=self.pk).exists():
            raise UserError(gettext_noop("A frozen release cannot be changed."))
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        """Raises UserError if it is frozen."""
        if Release.objects.frozen().filter(pk=self.pk).exists():
            raise UserError(
                gettext_noop("A frozen release cannot be deleted; withdraw it instead.")
            )
        return super().delete(*args, **kwargs)

    @property
    def page_url(self):
        return reverse("release", args=[self.pk])

    @property
    def folder(self):
        """Where its files lie on each host that has them."""
        return settings.RELEASES_DIR / str(self.corpus_id) / self.version

    @property
    def directory(self):
        """The folder as it is read here: of a frozen one with all but its media at least. Raises
        StoreAway, Damaged.
        """
        if self.is_frozen:
            shared_folders.fetch(self.folder, MEDIA_FILES, frozen=True)
        return self.folder

    @property
    def directory_with_media(self):
        """The same with all its files, which are many: for workers and commands."""
        if self.is_frozen:
            shared_folders.fetch(self.folder, frozen=True)
        return self.folder

    @property
    def slug(self):
        """A name for its files."""
        return f"{slugify(self.corpus.name, allow_unicode=True) or self.corpus_id}-{self.version}"

    @property
    def is_frozen(self):
        return self.status == JobStatus.DONE

    @property
    def size(self):
        """Bytes of all its files."""
        return self.summary.get("bytes", 0)

    @property
    def is_recounted(self):
        """True if its certificate is computed from the very rows of its judgements.jsonl."""
        return self.summary.get("layout", 0) >= RECOUNTED

    @property
    def ratios(self):
        """Shares of train, valid and test, adding up to 1."""
        percent = [int(share) for share in self.shares.split("/")]
        return tuple(share / 100 for share in percent)

    @property
    def author_list(self):
        return [line.strip() for line in self.authors.splitlines() if line.strip()]

    @property
    def retraction(self):
        """The newest Retraction, or None."""
        return self.retractions.first()

    @property
    def is_withdrawn(self):
        return self.retractions.filter(kind=Retraction.Kind.WITHDRAWN).exists()

    @property
    def is_for_members(self):
        """Whether a lead lets the other members of the corpus read it."""
        return hasattr(self, "member_access")

    def guard_blind(self, person):
        """Raises Withheld while the person annotates one of its dialogues blind."""
        if blind_rounds(person).exists():  # most people have none, which costs nothing to ask
            guard(person, self.rounds.all())

    def why_withheld(self, person):
        """Why the person may not see its content now, as a sentence; empty where they may."""
        try:
            self.guard_blind(person)
        except Withheld as reason:
            return str(reason)
        return ""

    def guard_frozen(self):
        """Raises UserError unless it is frozen."""
        if not self.is_frozen:
            raise UserError(gettext_noop("%(release)s is not frozen."), release=str(self))

    def guard_open(self):
        """Raises UserError unless it is frozen and not withdrawn."""
        self.guard_frozen()
        if self.is_withdrawn:
            raise UserError(gettext_noop("%(release)s is withdrawn."), release=str(self))

    @classmethod
    @transaction.atomic
    def request(cls, person, corpus, version, rounds, **fields):
        """Queue a freeze. Raises UserError if the version exists or a round is of another corpus.

        `decisions` says what to do about errors of the integrity check (releases/integrity.py).
        """
        if not rounds:
            raise UserError(gettext_noop("Choose at least one round."))
        check_lengths(cls(version=version))
        if any(round.corpus_id != corpus.pk for round in rounds):
            raise UserError(gettext_noop("A release is made of rounds of its own corpus."))
        if len({round.scheme_version_id for round in rounds}) > 1:
            raise UserError(
                gettext_noop("Choose rounds that were judged under the same scheme version.")
            )
        try:
            with transaction.atomic():
                release = cls.objects.create(
                    corpus=corpus,
                    version=version,
                    created_by=person,
                    follows=cls.objects.frozen().filter(corpus=corpus).first(),
                    **fields,
                )
        except IntegrityError as error:
            raise UserError(
                gettext_noop("Version %(version)s exists already; a release is never overwritten."),
                version=version,
            ) from error
        release.rounds.set(rounds)
        decided = Counter(row["choice"] for row in release.decisions)
        Event.record(person, cls.verb, release, version=version, **decided)
        return release

    def earlier(self):
        """The releases before it whose splits it keeps, the newest first."""
        release = self
        while release.keep_splits and release.follows is not None:
            release = release.follows
            yield release

    def verify(self):
        """The faults of the directory on disk, one sentence each; an empty list is good."""
        return list(faults(self.directory_with_media, self.digest))

    @transaction.atomic
    def discard(self, person):
        """Delete a release that was never frozen, so that its version is free again."""
        if self.active and not self.stale:
            raise UserError(gettext_noop("The release is being frozen. Stop it first."))
        Event.record(person, "discard", self, version=self.version)
        for place in (self.folder, index_path(self.folder)):  # of an attempt that died late
            shared_folders.remove_with_row(place)
        self.delete()

    @transaction.atomic
    def retract(self, person, kind, reason, by=None):
        """Supersede it by a newer release of its corpus, or withdraw it, for a reason that stays.

        Raises UserError without a reason, for a release that is not frozen, or withdrawn already.
        """
        self.guard_open()
        if not reason.strip():
            raise UserError(gettext_noop("Give a reason; it stays visible."))
        if kind == Retraction.Kind.SUPERSEDED:
            if by is None or by.corpus_id != self.corpus_id or by.pk == self.pk:
                raise UserError(gettext_noop("Choose the release that takes its place."))
            by.guard_open()
        made = self.retractions.create(
            kind=Retraction.Kind(kind), reason=reason.strip(), by=by, person=person
        )
        verb = "supersede" if kind == Retraction.Kind.SUPERSEDED else "withdraw"
        Event.record(person, verb, self, version=self.version, reason=made.reason)
        return made


class Retraction(models.Model):
    """That a release should not be used any more, by whom, when and why; it is never taken back."""

    class Kind(models.TextChoices):
        SUPERSEDED = "superseded", _("superseded")
        WITHDRAWN = "withdrawn", _("withdrawn")

    release = models.ForeignKey(Release, models.PROTECT, related_name="retractions")
    kind = models.CharField(max_length=10, choices=Kind)
    by = models.ForeignKey(Release, models.PROTECT, null=True, related_name="supersedes")
    reason = models.TextField(_("why"), max_length=4000)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.release} {self.kind}"
