"""Backups as administrators of the installation see them: the last good one, all others, and what
they are made of.
"""

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from backups.models import Backup, BackupCheck
from backups.passphrase import configured_passphrase
from backups.schedule import is_overdue, next_due
from core.errors import UserError
from core.fragments import live_part
from core.translation import translate_error
from jobs.models import JobStatus

SHOWN = 50


def installation_backups(request):
    """The list; a POST has a backup made now."""
    _require_administrator(request)
    if request.method == "POST":
        try:
            Backup.request(request.user).later()
        except UserError as error:
            messages.error(request, translate_error(error))
        return redirect("installation_backups")
    rows: list[Any] = list(
        Backup.objects.select_related("person").prefetch_related("checks")[:SHOWN]
    )
    for row in rows:
        row.last_check = next(iter(row.checks.all()), None)
        row.is_good = row.status == JobStatus.DONE and not row.removed
        check = row.last_check
        row.check_failed = bool(check and check.status == JobStatus.FAILED)
        row.progress_url = reverse("backup_progress", args=[row.pk])
        if check:
            check.progress_url = reverse("backup_check_progress", args=[check.pk])
    newest = rows[0] if rows else None
    page = {
        "tab": "backups",
        "rows": rows,
        "good": Backup.objects.good().first(),
        "going": newest if newest and newest.active else None,
        "failed": newest if newest and newest.status == JobStatus.FAILED else None,
        "is_overdue": is_overdue(),
        "warn_hours": settings.BACKUP_WARN_HOURS,
        "target": settings.BACKUP_DIR,
        "next": next_due(),
        "keep": settings.BACKUP_KEEP,
        "encrypts": bool(configured_passphrase()),
        **_place(settings.BACKUP_DIR),
    }
    return render(request, "backups/installation_backups.html", page)


def _place(target):
    """Free bytes of the disk with the backups, and whether the data are on the same one."""
    path = Path(target)
    try:
        while not path.exists():
            path = path.parent
        same = path.stat().st_dev == settings.DATA_DIR.stat().st_dev
        return {"free": shutil.disk_usage(path).free, "same_disk": bool(target) and same}
    except OSError:  # a share that is away
        return {"free": None, "same_disk": False}


def backup_progress(request, pk):
    _require_administrator(request)
    job = get_object_or_404(Backup, pk=pk)
    values = {"job": job, "name": "backup", "url": reverse("backup_progress", args=[pk])}
    return live_part(request, "_progress.html", job.active, values)


def backup_check_progress(request, pk):
    _require_administrator(request)
    job = get_object_or_404(BackupCheck, pk=pk)
    values = {"job": job, "name": "check", "url": reverse("backup_check_progress", args=[pk])}
    return live_part(request, "_progress.html", job.active, values)


@require_POST
def new_backup_check(request, pk):
    """Have a backup read again and compared."""
    _require_administrator(request)
    backup = get_object_or_404(Backup.objects.good(), pk=pk)
    BackupCheck.request(request.user, backup)
    messages.success(request, _("The backup is being checked."))
    return redirect("installation_backups")


def _require_administrator(request):
    if not request.user.is_superuser:
        raise Http404
