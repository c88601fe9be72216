"""Measuring the clips of a release, spread over workers."""

from django.conf import settings
from django.db import models, transaction

from jobs.models import SOON_STALE, Job, JobStatus, send
from modeling.learner_process import lines_of, supervise
from releases.models import Release

CLIPS = (Release.Media.DIALOGUES, Release.Media.UTTERANCES)  # something is left to measure
MOST, EACH = 8, 20  # parts, and dialogues a part below that


class FeaturePart(Job):
    """Every `of`-th dialogue of a release from the `number`-th: sound and picture are measured into
    the cache, clip by clip, so that a part that dies goes on where it was.
    """

    release = models.ForeignKey(Release, models.CASCADE, related_name="feature_parts")
    number = models.PositiveIntegerField()
    of = models.PositiveIntegerField()
    failures = models.JSONField(default=list, editable=False)

    verb = "measure"
    patience = SOON_STALE

    class Meta:
        ordering = ["release", "number"]
        constraints = [models.UniqueConstraint(fields=["release", "number"], name="one_part_each")]

    def __str__(self):
        return f"{self.release} {self.number}/{self.of}"

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @property
    def alive(self):
        """Waits or works; not so if its worker has died."""
        return self.active and not self.stale

    @property
    def directory(self):
        return self.cache() / "parts" / str(self.pk)

    @staticmethod
    def cache():
        """Where all runs keep what was measured, by content."""
        return settings.RUNS_DIR / "features"

    @classmethod
    @transaction.atomic
    def request(cls, release, again=False):
        """The parts of a release: made and queued once, those that ended badly queued again; with
        `again` those, too, in which a clip failed.
        """
        found = list(release.feature_parts.all())
        if not found:
            count = min(MOST, max(1, -(-sum(release.summary["dialogues"].values()) // EACH)))
            found = cls.objects.bulk_create(
                cls(release=release, number=n, of=count) for n in range(1, count + 1)
            )
            waiting = found
        else:
            waiting = [part for part in found if part.requeue() or part._retry(again)]
        for part in waiting:
            part.later()
        return found

    def _retry(self, again):
        """Queue it once more although it is done; whether."""
        wanted = again and self.failures and self.status == JobStatus.DONE
        return bool(wanted) and self._queue_again(failures=[])

    def later(self):
        from modeling.tasks import measure_part

        send(measure_part, self.pk)

    def measure(self):
        """Measure in a process of its own; a second call while one works does nothing. The last
        part to end wakes the runs that wait for it.
        """
        if self.claim():
            with self.settled():
                self._supervise()
            if not any(part.alive for part in self.release.feature_parts.all()):
                self._wake()
        return self

    def _wake(self):
        with transaction.atomic():
            for run in self.release.runs.filter(status=JobStatus.QUEUED):
                run.later()

    def _supervise(self):
        supervise(
            ["features", self.release.directory, "--cache", self.cache(), "--json",
             "--part", f"{self.number}/{self.of}", "--on-failure", "missing", "--device", "cpu"],
            self.directory,
            self._beat,
        )  # fmt: skip
        self.failures = self._told()[-1]["failures"]
        with transaction.atomic():
            self.save(update_fields=["failures"])
            self.finish()

    def _told(self):
        return list(lines_of(self.directory / "stdout.txt"))

    def _beat(self):
        told = self._told()
        self.beat(told[-1]["done"] / told[-1]["total"] if told and "done" in told[-1] else None)


def measured(release):
    """How far the clips of a release are measured, and which failed; None before anybody asked."""
    parts = list(release.feature_parts.all())
    if not parts:
        return None
    return {
        "parts": parts,
        "percent": round(100 * sum(part.progress for part in parts) / len(parts)),
        "active": any(part.active for part in parts),
        "stuck": [part for part in parts if part.ended or part.stale],
        "done": all(part.status == JobStatus.DONE for part in parts),
        "failures": [failure for part in parts for failure in part.failures],
    }
