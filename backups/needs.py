"""What backups need of an administrator, on the start page."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext

from backups.schedule import is_overdue
from corpus.overview import Need


def backup_needs() -> Iterator[Need]:
    """That the last good backup is too old, or that there is none."""
    if is_overdue():
        words = gettext("The last good backup is too old, or there is none")
        yield Need(words, 1, reverse("installation_backups"), urgent=True)
