"""Jobs of all kinds as one list: what runs, waits, has failed or has ended lately."""

import datetime
from collections import defaultdict
from operator import attrgetter
from typing import Any

from django.db.models import Case, CharField, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from jobs.models import Job, JobStatus
from jobs.recovery import job_models

LISTED_FOR = datetime.timedelta(days=30)  # after the end of what went well or was stopped
ACTIVE = [JobStatus.QUEUED, JobStatus.RUNNING]
STATES = [state for state in JobStatus if state != JobStatus.DRAFT]


def kinds() -> dict[str, type[Job]]:
    """Name of a kind of job, as addresses have it -> its model."""
    return {model._meta.model_name: model for model in job_models()}


def listed_jobs(corpus=None, kind="", state="", words=""):
    """Pairs (kind, pk) as one query: what is active first, then the latest; of a `corpus` or all.

    `words` are looked for in the name of a job, of its corpus and of who asked for it.
    """
    chosen = {kind: kinds()[kind]} if kind else kinds()
    queries = [
        _entries(name, model, corpus, state, words)
        for name, model in chosen.items()
        if corpus is None or model.corpus_field
    ]
    if not queries:  # a kind that is of no corpus
        return next(iter(chosen.values()))._base_manager.none()
    first, *others = queries
    return first.union(*others, all=True).order_by("rank", "-at", "job_kind", "-pk")


def _entries(name, model, corpus, state, words):
    rows = model._base_manager.exclude(status=JobStatus.DRAFT)
    recent = Q(finished_at__gte=timezone.now() - LISTED_FOR)
    rows = rows.filter(Q(status__in=[*ACTIVE, JobStatus.FAILED]) | recent)
    if corpus is not None:
        rows = rows.filter(**{model.corpus_field: corpus})
    if state:
        rows = rows.filter(status=state)
    if words:
        rows = rows.filter(_named(model, words))
    return (
        rows.order_by()
        .annotate(
            job_kind=Value(name, output_field=CharField()),
            rank=Case(When(status__in=ACTIVE, then=Value(0)), default=Value(1)),
            at=Coalesce("finished_at", "started_at", "queued_at"),
        )
        .values_list("job_kind", "pk", "rank", "at")
    )


def _named(model, words):
    fields = [*model.name_fields]
    fields += [f"{model.corpus_field}__name"] if model.corpus_field else []
    if model.person_field:
        fields += [f"{model.person_field}__name", f"{model.person_field}__username"]
    found = Q()
    for field in fields:
        found |= Q(**{f"{field}__icontains": words})
    return found


def rows_of(entries) -> list[Job]:
    """The rows of some entries of `listed_jobs` in their order, by one query a kind."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for kind, pk, *_order in entries:
        wanted[kind].append(pk)
    found: dict[tuple[str, int], Job] = {}
    for kind, pks in wanted.items():
        for job in with_names(kinds()[kind]).filter(pk__in=pks):
            found[kind, job.pk] = job
    pairs = [(kind, pk) for kind, pk, *_order in entries]
    return [found[pair] for pair in pairs if pair in found]  # some may be gone meanwhile


def with_names(model: type[Job]):
    """The rows of a kind with what their names and addresses need."""
    related = [*model.related_fields, model.corpus_field, model.person_field]
    return model._base_manager.select_related(*filter(None, related))


def corpus_of_job(job: Job) -> Any:
    """The corpus that a job is of; None where there is none."""
    return _related(job, job.corpus_field)


def person_of_job(job: Job) -> Any:
    """Who asked for a job; None where that is not kept."""
    return _related(job, job.person_field)


def _related(job: Job, field: str) -> Any:
    """What a field leads to, named as lookups have it; None for an empty name."""
    return attrgetter(field.replace("__", "."))(job) if field else None


def failed_jobs(corpus=None):
    """The ids of the jobs of a corpus, or of all, that have failed and were not tried again: what
    `listed_jobs` lists as failed, to be counted.
    """
    queries = []
    for model in job_models():
        rows = model._base_manager.filter(status=JobStatus.FAILED)
        if corpus is None:
            queries.append(rows)
        elif model.corpus_field:
            queries.append(rows.filter(**{model.corpus_field: corpus}))
    first, *others = [rows.order_by().values_list("pk") for rows in queries]
    return first.union(*others, all=True)
