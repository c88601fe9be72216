"""Long lists as NDJSON: a JSON object a line, sent while it is read."""

import json

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from rest_framework.renderers import JSONRenderer

MEDIA_TYPE = "application/x-ndjson"


class LinesRenderer(JSONRenderer):
    """Lets an asker accept NDJSON; only what goes wrong is rendered by it."""

    media_type = MEDIA_TYPE
    format = "ndjson"


def lines_response(rows, name):
    """An answer with a line for each of `rows`, dicts; browsers keep it as `name`."""
    encode = json.JSONEncoder(
        ensure_ascii=False, separators=(",", ":"), default=DjangoJSONEncoder().default
    ).encode
    response = StreamingHttpResponse((encode(row) + "\n" for row in rows), content_type=MEDIA_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Accel-Buffering"] = "no"
    return response
