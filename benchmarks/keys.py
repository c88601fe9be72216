"""How many keys an utterance takes on the workbench, counted on the real page.

    .venv/bin/python -m benchmarks.keys

The dialogues of the demo corpus are judged as their script means them, in Chromium, by keys alone:
the page says which question is lit, what is pre-lit and which correlations it asks. Each way of
working is a round of its own: the default scheme; the short scheme, whose usual values are
confirmed with Enter; with “next one by itself”; and with the answers of the utterance before
repeated where all of them are the same. Keys to the next utterance, to submit and to the next
dialogue are counted, those that play the film are not. Nothing is saved.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "secret-for-benchmarks"
WAYS = {  # name -> scheme, next one by itself, answers repeated
    "default scheme": ("default", False, False),
    "default scheme, next one by itself": ("default", True, False),
    "short scheme": ("short", False, False),
    "short scheme, next one by itself": ("short", True, False),
    "short scheme, next one by itself, repeated": ("short", True, True),
}

SUBMISSION = 2  # keys a dialogue: Enter submits it, Enter goes to the next one


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    if options.parse_args().make:
        return make()
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"DATA_DIR": folder, "SECRET_KEY": "benchmark", "DEBUG": "1"}
        env["STATIC_STORAGE"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        python = [sys.executable, "-m", "benchmarks.keys", "--make"]
        subprocess.run(python, env=env, check=True, cwd=ROOT)
        port = free_port()
        serve = [sys.executable, "manage.py", "runserver", str(port), "--noreload"]
        server = subprocess.Popen(
            serve, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(port)
            report(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait()


def wait_for(port: int) -> None:
    for _try in range(120):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/")  # noqa: S310
            return
        except OSError:
            time.sleep(0.5)
    sys.exit("the server did not start")


def make() -> None:
    """A corpus of the demo's words, and a round and a person for each way of working."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    django.setup()
    from django.core.management import call_command

    from annotation.models import SchemeVersion
    from annotation.queue.dispatch import assign
    from annotation.rounds import open_round
    from annotation.scheme import DEFAULT, SHORT
    from corpus.models import Corpus, Dialogue, Source, Speaker, Utterance
    from demo.dialogues import DIALOGUES
    from jobs.models import JobStatus
    from people.models import Person

    call_command("migrate", verbosity=0)
    lead = Person.objects.create_user("lead", password=PASSWORD)
    corpus = Corpus.create(lead, name="script")
    source = corpus.sources.create(kind=Source.Kind.TABLE, status=JobStatus.DONE, title="script")
    number = 0
    for dialogues in DIALOGUES.values():
        for lines in dialogues:
            number += 1
            dialogue = Dialogue.objects.create(
                corpus=corpus, source=source, uid=f"D{number}", number=number
            )
            for place, line in enumerate(lines, 1):
                speaker, _made = Speaker.objects.get_or_create(corpus=corpus, name=line.speaker)
                Utterance.objects.create(
                    dialogue=dialogue, number=place, uid=f"D{number}_{place}", speaker=speaker,
                    text=line.text, start=place, end=place + 1,
                )  # fmt: skip
            dialogue.publish(None)
    for place, (name, (scheme, _by_itself, _repeated)) in enumerate(WAYS.items()):
        person = Person.objects.create_user(f"way{place}", password=PASSWORD)
        corpus.memberships.create(person=person, role="annotator")
        version = SchemeVersion.of(corpus, SHORT if scheme == "short" else DEFAULT)
        published = corpus.dialogues.published()
        opened = open_round(lead, corpus, name, published, [person], 1, scheme_version=version)
        for item in opened.round_items.select_related("dialogue"):
            assign(opened.participants.get(), lead, item)


def report(address: str) -> None:
    print("| way | utterances | keys | keys an utterance |\n|---|---|---|---|")
    with sync_playwright() as play:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for place, (name, (_scheme, by_itself, repeated)) in enumerate(WAYS.items()):
            page = browser.new_context(base_url=address, locale="en-US").new_page()
            page.goto("/sign-in/")
            page.fill("[name=username]", f"way{place}")
            page.fill("[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(f"{address}/")
            utterances, keys = Annotator(page, by_itself, repeated).judge_all()
            print(f"| {name} | {utterances} | {keys} | {keys / utterances:.2f} |", flush=True)
        browser.close()


JUDGE = """({ meant, byItself, repeated }) => {
  const asked = (answers) => {
    const isFunny = [answers.sarcasm, answers.humor].includes("yes")
    return JSON.stringify({ ...answers, sarcasm_humor: isFunny && answers.sarcasm_humor })
  }
  let keys = 0
  const press = (key) => {
    const options = { key, bubbles: true, cancelable: true }
    document.body.dispatchEvent(new KeyboardEvent("keydown", options))
    keys++
  }
  const forms = [...document.querySelectorAll("form.questions[data-utterance]")]
  let before = null
  for (const [place, form] of forms.entries()) {
    const answers = meant[form.querySelector(".words").textContent.trim()]
    if (form.hidden) throw new Error(`utterance ${place + 1} is not shown`)
    if (repeated && before === asked(answers)) press("p")
    for (let lit; !form.hidden && (lit = form.querySelector("fieldset[data-lit]")); ) {
      const value = answers[lit.dataset.task]
      const isUsual = lit.querySelector("label[data-usual] input")?.value === value
      press(isUsual ? "Enter" : lit.querySelector(`input[value="${value}"]`).dataset.digit)
    }
    before = asked(answers)
    if (!byItself) press("Enter") // to the next utterance, after the last one to the button
  }
  if (document.activeElement?.closest(".submission") === null) throw new Error("not at the button")
  return { keys, utterances: forms.length }
}"""


class Annotator:
    """Judges every dialogue as the script means it, with the fewest keys that the page takes."""

    def __init__(self, page, by_itself: bool, repeated: bool):
        from demo.dialogues import DIALOGUES

        self.page, self.by_itself, self.repeated = page, by_itself, repeated
        self.meant = {
            line.text: line.meant
            for dialogues in DIALOGUES.values()
            for lines in dialogues
            for line in lines
        }
        self.keys = self.utterances = 0

    def judge_all(self) -> tuple[int, int]:
        page = self.page
        saved = {"json": {"saved": True}}  # what is counted is the page, not the server
        page.route("**/judgements/", lambda route: route.fulfill(**saved))
        page.route("**/warnings/", lambda route: route.fulfill(**saved))
        page.goto("/tasks/")
        links = page.locator("main a[href*='/assignments/']")
        addresses = {link.get_attribute("href") for link in links.all()}
        for address in sorted(addresses):
            page.goto(address, wait_until="domcontentloaded")
            page.wait_for_selector("annotation-form:defined form.questions:visible")
            page.locator("[data-do=advance]").set_checked(self.by_itself)
            way = {"meant": self.meant, "byItself": self.by_itself, "repeated": self.repeated}
            found = page.evaluate(JUDGE, way)
            self.keys += found["keys"] + SUBMISSION
            self.utterances += found["utterances"]
        return self.utterances, self.keys


if __name__ == "__main__":
    main()
