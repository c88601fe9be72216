"""Pages that a browser has fetched ahead, after something has changed."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS


class PrefetchMiddleware:
    """Has the browser drop what it has fetched ahead (templates/_speculation_rules.html) after each
    change, so that a page shows what was changed since the pointer first rested on its link.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method not in SAFE_METHODS:
            response.headers.setdefault("Clear-Site-Data", '"prefetchCache"')
        return response
