"""Limits how often an address may try what needs no account: links that carry a token.

Attempts are counted as bytes that are appended to a file for each address and span of time, which
is exact however many processes of a machine count, and costs nothing to those who do not try. Where
hosts share a cache, they count together in that; while it does not answer, each for itself.
"""

import functools
import hashlib
import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from core.api.problems import problem_response
from core.middleware import wants_json
from people.sign_in.client_address import client_address

SPAN = 600  # seconds


class Attempts:
    """The attempts of one address at one kind of thing, within `span` seconds."""

    def __init__(self, scope, address, now=None, span=SPAN):
        number = int((time.time() if now is None else now) // span)
        key = hashlib.sha256(f"{scope} {address}".encode()).hexdigest()[:32]
        folder = "throttle" if span == SPAN else f"throttle-{span}"
        self.path = settings.DATA_DIR / folder / f"{number}-{key}"
        self.shared_key, self.span = f"{folder}-{number}-{key}", span

    @property
    def count(self):
        together = shared.get(self.shared_key, 0) if (shared := _shared_cache()) else 0
        try:
            return together + self.path.stat().st_size
        except FileNotFoundError:
            return together

    def add(self):
        """One more; the first of a span clears away those before."""
        if (shared := _shared_cache()) and shared.count(self.shared_key, self.span):
            return
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.path.exists():
            _clear(folder, before=int(self.path.name.split("-")[0]))
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, b".")
        finally:
            os.close(file)


def _shared_cache() -> Any:
    """Of all hosts; None where each process is of this one."""
    return caches["kept"] if hasattr(caches["kept"], "count") else None


def _clear(folder: Path, before: int):
    for path in folder.iterdir():
        if path.name.split("-")[0].isdigit() and int(path.name.split("-")[0]) < before:
            path.unlink(missing_ok=True)


def throttled(view):
    """A view that counts what is sent to it and what it does not find, and answers 429 to an
    address that did so LINK_ATTEMPTS times within SPAN.
    """

    @functools.wraps(view)
    def limited(request, *arguments, **named):
        attempts = Attempts(view.__name__, client_address(request))
        if attempts.count >= settings.LINK_ATTEMPTS:
            return too_many(request)
        if request.method == "POST":
            attempts.add()
        try:
            return view(request, *arguments, **named)
        except Http404:
            if request.method != "POST":
                attempts.add()
            raise

    return limited


def too_many(request, seconds=None):
    """The answer 429: a page, or JSON where a script asked."""
    seconds = SPAN - int(time.time()) % SPAN if seconds is None else seconds
    minutes = -(-seconds // 60)
    words = ngettext(
        "This page was asked for too often from your address. Nothing was changed. Try again in"
        " %(n)d minute.",
        "This page was asked for too often from your address. Nothing was changed. Try again in"
        " %(n)d minutes.",
        minutes,
    ) % {"n": minutes}
    response: HttpResponse = (
        problem_response(429, words)
        if wants_json(request)
        else render(request, "429.html", {"words": words}, status=429)
    )
    response.headers["Retry-After"] = str(seconds)
    return response
