"""The check of a transcript by keyboard, in both languages, on a phone, and without scripts."""

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from playwright.sync_api import expect

from corpus.models import Source
from tests.corpus.test_clip_writer import make
from tests.factories import make_corpus, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = settings.ROOT / "node_modules/axe-core/axe.min.js"
TALK = ["张三：走吧", "- 你好\n- 再见", "一个很长很长很长的名字：跑", "Gandalf the Grey: run"]
SRT = "\n\n".join(f"{n}\n00:00:0{n},00 --> 00:00:0{n},9\n{talk}" for n, talk in enumerate(TALK, 1))
ASS = "[Events]\n" + "".join(
    f"Dialogue: 0,0:00:0{n}.00,0:00:0{n}.90,{style},,0,0,0,,{talk}\n"
    for n, (style, talk) in enumerate([("Default", "你好\\NHello"), ("OP-Romaji", "la")], 1)
)


@pytest.fixture
def drafts(tmp_path):
    corpus = make_corpus(make_person("lead"))
    wave = make(tmp_path / "talk.wav", "-f", "lavfi", "-i", "anoisesrc=d=20:r=8000")
    made = []
    for name, words in (("a.srt", SRT), ("b.ass", ASS)):
        source = Source(corpus=corpus, title=name, status="draft")
        source.inspection = {"shots": [], "heard": []}
        source.probe_media(wave)
        source.media.save("talk.wav", ContentFile(wave.read_bytes()), save=False)
        source.transcript.save(name, ContentFile(words.encode()), save=False)
        source.save()
        made.append(f"/sources/{source.pk}/preview/")
    return made


@pytest.mark.parametrize(
    ("locale", "scheme", "width"), [("en-US", "light", 1280), ("zh-CN", "dark", 390)]
)
def test_the_page_fits_and_can_be_used_by_everybody(sign_in, drafts, locale, scheme, width):
    page = sign_in(
        "lead", locale=locale, color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    for address in drafts:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        if AXE.exists():
            found = page.evaluate(AXE.read_text() + ";axe.run({resultTypes: ['violations']})")
            serious = [
                (each["id"], each["nodes"][0]["html"][:120])
                for each in found["violations"]
                if each["impact"] in ("serious", "critical")
            ]
            assert serious == []


@pytest.mark.parametrize("scripts", [True, False])
def test_names_are_ticked_by_keyboard(sign_in, drafts, scripts):
    page = sign_in("lead", java_script_enabled=scripts)
    page.goto(drafts[0])
    row = page.get_by_role("row", name="Gandalf the Grey")
    box = row.get_by_role("checkbox")
    expect(box).not_to_be_checked()
    box.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Update preview").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="Gandalf the Grey").get_by_role("checkbox")).to_be_checked()
    expect(page.get_by_text("张三 1 · Gandalf the Grey 1")).to_be_visible()
    page.get_by_label("names before a colon").select_option("none")
    page.get_by_role("button", name="Update preview").click()
    expect(page.get_by_text("Gandalf the Grey: run")).to_be_visible()
