"""Feature extraction from a release, spread over workers."""

import hashlib
import json
import math
from contextlib import suppress

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy

from core import shared_folders
from jobs.models import SHORT_STALE_AFTER, Job, JobStatus
from releases.models import Release

CLIPS = (Release.Media.DIALOGUES, Release.Media.UTTERANCES)  # with clips to extract features from
MOST_PARTS, DIALOGUES_PER_PART = 8, 20
EXTRACTED = "extracted"  # folder of a part with files of the cache, as other hosts get them


class FeaturePart(Job):
    """Every `of`-th dialogue of a release from the `number`-th: the default features of sound and
    picture, or those of one `encoder`, are extracted into the cache, clip by clip, so that a part
    that dies goes on where it was.
    """

    release = models.ForeignKey(Release, models.CASCADE, related_name="feature_parts")
    number = models.PositiveIntegerField()
    of = models.PositiveIntegerField()
    # fields of the recipe that choose an encoder and how it is read, or faces; empty: default
    # features
    encoder = models.JSONField(default=dict, editable=False)
    encoder_key = models.CharField(max_length=64, blank=True, editable=False)
    failures = models.JSONField(default=list, editable=False)

    verb = "extract"
    work = "modeling.feature_extraction.extract"
    follow_up = "modeling.feature_extraction.send_waiting_runs"
    stale_after = SHORT_STALE_AFTER
    kind_label = gettext_lazy("feature extraction")
    corpus_field = "release__corpus"
    name_fields = ("release__version",)
    related_fields = ("release__corpus",)

    class Meta:
        ordering = ["release", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "encoder_key", "number"], name="one_part_each"
            )
        ]

    def __str__(self):
        return " ".join(filter(None, [str(self.release), self.encoder_name, self.share]))

    @classmethod
    def corpus_files(cls, corpus):
        """(kind, folder) of what the extraction for a corpus, by its id, has written."""
        for part in cls.objects.filter(release__corpus=corpus):
            yield "runs", part.directory

    @property
    def page_url(self):
        return reverse("release", args=[self.release_id])

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @property
    def share(self):
        return f"{self.number}/{self.of}"

    @property
    def encoder_name(self):
        """Of its encoder, or of its functionals; of default features of faces, which; empty for the
        other ones.
        """
        names = ("_encoder", "_functionals")
        encoder = next((v for k, v in self.encoder.items() if k.endswith(names)), "")
        return encoder or self.encoder.get("vision_region", "")

    @property
    def modality(self):
        """That it is of; None for the default features of sound and picture."""
        names = ("_encoder", "_functionals", "_region")
        return next((k.split("_")[0] for k in self.encoder if k.endswith(names)), None)

    @property
    def alive(self):
        """Waits or works; not so if its worker has died."""
        return self.active and not self.stale

    @property
    def directory(self):
        return self.cache() / "parts" / str(self.pk)

    def share_extracted(self, since):
        """Let other hosts have what came into the cache of this one `since` a time in seconds."""
        if not shared_folders.in_store():
            return
        for path in self.cache().glob("*/*.npy"):
            if path.stat().st_mtime >= since:
                place = self.directory / EXTRACTED / path.relative_to(self.cache())
                _link(path, place)
        shared_folders.publish(self.directory)

    def fetch_extracted(self):
        """Have in the cache of this host what was extracted on another one."""
        shared_folders.fetch(self.directory)
        place = self.directory / EXTRACTED
        for path in place.glob("*/*.npy"):
            _link(path, self.cache() / path.relative_to(place))

    @staticmethod
    def cache():
        """Where all runs keep extracted features, by the content of the clip."""
        return settings.RUNS_DIR / "features"

    @classmethod
    @transaction.atomic
    def request(cls, release, again=False, encoder=None):
        """The parts of a release for an encoder, or for the default features: made and queued once,
        those that ended badly queued again; with `again` those, too, in which a clip failed.
        """
        key = key_of(encoder)
        parts = list(release.feature_parts.filter(encoder_key=key))
        if not parts:
            dialogues = sum(release.summary["dialogues"].values())
            count = min(MOST_PARTS, max(1, math.ceil(dialogues / DIALOGUES_PER_PART)))
            parts = FeaturePart.objects.bulk_create(
                FeaturePart(
                    release=release, number=n, of=count, encoder=encoder or {}, encoder_key=key
                )
                for n in range(1, count + 1)
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


def _link(path, place):
    """Have a file at another place, too, unless one is there; it takes no room twice."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        place.hardlink_to(path)


def features_directory(release, digest):
    """Where imported features of a release, by its id, are."""
    return settings.RUNS_DIR / "imported" / str(release) / digest[:32]


def key_of(encoder):
    """What tells the parts of an encoder and its settings from others; empty: default features."""
    if not encoder:
        return ""
    return hashlib.sha256(json.dumps(encoder, sort_keys=True).encode()).hexdigest()


def extraction_progress(release, keys):
    """How far features of a release are extracted, and which clips failed: those of encoders and
    defaults by their `keys`; None before anybody asked.
    """
    parts = list(release.feature_parts.filter(encoder_key__in=keys))
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
