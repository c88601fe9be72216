"""Jobs: whatever takes long is done by a worker, and asked about here."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Filters
from core.api.pages import Latest
from corpus.job_access import describe, job_of
from corpus.permissions import LEAD, corpus_of
from jobs.job_list import STATES, kinds, listed_jobs, rows_of
from people.api.views import ApiView, ListView, ThingView

EXAMPLE = {
    "kind": "source",
    "id": 12,
    "url": "/api/jobs/source/12/",
    "state": "running",
    "progress": 0.4,
    "failure": "",
    "corpus": 1,
    "name": "episode 1",
    "page": "/sources/12/",
    "queued_at": "2026-03-02T09:30:00+08:00",
    "started_at": "2026-03-02T09:30:02+08:00",
    "finished_at": None,
    "seconds_left": 30,
}


@extend_schema_serializer(examples=[OpenApiExample("a job", EXAMPLE, response_only=True)])
class JobSerializer(serializers.Serializer):
    """Work of a worker: its state, how far it is (0 to 1), why it failed, where its result is."""

    kind = serializers.CharField(source="kind_name")
    id = serializers.IntegerField(source="pk")
    url = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=STATES, source="status")
    progress = serializers.FloatField(min_value=0, max_value=1)
    failure = serializers.CharField(source="shown_failure", allow_blank=True)
    corpus = serializers.IntegerField(source="of_corpus.pk", allow_null=True, default=None)
    name = serializers.CharField(source="__str__")
    page = serializers.CharField(source="page_url", allow_blank=True)
    queued_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    seconds_left = serializers.IntegerField(allow_null=True)

    def get_url(self, job) -> str:
        return job_address(job)


def job_address(job):
    """Where the API tells of a job."""
    return reverse("api_job", args=[job.kind_name, job.pk])


class JobThing(ThingView):
    """A job of a corpus that you lead. Ask again until its state is neither queued nor running."""

    tag = "jobs"
    serializer_class = JobSerializer

    def thing(self):
        return described(self.request, job_of(self.request, **self.kwargs))


def described(request, job):
    describe(request.user, [job])
    return job


class JobStop(ApiView):
    """Ask a job to end. One that waits ends at once, one that runs at its next step."""

    tag = "jobs"
    serializer_class = JobSerializer

    def post(self, request, kind, pk):
        job = job_of(request, kind, pk)
        job.stop_by(request.user)
        return self.answer(described(request, job))


class JobAttempts(ApiView):
    """Do a job again that has failed or was stopped."""

    tag = "jobs"
    serializer_class = JobSerializer

    def post(self, request, kind, pk):
        job = job_of(request, kind, pk)
        job.retry_by(request.user)
        return self.answer(described(request, job))


class JobFilters(Filters):
    """Which jobs."""

    kind = serializers.CharField(required=False, max_length=40)
    state = serializers.ChoiceField(choices=STATES, required=False)


class CorpusJobs(ListView):
    """The jobs of a corpus that you lead, active ones first, then the latest; those that went well
    for thirty days.
    """

    tag = "jobs"
    serializer_class = JobSerializer
    filters = JobFilters
    pagination_class = Latest

    def get(self, request, pk):
        corpus = corpus_of(request, pk, LEAD)
        asked = self.asked()
        kind = asked.get("kind", "")
        found: Any = [] if kind and kind not in kinds() else None
        if found is None:
            found = listed_jobs(corpus, kind, asked.get("state", ""))
        jobs = rows_of(self.paginate_queryset(found))
        describe(request.user, jobs)
        return self.page_answer(jobs)
