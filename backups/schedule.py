"""Backups at the times of day that BACKUP_AT names."""

import datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from backups.models import ACTIVE, Backup


def times_of_day(words: list[str]) -> list[datetime.time]:
    """Times such as "03:00", in their order. Raises ImproperlyConfigured."""
    try:
        return sorted(datetime.time.fromisoformat(word.strip()) for word in words)
    except ValueError as error:
        raise ImproperlyConfigured(f"BACKUP_AT needs times such as 03:00, not {words}.") from error


def last_due(now: datetime.datetime | None = None) -> datetime.datetime | None:
    """When the last backup was due, None without a schedule."""
    times = times_of_day(settings.BACKUP_AT)
    if not times or not settings.BACKUP_DIR:
        return None
    zone = timezone.get_default_timezone()
    local = timezone.localtime(now, zone)
    days = (local.date(), local.date() - datetime.timedelta(days=1))
    due = (datetime.datetime.combine(day, at, zone) for day in days for at in times)
    return max(moment for moment in due if moment <= local)


def next_due() -> datetime.datetime | None:
    """When the next one is due, None without a schedule."""
    times = times_of_day(settings.BACKUP_AT)
    if not times or not settings.BACKUP_DIR:
        return None
    local = timezone.localtime(timezone=timezone.get_default_timezone())
    days = (local.date(), local.date() + datetime.timedelta(days=1))
    due = (datetime.datetime.combine(day, at, local.tzinfo) for day in days for at in times)
    return min(moment for moment in due if moment > local)


def request_due() -> int:
    """Ask for the backup that is due unless it was asked for; how many. Called by every worker."""
    due = last_due()
    if due is None or Backup.objects.filter(queued_at__gte=due).exists():
        return 0
    if Backup.objects.filter(status__in=ACTIVE).exists():
        return 0
    job = Backup.request(None, scheduled_for=due)
    if job is None:
        return 0
    job.later()
    return 1


def is_overdue() -> bool:
    """Whether backups are to be made here and the last good one is too old, or there is none."""
    if not settings.BACKUP_DIR:
        return False
    limit = timezone.now() - datetime.timedelta(hours=settings.BACKUP_WARN_HOURS)
    return not Backup.objects.good().filter(finished_at__gte=limit).exists()
