"""Uploads that survive a cut connection: a file is announced, sent in pieces, and asked about."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_serializer
from rest_framework import serializers
from rest_framework.parsers import BaseParser

from core.api.inputs import Body
from core.errors import ValidationError, gettext_noop
from core.input_checks import whole_number
from core.middleware import StrictJSON, TooLarge
from corpus.models import Upload
from corpus.permissions import LEAD, corpus_of
from corpus.views.uploads import LARGEST_PIECE
from people.api.views import ApiView, ThingView

PIECE = "application/offset+octet-stream"


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "an upload",
            {
                "token": "kq3…",
                "url": "/api/uploads/kq3…/",
                "name": "episode1.mp4",
                "size": 734003200,
                "offset": 16777216,
            },
            response_only=True,
        )
    ]
)
class UploadSerializer(serializers.Serializer):
    """A file on its way; `offset` bytes are here. `token` names it where it is used."""

    token = serializers.CharField()
    url = serializers.SerializerMethodField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    offset = serializers.IntegerField()

    def get_url(self, upload) -> str:
        return reverse("api_upload", args=[upload.token])


@extend_schema_serializer(
    examples=[OpenApiExample("a film", {"name": "episode1.mp4", "size": 734003200})]
)
class NewUpload(Body):
    name = serializers.CharField(max_length=255)
    size = serializers.IntegerField(min_value=1, max_value=2**50)


class PieceParser(BaseParser):
    """The bytes of a piece."""

    media_type = PIECE

    def parse(self, stream, media_type=None, parser_context=None):
        piece = stream.read(LARGEST_PIECE + 1)
        if len(piece) > LARGEST_PIECE:
            raise TooLarge
        return piece


class Uploads(ApiView):
    """Files on their way into a corpus that you lead."""

    tag = "sources"
    serializer_class = UploadSerializer
    bodies = {"POST": NewUpload}
    answers = {"POST": (201, UploadSerializer)}

    def post(self, request, pk):
        """Announce a file. What it is for is said when all of it is here."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        name = sent["name"].replace("/", "_")
        upload = Upload.begin(request.user, corpus, name, sent["size"])
        return self.created(upload, reverse("api_upload", args=[upload.token]))


NO_OFFSET = gettext_noop("The header Upload-Offset says where the piece begins, in bytes.")


class UploadThing(ThingView):
    """One of your uploads: how many of its bytes are here."""

    tag = "sources"
    selects = False
    serializer_class = UploadSerializer
    parser_classes = [PieceParser, StrictJSON]
    bodies = {"PATCH": {PIECE: OpenApiTypes.BINARY}}  # type: ignore[dict-item]
    headers = {
        "PATCH": [
            OpenApiParameter(
                "Upload-Offset", {"type": "integer", "minimum": 0}, OpenApiParameter.HEADER,
                required=True, description="where the piece begins, in bytes",
            ),
            OpenApiParameter(
                "Upload-Checksum", str, OpenApiParameter.HEADER,
                description="`sha256 ` and the digest of the piece in base64",
            ),
        ]
    }  # fmt: skip

    def thing(self):
        mine = Upload.objects.filter(person=self.request.user)
        return get_object_or_404(mine, token=self.kwargs["token"])

    def patch(self, request, token):
        """Add a piece of at most 16 MiB; 409 where the file does not end at Upload-Offset."""
        upload = self.thing()
        offset = whole_number(request.headers.get("Upload-Offset", ""))
        if offset is None:
            raise ValidationError(NO_OFFSET)
        piece = request.data
        if not isinstance(piece, bytes):
            raise ValidationError(gettext_noop("A piece is sent as %(kind)s."), kind=PIECE)
        upload.append(offset, piece, request.headers.get("Upload-Checksum", ""))
        return self.answer(upload)

    def delete(self, request, token):
        """Forget an upload and what has arrived of it."""
        self.thing().discard()
        return HttpResponse(status=204)
