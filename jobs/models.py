"""A piece of machine work that is a row: queued, claimed once, alive by its heartbeat."""

import datetime
import logging
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from typing import Any

from django.db import DatabaseError, connection, models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from core.error_reports import new_error_id
from core.errors import UserError, gettext_noop
from core.full_disk import NOT_DONE, FullDisk, is_full_disk
from core.translation import translate
from jobs.tasks import run_job

log = logging.getLogger(__name__)

STALE_AFTER = datetime.timedelta(minutes=2)
SHORT_STALE_AFTER = datetime.timedelta(seconds=45)  # of work that reports progress every second
HEARTBEAT_INTERVAL = 20.0  # seconds between heartbeats of the thread beside the work
HEARTBEAT_END = 5.0  # seconds that the work waits for the last one, which may wait for the database
HUNG_AFTER = 30 * 60.0  # seconds without progress after which the heartbeat thread falls silent
UNCLAIMED_AFTER = datetime.timedelta(seconds=20)
MOST_DEATHS = 3  # of workers during one job, after which it is not given to another one


WORKER_DIED = gettext_noop(
    "The worker ended %(count)d times during this job, probably for lack of memory. What was "
    "stored before is kept. Look into the worker's log, give the machine more memory or run fewer "
    "jobs at once, then retry."
)


ended: list[Callable[["Job"], None]] = []  # what apps to the right do with a job that has ended


def long_since(moment, span):
    """True if more than `span` lies between the moment and now, whichever is first: a clock that
    was set back leaves moments that are still to come.
    """
    return abs(timezone.now() - moment) > span


class Stopped(Exception):
    """Work that was asked to stop; with an error where it was not a person who asked."""

    def __init__(self, error=None):
        super().__init__(str(error or ""))
        self.error = error


def send(task, *arguments, queue=None):
    """Give a Job's task to the queue once the transaction is over. A queue that does not answer is
    logged and no error: the row waits, and `jobs.recovery` sends it when the queue is back.
    """

    def deliver():
        task.apply_async(arguments, queue=queue)

    transaction.on_commit(deliver, robust=True)


class JobStatus(models.TextChoices):
    DRAFT = "draft", _("to be confirmed")
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    STOPPED = "stopped", _("stopped")


