"""An installation without accounts shows one page: where the first one is made."""

from django.shortcuts import redirect
from django.urls import Resolver404, resolve

from people import installation


class SetupMiddleware:
    """Leads from every address to the first account, as long as nobody can sign in."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if installation.is_in_use() or _is_before_setup(request.path_info):
            return self.get_response(request)
        return redirect("setup")


def before_setup(view):
    """A view that answers in an installation without accounts as well."""
    view.before_setup = True
    return view


def _is_before_setup(path):
    try:
        return getattr(resolve(path).func, "before_setup", False)
    except Resolver404:
        return False
