"""Screenshots of every page × role × language × theme × width, and what is wrong on them.

    make screenshots                              (all: hours; into var/screenshots)
    make screenshots ARGS="--role lead --page round --width 1440 390 --language zh"
    make screenshots ARGS="--no-pictures"         (only the checks)

Makes the rich world of tests/screenshots/world.py once (minutes; --anew makes it again), starts the
application on it, and writes index.html, a sheet of all pictures with what was found. Ends with 1
if something was found.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from tests.screenshots import checks, contact_sheet
from tests.screenshots.installation import MADE, ROLES, ROOT, make, serve, settings_of

WIDTHS = {1440: 900, 820: 1180, 390: 844}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
THEMES = ("light", "dark")
EVERYBODY = ["anonymous", *ROLES]
TOUCHED = ("assignment",)  # pages whose controls a thumb must hit on a phone


def main() -> None:
    chosen = parse()
    data = chosen.out / "data"
    if chosen.anew:
        (data / MADE).unlink(missing_ok=True)
    make(data)
    os.environ.update(settings_of(data))
    with serve(data, chosen.port) as address:
        # the settings of the world's directory, which only now is named
        import django

        django.setup()
        from tests.screenshots import pages

        found = pages.load()
        keys = pages.cookies(found, chosen.role)
        shown = pages.pages(found, chosen.role, chosen.page or (), chosen.once)
        rows = visit(address, shown, keys, chosen)
    contact_sheet.write(chosen.out, rows)
    wrong = Counter(str(f).split(":")[0] for row in rows for f in row["findings"])
    print(f"{len(rows)} views, index: {chosen.out / 'index.html'}")
    for kind, count in wrong.most_common():
        print(f"{count:6} {kind}")
    sys.exit(1 if wrong else 0)


def parse():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=ROOT / "var" / "screenshots")
    options.add_argument("--role", nargs="+", default=EVERYBODY, choices=EVERYBODY)
    options.add_argument("--page", nargs="+", help="parts of the names of routes")
    options.add_argument("--width", nargs="+", type=int, default=list(WIDTHS))
    options.add_argument("--language", nargs="+", default=list(LANGUAGES), choices=LANGUAGES)
    options.add_argument("--theme", nargs="+", default=THEMES, choices=THEMES)
    options.add_argument("--port", type=int, default=8125)
    options.add_argument("--anew", action="store_true", help="make the world again")
    options.add_argument("--once", action="store_true", help="a page only with its first role")
    options.add_argument("--no-pictures", dest="pictures", action="store_false")
    options.add_argument("--no-axe", dest="axe", action="store_false")
    options.add_argument("--no-tab", dest="tab", action="store_false")
    return options.parse_args()


def visit(address, shown, keys, chosen) -> list[dict]:
    rows = []
    with sync_playwright() as play:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for language in chosen.language:
            for theme in chosen.theme:
                for width in chosen.width:
                    for role in chosen.role:
                        mine = [each for each in shown if each.role == role]
                        context = browser.new_context(
                            base_url=address, locale=LANGUAGES[language], color_scheme=theme,
                            viewport={"width": width, "height": WIDTHS.get(width, 900)},
                            reduced_motion="reduce", is_mobile=width < 500, has_touch=width < 500,
                        )  # fmt: skip
                        context.add_init_script(checks.SHIFTS)
                        if role in keys:
                            cookie = {"name": "sessionid", "value": keys[role], "url": address}
                            context.add_cookies([cookie])
                        for each in mine:
                            rows.append(view(context, each, language, theme, width, chosen))
                        context.close()
        browser.close()
    return rows


def view(context, each, language, theme, width, chosen) -> dict:
    """Open one page, look at it, and keep its picture."""
    page = context.new_page()
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    start = time.monotonic()
    findings = []
    name = f"{each.role}/{each.name}/{language}-{theme}-{width}.png"
    try:
        response = page.goto(each.address, wait_until="load")
        settle(page)
        if response and response.status != each.status:
            findings.append(f"status: {response.status} instead of {each.status}")
        touched = width < 500 and each.name.startswith(TOUCHED)
        findings += map(str, checks.look(page, 44 if touched else 24))
        if chosen.pictures:  # afterwards: a picture of the whole page makes the window larger
            (chosen.out / name).parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=chosen.out / name, full_page=True)
        findings += [f"script error: {e}" for e in errors if each.status == 200 or "404" not in e]
        errors.clear()  # axe-core writes styles of its own, which the policy of the page refuses
        if chosen.axe:
            findings += map(str, checks.audit(page))
        if chosen.tab and width >= 500:
            findings += map(str, checks.tab_through(page))
    except PlaywrightError as error:
        findings.append(f"not loaded: {str(error).splitlines()[0]}")
    page.close()
    row = {
        "role": each.role, "page": each.name, "address": each.address, "language": language,
        "theme": theme, "width": width, "picture": name if chosen.pictures else "",
        "seconds": round(time.monotonic() - start, 2), "findings": findings,
    }  # fmt: skip
    if findings:
        print(f"{each.address} · {each.role} · {language} {theme} {width}", flush=True)
        for finding in findings:
            print(f"    {finding}", flush=True)
    with (chosen.out / "views.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return row


def settle(page) -> None:
    """Until elements are defined and pictures are there; a page that streams never is idle."""
    page.wait_for_function("() => !document.querySelector(':not(:defined)')")
    try:
        page.wait_for_load_state("networkidle", timeout=3000)
    except PlaywrightError:
        return


if __name__ == "__main__":
    main()
