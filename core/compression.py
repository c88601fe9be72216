"""Text that is sent compressed to whoever takes it."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXT = ("text/", "application/json", "application/problem+json", "application/x-ndjson")


class CompressionMiddleware(GZipMiddleware):
    """GZip for text alone, as media are compressed already; and not for what can be had in parts,
    which are counted in the bytes of the file.

    Django adds up to a hundred random bytes to each answer and masks CSRF tokens anew, so that the
    length of a page says nothing of a secret in it (BREACH).
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "")
        if "Accept-Ranges" in response or not kind.startswith(TEXT):
            return response
        return super().process_response(request, response)
