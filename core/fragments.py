"""Parts of pages that ask again by themselves."""

from django.shortcuts import render


def live_part(request, template, live, values):
    """A fragment that polls while something is `live`; once it is not, htmx reloads the page."""
    response = render(request, template, values)
    if not live:
        response["HX-Refresh"] = "true"
    return response
