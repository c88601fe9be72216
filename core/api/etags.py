"""Entity tags: an answer that has not changed is not sent again, and a change names what it was
decided on.
"""

import hashlib

from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags, quote_etag
from rest_framework.renderers import JSONRenderer

from core.api.problems import PreconditionFailed


def etag_of(content: bytes) -> str:
    return quote_etag(hashlib.sha256(content).hexdigest()[:32])


def add_etag(response):
    """Give a rendered answer its tag; 304 in its place where the asker has it."""
    if response.status_code != 200:
        return None
    response["ETag"] = etag_of(response.content)
    found = get_conditional_response(response.request, etag=response["ETag"], response=response)
    return None if found is response else found


def check_match(request, data):
    """Raises PreconditionFailed where If-Match names another state than `data`, which is what a GET
    would answer. The tag of a compressed answer is marked as weak; it names the same state.
    """
    named = request.headers.get("If-Match")
    if named is None:
        return
    tags = [tag.removeprefix("W/") for tag in parse_etags(named)]
    if tags != ["*"] and etag_of(JSONRenderer().render(data)) not in tags:
        raise PreconditionFailed
