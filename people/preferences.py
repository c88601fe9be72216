"""The language, the time zone and the theme of whoever is signed in, on every page."""

import zoneinfo
from collections.abc import Iterator
from functools import cache

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django.views.i18n import LANGUAGE_QUERY_PARAMETER, set_language

from people.models import Person

REGIONS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe"),
    *("Indian", "Pacific"),  # other zones are aliases of these
)


class PreferencesMiddleware:
    """Activates language and time zone of the account; they win over cookie and browser.

    Without a session nobody is loaded, so that a request with a token costs nothing more; with
    one, it is the person whom the page loads anyway.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        person = request.user
        if not person.is_authenticated:
            return self.get_response(request)
        if person.language:
            translation.activate(person.language)
            request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(zone_of(person)):
            return self.get_response(request)


def zone_of(person):
    """The zone in which a person reads times; None, the installation's, if it is not known here."""
    return zoneinfo.ZoneInfo(person.time_zone) if person.time_zone in zone_names() else None


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone that this machine knows."""
    return frozenset(zoneinfo.available_timezones())


def zone_choices() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Zones of places by region, each region with (zone, place); UTC stands at the end."""
    for region in REGIONS:
        zones = sorted(zone for zone in zone_names() if zone.startswith(f"{region}/"))
        yield region, [(zone, zone.removeprefix(f"{region}/").replace("_", " ")) for zone in zones]
    yield "UTC", [("UTC", "UTC")]


@login_not_required
def language(request):
    """The language button: a cookie, and the account's language for who is signed in."""
    code = request.POST.get(LANGUAGE_QUERY_PARAMETER) if request.method == "POST" else None
    if code in dict(settings.LANGUAGES) and request.user.is_authenticated:
        request.user.change_profile(language=code)
    return set_language(request)


@require_POST
def theme(request):
    """The theme button."""
    chosen = request.POST.get("theme")
    if chosen not in Person.Theme.values:
        raise Http404
    request.user.change_profile(theme=chosen)
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return redirect(back if here else "account")
