"""A protocol: systems compared as one file says (modeling/protocol_file.py), run by the learner's
`experiment`; and its parts, the work.
"""

import json

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q, Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy

from core import shared_folders
from core.errors import UserError, gettext_noop
from corpus.models import Corpus
from jobs.models import SHORT_STALE_AFTER, Job, JobStatus
from modeling.models.runs import Device, guard_runs, trained
from people.models import Event
from releases.models import Release

MOST_AT_ONCE = 16
MOST_RUNS = 3000  # with trials
REPORT = 0  # number of the part that writes the report
RUNS = ("*/seed-*", "*/trial-*")  # files of its runs
REPORT_FILES = (
    "report.html", "report.md", "tables.tex", "tables.csv", "results.csv", "report.json",
)  # fmt: skip


class ProtocolQuerySet(models.QuerySet):
    def of(self, person):
        """Those whose releases are of corpora that the person leads."""
        led = Corpus.objects.led_by(person)
        return self.filter(
            Q(test_release=None) | Q(test_release__corpus__in=led), release__corpus__in=led
        ).select_related("release__corpus", "test_release__corpus", "started_by")

    def test_evaluations(self, release):
        """How often their runs were evaluated on the test set of a release."""
        own = self.filter(Q(release=release, test_release=None) | Q(test_release=release))
        return own.aggregate(n=Sum("parts__tested"))["n"] or 0


