"""Files with Range (RFC 9110, section 14), so that video can seek; in the embedded default."""

import os
import re

from django.http import FileResponse, HttpResponse, StreamingHttpResponse

BLOCK = 64 * 1024
ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def ranged_response(request, path, content_type):
    """The whole file, or 206 with the one range that was asked for, or 416."""
    size = os.path.getsize(path)  # noqa: PTH202
    asked = ONE_RANGE.fullmatch(request.headers.get("Range", "").strip())
    if not asked or asked.groups() == ("", ""):
        response = FileResponse(open(path, "rb"), content_type=content_type)  # noqa: SIM115, PTH123
    else:
        first, last = _bounds(*asked.groups(), size)
        if first > last:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        response = StreamingHttpResponse(
            _blocks(path, first, last), status=206, content_type=content_type
        )
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
        response["Content-Length"] = str(last - first + 1)
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, max-age=3600"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _bounds(first, last, size):
    if first == "":
        return max(size - int(last), 0), size - 1 if int(last) else -1
    return int(first), min(int(last), size - 1) if last else size - 1


def _blocks(path, first, last):
    with open(path, "rb") as file:  # noqa: PTH123
        file.seek(first)
        left = last - first + 1
        while left > 0 and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block
