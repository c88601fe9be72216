"""Imports of tables and published corpora with their labels: read, confirmed, stored or undone by
a worker.
"""

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.import_forms import FORMAT_NAMES, ImportForm, TargetForm
from annotation.import_undo import request_undo
from annotation.models import TableImport
from annotation.views.table_imports import import_of
from core.api.inputs import Body, check_form
from corpus.api.jobs import job_address
from corpus.permissions import LEAD, corpus_of
from jobs.models import JobStatus
from people.api.views import ApiView, ListView, ThingView


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "what was read",
            {
                "id": 3,
                "corpus": 1,
                "phase": "read",
                "state": "draft",
                "progress": 1.0,
                "files": ["meld.zip"],
                "format": "meld",
                "counts": {"dialogues": 12, "utterances": 130, "labels": 260},
                "stored": False,
                "undone": False,
                "job": "/api/jobs/tableimport/3/",
            },
            response_only=True,
        )
    ]
)
class ImportSerializer(serializers.Serializer):
    """Files that somebody brought. A draft was read and waits to be confirmed."""

    id = serializers.IntegerField()
    corpus = serializers.IntegerField(source="corpus_id")
    phase = serializers.ChoiceField(choices=TableImport.Phase.choices)
    state = serializers.ChoiceField(choices=JobStatus.choices, source="status")
    progress = serializers.FloatField()
    files = serializers.SerializerMethodField()
    format = serializers.CharField(source="format_used", allow_blank=True)
    counts = serializers.SerializerMethodField()
    stored = serializers.BooleanField(source="is_stored")
    undone = serializers.BooleanField(source="is_undone")
    job = serializers.SerializerMethodField()

    def get_files(self, row) -> list[str]:
        return [file["name"] for file in row.files]

    def get_counts(self, row) -> dict[str, int]:
        return row.report.get("counts", {})

    def get_job(self, row) -> str:
        return job_address(row)


@extend_schema_serializer(examples=[OpenApiExample("an archive", {"uploads": ["kq3…"]})])
class NewImport(Body):
    """Complete uploads by their tokens; the format is recognised unless it is named."""

    uploads = serializers.ListField(
        child=serializers.CharField(max_length=64), min_length=1, max_length=50
    )
    format = serializers.ChoiceField(choices=sorted(filter(None, FORMAT_NAMES)), required=False)


class Imports(ListView):
    """The imports into a corpus that you lead, the latest first."""

    tag = "imports"
    ordering = ("-pk",)
    serializer_class = ImportSerializer
    bodies = {"POST": NewImport}

    def rows(self):
        return corpus_of(self.request, self.kwargs["pk"], LEAD).table_imports.all()

    def prepare(self, page):
        return [row.show_progress() for row in page]

    def post(self, request, pk):
        """Have files read; nothing is imported before that is confirmed."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        data = {"uploads": ",".join(sent["uploads"]), "format": sent.get("format", "")}
        form = ImportForm(data, None, corpus=corpus, person=request.user)
        check_form(form)
        with transaction.atomic():
            row = form.begin()
        return self.created(row, reverse("api_import", args=[row.pk]))


class ImportThing(ThingView):
    """An import into a corpus that you lead."""

    tag = "imports"
    serializer_class = ImportSerializer

    def thing(self):
        return import_of(self.request, self.kwargs["pk"]).show_progress()


class Target(Body):
    """Where the labels go; `annotator` names whose they are, for one annotator's round."""

    labels = serializers.ChoiceField(choices=TableImport.Labels.choices)
    annotator = serializers.CharField(required=False, allow_blank=True, max_length=80)
    round_name = serializers.CharField(required=False, allow_blank=True, max_length=80)


class ImportConfirmation(ApiView):
    """That what was read is to be stored."""

    tag = "imports"
    serializer_class = ImportSerializer
    bodies = {"POST": Target}
    answers = {"POST": (202, ImportSerializer)}

    def post(self, request, pk):
        """Import what was read, all or nothing; twice changes nothing."""
        row, sent = import_of(request, pk), self.body()
        if row.is_draft:
            form = TargetForm(sent, instance=row)
            check_form(form)
            row.confirm(request.user, **form.cleaned_data)
        return self.answer(row)


class ImportUndo(ApiView):
    """That everything which an import made is removed."""

    tag = "imports"
    serializer_class = ImportSerializer
    answers = {"POST": (202, ImportSerializer)}

    def post(self, request, pk):
        """Undo an import, unless people have worked on what it made."""
        row = import_of(request, pk)
        request_undo(row, request.user)
        return self.answer(row)
