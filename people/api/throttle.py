"""How many requests a token may send: a limit a minute, for each token by itself."""

import time

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

from people.throttle import Attempts

SPAN = 60  # seconds


class TokenThrottle(BaseThrottle):
    """Refuses what is over API_REQUESTS_PER_MINUTE of a token; browsers are not counted."""

    def allow_request(self, request, view):
        token, most = getattr(request.auth, "pk", None), settings.API_REQUESTS_PER_MINUTE
        if token is None or not most:
            return True
        attempts = Attempts("api token", token, span=SPAN)
        if attempts.count >= most:
            raise TooMany(SPAN - time.time() % SPAN)
        attempts.add()
        return True


class TooMany(Throttled):
    default_detail = _("Too many requests with this token.")
    extra_detail_singular = _("Go on in {wait} second.")
    extra_detail_plural = _("Go on in {wait} seconds.")
