"""What waits for an administrator of the installation, on their start page."""

from collections.abc import Callable, Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import ngettext

from core.pagination import at_most
from corpus.overview import Need
from jobs.job_list import failed_jobs
from jobs.models import JobStatus
from people.models import Person

others: list[Callable[[], Iterable[Need]]] = []  # what apps to the right add


def installation_needs(person: Person, _works: Any) -> dict[str, list[Need]] | None:
    """The values of a part of the start page; None where nothing waits, and for others."""
    if not person.is_superuser:
        return None
    needs = [*_failed_jobs(), *(need for find in others for need in find())]
    return {"needs": needs} if needs else None


def _failed_jobs() -> list[Need]:
    failed, more = at_most(failed_jobs())
    need = Need(
        ngettext("%(n)s job has failed", "%(n)s jobs have failed", failed),
        failed,
        f"{reverse('installation_jobs')}?state={JobStatus.FAILED}",
        more=more,
        urgent=True,
    )
    return [need] if failed else []
