"""What is wrong with how a page looks and is read: found in the browser, as Findings."""

import functools
import gettext
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHECKS = Path(__file__).with_name("checks.js")
FOCUS = Path(__file__).with_name("focus.js")
MISSED = Path(__file__).with_name("missed.js")
CATALOG = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo"
SHIFTS = """
window.layoutShifts = []
new PerformanceObserver((list) => {
  const moved = list.getEntries().filter((each) => !each.hadRecentInput)
  window.layoutShifts.push(...moved.map((each) => each.value))
}).observe({ type: "layout-shift", buffered: true })
"""


@dataclass(frozen=True)
class Finding:
    """Something on a page that must not be."""

    kind: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where} ({self.what})"


def look(page: Page, target: int = 24, kinds: tuple[str, ...] = ()) -> list[Finding]:
    """What the geometry of a loaded page shows, of these kinds if some are named; `target` is the
    least size of what is hit.
    """
    wide = bool(page.viewport_size and page.viewport_size["width"] >= 1200)
    english = english_words() if not kinds or "untranslated" in kinds else []
    options = {"target": target, "wide": wide, "english": english, "kinds": kinds}
    found = page.evaluate(CHECKS.read_text("utf-8"), options)
    return [Finding(*each) for each in found if not kinds or each[0] in kinds]


@functools.cache
def english_words() -> list[str]:
    """What in a Chinese page is a sentence or word that was left in English."""
    with CATALOG.open("rb") as file:
        catalog = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    ours = {key.rpartition("\x04")[2]: words for key, words in catalog.items() if key == str(key)}
    return [key for key, words in ours.items() if key != words and re.search("[a-z]{3}", key)]


def audit(page: Page, impacts: tuple[str, ...] = ()) -> list[Finding]:
    """What axe-core finds, contrast with it; of these impacts, if some are named."""
    # the script goes in past the policy that the page keeps
    found = page.evaluate(AXE.read_text("utf-8") + ";axe.run({resultTypes: ['violations']})")
    return [
        Finding(f"axe {each['id']}", str(node["target"][0]), node["html"][:160])
        for each in found["violations"]
        if not impacts or each["impact"] in impacts
        for node in each["nodes"][:3]
    ]


def tab_through(page: Page, most: int = 120) -> list[Finding]:
    """Focus that is not seen, and what the keyboard does not reach, walking through a page."""
    found, walked = [], FOCUS.read_text("utf-8")
    page.evaluate("document.activeElement.blur()")
    for _step in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(walked)
        if stop is None or stop.get("again"):
            missed = page.evaluate(MISSED.read_text("utf-8"))
            return found + [Finding("not reached by Tab", each, "") for each in missed[:6]]
        for wrong, kind in (
            (not stop["outlined"], "no outline at the focus"),
            (not stop["inside"], "focus outside the window"),
            (stop["covered"], "focus covered"),
        ):
            if wrong:
                found.append(Finding(kind, stop["name"], str(stop["covered"])))
    return found
