"""Stored files for the browser, with Range (RFC 9110, section 14), so that video can seek.

In the embedded default the application sends them itself; behind nginx it names them to nginx;
from an object store it leads to an address that is signed and soon expires.
"""

import hashlib
import os
import re
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)

from core.input_checks import DIGITS
from core.storage import local_path

BLOCK = 64 * 1024
ONE_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")


def stored_response(request, name, content_type, aside=True):
    """The stored file `name`. Raises Http404 if it is not there.

    `aside` lets another server send it; without, it comes from here, for scripts to read. Another
    file may come under the same address when a clip is cut again, so browsers ask each time
    whether theirs is still the one.
    """
    response = _stored(request, name, content_type, aside)
    response["Cache-Control"] = "private, no-cache"
    return response


def _stored(request, name, content_type, aside):
    path = local_path(name)
    if path is None:
        if aside:
            return HttpResponseRedirect(default_storage.url(name))
        try:
            return FileResponse(default_storage.open(name, "rb"), content_type=content_type)
        except FileNotFoundError as error:
            raise Http404 from error
    if not path.exists():
        raise Http404
    if settings.X_ACCEL and aside:
        response = HttpResponse(content_type=content_type)
        response["X-Accel-Redirect"] = settings.X_ACCEL + quote(name)
        response["X-Content-Type-Options"] = "nosniff"
        return response
    etag = hashlib.sha256(f"{name} {path.stat().st_mtime_ns}".encode()).hexdigest()[:32]
    if f'"{etag}"' in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    else:
        response = ranged_response(request, path, content_type, etag)
    response["ETag"] = f'"{etag}"'
    return response


def ranged_response(request, path, content_type, etag=""):
    """The whole file, or 206 with the one range that was wanted for, or 416.

    `etag` names what it is, so that a download that was broken off goes on only with the same.
    """
    size = os.path.getsize(path)  # noqa: PTH202
    validator = request.headers.get("If-Range") if etag else None
    wanted = _requested_range(request, size) if validator in (None, f'"{etag}"') else None
    if wanted is None:
        response = FileResponse(open(path, "rb"), content_type=content_type)  # noqa: SIM115, PTH123
        return _with_headers(response)
    return _part(size, wanted, lambda first, last: _blocks(path, first, last), content_type)


def ranged_stream(request, size, read, content_type, etag):
    """The same of something that is no file: `read(first, last)` gives its bytes in blocks.

    `etag` names what it is, so that a download that was broken off goes on only with the same.
    """
    validator = request.headers.get("If-Range")
    wanted = _requested_range(request, size) if validator in (None, f'"{etag}"') else None
    if wanted is None:
        response = StreamingHttpResponse(read(0, size - 1), content_type=content_type)
        response["Content-Length"] = str(size)
        response.is_of_files = True  # type: ignore[attr-defined]
        _with_headers(response)
    else:
        response = _part(size, wanted, read, content_type)
    response["ETag"] = f'"{etag}"'
    return response


def is_first_part(request):
    """True if a download begins with this request, and does not go on after a break."""
    wanted = ONE_RANGE.fullmatch(request.headers.get("Range", "").strip())
    return not wanted or wanted.group(1) in ("", "0")


def _requested_range(request, size):
    """(first, last) of the one range that was wanted for, or None."""
    wanted = ONE_RANGE.fullmatch(request.headers.get("Range", "").strip())
    if not wanted or wanted.groups() == ("", ""):
        return None
    first, last = wanted.groups()
    return _bounds(first, last, size)


def _part(size, wanted, read, content_type):
    first, last = wanted
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = StreamingHttpResponse(read(first, last), status=206, content_type=content_type)
    response.is_of_files = True  # type: ignore[attr-defined]  # see core/request_bodies.py
    response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Content-Length"] = str(last - first + 1)
    return _with_headers(response)


def _with_headers(response):
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, max-age=3600"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _bounds(first, last, size):
    first, last = (text if len(text) <= DIGITS else str(10**DIGITS) for text in (first, last))
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
