"""Addresses of before lead to where the page is now."""

from django.http import HttpResponsePermanentRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe


@require_safe
def moved(request, name, **arguments):
    address = reverse(name, kwargs=arguments)
    query = request.META.get("QUERY_STRING")
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)
