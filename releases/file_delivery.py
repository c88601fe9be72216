"""Files of a release as they are sent, to a member or by a grant: one, all as a zip, a layout."""

import hashlib
import mimetypes
from urllib.parse import quote

from django.http import Http404, StreamingHttpResponse

from core import shared_folders
from core.byte_ranges import is_first_part, ranged_response, ranged_stream
from people.models import Event
from releases import archive as archives
from releases import formats
from releases.models import Download


def give_archive(request, release, grant=None):
    """The whole directory as a zip that can be gone on with after a break, to a member or by a
    grant. Raises Http404.
    """
    try:
        whole = archive_of(release)
    except OSError as error:
        raise Http404 from error
    if is_first_part(request):
        record_download(request, release, "archive", grant)
    response = ranged_stream(request, whole.size, whole.read, "application/zip", release.digest)
    return _named(response, f"{release.slug}.zip")


def give_file(request, release, path, grant=None):
    """One file of a release. Raises Http404 for whatever its index does not list."""
    whole = archive_of(release)
    size = {name: size for name, size, _crc in whole.files}.get(path)
    if size is None:
        raise Http404
    if is_first_part(request):
        record_download(request, release, path, grant, kind="files")
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if kind in ("text/html", "image/svg+xml", "text/xml", "application/xml"):
        kind = "application/octet-stream"
    here = release.folder / path
    if here.exists():
        return _named(ranged_response(request, here, kind), here.name)

    def read(first, last):
        return shared_folders.blocks(release.folder, path, first, last + 1)

    etag = hashlib.sha256(f"{release.digest} {path}".encode()).hexdigest()
    return _named(ranged_stream(request, size, read, kind, etag), here.name)


def archive_of(release):
    """The zip of a release. Raises OSError where it is not there."""
    shared_folders.fetch(archives.index_path(release.folder), frozen=True)
    return archives.of(release.directory, release.slug, shared_folders.blocks)


def give_layout(request, release, name, grant=None):
    """The release in another tool's layout, made as it is sent. Raises Http404, ExportError."""
    if name not in formats.FORMATS:
        raise Http404
    files = formats.entries(name, release.directory_with_media)
    first = next(files, None)  # so that what is refused is refused before anything is sent
    record_download(request, release, f"{name}.zip", grant)
    folder = f"{release.slug}-{name}"
    rest = formats.packed(_again(first, files), folder)
    response = StreamingHttpResponse(rest, content_type="application/zip")
    response["X-Content-Type-Options"] = "nosniff"
    return _named(response, f"{folder}.zip")


def record_download(request, release, what, grant, kind=""):
    """Count a download that begins, and write down who took it: once an hour for each `kind`, as
    single files are taken by the thousand.
    """
    Download.add(release, what, grant and grant.share)
    detail = {"what": kind or what, "version": release.version}
    if grant:
        Event.record_once(None, "download", grant.share, grantee=str(grant), **detail)
    else:
        Event.record_once(request.user, "download", release, **detail)


def _again(first, rest):
    if first is not None:
        yield first
    yield from rest


def _named(response, name):
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response["Cache-Control"] = "private, no-cache"  # who may have it now may not in an hour
    return response
