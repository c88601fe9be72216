"""Feature extraction from the clips of a release, spread over workers."""

import math

from django.conf import settings
from django.db import models, transaction

from jobs.models import SHORT_STALE_AFTER, Job, JobStatus
from releases.models import Release

CLIPS = (Release.Media.DIALOGUES, Release.Media.UTTERANCES)  # with clips to extract features from
MOST_PARTS, DIALOGUES_PER_PART = 8, 20


class FeaturePart(Job):
    """Every `of`-th dialogue of a release from the `number`-th: features of sound and picture are
    extracted into the cache, clip by clip, so that a part that dies goes on where it was.
    """

    release = models.ForeignKey(Release, models.CASCADE, related_name="feature_parts")
    number = models.PositiveIntegerField()
    of = models.PositiveIntegerField()
    failures = models.JSONField(default=list, editable=False)

    verb = "extract"
    work = "modeling.feature_extraction.extract"
    follow_up = "modeling.feature_extraction.send_waiting_runs"
    stale_after = SHORT_STALE_AFTER

    class Meta:
        ordering = ["release", "number"]
        constraints = [models.UniqueConstraint(fields=["release", "number"], name="one_part_each")]

    def __str__(self):
        return f"{self.release} {self.number}/{self.of}"

    @classmethod
    def corpus_files(cls, corpus):
        """(kind, folder) of what the extraction for a corpus, by its id, has written."""
        for part in cls.objects.filter(release__corpus=corpus):
            yield "runs", part.directory

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
        """Where all runs keep extracted features, by the content of the clip."""
        return settings.RUNS_DIR / "features"

    @classmethod
    @transaction.atomic
    def request(cls, release, again=False):
        """The parts of a release: made and queued once, those that ended badly queued again; with
        `again` those, too, in which a clip failed.
        """
        parts = list(release.feature_parts.all())
        if not parts:
            dialogues = sum(release.summary["dialogues"].values())
            count = min(MOST_PARTS, max(1, math.ceil(dialogues / DIALOGUES_PER_PART)))
            parts = FeaturePart.objects.bulk_create(
                FeaturePart(release=release, number=n, of=count) for n in range(1, count + 1)
            )
            waiting = parts
        else:
            waiting = [part for part in parts if part.requeue() or part._retry(again)]
        for part in waiting:
            part.later()
        return parts

    def _retry(self, again):
        """Queue it once more although it is done; whether."""
        wanted = again and self.failures and self.status == JobStatus.DONE
        return bool(wanted) and self._queue_again(failures=[])


def extraction_progress(release):
    """How far the features of a release are extracted, and which clips failed; None before anybody
    asked.
    """
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
