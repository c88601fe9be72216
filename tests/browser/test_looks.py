"""How pages look and are walked through by the keyboard; what is checked is in tests/screenshots,
whose command does it on every page, for every role, in both languages and themes, at three widths.
"""

import pytest
from playwright.sync_api import expect

from tests.factories import make_corpus, make_judged_round, make_person
from tests.screenshots import checks

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BROKEN = """
<!DOCTYPE html><html lang="en"><title>t</title><style>
  main { width: 300px } .narrow { width: 1ch; overflow-wrap: anywhere }
  .over { position: relative; top: -34px }
  .cut { width: 40px; overflow: hidden; white-space: nowrap }
  .wide { width: 3000px } .none { outline: none } button { padding: 0; border: 0 }
</style><main><h1>t</h1><p class="narrow">abcdefgh</p>
<p>some words</p><p class="over">other words</p>
<p class="cut">a long sentence</p><div class="wide">w</div>
<button class="none">a</button><button>b</button></main></html>
"""


def test_what_is_wrong_is_found(chromium):
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_content(BROKEN)
    kinds = {each.kind for each in checks.look(page)}
    assert kinds == {
        "overflow", "column of letters", "overlap", "cut off", "small target", "narrow page",
    }  # fmt: skip
    assert {"no outline at the focus"} == {each.kind for each in checks.tab_through(page)}
    page.close()


def test_what_is_asked_for_alone_is_found_as_with_the_rest(chromium):
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_content(BROKEN)
    for kind in ("overflow", "overlap"):
        found = [each for each in checks.look(page) if each.kind == kind]
        assert found and checks.look(page, kinds=(kind,)) == found
    page.close()


def test_english_on_a_chinese_page_is_found(chromium):
    page = chromium.new_page()
    page.set_content("""<!DOCTYPE html><html lang="zh-hans"><title>t</title><main>
      <h1>语料库: 声情</h1><p>Sign in</p><p>登录：<code>Sign in</code></p></main></html>""")
    assert {(each.kind, each.what) for each in checks.look(page)} >= {
        ("mixed punctuation", "库:"), ("untranslated", "Sign in"),
    }  # fmt: skip
    assert [each.kind for each in checks.look(page)].count("untranslated") == 1
    page.close()


def test_a_lead_needs_no_mouse(sign_in):
    """From the start page to a decision, by keys alone; wherever they lead, the focus is seen."""
    corpus = make_corpus(make_person("lead"), name="键盘")
    judged = make_judged_round(corpus)
    page = sign_in("lead", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    for name, address in (
        ("键盘", f"**/corpora/{corpus.pk}/"),
        ("Rounds", "**/rounds/"),
        (judged.name, f"**/rounds/{judged.pk}/"),
        ("Adjudicate", "**/adjudication/"),
    ):
        assert checks.tab_through(page) == []
        go_to(page, name)
        page.keyboard.press("Enter")
        page.wait_for_url(address)
        page.wait_for_function("() => !document.querySelector(':not(:defined)')")
    decided = page.locator("form.decision [name=utterance]").input_value()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("form.decision [name=utterance]")).not_to_have_value(decided)
    # dialogues of this corpus have no films
    page.shengqing_errors[:] = [e for e in page.shengqing_errors if "404" not in e]


def go_to(page, name, most=150):
    """Press Tab until the focus is on what bears the name."""
    page.evaluate("document.activeElement.blur()")
    for _step in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("name => document.activeElement.innerText?.trim().startsWith(name)", name):
            return
    raise AssertionError(f"Tab does not come to {name} on {page.url}")
