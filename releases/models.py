"""Release: freeze, verify; immutable afterwards."""

import hashlib
import shutil

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from annotation.models import Round
from corpus.complaints import gettext_noop
from corpus.jobs import Job, JobStatus, Refused
from corpus.models import Corpus
from people.models import Event

LICENCES = [
    ("cc-by-4.0", "CC BY 4.0"),
    ("cc-by-nc-4.0", "CC BY-NC 4.0"),
    ("cc-by-nc-sa-4.0", "CC BY-NC-SA 4.0"),
    ("cc0-1.0", "CC0 1.0"),
    ("other", _("other")),
]
semantic_version = RegexValidator(
    r"^(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})$",
    _("A version has three numbers, such as 1.0.0."),
)


class ReleaseQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(corpus__in=Corpus.objects.of(person)).select_related("corpus")

    def frozen(self):
        return self.filter(status=JobStatus.DONE)


class Release(Job):
    """A frozen, checksummed directory; once it is frozen nothing about it changes."""

    corpus = models.ForeignKey(Corpus, models.PROTECT, related_name="releases")
    version = models.CharField(_("version"), max_length=20, validators=[semantic_version])
    rounds = models.ManyToManyField(Round, verbose_name=_("rounds"), related_name="releases")
    licence = models.CharField(
        _("licence"), max_length=20, choices=LICENCES, default="cc-by-nc-4.0"
    )
    seed = models.PositiveIntegerField(_("seed of the splits"), default=1)
    notes = models.TextField(_("notes"), blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    summary = models.JSONField(default=dict, editable=False)

    verb = "freeze"
    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "version"], name="one_release_a_version")
        ]

    def __str__(self):
        return f"{self.corpus} {self.version}"

    @property
    def directory(self):
        return settings.RELEASES_DIR / str(self.corpus_id) / self.version

    @property
    def archive(self):
        return self.directory.with_name(f"{self.version}.zip")

    @property
    def size(self):
        """Bytes of all its files."""
        return sum(entry["bytes"] for entry in self.summary.get("files", []))

    @classmethod
    @transaction.atomic
    def request(cls, person, corpus, version, rounds, **fields):
        """Queue a freeze. Raises Refused if the version exists or a round is of another corpus."""
        if not rounds:
            raise Refused(gettext_noop("Choose at least one round."))
        if any(round.corpus_id != corpus.pk for round in rounds):
            raise Refused(gettext_noop("A release is made of rounds of its own corpus."))
        if len({round.scheme_version_id for round in rounds}) > 1:
            raise Refused(
                gettext_noop("Choose rounds that were judged under the same scheme version.")
            )
        try:
            with transaction.atomic():
                release = cls.objects.create(
                    corpus=corpus, version=version, created_by=person, **fields
                )
        except IntegrityError as error:
            raise Refused(
                gettext_noop("Version %(version)s exists already; a release is never overwritten."),
                version=version,
            ) from error
        release.rounds.set(rounds)
        Event.record(person, cls.verb, release, version=version)
        return release

    def later(self):
        from releases.tasks import freeze_release

        freeze_release.delay_on_commit(self.pk)

    def freeze(self):
        """Write the directory; a second call while one works, or after it worked, does nothing."""
        if self.claim():
            with self.settled():
                self._write()
        return self

    def _write(self):
        from releases import snapshot

        draft = self.directory.with_name(f".{self.version}.draft-{self.attempt}")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            manifest = snapshot.write(self, draft / "release", self.beat)
            folder = f"{self.corpus.pk}-{self.version}"
            snapshot.pack(draft / "release", draft / "release.zip", folder)
            self.beat(0.99)
            (draft / "release.zip").replace(self.archive)
            shutil.rmtree(self.directory, ignore_errors=True)  # left by a worker killed right here
            (draft / "release").replace(self.directory)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        data = (self.directory / "manifest.json").read_bytes()
        self.digest = hashlib.sha256(data).hexdigest()
        self.summary = manifest
        with transaction.atomic():
            self.save(update_fields=["digest", "summary"])
            self.finish()

    def verify(self):
        """The faults of the directory on disk, one sentence each; an empty list is good."""
        from releases import verify

        found = list(verify.faults(self.directory))
        if not found and verify.digest(self.directory / "manifest.json") != self.digest:
            found = ["manifest.json: is not the manifest that was frozen"]
        return found
