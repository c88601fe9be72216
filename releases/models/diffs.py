"""What is different between two releases, computed once: both never change."""

import json

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import shared_folders
from jobs.models import Job, JobStatus
from people.models import Event
from releases.models.releases import Release

MATCHED = frozenset(["content", "ambiguous"])


class DiffQuerySet(models.QuerySet):
    def of(self, person):
        """Those whose two releases the person may see."""
        seen = Release.objects.of(person)
        return self.filter(one__in=seen, other__in=seen).select_related(
            "one__corpus", "other__corpus"
        )


class Diff(Job):
    """The way from release `one` to release `other`: a summary, and a file with every change."""

    class Match(models.TextChoices):
        AUTO = "auto", _("by id, where the texts agree, else by content")
        ID = "id", _("by id alone")
        CONTENT = "content", _("by text, speaker and place")

    one = models.ForeignKey(Release, models.CASCADE, related_name="+")
    other = models.ForeignKey(Release, models.CASCADE, related_name="+")
    match = models.CharField(max_length=7, choices=Match, blank=True)  # empty: of before, by id
    result = models.JSONField(default=dict)

    verb = "diff"
    work = "releases.diff_computation.compute"
    kind_label = _("diff")
    corpus_field = "other__corpus"
    name_fields = ("one__version", "other__version")
    related_fields = ("one__corpus", "other__corpus")
    objects = DiffQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["one", "other", "match"], name="one_diff_a_pair")
        ]

    def __str__(self):
        return f"{self.one} → {self.other}"

    @classmethod
    def corpus_files(cls, corpus):
        """(kind, path) of the differences that have a release of a corpus, by its id."""
        own = Q(one__corpus=corpus) | Q(other__corpus=corpus)
        for diff in cls.objects.filter(own):
            yield "releases", diff.place

    @property
    def page_url(self):
        return reverse("release_diff", args=[self.pk])

    @property
    def corpus_id(self):
        return self.other.corpus_id

    @property
    def place(self):
        """Where its file lies on each host that has it."""
        name = "-".join(filter(None, [str(self.one_id), str(self.other_id), self.match]))
        return settings.RELEASES_DIR / "diffs" / f"{name}.jsonl"

    @property
    def path(self):
        """Its file as it is read here."""
        if self.status == JobStatus.DONE:
            shared_folders.fetch(self.place, frozen=True)
        return self.place

    @classmethod
    @transaction.atomic
    def request(cls, person, one, other, match="auto"):
        """The diff of two frozen releases, computed by a worker if it is not there yet.

        Their utterances are matched by what `match` says, see `Match`.

        Raises UserError if one is not frozen.
        """
        for release in (one, other):
            release.guard_frozen()
        diff, created = cls.objects.get_or_create(one=one, other=other, match=match)
        if created or diff.requeue():
            versions = {"version": other.version, "since": one.version}
            Event.record(person, cls.verb, other, **versions, match=match)
            diff.later()
        return diff

    def changes(self, what=""):
        """Every change, or those of a kind, in the order of the releases.

        What was only matched in some way has not changed, and comes where it is asked for.
        """
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                change = json.loads(line)
                if what in change["what"] or not (what or MATCHED.issuperset(change["what"])):
                    yield change
