"""Old addresses, which people may have kept, lead to the new ones for good."""

from django.http import HttpResponsePermanentRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET


def moved_to(name):
    """A view that redirects permanently to the route `name`, with the same parts and query."""

    @require_GET
    def redirect_to_new_address(request, **parts):
        query = request.META.get("QUERY_STRING", "")
        address = reverse(name, kwargs=parts)
        return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)

    return redirect_to_new_address
