"""Where somebody is signed in: device, address, and when it was last seen."""

import re

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext

from people.sign_in.client_address import client_address

BROWSERS = [  # the first that is named counts: most claim to be others as well
    ("Edge", r"Edg\w*/"),
    ("WeChat", r"MicroMessenger/"),
    ("QQ Browser", r"QQBrowser/"),
    ("Opera", r"OPR/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
]
SYSTEMS = [
    ("HarmonyOS", r"HarmonyOS|OpenHarmony"),
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux"),
]


class SessionActivityMiddleware:
    """Notes when a session was last seen, once in some minutes; requests without one cost nothing.

    allauth's own middleware writes at each request.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        session = getattr(request, "session", None)
        if settings.SESSION_SEEN_EVERY and session is not None and session.accessed:
            _note_if_signed_in(request)
        return response


def _note_if_signed_in(request):
    if request.session.session_key and request.session.get(SESSION_KEY):
        note_activity(request)


def note_activity(request):
    """Write down that the session of a request is in use, unless that was done lately."""
    key = request.session.session_key
    if not cache.add(f"session-seen-{key}", True, settings.SESSION_SEEN_EVERY):
        return
    seen = UserSession.objects.filter(session_key=key)
    if not seen.update(last_seen_at=timezone.now(), ip=client_address(request)):
        UserSession.objects.create_from_request(request)  # of before sessions were listed


def device_of(user_agent):
    """Browser and system in words, from what the browser says of itself."""
    browser = _first(BROWSERS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:60] or gettext("unknown device")


def _first(names, user_agent):
    return next((name for name, pattern in names if re.search(pattern, user_agent)), "")


def sessions_of(person, current_key=""):
    """The sessions of a person that still hold, the latest first; `device` and `current` set."""
    found = UserSession.objects.purge_and_list(person)
    for session in found:
        session.device = device_of(session.user_agent)
        session.current = session.session_key == current_key
    return sorted(
        found, key=lambda session: (not session.current, -session.last_seen_at.timestamp())
    )
