"""Backups of the installation and checks of them, as work for a worker."""

from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.errors import UserError, gettext_noop
from jobs.models import Job, JobStatus
from people.models import Event

ACTIVE = [JobStatus.QUEUED, JobStatus.RUNNING]


class BackupQuerySet(models.QuerySet["Backup"]):
    def good(self):
        """Those that are whole and still there, the newest first."""
        return self.filter(status=JobStatus.DONE, removed=False)


class Backup(Job):
    """A backup of everything: asked for by a person, by the schedule or on the command line."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    scheduled_for = models.DateTimeField(null=True, unique=True, editable=False)
    target = models.CharField(max_length=500)
    keep = models.PositiveIntegerField(default=0)  # backups of the target that stay; 0: all
    with_keys = models.BooleanField(default=False)
    without = models.JSONField(default=list)  # areas that are left out
    name = models.CharField(max_length=40, blank=True, editable=False)
    encrypted = models.BooleanField(default=False, editable=False)
    files = models.PositiveIntegerField(default=0, editable=False)
    size = models.BigIntegerField(default=0, editable=False)  # bytes of everything in it
    new_bytes = models.BigIntegerField(default=0, editable=False)  # that it added on disk
    missing = models.JSONField(default=list, editable=False)  # files that rows name, not there
    removed = models.BooleanField(default=False, editable=False)

    objects = BackupQuerySet.as_manager()

    passphrase: str | None = None  # of the command line, for this process alone

    verb = "back up"
    work = "backups.writer.back_up"
    uses_heartbeat_thread = True  # a large file is read without progress
    kind_label = _("backup")
    corpus_field = ""
    person_field = "person"
    name_fields = ("name", "target")

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.name or self.target

    @property
    def page_url(self):
        return reverse("installation_backups")

    @classmethod
    @transaction.atomic
    def request(cls, person, scheduled_for=None, **values):
        """A new backup for a worker, with its Event; None if the schedule has it already.

        Raises UserError if there is no target, or one is being made.
        """
        values = {"target": settings.BACKUP_DIR, "keep": settings.BACKUP_KEEP} | values
        if not values["target"]:
            raise UserError(
                gettext_noop(
                    "There is no place for backups. Set BACKUP_DIR to a folder on another disk."
                )
            )
        if cls.objects.filter(status__in=ACTIVE).exists():
            raise UserError(gettext_noop("A backup is being made. Wait until it has ended."))
        try:
            with transaction.atomic():
                job = cls.objects.create(person=person, scheduled_for=scheduled_for, **values)
        except IntegrityError:  # another worker was first
            return None
        Event.record(person, cls.verb, job)
        return job


class BackupCheck(Job):
    """Every file of a backup read again and compared with its digest."""

    backup = models.ForeignKey(Backup, models.CASCADE, related_name="checks")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    faulty = models.PositiveIntegerField(default=0, editable=False)  # damaged or missing files

    verb = "check backup"
    work = "backups.writer.check"
    uses_heartbeat_thread = True
    kind_label = _("check of a backup")
    corpus_field = ""
    person_field = "person"
    name_fields = ("backup__name",)
    related_fields = ("backup",)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return str(self.backup)

    @property
    def page_url(self):
        return reverse("installation_backups")

    @classmethod
    @transaction.atomic
    def request(cls, person, backup: Backup) -> Any:
        """Have a backup checked, with its Event; the check that is under way, if there is one."""
        going = cls.objects.filter(backup=backup, status__in=ACTIVE).first()
        if going:
            return going
        job = cls.objects.create(backup=backup, person=person)
        Event.record(person, cls.verb, backup)
        job.later()
        return job
