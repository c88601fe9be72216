"""Long lists as NDJSON, a JSON object a line that is sent while it is read, and whole files."""

import json

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from rest_framework.renderers import JSONRenderer

MEDIA_TYPE = "application/x-ndjson"


class LinesRenderer(JSONRenderer):
    """Lets an asker accept NDJSON; only what goes wrong is rendered by it."""

    media_type = MEDIA_TYPE
    format = "ndjson"


class FileRenderer(JSONRenderer):
    """Lets an asker accept whatever type a file has; only what goes wrong is rendered by it."""

    media_type = "*/*"
    format = "file"


def lines_response(rows, name):
    """An answer with a line for each of `rows`, dicts; browsers keep it as `name`."""
    encode = json.JSONEncoder(
        ensure_ascii=False, separators=(",", ":"), default=DjangoJSONEncoder().default
    ).encode
    response = StreamingHttpResponse((encode(row) + "\n" for row in rows), content_type=MEDIA_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Accel-Buffering"] = "no"
    return response


class JsonLines:
    """The rows of a file with a JSON object a line, to be narrowed as a queryset is."""

    def __init__(self, path, wanted=()):
        self.path, self.wanted = path, dict(wanted)

    def filter(self, **wanted):
        return JsonLines(self.path, self.wanted | wanted)

    def iterator(self, chunk_size):
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if all(row[name] == value for name, value in self.wanted.items()):
                    yield row
