"""The files of a release, whole or in parts, and its utterances as lines."""

import json

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.api.label_studio import FILE, tasks_response
from core.api.inputs import Filters
from core.api.lines import JsonLines
from core.api.pages import DictPages
from corpus.formats.labelstudio_tasks import TASKS
from people.api.views import FileView, LinesView, ListView
from releases.file_delivery import give_archive, give_file, give_layout, record_download
from releases.formats.labelstudio import tasks
from releases.permissions import given_of
from releases.splits import SPLITS

EXAMPLE = {"path": "utterances.jsonl", "bytes": 482113, "sha256": "9c1e" * 16}


@extend_schema_serializer(examples=[OpenApiExample("a file", EXAMPLE, response_only=True)])
class FileSerializer(serializers.Serializer):
    """A file of a release: `/api/releases/{id}/files/{path}` gives it."""

    path = serializers.CharField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()


class ReleaseFiles(ListView):
    """The files of a release with size and SHA-256, by name."""

    tag = "releases"
    serializer_class = FileSerializer
    pagination_class = DictPages
    ordering = ("path",)

    def rows(self):
        manifest = given_of(self.request, self.kwargs["pk"]).directory / "manifest.json"
        return json.loads(manifest.read_text("utf-8"))["files"]


class ReleaseFile(FileView):
    """A file of a release, or with Range a part of it, so that a download can be gone on with."""

    tag = "releases"

    def give(self, request, pk, path):
        return give_file(request, given_of(request, pk), path)


class ReleaseArchive(FileView):
    """All files of a release as a zip, which has the same bytes each time; also in parts."""

    tag = "releases"

    def give(self, request, pk):
        return give_archive(request, given_of(request, pk))


class ReleaseLayout(FileView):
    """A release in the layout of another tool: cmma, mmsa, labelstudio, elan, webdataset."""

    tag = "releases"

    def give(self, request, pk, name):
        return give_layout(request, given_of(request, pk), name)


class ReleaseTasks(FileView):
    """The utterances of a release as Label Studio's tasks (a JSON list), with every annotator's
    answers as annotations; annotators have numbers and their pseudonyms.
    """

    tag = "releases"
    file_type = "application/json"
    file_schema = TASKS

    def give(self, request, pk):
        release = given_of(request, pk)
        record_download(request, release, FILE, None)
        return tasks_response(tasks(release.directory, {}))


class UtteranceFilters(Filters):
    split = serializers.ChoiceField(choices=SPLITS, required=False)
    dialogue = serializers.CharField(required=False, max_length=200, help_text="its id")


class ReleaseUtterances(LinesView):
    """The utterances of a release with gold and soft labels, as in its `utterances.jsonl`."""

    tag = "releases"
    filters = UtteranceFilters
    name = "utterances.ndjson"

    def get(self, request, pk):
        self.release = given_of(request, pk)
        answer = super().get(request, pk)
        record_download(request, self.release, "utterances.jsonl", None, kind="files")
        return answer

    def rows(self):
        return JsonLines(self.release.directory / "utterances.jsonl")

    def line(self, row):
        return row
