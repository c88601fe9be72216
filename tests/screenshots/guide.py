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
    with serve(DATA, 8126) as address, sync_playwright() as play:
        # the settings of the world's directory, which only now is named
        import django

        django.setup()
        from tests.screenshots import pages

        found = pages.load()
        keys = pages.cookies(found, ["annotator", "lead"])
        browser = play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        for language, locale in LANGUAGES.items():
            for name, (role, path, awaited) in views(found).items():
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
    first, corpus = found.open, found.corpus
    return {
        "workbench": ("annotator", f"/assignments/{found.own['annotator'].pk}/", "video"),
        "overview": ("lead", f"/corpora/{corpus.pk}/", "main h1"),
        "scheme": ("lead", f"/corpora/{corpus.pk}/schemes/new/", "main h1"),
        "agreement": ("lead", f"/rounds/{first.pk}/agreement/", "main canvas, main svg"),
        "adjudication": ("lead", f"/rounds/{first.pk}/adjudication/", "main h1"),
        "editor": ("lead", f"/dialogues/{found.dialogue.pk}/editor/", "video"),
        "experiment": ("lead", f"/experiments/{found.experiment.pk}/", "main canvas, main svg"),
    }


def keep(png: bytes, path) -> None:
    """Store a picture with few colours: a tenth of its bytes."""
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
