"""Label Studio's tasks: those of a round, and an import of what Label Studio exported."""

import json
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import StreamingHttpResponse
from django.urls import reverse

from annotation.api.imports import ImportSerializer
from annotation.label_studio import dialogues_of, tasks_of
from annotation.models import TableImport
from annotation.views.access import results_of
from core.errors import ValidationError, gettext_noop
from corpus.formats.labelstudio_tasks import TASKS, written
from corpus.permissions import LEAD, corpus_of
from corpus.visibility import WORDS, guard
from people.api.views import ApiView, FileView
from people.models import Event

FILE = "label-studio.json"


class RoundTasks(FileView):
    """The utterances of a round that you lead as Label Studio's tasks (a JSON list), with the
    submitted answers of every annotator as annotations and what machines suggest as predictions.
    """

    tag = "results"
    file_type = "application/json"
    file_schema = TASKS

    def give(self, request, pk):
        found = results_of(request, pk, LEAD)
        guard(request.user, dialogues_of(found), WORDS)
        Event.record_once(request.user, "download", found, what=FILE)
        return tasks_response(tasks_of(found))


def tasks_response(tasks):
    """The answer with a JSON list of tasks, as a file."""
    response = StreamingHttpResponse(written(tasks), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{FILE}"'
    return response


class TasksImport(ApiView):
    """What Label Studio exported, as an import."""

    tag = "imports"
    serializer_class = ImportSerializer
    bodies = {"POST": {"application/json": TASKS | {"minItems": 1}}}  # type: ignore[dict-item]
    answers: dict[str, tuple[int, Any]] = {"POST": (201, ImportSerializer)}

    def post(self, request, pk):
        """Have the tasks of an export (JSON or JSON-MIN) read; nothing is imported before that is
        confirmed. Answers of choices, ratings and numbers become labels of the annotators who gave
        them, predictions with a score become suggestions. Exports of more than 2 MB are uploaded.
        """
        corpus, tasks = corpus_of(request, pk, LEAD), request.data
        if not isinstance(tasks, list) or not tasks:
            raise ValidationError(
                gettext_noop("Expected Label Studio's export: a JSON list of tasks.")
            )
        row = begun(request.user, corpus, tasks)
        return self.created(row, reverse("api_import", args=[row.pk]))


def begun(person, corpus, tasks):
    """The import of a list of tasks."""
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.WORK_DIR) as folder, transaction.atomic():
        path = Path(folder) / FILE
        path.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
        return TableImport.begin(person, corpus, [(FILE, path)], "labelstudio")
