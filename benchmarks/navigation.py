"""How long a click on a place of the side bar takes, with pages fetched ahead and without.

    .venv/bin/python -m benchmarks.navigation [--data DIR] [--port 8129]

In the world of tests/screenshots a lead goes from place to place: the pointer comes to a link,
rests there for 300 ms, is pressed, and let go after 80 ms. Milliseconds from then to the first
paint of the next page, the median of several rounds; the rules that let the browser fetch ahead are
taken from the page for the column “without”. The last line says whether a page that was fetched
ahead shows what was changed after that.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.screenshots.installation import PASSWORD, make, serve

PLACES = ("Overview", "Data", "Rounds", "Agreement", "Releases", "Experiments", "Members", "Jobs")
ROUNDS = 5
RESTS, PRESSED = 300, 80  # ms
TIMING = """
() => {
  const [page] = performance.getEntriesByType("navigation")
  const [paint] = performance.getEntriesByName("first-contentful-paint")
  return { paint: paint?.startTime, delivery: page.deliveryType }
}
"""
CHANGE = """
theme => fetch("/theme/", {
  method: "POST",
  headers: { "x-csrftoken": JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"] },
  body: new URLSearchParams({ theme }),
})
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, help="a world that was made before")
    options.add_argument("--port", type=int, default=8129)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        data = chosen.data or Path(folder) / "world"
        make(data)
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with serve(data, chosen.port) as address:
            page = browser.new_context(base_url=address, locale="en-US").new_page()
            page.goto("/sign-in/")
            page.fill("[name=username]", "lead")
            page.fill("[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url: "/sign-in/" not in url)
            page.goto("/corpora/1/")
            report(page, chosen.rounds)
            print(f"a change is shown: {'yes' if shows_the_change(page) else 'NO'}")
        browser.close()


def report(page: Page, rounds: int) -> None:
    taken: dict[str, dict[bool, list[float]]] = {name: {True: [], False: []} for name in PLACES}
    used = 0
    for _round in range(rounds):
        for ahead in (True, False):
            for name in PLACES:
                found = go(page, name, ahead)
                taken[name][ahead].append(found["paint"])
                used += found["delivery"] == "navigational-prefetch"
    print("| place | without, ms | fetched ahead, ms |\n|---|---|---|")
    for name, times in taken.items():
        print(f"| {name} | {middle(times[False])} | {middle(times[True])} |")
    print(f"{used} of {rounds * len(PLACES)} pages were fetched ahead")


def middle(times: list[float]) -> str:
    return f"{statistics.median(times):.0f}"


def go(page: Page, name: str, ahead: bool) -> dict:
    if not ahead:
        page.evaluate("document.querySelector('script[type=speculationrules]')?.remove()")
    link = page.locator("#side").get_by_role("link", name=name, exact=False).first
    target = link.get_attribute("href")
    page.mouse.move(900, 500)
    link.hover()
    page.wait_for_timeout(RESTS)
    page.mouse.down()
    page.wait_for_timeout(PRESSED)
    with page.expect_navigation(wait_until="load"):
        page.mouse.up()
    assert target and page.url.split("?")[0].endswith(target), (page.url, target)
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    page.wait_for_load_state("networkidle")
    return page.evaluate(TIMING)


def shows_the_change(page: Page) -> bool:
    """Whether a page that was fetched ahead shows what was changed after that."""
    for theme in ("dark", "light"):
        page.goto("/corpora/1/")
        link = page.locator("#side").get_by_role("link", name="Members").first
        link.hover()
        page.wait_for_timeout(5 * RESTS)  # until it is fetched
        page.evaluate(CHANGE, theme)
        with page.expect_navigation(wait_until="load"):
            page.evaluate("document.querySelector('#side a[href*=members]').click()")
        if page.locator("html").get_attribute("data-theme") != theme:
            return False
    return True


if __name__ == "__main__":
    main()
