"""Sources: episodes with their transcripts, from the upload to published dialogues."""

from django.core.files import File
from django.http import QueryDict
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters, check_form
from corpus import deletion
from corpus.api.jobs import JobSerializer, described, job_address
from corpus.forms import SourceForm
from corpus.models import Source, Upload
from corpus.permissions import LEAD, corpus_of, source_of
from corpus.source_preview import obstacle_of, reading_of
from jobs.models import JobStatus
from people.access_tokens import Scope
from people.api.views import ApiView, ListView, ThingView


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a source",
            {
                "id": 12,
                "corpus": 1,
                "kind": "episode",
                "title": "episode 1",
                "state": "done",
                "inspected": True,
                "has_media": True,
                "counts": {"dialogues": 14, "utterances": 310, "published": 14},
                "job": "/api/jobs/source/12/",
            },
            response_only=True,
        )
    ]
)
class SourceSerializer(serializers.Serializer):
    """An episode with its transcript, or a published table. A draft waits to be confirmed; its job
    is that of the worker who looks into it, null where there was nothing to look into.
    """

    id = serializers.IntegerField()
    corpus = serializers.IntegerField(source="corpus_id")
    kind = serializers.ChoiceField(choices=Source.Kind.choices)
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=JobStatus.choices, source="status")
    inspected = serializers.BooleanField(
        source="is_inspected", help_text="a draft can be confirmed once a worker has looked into it"
    )
    has_media = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    job = serializers.SerializerMethodField()

    def get_job(self, source) -> str | None:
        if source.status != JobStatus.DRAFT:
            return job_address(source)
        inspection = getattr(source, "inspection_job", None)
        return job_address(inspection) if inspection else None


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a film and its subtitles",
            {"title": "episode 1", "media": "kq3…", "transcript": "Zt0…"},
        )
    ]
)
class NewSource(Body):
    """Uploads by their tokens: media, a transcript, or both."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=80)
    media = serializers.CharField(required=False, max_length=64)
    transcript = serializers.CharField(required=False, max_length=64)


class SourceFilters(Filters):
    state = serializers.ChoiceField(choices=JobStatus.choices, required=False)

    def by_state(self, rows, value):
        return rows.filter(status=value)


class Sources(ListView):
    """The sources of a corpus that you lead, the latest first."""

    tag = "sources"
    ordering = ("-pk",)
    serializer_class = SourceSerializer
    filters = SourceFilters
    bodies = {"POST": NewSource}

    def rows(self):
        rows = corpus_of(self.request, self.kwargs["pk"], LEAD).sources.all()
        return rows.select_related("inspection_job")

    def post(self, request, pk):
        """Make a draft of uploads that are complete. A worker looks into it; confirm it then."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        words = sent.get("transcript")
        upload = self._complete(corpus, words) if words else None
        data = {"title": sent.get("title", ""), "upload": sent.get("media", "")}
        if upload is None:
            source = self._made(SourceForm(data, None, corpus=corpus))
        else:
            with upload.path.open("rb") as file:
                files = {"transcript": File(file, name=upload.name)}
                source = self._made(SourceForm(data, files, corpus=corpus))
            upload.discard()
        return self.created(source, reverse("api_source", args=[source.pk]))

    def _complete(self, corpus, token):
        upload = Upload.objects.filter(corpus=corpus, token=token).first()
        if upload is None or not upload.is_complete:
            raise serializers.ValidationError(
                {"transcript": [SourceForm.INCOMPLETE]}, code="incomplete"
            )
        return upload

    def _made(self, form):
        check_form(form)
        return form.bring_in(self.request.user)


class SourceThing(ThingView):
    """A source of a corpus that you lead."""

    tag = "sources"
    serializer_class = SourceSerializer

    def thing(self):
        return source_of(self.request, self.kwargs["pk"])


@extend_schema_serializer(examples=[OpenApiExample("as it was recognised", {"gap": 4.0})])
class SourceConfirmation(Body):
    """How a draft is read; what is left out is as it was recognised. The four columns are those of
    a transcript that is a table.
    """

    encoding = serializers.CharField(required=False, max_length=20)
    gap = serializers.FloatField(required=False, min_value=0.05, max_value=600)
    scene = serializers.FloatField(required=False, min_value=0.05, max_value=1)
    start = serializers.CharField(required=False, max_length=200)
    end = serializers.CharField(required=False, max_length=200)
    text = serializers.CharField(required=False, max_length=200)
    speaker = serializers.CharField(required=False, max_length=200)


class Confirmation(ApiView):
    """How a draft is read."""

    tag = "sources"
    serializer_class = JobSerializer
    bodies = {"POST": SourceConfirmation}
    answers = {"POST": (202, JobSerializer)}

    def post(self, request, pk):
        """Accept how a draft is read and have it cut; the answer is the job that does it."""
        source, sent = source_of(request, pk), self.body()
        if source.status == JobStatus.DRAFT:
            data = QueryDict(mutable=True)
            data.update({name: str(value) for name, value in sent.items()})
            draft = reading_of(source, data)
            if obstacle := obstacle_of(source, draft):
                raise obstacle
            source.confirm(request.user, **draft.decisions)
        return self.answer(described(request, source))


class SourceDeletion(Body):
    """Where judgements are lost with it, the title of the source has to be written."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=80)


class Deletion(ApiView):
    """That a source goes with everything that was made of it."""

    tag = "sources"
    change_scope = Scope.MANAGE
    bodies = {"POST": SourceDeletion}
    answers = {"POST": (204, None)}

    def post(self, request, pk):
        """Delete a source; of a draft its uploads."""
        source, sent = source_of(request, pk), self.body()
        if source.status == JobStatus.DRAFT:
            source.discard(request.user)
        else:
            deletion.delete_source(request.user, source, sent.get("title", ""))
        return self.answer(None)


class PublishedSerializer(serializers.Serializer):
    published = serializers.IntegerField()


class Publication(ApiView):
    """That the dialogues of a source are ready for annotators."""

    tag = "sources"
    serializer_class = PublishedSerializer

    def post(self, request, pk):
        """Publish all dialogues of a source; how many were not yet."""
        made = source_of(request, pk).publish(request.user)
        return self.answer({"published": len(made)})
