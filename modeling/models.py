"""TrainingRun: one recipe learned from one frozen release."""

import json
import subprocess
import sys
import time
from itertools import islice

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy

from corpus.complaints import gettext_noop
from corpus.jobs import Job, JobStatus, Refused, Stopped
from corpus.models import Corpus
from people.models import Event
from releases.models import Release

PAUSE = 0.5  # seconds between two looks at the learner's events
LAST_WORDS = 4000  # characters of standard error that are kept


class Recipes(models.TextChoices):
    """The learner's recipes by name; a test compares them with the learner's own list."""

    HARD_SMALL = "hard-small", gettext_lazy("hard sharing, small: text, audio, vision")
    HARD_TEXT = "hard-text", gettext_lazy("hard sharing, text only")
    SOFT_SMALL = "soft-small", gettext_lazy("soft sharing with relation gates: text, audio, vision")
    SOFT_TEXT = "soft-text", gettext_lazy("soft sharing with relation gates, text only")


class TrainingRunQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(release__corpus__in=Corpus.objects.led_by(person)).select_related(
            "release__corpus", "started_by"
        )


class TrainingRun(Job):
    """Supervises `python -m modeling.learner train` and keeps what it reported."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="runs")
    recipe = models.CharField(
        gettext_lazy("recipe"), max_length=40, choices=Recipes, default=Recipes.HARD_SMALL
    )
    seed = models.PositiveIntegerField(gettext_lazy("seed"), default=1)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    code_version = models.CharField(max_length=40, blank=True, editable=False)
    results = models.JSONField(default=dict, editable=False)

    verb = "train"
    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.release} · {self.recipe} · {self.seed}"

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @property
    def directory(self):
        return settings.RUNS_DIR / str(self.pk)

    @classmethod
    @transaction.atomic
    def request(cls, person, release, recipe=Recipes.HARD_SMALL, seed=1):
        """Queue a run. Raises Refused unless the release is frozen, or if it is withdrawn."""
        if release.status != JobStatus.DONE:
            raise Refused(gettext_noop("Only a frozen release can be trained on."))
        release.guard_open()
        run = cls.objects.create(
            release=release,
            recipe=recipe,
            seed=seed,
            started_by=person,
            code_version=settings.VERSION,
        )
        Event.record(person, "train", run, recipe=recipe, release=release.version)
        return run

    def later(self):
        from modeling.tasks import train_run

        train_run.delay_on_commit(self.pk)

    def train(self):
        """Train in a process of its own; a second call while one works does nothing."""
        if self.claim():
            with self.settled():
                self._supervise()
        return self

    def events(self):
        """What the learner reported so far, oldest first."""
        path = self.directory / "events.jsonl"
        if not path.exists():
            return []
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.endswith("\n")]

    def _supervise(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "events.jsonl").unlink(missing_ok=True)
        command = [
            *(sys.executable, "-m", "modeling.learner", "train", str(self.release.directory)),
            *("--recipe", self.recipe, "--seed", str(self.seed)),
            *("--out", str(self.directory), "--json", "--leashed"),
        ]
        with (
            (self.directory / "stderr.txt").open("wb") as errors,
            subprocess.Popen(
                command,
                cwd=settings.ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            ) as learner,
        ):
            try:
                self._follow(learner)
            finally:
                if learner.poll() is None:
                    learner.terminate()
                    try:
                        learner.wait(timeout=20)
                    except subprocess.TimeoutExpired:
                        learner.kill()
        self._read_results(learner.returncode)

    def _follow(self, learner):
        seen = 0
        while learner.poll() is None:
            events = list(islice(self.events(), seen, None))
            seen += len(events)
            self.beat(_progress(events[-1]) if events else None)
            time.sleep(PAUSE)

    def _read_results(self, status):
        events = self.events()
        last = events[-1] if events else {}
        if last.get("event") == "refused":
            raise Refused("%(reason)s", reason=last["reason"])
        if last.get("event") == "stopped":
            raise Stopped
        if status != 0 or last.get("event") != "done":
            words = (self.directory / "stderr.txt").read_text("utf-8", errors="replace")
            tail = words.strip().splitlines()[-1:] or ["–"]
            if status in (-9, 137):
                raise Refused(
                    gettext_noop("The training process was killed, probably for lack of memory.")
                )
            raise Refused(
                gettext_noop("The training process ended with status %(status)s: %(words)s"),
                status=status,
                words=tail[0][-LAST_WORDS:],
            )
        self.results = last
        with transaction.atomic():
            self.save(update_fields=["results"])
            self.finish()


def _progress(event):
    """Feature extraction is the first fifth of a run, epochs are the rest."""
    if event["event"] == "features":
        return 0.2 * event["done"] / event["total"]
    if event["event"] == "epoch":
        return 0.2 + 0.8 * event["epoch"] / event["epochs"]
    return None
