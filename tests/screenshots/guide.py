"""The pictures of the guides, made anew: python -m tests.screenshots.guide

Of the rich world of tests/screenshots/world.py, in both languages, into docs/guide/images.
"""

import io
import os

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.screenshots.__main__ import LANGUAGES, settle
from tests.screenshots.installation import ROOT, make, serve, settings_of

IMAGES = ROOT / "docs" / "guide" / "images"
DATA = ROOT / "var" / "screenshots" / "data"
SIZE = {"width": 1280, "height": 800}
COLOURS = 128  # of a picture: flat pages need no more


def main() -> None:
    make(DATA)
    os.environ.update(settings_of(DATA))
    with serve(DATA, 8126) as address:
        # the settings of the world's directory, which only now is named
        import django

        django.setup()
        from tests.screenshots import pages

        found = pages.load()
        keys = pages.cookies(found, ["annotator", "lead"])
        take(address, views(found), keys)


def take(address: str, shown: dict[str, tuple[str, str, str]], keys: dict[str, str]) -> None:
    """Take the pictures; nothing is asked of the database where Playwright runs its loop."""
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        for language, locale in LANGUAGES.items():
            for name, (role, path, awaited) in shown.items():
                context = browser.new_context(base_url=address, locale=locale, viewport=SIZE)
                cookie = {"name": "sessionid", "value": keys[role], "url": address}
                context.add_cookies([cookie])
                page = context.new_page()
                page.goto(path)
                settle(page)
                page.locator(awaited).first.wait_for()
                keep(page.screenshot(), IMAGES / f"{name}.{language}.png")
                context.close()
        browser.close()


def views(found) -> dict[str, tuple[str, str, str]]:
    """Name of a picture -> who sees it, the address, what has to be there."""
    return {
        "workbench": ("annotator", f"/assignments/{found.own['annotator'].pk}/", "video"),
        "agreement": ("lead", f"/rounds/{found.open.pk}/agreement/", "data-chart[data-drawn]"),
        "editor": ("lead", f"/dialogues/{found.dialogue.pk}/editor/", "video"),
        "experiment": ("lead", f"/experiments/{found.experiment.pk}/", "data-chart[data-drawn]"),
    }


def keep(png: bytes, path) -> None:
    """Store a picture with few colours: a tenth of its bytes."""
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
