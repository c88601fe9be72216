"""An annotator at work, by keyboard alone."""

import pytest
from django.core.files import File
from playwright.sync_api import expect

from annotation.models import ExpertLabel, Judgement, Submission, Suggestion
from corpus.models import Source
from tests.browser.conftest import wait_for_elements
from tests.factories import make_corpus, make_member, make_person, make_round
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def opened(film, srt, settings):
    corpus = make_corpus(make_person("lead"))
    source = Source.objects.create(corpus=corpus, title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        source.media.save("film.mp4", File(media))
        source.transcript.save("film.srt", File(words))
    source.run()
    source.publish(None)
    return make_round(corpus, [make_member(corpus, username="anno")])


def until(page, expression):
    """Poll from outside: the page's own policy forbids evaluating strings inside it."""
    wait_until(lambda: page.evaluate(expression), expression, pause=pausing(page))


def pausing(page):
    """Pauses in which Playwright goes on with what the page asks of the test."""
    return lambda seconds: page.wait_for_timeout(seconds * 1000)


def wait_until_saved(page, count):
    expect(page.locator(".saved")).to_contain_text("Saved")
    until(page, "localStorage.length === 0")
    assert Judgement.objects.count() == count


def test_a_dialogue_by_keyboard_alone(sign_in, opened, live_server):
    page = sign_in("anno")
    page.goto("/tasks/")
    page.keyboard.press("Tab")  # skip link
    for _ in range(30):
        if page.evaluate("document.activeElement.textContent").strip() == "Continue":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/assignments/*/")
    wait_for_elements(page)
    expect(page.locator("fieldset[data-lit]:visible")).to_have_attribute("data-task", "sentiment")
    waiting = page.locator("form.questions:visible [data-task=emotion_sentiment]")
    expect(waiting).to_have_attribute("data-waiting", "")
    expect(waiting).to_contain_text("asked after emotion and sentiment")

    page.keyboard.type("3112")
    expect(page.locator("fieldset[data-lit]:visible")).to_have_attribute(
        "data-task", "emotion_sentiment"
    )
    expect(page.locator("form.questions:visible .ask").first).to_have_text(
        "How does the emotion joy act on the sentiment positive here?"
    )
    page.keyboard.type("53")
    expect(page.locator("#turns li").first).to_have_attribute("data-complete", "")
    page.keyboard.press("Enter")
    expect(page.locator("form.questions:visible .said")).to_contain_text("真巧啊")
    wait_until_saved(page, 6)

    page.keyboard.type("1")
    page.keyboard.press("u")  # undo takes the answer back, as a row of its own
    page.keyboard.type("2711")
    page.keyboard.press("Backspace")
    page.keyboard.type("2")  # the humor answer again, differently
    page.keyboard.type("33")
    wait_until_saved(page, 6 + 2 + 4 + 1 + 2)

    assignment = opened.assignments.order_by("pk").first()
    first, second = assignment.dialogue.utterances.all()
    assert assignment.answers()[first.pk] == {
        "sentiment": "positive", "emotion": "joy", "sarcasm": "no", "humor": "yes",
        "emotion_sentiment": "2", "sarcasm_humor": "0",
    }  # fmt: skip
    assert assignment.answers()[second.pk]["humor"] == "yes"

    page.keyboard.press("Enter")  # everything is answered: the button that hands in
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("1 dialogue submitted")
    assert Submission.objects.get().assignment == assignment
    expect(page.get_by_role("button", name="Next dialogue")).to_be_focused()
    page.keyboard.press("Enter")  # and on to the next one
    page.wait_for_url(f"**/assignments/{assignment.pk + 1}/")

    lead = sign_in("lead")
    lead.goto(f"/rounds/{opened.pk}/")
    expect(lead.locator("h1 + .state")).to_contain_text("1 of 2 submissions")


def test_the_clip_plays_seeks_and_stops_at_the_end_of_the_utterance(sign_in, opened):
    page = sign_in("anno")
    page.goto(f"/assignments/{opened.assignments.first().pk}/")
    wait_for_elements(page)
    until(page, "document.querySelector('video').readyState >= 3")
    expect(page.locator(".wave")).to_be_visible()
    page.keyboard.press("ArrowDown")  # the second utterance, and it plays
    until(page, "document.querySelector('video').currentTime > 1.5")
    until(page, "document.querySelector('video').paused")
    end = page.evaluate("document.querySelector('video').currentTime")
    assert end == pytest.approx(2.4, abs=0.15)
    page.evaluate(
        "document.querySelector('video').addEventListener('play', ({ target }) =>"
        " target.setAttribute('data-played', ''))"
    )  # the rest of the clip may be over before anybody looks
    page.keyboard.press("Space")
    until(page, "document.querySelector('video').hasAttribute('data-played')")


def test_a_cut_connection_keeps_the_answers_and_sends_them_later(sign_in, opened):
    page = sign_in("anno")
    page.goto(f"/assignments/{opened.assignments.first().pk}/")
    wait_for_elements(page)
    page.context.set_offline(True)
    page.keyboard.type("31")
    expect(page.locator(".saved")).to_contain_text("Not saved yet")
    assert Judgement.objects.count() == 0
    page.context.set_offline(False)
    wait_until_saved(page, 2)
    page.reload()
    expect(page.locator("fieldset[data-lit]:visible")).to_have_attribute("data-task", "sarcasm")
    errors = page.shengqing_errors
    errors[:] = [e for e in errors if "ERR_INTERNET_DISCONNECTED" not in e]


def test_digits_in_a_field_or_an_input_method_are_no_answers(sign_in, opened):
    page = sign_in("anno")
    page.goto(f"/assignments/{opened.assignments.first().pk}/")
    wait_for_elements(page)
    expect(page.locator("fieldset[data-lit]:visible")).to_have_count(1)
    page.evaluate(
        "document.dispatchEvent(new KeyboardEvent('keydown', {key: '1', isComposing: true}))"
    )
    page.locator("[data-do=speed]").focus()
    page.keyboard.type("2")
    page.keyboard.press("?")
    assert page.locator("form.questions:visible :checked").count() == 0


@pytest.mark.parametrize("view", ["audio", "silent"])
def test_a_view_plays_its_rendition_on_the_times_of_the_clip(sign_in, opened, view):
    opened.view = view
    opened.save()
    page = sign_in("anno")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/assignments/{opened.assignments.first().pk}/")
    wait_for_elements(page)
    until(page, "document.querySelector('video').readyState >= 3")
    dialogue = opened.assignments.first().dialogue
    seconds = page.evaluate("document.querySelector('video').duration")
    assert seconds == pytest.approx(dialogue.duration, abs=0.1)
    width = page.evaluate("document.querySelector('video').videoWidth")
    assert (width > 0) == (view == "silent")
    page.keyboard.press("ArrowDown")  # the second utterance, and it plays
    until(page, "document.querySelector('video').currentTime > 1.5")
    until(page, "document.querySelector('video').paused")
    end = page.evaluate("document.querySelector('video').currentTime")
    assert end == pytest.approx(2.4, abs=0.15)
    heard = page.evaluate("document.querySelector('video').webkitAudioDecodedByteCount")
    assert (heard > 0) == (view == "audio")
    expect(page.locator(".wave")).to_be_visible(visible=view == "audio")
    names = {url.split("/media/")[1].strip("/") for url in asked if "/media/" in url}
    assert names == ({"sound", "peaks"} if view == "audio" else {"silent"})


def test_a_suggestion_comes_after_judging_and_is_not_there_before(sign_in, opened):
    opened.suggestions = "after"
    opened.save()
    held = opened.assignments.order_by("pk").first()
    for utterance in held.dialogue.utterances.all():
        Suggestion.objects.create(
            utterance=utterance, task="emotion", value="anger", probability=0.82, origin="m"
        )
    page = sign_in("anno")
    page.goto(f"/assignments/{held.pk}/")
    wait_for_elements(page)
    page.keyboard.type("31125")
    wait_until_saved(page, 5)
    assert "82 %" not in page.content() and "data-suggested" not in page.content()
    page.context.set_offline(True)
    page.keyboard.type("3")  # the last question, while the connection is gone
    expect(page.locator(".saved")).to_contain_text("Not saved yet")
    assert "82 %" not in page.content()
    page.context.set_offline(False)
    wait_until_saved(page, 6)
    expect(page.locator("form.questions:visible .hint")).to_have_text("machine 82 %")
    expect(page.locator("form.questions:visible [data-suggested=after]")).to_contain_text("anger")
    assert page.content().count("82 %") == 1
    page.reload()
    assert page.content().count("82 %") == 1
    errors = page.shengqing_errors
    errors[:] = [e for e in errors if "ERR_INTERNET_DISCONNECTED" not in e]


def test_practice_explains_once_an_utterance_is_answered(sign_in, opened):
    opened.kind = "practice"
    opened.save()
    held = opened.assignments.order_by("pk").first()
    first = held.dialogue.utterances.first()
    ExpertLabel.write(None, held.dialogue, [(first, "emotion", "joy", "she <b>smiles</b>")])
    page = sign_in("anno")
    page.goto(f"/assignments/{held.pk}/")
    wait_for_elements(page)
    page.keyboard.type("31125")
    wait_until_saved(page, 5)
    assert "smiles" not in page.content()
    page.keyboard.type("3")
    expect(page.locator("form.questions:visible .explained")).to_contain_text("she <b>smiles</b>")


def test_a_clip_that_cannot_be_played_says_so(sign_in, opened):
    dialogue = opened.assignments.first().dialogue
    with open(dialogue.clip.path, "wb") as clip:  # noqa: PTH123
        clip.write(b"nothing")
    page = sign_in("anno")
    page.goto(f"/assignments/{opened.assignments.first().pk}/")
    wait_for_elements(page)
    expect(page.locator(".unplayable")).to_be_visible()
    expect(page.locator("video")).to_be_hidden()
