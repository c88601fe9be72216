"""Imports of tables and published corpora with their labels: read, confirmed, stored or undone by
a worker.
"""

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.column_mapping import columns_of, is_mappable, mapping_from_file, remembered
from annotation.import_forms import FORMAT_NAMES, ImportForm, TargetForm
from annotation.import_undo import dialogues_of, request_undo
from annotation.models import TableImport
from annotation.table_imports import kept_problems
from annotation.views.table_imports import import_of
from core.api.inputs import Body, check_form
from core.errors import UserError, gettext_noop
from core.translation import translate
from corpus.api.jobs import job_address
from corpus.formats.detection import MAPPED
from corpus.formats.mapped_table import TIMES, VERSION, Mapping
from corpus.permissions import LEAD, corpus_of
from corpus.visibility import WORDS, guard
from jobs.models import JobStatus
from people.api.views import ApiView, LinesView, ListView, ThingView


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

    def delete(self, request, pk):
        """Forget an import that stored nothing, with its files."""
        row = import_of(request, pk)
        if not row.is_discardable:
            raise UserError(gettext_noop("The import stored something, or is under way: undo it."))
        row.discard(request.user)
        return self.answer(None)


class ColumnSerializer(serializers.Serializer):
    """A column of a table as a worker surveyed it, and its use: as was said, else as it seems."""

    name = serializers.CharField()
    use = serializers.CharField(allow_blank=True)
    values = serializers.SerializerMethodField(help_text="value -> how often; {} where many")

    def get_values(self, column) -> dict[str, int]:
        return dict(column["values"])


class MappingSerializer(serializers.Serializer):
    """What the columns of a labelled table are, and what their values mean. `mapping` is null until
    it is said; `remembered` is the one of an earlier import whose files had the same columns.
    """

    columns = ColumnSerializer(many=True)
    mapping = serializers.DictField(allow_null=True)
    remembered = serializers.DictField(allow_null=True)


MAPPED_TASK = {
    "task": {
        "key": "emotion",
        "names": {"en": "emotion", "zh": "情绪"},
        "scale": "nominal",
        "values": [{"key": key, "names": {"en": key, "zh": key}} for key in ("joy", "sadness")],
    },
    "kind": "label",
    "columns": ["mood"],
    "values": {"happy": "joy", "sad": "sadness", "unclear": ""},
}
MAPPING = {
    "columns": {"dialogue": "dialogue", "utterance": "utterance", "text": "text"},
    "tasks": [MAPPED_TASK],
    "times": "auto",
}


@extend_schema_serializer(examples=[OpenApiExample("one column of labels", MAPPING)])
class NewMapping(Body):
    """Role -> column, and for each task its columns and what each of their values means ("" leaves
    it out). Instead of a column `#file` and `#row` stand for a dialogue a file or a row.
    """

    version = serializers.IntegerField(required=False, min_value=VERSION, max_value=VERSION)
    columns = serializers.DictField(child=serializers.CharField(max_length=200))
    tasks = serializers.ListField(child=serializers.DictField(), required=False, max_length=100)
    times = serializers.ChoiceField(choices=TIMES, required=False)


class ImportMapping(ThingView):
    """What the columns of a labelled table are that waits to be imported."""

    tag = "imports"
    selects = False
    serializer_class = MappingSerializer
    bodies = {"POST": NewMapping}
    answers = {"POST": (202, ImportSerializer)}

    def thing(self):
        row = import_of(self.request, self.kwargs["pk"])
        earlier = remembered(row)
        known = "version" in row.mapping
        return {
            "columns": columns_of(row) if row.format_used == MAPPED else [],
            "mapping": Mapping.from_json(row.mapping).to_json() if known else None,
            "remembered": earlier and earlier.to_json(),
        }

    def post(self, request, pk):
        """Say it, and have the files read so; then the import is confirmed."""
        row, mapping = import_of(request, pk), mapping_from_file(self.body())
        if not is_mappable(row):
            raise UserError(gettext_noop("Only a labelled table that was read has columns to map."))
        row.read_by(request.user, format=MAPPED, mapping=mapping)
        return self.answer(row)


class Reading(Body):
    format = serializers.ChoiceField(choices=sorted(filter(None, FORMAT_NAMES)))


class ImportReading(ApiView):
    """In which format files are read."""

    tag = "imports"
    serializer_class = ImportSerializer
    bodies = {"POST": Reading}
    answers = {"POST": (202, ImportSerializer)}

    def post(self, request, pk):
        """Read the files again, in another format; nothing changes once it was confirmed."""
        row = import_of(request, pk)
        row.read_by(request.user, format=self.body()["format"])
        return self.answer(row)


class ImportProblemLines(LinesView):
    """What was repaired, left out or is doubtful in the files of an import, an object a line."""

    tag = "imports"
    name = "problems.ndjson"

    def rows(self):
        row = import_of(self.request, self.kwargs["pk"])
        guard(self.request.user, dialogues_of(row), WORDS)
        return KeptProblems(row)

    def line(self, row):
        title, problem = row
        about = {"file": title, "line": problem.line, "column": problem.column}
        about |= {"value": problem.value, "outcome": problem.outcome}
        return about | {"reason": translate(problem.reason, problem.details)}


class KeptProblems:
    """What reading an import found, to be read as a queryset is."""

    def __init__(self, row):
        self.row = row

    def iterator(self, chunk_size):
        return kept_problems(self.row)


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
