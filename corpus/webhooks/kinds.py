"""Which kinds of events webhooks tell of. Each app registers its own when it is ready:

    register(EventKind("release.frozen", _("release frozen"), described))

and says `announce("release.frozen", release)` (corpus/webhooks/announcement.py) where it happens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse

PING = "ping"  # sent by the test button, whatever is chosen
AGREEMENT = "agreement.low"  # of this a webhook says below which agreement it is told


@dataclass(frozen=True)
class EventKind:
    """A kind of events.

    `describe` makes of the thing what a message says of it (JSON): ids, names of things, addresses
    of the API; no answers, words, names of people or results. `withheld` gives the ids of things
    whose events a person may not hear of now. `assess`, called with the delivery right before it
    is sent, and with what is to be called every minute of longer work, gives the message instead,
    or None where there is nothing to tell.
    """

    name: str
    label: Any
    describe: Callable[[Any], dict[str, Any]]
    withheld: Callable[[Any], Any] | None = None
    assess: Callable[[Any, Callable[[], None]], dict[str, Any] | None] | None = None


kinds: dict[str, EventKind] = {}  # by name, in the order in which they are offered


def register(*new: EventKind) -> None:
    """Offer these kinds."""
    kinds.update({kind.name: kind for kind in new})


def choices() -> list[tuple[str, Any]]:
    """(name, label) of the kinds that can be chosen."""
    return [(kind.name, kind.label) for kind in kinds.values() if kind.name != PING]


def label_of(name: str) -> str:
    """What a kind is called; its name where no app has it any more."""
    return str(kinds[name].label) if name in kinds else name


def api_address(route: str, *arguments: Any) -> str:
    """An address of the API, with its host where SITE_URL names it."""
    return settings.SITE_URL + reverse(route, args=arguments)
