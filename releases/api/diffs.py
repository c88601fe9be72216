"""The differences of two releases: asking for them, their summary, every change as a line."""

from typing import Any

from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters, Id
from jobs.models import JobStatus
from people.api.views import ApiView, LinesView, ThingView
from people.models import Event
from releases.models import Diff, Release
from releases.permissions import diff_of, guard_given

EXAMPLE = {
    "id": 2,
    "one": 1,
    "other": 3,
    "match": "auto",
    "state": "done",
    "progress": 1.0,
    "failure": "",
    "summary": {"dialogues": {"added": 4}, "utterances": {"added": 61, "text": 3}},
}


@extend_schema_serializer(examples=[OpenApiExample("a difference", EXAMPLE, response_only=True)])
class DiffSerializer(serializers.Serializer):
    """What is different from release `one` to release `other`. `summary` is null until a worker has
    computed it.
    """

    id = serializers.IntegerField()
    one = serializers.IntegerField(source="one_id")
    other = serializers.IntegerField(source="other_id")
    match = serializers.ChoiceField(choices=Diff.Match.choices)
    state = serializers.ChoiceField(choices=JobStatus.choices, source="status")
    progress = serializers.FloatField()
    failure = serializers.CharField(source="failure_text", allow_blank=True)
    summary = serializers.SerializerMethodField()

    def get_summary(self, diff) -> dict[str, Any] | None:
        return diff.result if diff.status == JobStatus.DONE else None


@extend_schema_serializer(examples=[OpenApiExample("two releases", {"one": 1, "other": 3})])
class NewDiff(Body):
    """Two frozen releases, and how their utterances are matched (auto, unless said)."""

    one = Id()
    other = Id()
    match = serializers.ChoiceField(choices=Diff.Match.choices, required=False)


class Diffs(ApiView):
    """Differences of releases whose content you may have."""

    tag = "releases"
    serializer_class = DiffSerializer
    bodies = {"POST": NewDiff}
    answers = {"POST": (202, DiffSerializer)}

    def post(self, request):
        """Have two releases compared. What was computed before is answered at once."""
        said = self.body()
        seen = Release.objects.of(request.user).frozen()
        one = get_object_or_404(seen, pk=said["one"])
        other = get_object_or_404(seen, pk=said["other"])
        for release in (one, other):
            guard_given(request, release)
        with transaction.atomic():
            found = Diff.request(request.user, one, other, said.get("match", Diff.Match.AUTO))
        answer = self.created(found, reverse("api_diff", args=[found.pk]))
        answer.status_code = 202
        return answer


class DiffThing(ThingView):
    """The differences of two releases. Ask again until its state is neither queued nor running."""

    tag = "releases"
    serializer_class = DiffSerializer

    def thing(self):
        return diff_of(self.request, self.kwargs["pk"])


class ChangeFilters(Filters):
    what = serializers.CharField(
        required=False,
        max_length=60,
        help_text="a kind: added, dropped, text, times, speaker, moved, dialogue, dialogue_added,"
        " dialogue_dropped, dialogue_moved, content, ambiguous, label:TASK",
    )


class DiffChanges(LinesView):
    """Every change between two releases, or those of a kind, with what was before and is now."""

    tag = "releases"
    filters = ChangeFilters
    name = "changes.ndjson"

    def get(self, request, pk):
        self.diff = diff_of(request, pk)
        if self.diff.status != JobStatus.DONE or not self.diff.path.exists():
            raise Http404
        answer = super().get(request, pk)
        Event.record_once(request.user, "download", self.diff, what="changes.ndjson")
        return answer

    def rows(self):
        return Changes(self.diff)

    def line(self, row):
        return row


class Changes:
    """The changes of a diff, to be narrowed as a queryset is."""

    def __init__(self, diff, what=""):
        self.diff, self.what = diff, what

    def filter(self, what):
        return Changes(self.diff, what)

    def iterator(self, chunk_size):
        return self.diff.changes(self.what)