class Protocol(models.Model):
    """Systems, seeds, splits, tuning and robustness on a release; `specification` is what the file
    says without its releases. `runs` and `trials` are how many it asks for.

    Where the corpus of its test release is deleted, its files are, too.
    """

    release = models.ForeignKey(Release, models.PROTECT, related_name="protocols")
    test_release = models.ForeignKey(
        Release, models.PROTECT, null=True, related_name="testing_protocols"
    )
    name = models.CharField(gettext_lazy("name"), max_length=200)
    specification = models.JSONField(default=dict, editable=False)
    crosses = models.BooleanField(default=False, editable=False)  # has or had a test release
    at_once = models.PositiveSmallIntegerField(gettext_lazy("parts at once"), default=1)
    device = models.CharField(
        gettext_lazy("computed on"), max_length=4, choices=Device, default=Device.AUTO
    )
    runs = models.PositiveIntegerField(default=0, editable=False)
    trials = models.PositiveIntegerField(default=0, editable=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    started_at = models.DateTimeField(auto_now_add=True)

    objects = ProtocolQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.name

    @property
    def page_url(self):
        return reverse("protocol", args=[self.pk])

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @property
    def folder(self):
        """Where its files lie on each host that has them."""
        return settings.RUNS_DIR / "protocols" / str(self.pk)

    @property
    def directory(self):
        """The folder as it is read here, without the single runs, unless they are here."""
        shared_folders.fetch(self.folder, RUNS)
        return self.folder

    @property
    def releases(self):
        return [each for each in (self.release, self.test_release) if each is not None]

    @classmethod
    @transaction.atomic
    def request(
        cls, person, release, specification, runs, trials=0, test_release=None, at_once=1,
        device=Device.AUTO,
    ):  # fmt: skip
        """Queue a checked specification in so many parts.

        Raises UserError unless its releases can be trained on, and where the installation allows
        its corpus no more runs, or where it has too many.
        """
        if runs + trials > MOST_RUNS:
            raise UserError(
                gettext_noop(
                    "It would train %(n)s times; the limit is %(most)s. Nothing was started. Choose"
                    " fewer systems, seeds, folds or trials."
                ),
                n=runs + trials,
                most=MOST_RUNS,
            )
        protocol = cls(
            release=release,
            test_release=test_release,
            crosses=test_release is not None,
            name=specification["name"],
            specification=specification,
            at_once=at_once,
            device=device,
            runs=runs,
            trials=trials,
            started_by=person,
        )
        protocol.guard_open()
        guard_runs(release.corpus)
        protocol.save()
        Event.record(person, "train", protocol, release=release.version)
        numbers = range(1, min(at_once, runs) + 1)
        for part in ProtocolPart.objects.bulk_create(
            ProtocolPart(protocol=protocol, number=number) for number in numbers
        ):
            part.later()
        return protocol

    def guard_open(self):
        """Raises UserError where a release of it is withdrawn or gone."""
        if self.crosses and self.test_release is None:
            raise UserError(
                gettext_noop("The test release was deleted with its corpus; start a new protocol.")
            )
        for release in self.releases:
            release.guard_open()

    def guard_blind(self, person):
        """Raises Withheld while the person annotates a dialogue of its releases blind."""
        for release in self.releases:
            release.guard_blind(person)

    def why_withheld(self, person):
        """Why the person may not see its results now; empty where they may."""
        return next(filter(None, (each.why_withheld(person) for each in self.releases)), "")

    @property
    def work_parts(self):
        """The parts that train, in their order."""
        return [part for part in self.parts.all() if part.number != REPORT]

    @property
    def report(self):
        """The part that writes the report, or None."""
        return next((part for part in self.parts.all() if part.number == REPORT), None)

    @property
    def working(self):
        return any(part.active for part in self.work_parts)

    @property
    def active(self):
        return any(part.active for part in self.parts.all())

    @property
    def can_be_resumed(self):
        return not self.working and any(part.unfinished for part in self.work_parts)

    @property
    def status(self):
        """Of all parts together."""
        states = {part.status for part in self.parts.all()}
        order = (JobStatus.RUNNING, JobStatus.QUEUED, JobStatus.FAILED, JobStatus.STOPPED)
        return next((state for state in order if state in states), JobStatus.DONE)

    def get_status_display(self):
        return JobStatus(self.status).label

    @property
    def tested(self):
        """How many runs are trained and tested."""
        return sum(part.tested for part in self.work_parts)

    @property
    def percent(self):
        parts = self.work_parts
        return round(100 * sum(part.progress for part in parts) / len(parts)) if parts else 0

    @transaction.atomic
    def request_report(self):
        """Have the report written, again where there is one; False while it is."""
        part, made = ProtocolPart.objects.get_or_create(protocol=self, number=REPORT)
        if made or part.again():
            part.later()
            return True
        return False

    @transaction.atomic
    def report_by(self, person):
        """`request_report`, with its Event."""
        if self.request_report():
            Event.record(person, "report", self)

    @transaction.atomic
    def stop_by(self, person):
        """Stop every part; each keeps its checkpoint."""
        stopped = [part for part in self.parts.all() if part.stop()]
        if stopped:
            Event.record(person, "stop", self)

    @transaction.atomic
    def resume_by(self, person):
        """Go on with what is not done, also with runs that failed. Raises UserError like a
        request.
        """
        self.guard_open()
        guard_runs(self.release.corpus)
        again = [part for part in self.work_parts if part.unfinished and part.again()]
        for part in again:
            part.later()
        if again:
            Event.record(person, "resume", self)

    @transaction.atomic
    def delete_by(self, person):
        """Delete it with its files. Raises UserError while it works, and where a run of it was
        evaluated on the test set: that is counted for good.
        """
        if any(part.active and not part.stale for part in self.parts.all()):
            raise UserError(gettext_noop("Stop the protocol first."))
        if self.tested:
            raise UserError(
                gettext_noop("A protocol whose runs were tested cannot be deleted: it is counted.")
            )
        Event.record(person, "delete", self, name=self.name)
        folder = self.folder
        self.parts.all().delete()
        self.delete()
        shared_folders.remove_with_row(folder)

    def tables(self):
        """What the report says, as data (tables.json of the learner); None before there is one."""
        try:
            return json.loads((self.directory / "tables.json").read_text("utf-8"))
        except FileNotFoundError:
            return None


class ProtocolPart(Job):
    """Every so-manieth run of a protocol from the `number`-th; number 0 writes the report."""

    protocol = models.ForeignKey(Protocol, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    tested = models.PositiveIntegerField(default=0, editable=False)  # runs

    verb = "train"
    work = "modeling.protocol_work.work"
    follow_up = "modeling.protocol_work.report_when_over"
    stale_after = SHORT_STALE_AFTER
    kind_label = gettext_lazy("protocol")
    corpus_field = "protocol__release__corpus"
    person_field = "protocol__started_by"
    name_fields = ("protocol__name", "protocol__release__version")
    related_fields = ("protocol__release__corpus",)

    class Meta:
        ordering = ["protocol", "number"]
        constraints = [
            models.UniqueConstraint(fields=["protocol", "number"], name="one_protocol_part_each")
        ]

    def __str__(self):
        return f"{self.protocol} · {self.share}" if self.number != REPORT else f"{self.protocol}"

    @classmethod
    def corpus_files(cls, corpus):
        """(kind, folder) of the protocols on and with releases of a corpus, by its id."""
        own = Q(release__corpus=corpus) | Q(test_release__corpus=corpus)
        for protocol in Protocol.objects.filter(own):
            yield "runs", protocol.folder

    @property
    def queue(self):  # type: ignore[override]  # of the row; of other jobs it is the model's
        """As of a run."""
        gpu = self.protocol.device == Device.GPU and self.number != REPORT
        return "gpu" if gpu else "train"

    @property
    def page_url(self):
        return self.protocol.page_url

    @property
    def corpus_id(self):
        return self.protocol.corpus_id

    def why_failure_withheld(self, person):
        """It may name utterances and their labels."""
        return self.protocol.why_withheld(person)

    @property
    def news(self):
        """Of a protocol, its report, and a part that failed."""
        return super().news and (self.number == REPORT or self.status == JobStatus.FAILED)

    @property
    def of(self):
        """How many parts train."""
        return min(self.protocol.at_once, self.protocol.runs)

    @property
    def share(self):
        return f"{self.number}/{self.of}"

    @property
    def directory(self):
        return self.protocol.folder / "parts" / str(self.number)

    def state(self):
        """How far it is, as the learner last wrote it: done, total, tested, doing."""
        path = self.protocol.directory / "parts" / f"{self.number}-of-{self.of}.json"
        try:
            return json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return {}

    @property
    def unfinished(self):
        """Whether it has ended and not done all of its runs."""
        if self.active and not self.stale:
            return False
        state = self.state()
        return not state or state["done"] < state["total"]

    def again(self):
        """Queue it again, whatever it came to; False while it is alive."""
        return self._queue_again() if not self.active or self.stale else False


trained.append(lambda corpus: ProtocolPart.objects.filter(protocol__release__corpus=corpus))
