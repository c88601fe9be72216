"""Uploads that survive a cut connection: tus 1.0 with creation, checksum and termination."""

import base64
import binascii

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.full_disk import FullDisk
from core.input_checks import fault_of
from core.middleware import any_method
from core.parameters import number
from core.shared_folders import StoreAway
from core.translation import translate_error
from corpus.models import Upload, WrongDigest, WrongOffset
from corpus.permissions import LEAD, corpus_of

LARGEST_PIECE = 16 * 1024**2


def _answer(status, words="", **headers):
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    plain = "text/plain; charset=utf-8"
    fixed = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
    return HttpResponse(words, status=status, content_type=plain, headers=fixed | named)


@require_POST
def new_upload(request, pk):
    """Announce a file: its length, and its name as tus metadata."""
    corpus = corpus_of(request, pk, LEAD)
    pairs = (entry.split() for entry in request.headers.get("Upload-Metadata", "").split(","))
    metadata = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    try:
        name = base64.b64decode(metadata.get("filename", "").encode(), validate=True).decode()
        if fault_of(name):
            return _answer(400, "Upload-Metadata: filename has a character that no file name has")
        size = number(request.headers.get("Upload-Length"))
        upload = Upload.begin(request.user, corpus, name.replace("/", "_") or "file", size)
    except (binascii.Error, UnicodeDecodeError):
        return _answer(400, "Upload-Metadata: filename is not base64 of UTF-8")
    except UserError as refusal:
        return _answer(413, translate_error(refusal))
    return _answer(201, Location=reverse("upload", args=[upload.token]))


@any_method
def upload(request, token):
    """HEAD says how far it is, PATCH adds a piece, DELETE forgets it."""
    row = get_object_or_404(Upload.objects.filter(person=request.user), token=token)
    if request.method == "HEAD":
        return _answer(200, Upload_Offset=row.offset, Upload_Length=row.size)
    if request.method == "DELETE":
        row.discard()
        return _answer(204)
    if request.method != "PATCH":
        return _answer(405, Allow="HEAD, PATCH, DELETE")
    if request.content_type != "application/offset+octet-stream":
        return _answer(415, "Content-Type: application/offset+octet-stream is needed")
    piece = request.read(LARGEST_PIECE + 1)
    if len(piece) > LARGEST_PIECE:
        return _answer(413, f"A piece has at most {LARGEST_PIECE} bytes")
    try:
        digest = request.headers.get("Upload-Checksum", "")
        end = row.append(number(request.headers.get("Upload-Offset"), -1), piece, digest)
    except WrongOffset as wrong:
        return _answer(409, translate_error(wrong), Upload_Offset=row.offset)
    except WrongDigest as wrong:
        return _answer(460, translate_error(wrong))
    except FullDisk as full:
        return _answer(507, translate_error(full))
    except StoreAway as away:
        return _answer(503, translate_error(away))
    except UserError as refusal:
        return _answer(400, translate_error(refusal))
    return _answer(204, Upload_Offset=end)
