"""How soon a page is there and how much comes with it.

    .venv/bin/python -m benchmarks.first_view [--data DIR] [--port 8127] [--limit 150]

The world of tests/screenshots, served by the launcher. Each page is opened by a browser that has
nothing cached, at a desk (1440 × 900) and on a phone (390 × 844): milliseconds until the first
answer, the first and the largest paint and the end of loading (the first row right after the
application has started, so that it is cold, too), layout shift, and bytes of scripts and style
sheets, as sent and unpacked; without the chart library and wavesurfer, which come only where there
is a chart or a waveform. A second table names the heavy modules that a first request of a page
imports. Ends with 1 if scripts and styles of a page are more than the limit in kB, as sent.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Response, sync_playwright

from tests.screenshots.installation import PASSWORD, ROOT, make, serve, settings_of

APART = ("echarts", "wavesurfer", "plugins/regions")  # loaded only where they are needed
HEAVY = ("av", "torch", "transformers", "sklearn", "scipy", "pandas", "statsmodels", "optuna")
PLACES = {
    "sign in": "/sign-in/",
    "start page": "/",
    "my tasks": "/tasks/",
    "corpus": "/corpora/1/",
    "dialogues": "/corpora/1/dialogues/",
    "round": "/rounds/1/",
    "agreement": "/rounds/1/agreement/",
    "new runs": "/corpora/1/runs/new/",
    "run": "/runs/2/",
}
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {"has_touch": True, "is_mobile": True} | {
    "viewport": {"width": 390, "height": 844}
}
WORKBENCH = """
import django; django.setup()
from annotation.models import Assignment
found = Assignment.objects.filter(person__username="lead", state="held", round__closure=None)
print(found.latest("pk").pk)
"""
MEASURE = """
() => new Promise((resolve) => {
  let shift = 0
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (!each.hadRecentInput) shift += each.value
  }).observe({ type: "layout-shift", buffered: true })
  const [page] = performance.getEntriesByType("navigation")
  const paint = performance.getEntriesByName("first-contentful-paint")[0]
  let largest = 0
  new PerformanceObserver((list) => {
    largest = list.getEntries().at(-1).startTime
  }).observe({ type: "largest-contentful-paint", buffered: true })
  setTimeout(() => resolve({
    answer: page.responseStart, paint: paint?.startTime ?? 0, loaded: page.loadEventEnd, shift,
    largest,
  }), 800)
})
"""
IMPORTS = """
import sys
import django; django.setup()
from django.test import Client
from people.models import Person
client = Client(headers={"host": "localhost"})
client.force_login(Person.objects.get(username="lead"))
client.get("/sign-in/")
for name, address in %r.items():
    before = set(sys.modules)
    client.get(address)
    heavy = sorted({m.split(".")[0] for m in set(sys.modules) - before} & set(%r))
    print(f"| {name} | {', '.join(heavy) or '–'} |")
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, help="a world that was made before")
    options.add_argument("--port", type=int, default=8127)
    options.add_argument("--limit", type=float, default=150, help="kB of scripts and styles, sent")
    chosen = options.parse_args()
    largest = 0.0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        data = chosen.data or Path(folder) / "world"
        make(data)
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        print(
            "| page | answer, ms | first paint | largest | loaded | CLS | scripts, kB sent"
            " | unpacked | styles, kB sent | unpacked | apart, kB sent |"
        )
        print("|---" * 11 + "|", flush=True)
        with serve(data, chosen.port) as address:
            state = signed_in(browser, address)
            places = PLACES | {"workbench": workbench(data)}
            for size in (DESK, PHONE):
                for name, place in places.items():
                    shown = f"{name}, phone" if size is PHONE else name
                    largest = max(largest, view(browser, address, shown, place, state, size))
        browser.close()
        print("\n| page | heavy modules that its first request imports |\n|---|---|", flush=True)
        command = [sys.executable, "-c", IMPORTS % (PLACES, HEAVY)]
        subprocess.run(command, cwd=ROOT, env=settings_of(data), check=True)
    if largest > chosen.limit:
        sys.exit(f"{largest:.0f} kB of scripts and styles are more than {chosen.limit:.0f}")


def signed_in(browser: Browser, address: str) -> dict:
    """The cookies of the lead, who is the first to open a page of this server: the cold row."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/sign-in/")
    row("sign in, cold server", page.evaluate(MEASURE), {})
    page.fill("[name=username]", "lead")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    state = context.storage_state()
    context.close()
    return state


def workbench(data: Path) -> str:
    """A dialogue that the lead annotates."""
    command = [sys.executable, "-c", WORKBENCH]
    found = subprocess.run(
        command, cwd=ROOT, env=settings_of(data), check=True, capture_output=True, text=True
    )
    return f"/assignments/{found.stdout.strip()}/"


def view(browser: Browser, address: str, name: str, place: str, state: dict, size: dict) -> float:
    """Open a page with an empty cache; kB of its scripts and styles."""
    kept: Any = None if place == PLACES["sign in"] else state
    context = browser.new_context(base_url=address, storage_state=kept, **size)
    page = context.new_page()
    sizes = {"script": [0, 0], "stylesheet": [0, 0], "apart": [0, 0]}
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(place, wait_until="load")
    measured = page.evaluate(MEASURE)
    for answer in answers:
        kind = answer.request.resource_type
        if kind not in sizes or not answer.ok:
            continue
        if any(part in answer.url for part in APART):
            kind = "apart"
        sizes[kind][0] += answer.request.sizes()["responseBodySize"]
        sizes[kind][1] += len(answer.body())
    context.close()
    row(name, measured, sizes)
    return (sizes["script"][0] + sizes["stylesheet"][0]) / 1000


def row(name: str, measured: dict, sizes: dict[str, list[int]]) -> None:
    script, style, apart = (sizes.get(kind) for kind in ("script", "stylesheet", "apart"))

    def size(pair: list[int] | None, which: int) -> str:
        return f"{pair[which] / 1000:.0f}" if pair else ""

    print(
        f"| {name} | {measured['answer']:.0f} | {measured['paint']:.0f}"
        f" | {measured['largest']:.0f} | {measured['loaded']:.0f}"
        f" | {measured['shift']:.3f} | {size(script, 0)} | {size(script, 1)} | {size(style, 0)}"
        f" | {size(style, 1)} | {size(apart, 0)} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