class Job(models.Model):
    """Mixed into a model whose rows are work for a worker, such as Source, Release, TrainingRun.

    The model names the `verb` of its Event, the function that does its `work` and its `queue`. A
    row without a heartbeat for `stale_after` counts as left by a dead worker. The fields and
    addresses from `kind_label` on are what lists of jobs show (`jobs/job_list.py`).
    """

    Status = JobStatus
    verb = ""
    work = ""  # dotted name of a function of the claimed row; it may build on the models
    follow_up = ""  # dotted name of a function called with the row once it has ended, however
    waits = False  # whether another job has to end first, which then sends this one
    queue = "work"
    stale_after = STALE_AFTER
    uses_heartbeat_thread = False  # for work that cannot report progress often enough

    kind_label: Any = ""  # what kind of work its rows are
    corpus_field = "corpus"  # the way to its corpus, as lookups have it; empty where it has none
    person_field = ""  # who asked for it; empty where that is kept nowhere
    name_fields: tuple[str, ...] = ()  # what a search for one of them compares
    related_fields: tuple[str, ...] = ()  # what its name and addresses need beside its own row

    status = models.CharField(max_length=8, choices=JobStatus, default=JobStatus.QUEUED)
    failure = models.JSONField(default=dict, blank=True, editable=False)
    progress = models.FloatField(default=0.0)
    attempt = models.PositiveIntegerField(default=0)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    heartbeat = models.DateTimeField(null=True, editable=False)
    # Workers that ended during it since somebody last asked for it.
    deaths = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    def claim(self):
        """Mark the queued row as this worker's; False if somebody else already did."""
        now = timezone.now()
        claimed = (
            type(self)
            ._base_manager.filter(pk=self.pk, status=JobStatus.QUEUED)
            .update(
                status=JobStatus.RUNNING,
                failure={},
                progress=0.0,
                attempt=F("attempt") + 1,
                started_at=now,
                finished_at=None,
                heartbeat=now,
            )
        )
        if claimed:
            self.refresh_from_db()
        return bool(claimed)

    def report_progress(self, progress=None):
        """Write the heartbeat and the share done (0 to 1). Raises Stopped if it should end."""
        self.last_progress = time.monotonic()
        values = {"heartbeat": timezone.now()}
        if progress is not None:
            values["progress"] = self.progress = min(max(progress, 0.0), 1.0)
        alive = type(self)._base_manager.filter(
            pk=self.pk, status=JobStatus.RUNNING, attempt=self.attempt
        )
        if not alive.update(**values):
            raise Stopped

    @contextmanager
    def heartbeat_thread(self, every=HEARTBEAT_INTERVAL):
        """Write the heartbeat from a thread, `every` so many seconds, beside work such as reading a
        large file; work without progress for HUNG_AFTER becomes stale all the same.
        """
        over = threading.Event()
        self.last_progress = time.monotonic()
        mine = type(self)._base_manager.filter(
            pk=self.pk, status=JobStatus.RUNNING, attempt=self.attempt
        )

        def write_heartbeats():
            while not over.wait(every):
                try:
                    if time.monotonic() < self.last_progress + HUNG_AFTER:
                        mine.update(heartbeat=timezone.now())
                except DatabaseError:
                    log.exception("%s %s wrote no heartbeat", self._meta.model_name, self.pk)
                finally:
                    connection.close()

        thread = threading.Thread(target=write_heartbeats, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(HEARTBEAT_END)  # within a transaction of the work, SQLite holds it up

    def finish(self):
        """Mark the work done within the transaction that stores its result, so that one cannot be
        there without the other. Raises Stopped if it was asked to stop meanwhile.
        """
        self.report_progress(1.0)
        self._end(JobStatus.DONE)

    @contextmanager
    def outcome_recorded(self):
        """Run the claimed work; whatever happens, the row ends in a state that says so."""
        try:
            yield
        except Stopped as stopped:
            self._end(JobStatus.STOPPED, stopped.error)
        except UserError as error:
            full = is_full_disk(error)
            self._end(JobStatus.FAILED, FullDisk(NOT_DONE) if full else error)
        except Exception as error:
            if is_full_disk(error):
                log.error("%s %s: %s", self._meta.model_name, self.pk, error)
                return self._end(JobStatus.FAILED, FullDisk(NOT_DONE))
            error_id = new_error_id()
            log.exception(
                "%s %s failed", self._meta.model_name, self.pk, extra={"error_id": error_id}
            )
            template = gettext_noop("Unexpected error: %(error)s (error id %(error_id)s)")
            description = f"{type(error).__name__}: {error}"[:500]
            self._end(JobStatus.FAILED, UserError(template, error=description, error_id=error_id))
        else:
            self._end(JobStatus.DONE)

    def _end(self, status, error=None):
        values = {"status": status, "finished_at": timezone.now()}
        if error:
            values["failure"] = error.to_json()
        if status == JobStatus.DONE:
            values["progress"] = 1.0
        mine = type(self)._base_manager.filter(
            pk=self.pk, status=JobStatus.RUNNING, attempt=self.attempt
        )
        mine.update(**values)
        self.refresh_from_db()

    def stop(self):
        """Ask the work to end: a queued row ends at once, a running one at its next progress."""
        now = timezone.now()
        mine = type(self)._base_manager.filter(
            pk=self.pk, status__in=[JobStatus.QUEUED, JobStatus.RUNNING]
        )
        stopped = mine.update(status=JobStatus.STOPPED, finished_at=now)
        self.refresh_from_db()
        return bool(stopped)

    def later(self):
        """Send the task that does the work, once the transaction is over."""
        send(run_job, self._meta.label_lower, self.pk, queue=self.queue)

    def run(self):
        """Do the work unless somebody has claimed it; the row, whose state says how it ended."""
        if self.claim():
            thread = self.heartbeat_thread() if self.uses_heartbeat_thread else nullcontext()
            with self.outcome_recorded(), thread:
                import_string(self.work)(self)
            if self.follow_up:
                import_string(self.follow_up)(self)
            for tell in ended:
                tell(self)
        return self

    @transaction.atomic
    def stop_by(self, person):
        """`stop`, with its Event."""
        if self.stop():
            person.record("stop", self)

    @transaction.atomic
    def retry_by(self, person):
        """Do ended or stale work again, with its Event; nothing if it is alive or waits."""
        if self.requeue():
            person.record(self.verb, self, again=True)
            self.later()

    def requeue(self):
        """Put ended or stale work back into the queue; False if it is alive or already waits."""
        return self._queue_again() if self.ended or self.stale else False

    def recover(self, left=False):
        """Queue again what a dead worker left running, because it is stale or (`left`) because no
        worker runs at all; whether. What has ended MOST_DEATHS workers fails with that reason.
        """
        if self.status != JobStatus.RUNNING or not (left or self.stale):
            return False
        deaths = self.deaths + 1
        if deaths < MOST_DEATHS:
            return self._queue_again(deaths=deaths)
        if self._change(
            status=JobStatus.FAILED,
            failure=UserError(WORKER_DIED, count=deaths).to_json(),
            finished_at=timezone.now(),
            deaths=deaths,
        ):
            log.error("%s %s has ended %s workers", self._meta.model_name, self.pk, deaths)
            if self.follow_up:
                import_string(self.follow_up)(self)
        return False

    def hand_back(self):
        """Queue again what this worker does but will not finish, because it was told to stop; no
        death counts. The work ends at its next progress. Whether.
        """
        return self.status == JobStatus.RUNNING and self._queue_again(deaths=self.deaths)

    def _queue_again(self, **values):
        """Queue the row with new `values` unless somebody has changed it meanwhile; whether."""
        fresh = {"failure": {}, "progress": 0.0, "queued_at": timezone.now(), "deaths": 0}
        return self._change(status=JobStatus.QUEUED, **(fresh | values))

    def _change(self, **values):
        """Update the row unless somebody has changed its state meanwhile; whether."""
        mine = type(self)._base_manager.filter(pk=self.pk, status=self.status, attempt=self.attempt)
        changed = mine.update(**values)
        self.refresh_from_db()
        return bool(changed)

    @property
    def display_kind(self):
        """What kind of work it is, in the reader's language."""
        return str(self.kind_label)

    @property
    def page_url(self):
        """The address of the page that shows what it is about; empty where there is none."""
        raise NotImplementedError

    @property
    def log_url(self):
        """The address of what its program wrote; empty where it keeps nothing."""
        return ""

    @property
    def news(self):
        """Whether its end is worth an e-mail to the person who asked for it."""
        return self.status in (JobStatus.DONE, JobStatus.FAILED)

    def why_failure_withheld(self, person):
        """Why the person may not read now why it failed; "" where they may."""
        return ""

    @property
    def failure_text(self):
        """Why it failed, in the reader's language; empty if it did not."""
        return translate(**self.failure) if self.failure else ""

    @property
    def ended(self):
        return self.status in (JobStatus.FAILED, JobStatus.STOPPED)

    @property
    def active(self):
        return self.status in (JobStatus.QUEUED, JobStatus.RUNNING)

    @property
    def stale(self):
        """True if a worker claimed it and has written no heartbeat for too long."""
        return (
            self.status == JobStatus.RUNNING
            and self.heartbeat is not None
            and long_since(self.heartbeat, self.stale_after)
        )

    @property
    def unclaimed(self):
        """True if it has waited so long that probably no worker runs."""
        return self.status == JobStatus.QUEUED and long_since(self.queued_at, UNCLAIMED_AFTER)

    @property
    def kind_name(self):
        """The name of its kind in addresses."""
        return self._meta.model_name

    @property
    def can_be_retried(self):
        return self.ended or self.stale

    @property
    def duration(self):
        """How long it has worked, or worked until it ended; None if no worker has taken it."""
        if not self.started_at or self.status == JobStatus.QUEUED:
            return None
        return max((self.finished_at or timezone.now()) - self.started_at, datetime.timedelta())

    @property
    def percent(self):
        return round(self.progress * 100)

    @property
    def seconds_left(self):
        """An estimate from the pace so far, or None while there is none."""
        if self.status != JobStatus.RUNNING or not self.started_at or self.progress < 0.02:
            return None
        spent = (timezone.now() - self.started_at).total_seconds()
        return round(spent / self.progress * (1 - self.progress))
