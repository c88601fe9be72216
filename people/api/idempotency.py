"""A POST with an Idempotency-Key: carried out once, answered as often as it comes."""

import hashlib
import json
import re

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from core.api.problems import UnprocessableKey
from people.idempotency_keys import IdempotencyKey

HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
KEY = re.compile(r"[!-~]{1,80}")


def once(request, key, respond, secret=()):
    """What `respond()` answers, or what it answered when the key came first, without the fields
    that are `secret`: no token stands in the database.

    All of it is one transaction: either the work and its answer are kept, or neither is. What is
    refused keeps nothing, so that the key may come again with a request that is mended.
    """
    if not KEY.fullmatch(key):
        raise ParseError(_("Idempotency-Key has 1 to 80 characters of ASCII without spaces."))
    with transaction.atomic():
        row, new = IdempotencyKey.take(request.user, key, _digest(request))
        if not new:
            return _again(row, request)
        response = respond()
        row.status, row.location = response.status_code, response.headers.get("Location", "")
        row.body = (
            JSONRenderer().render(without(response.data, secret)).decode()
            if response.data is not None
            else ""
        )
        row.save(update_fields=["status", "body", "location"])
    return response


def without(data, secret):
    """What was answered, as it is kept."""
    return dict(data) | dict.fromkeys(secret, "") if secret else data


def _again(row, request):
    if row.digest != _digest(request):
        raise UnprocessableKey(
            _("The key “%(key)s” came before with another request. Use a new key.")
            % {"key": row.key}
        )
    headers = {REPLAYED: "true"} | ({"Location": row.location} if row.location else {})
    return Response(json.loads(row.body) if row.body else None, row.status, headers=headers)


def _digest(request):
    """What tells one request from another: its body as it was read, whatever its spaces."""
    parts = [request.method, request.get_full_path(), request.data]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
