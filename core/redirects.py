"""Old addresses, which people may have kept, lead to the pages' new ones for good."""

from django.urls import path
from django.views.generic import RedirectView


def moved(route, name):
    """A pattern that sends `route` to the page called `name` with the same arguments and query."""
    view = RedirectView.as_view(
        pattern_name=name, permanent=True, query_string=True, http_method_names=["get", "head"]
    )
    return path(route, view, name=f"moved_{name}")
