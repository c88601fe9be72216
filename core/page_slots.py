"""Places in a page that an app further right fills with a fragment of its own.

A template names the place, `{% page_slot "round_actions" %}`; the AppConfig of the app that fills
it registers a template, which is rendered with the values of the page.
"""

from bisect import insort
from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fragment:
    order: int
    template: str


_fragments: defaultdict[str, list[Fragment]] = defaultdict(list)


def fill(slot: str, template: str, order: int = 0) -> None:
    """Show a template in a place; templates of one place stand by their order."""
    insort(_fragments[slot], Fragment(order, template))


def fragments(slot: str) -> list[Fragment]:
    return _fragments.get(slot, [])


def filled() -> list[str]:
    """The places that some app fills."""
    return list(_fragments)
