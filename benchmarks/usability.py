"""What each role's main job costs: clicks, keys, pages and scrolling, from the start page.

    .venv/bin/python -m benchmarks.usability [--data DIR] [--port 8126] [--only annotator]

Scripts do as a person who has read nothing: they start at the start page, sign in, and use only
what pages show, links and buttons by their names and the keys that are printed beside an answer.
Each job is done in English and in Chinese, at a desk (1440 × 900) and, where its role works there,
on a phone (390 × 844), each in a copy of the world of tests/screenshots. Counted are clicks, keys,
pages that were loaded, and windowfuls of scrolling to reach what is clicked. The seconds of a
person are those of the keystroke-level model (Card, Moran and Newell 1980): 1.3 to point and
click, 0.28 a key, 1.35 to think on each page and, new here, 0.5 to scroll a windowful. The seconds
of the machine hold its answers alone; they are noisy.
"""

import argparse
import dataclasses
import gettext
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.screenshots.installation import PASSWORD, ROOT, make, serve

LIMIT = 60_000  # milliseconds that a page may take
DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
MESSAGES = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo"
UNANSWERED = "fieldset:not([hidden]):not(:has(:checked))"
ROLES = ("link", "button", "tab", "menuitem", "radio", "checkbox", "option")


@dataclasses.dataclass
class Effort:
    clicks: int = 0
    keys: int = 0
    pages: int = 0
    scrolls: int = 0
    machine: float = 0.0

    @property
    def interactions(self) -> int:
        return self.clicks + self.keys + self.scrolls

    @property
    def person(self) -> float:
        moved = 1.3 * self.clicks + 0.28 * self.keys + 0.5 * self.scrolls
        return moved + 1.35 * self.pages


class Someone:
    """A person at a browser, whose every move is counted."""

    def __init__(self, browser: Browser, address: str, language: str, phone: bool) -> None:
        context = browser.new_context(
            base_url=address, locale=LANGUAGES[language], **(PHONE if phone else DESK)
        )
        context.set_default_timeout(LIMIT)
        self.page: Page = context.new_page()
        self.phone, self.effort = phone, Effort()
        with MESSAGES.open("rb") as file:
            self.translate = (
                gettext.GNUTranslations(file).gettext if language == "zh" else lambda text: text
            )
        self.page.on("domcontentloaded", lambda _page: self.count_page())
        self.start = time.monotonic()

    def count_page(self) -> None:
        self.effort.pages += 1

    def done(self) -> Effort:
        self.effort.machine = time.monotonic() - self.start
        self.page.context.close()
        return self.effort

    def name(self, text: str) -> re.Pattern[str]:
        """The name of a control that begins with a message of ours, whatever it counts."""
        shown = self.translate(text)
        return re.compile(rf"^\s*{re.escape(shown)}", re.I)

    def seen(self, *texts: str, within: str = "body", role: str = "") -> Locator:
        """The first control on the page that bears one of the names; what is hidden is none."""
        place = self.page.locator(within).last
        for text in texts:
            for each in [role] if role else ROLES:
                found = place.get_by_role(each, name=self.name(text)).locator("visible=true")  # type: ignore[arg-type]
                if found.count():
                    return found.first
            found = place.locator("summary", has_text=self.name(text)).locator("visible=true")
            if found.count():
                return found.first
        raise LookupError(f"{self.page.url}: nothing is called {' or '.join(texts)}")

    def click(self, *texts: str, within: str = "body", role: str = "") -> None:
        deadline = time.monotonic() + LIMIT / 1000
        while True:
            try:
                return self.press(self.seen(*texts, within=within, role=role))
            except LookupError:
                if time.monotonic() > deadline:
                    raise
                self.page.wait_for_timeout(100)

    def press(self, control: Locator) -> None:
        """Bring a control into sight, then click or touch it."""
        box = control.bounding_box()
        height = self.page.viewport_size["height"]  # type: ignore[index]
        if box and not 0 <= box["y"] + box["height"] / 2 <= height:
            away = box["y"] - height if box["y"] > 0 else -box["y"]
            self.effort.scrolls += 1 + int(away // height)
        self.effort.clicks += 1
        if self.phone:
            control.tap()
        else:
            control.click()
        self.settle()

    def go(self, *texts: str) -> None:
        """Follow a place of the side bar, which a phone keeps behind a button."""
        if self.phone:
            self.click("Menu", within=".tab-bar")
        self.click(*texts, within="#side")

    def follow(self, address: str) -> None:
        """Follow what the start page says that needs somebody, by where it leads."""
        self.press(
            self.page.locator(f".needs a[href*='{address}'], a.card-need[href*='{address}']").first
        )

    def settle(self) -> None:
        self.page.wait_for_timeout(60)
        self.page.wait_for_load_state("domcontentloaded")
        self.page.wait_for_load_state("networkidle")

    def key(self, name: str) -> None:
        self.effort.keys += 1
        self.page.keyboard.press(name)

    def type(self, label: str, text: str) -> None:
        """Click into a field and write."""
        field = self.page.get_by_label(self.name(label)).locator("visible=true").first
        self.press(field)
        field.fill(text)
        self.effort.keys += len(text)

    def choose(self, label: str, value: str) -> None:
        """Open a list and choose in it."""
        self.page.get_by_label(self.name(label)).locator("visible=true").first.select_option(value)
        self.effort.clicks += 2

    def sees(self, text: str) -> None:
        self.page.get_by_text(self.translate(text)).locator("visible=true").first.wait_for()

    def sign_in(self, username: str) -> None:
        self.page.goto("/")
        self.type("Username or e-mail", username)
        self.type("Password", PASSWORD)
        self.key("Enter")
        self.page.wait_for_url(lambda address: "/sign-in/" not in address)
        self.settle()


def annotate(one: Someone) -> None:
    """Annotate one dialogue, each question by its digit or by a finger, and submit it."""
    judge(one, repeated=False)


def annotate_alike(one: Someone) -> None:
    """The same with what the page offers: “Same as before” where the answers are the same."""
    judge(one, repeated=True)


def judge(one: Someone, repeated: bool) -> None:
    one.sign_in("anno2")
    one.click("Start annotating", "Continue", within="main")
    one.page.wait_for_url("**/assignments/*/")
    here = one.page.url
    one.page.wait_for_function("Boolean(customElements.get('annotation-form'))")
    for utterance in range(30):
        form = one.page.locator("form.questions:visible")
        if not form.count():
            break
        for _task in range(12):
            left = form.locator(UNANSWERED)
            if not left.count():
                break
            answered = one.page.locator("form.questions :checked").count()
            again = repeated and utterance > 0
            if one.phone:
                answer = left.first.locator("label").first
                one.press(one.seen("Same as before") if again else answer)
            else:
                one.key("p" if again else "1")
            one.page.wait_for_function(
                "n => document.querySelectorAll('form.questions :checked').length != n",
                arg=answered,
            )
        if one.page.url != here:
            return
        missing = one.page.locator("form.questions").filter(has=one.page.locator(UNANSWERED))
        if not missing.count():
            break
        if one.phone:
            one.click("Next utterance")
        else:
            one.key("Enter")
    one.click("Submit dialogue")
    one.page.wait_for_url(lambda address: address != here)


def decide(one: Someone) -> None:
    """Decide three contested items."""
    one.sign_in("judge")
    one.follow("/adjudication/")
    for _item in range(3):
        here = one.page.locator("form.decision [name=utterance]").first.input_value()
        task = one.page.locator("form.decision [name=task]").first.input_value()
        if one.phone:
            one.press(one.page.locator("form.decision fieldset label:visible").first)
            one.click("Decide", within="form.decision")
        else:
            one.key("1")
            one.key("Enter")
        one.page.wait_for_function(
            "old => { const f = document.querySelector('form.decision');"
            " return f && f.utterance.value + f.task.value != old }",
            arg=here + task,
        )
        one.settle()


def find_agreement(one: Someone) -> None:
    """Find the task with the worst agreement, and the two people who differ most on it."""
    one.sign_in("lead")
    one.go("Agreement")
    one.click("第一轮", within="main")
    rows = one.page.locator("#measures tbody tr:has(th a)")
    rows.first.wait_for()
    worst = min(rows.all(), key=lambda row: number(row.locator("td").first.inner_text()))
    one.press(worst.locator("th a").first)
    one.page.locator("main").get_by_text(re.compile("陈墨|吴桐|赵昕")).first.wait_for()


def number(text: str) -> float:
    found = re.search(r"[−-]?\d\.\d+", text)
    return float(found[0].replace("−", "-")) if found else 9.0


def open_round(one: Someone) -> None:
    """Open a round with everybody and what the form proposes."""
    one.sign_in("lead")
    one.go("Rounds")
    one.click("New round")
    one.click("Open round", within="main")
    one.page.wait_for_url("**/rounds/*/")


def change_scheme(one: Someone) -> None:
    """Call a value of the scheme by another name."""
    one.sign_in("lead")
    one.go("Label scheme")
    one.click("New scheme version")
    one.press(
        one.page.locator("main form summary").filter(has_text=re.compile("sentiment|情感")).first
    )
    field = one.page.locator("main form input[value='neutral']").locator("visible=true").first
    one.press(field)
    field.fill("neither")
    one.effort.keys += len("neutral") + len("neither")  # deleted, and written
    one.click("Save version", within="main")
    one.page.wait_for_url("**/schemes/")


def answer_comment(one: Someone) -> None:
    """Answer a comment of an annotator."""
    one.sign_in("lead")
    one.follow("/comments/")
    one.press(one.page.locator("main textarea").locator("visible=true").first)
    one.page.locator("main textarea").locator("visible=true").first.fill("是反话")
    one.effort.keys += 3
    one.click("Answer", "Reply", within="main")


def start_run(one: Someone) -> None:
    """Start a training run as the form proposes it."""
    one.sign_in("lead")
    one.go("Experiments")
    one.click("Start runs")
    one.click("Start", within="main form", role="button")
    one.page.wait_for_url(re.compile(r"/(runs|experiments)/\d+/"))


def find_confusions(one: Someone) -> None:
    """Find the best run, and what it takes for what."""
    one.sign_in("lead")
    one.go("Experiments")
    rows = one.page.locator("main table").last.locator("tbody tr")
    rows.first.wait_for()
    best = max(rows.all(), key=lambda row: last_mean(row.inner_text()))
    one.press(best.locator("th a").first)
    one.click("Error analysis", "Errors", within="main")
    one.page.wait_for_url("**/errors/**")


def last_mean(text: str) -> float:
    found = re.findall(r"\b0\.\d{3}\b", text)
    return float(found[0]) if found else -1.0


def invite(one: Someone) -> None:
    """Invite a person into a corpus by a link."""
    one.sign_in("lead")
    one.go("Members")
    one.click("Invite", within="main")
    one.type("people, one per line", "ada@example.org")
    one.click("Invite", within="form.fields", role="button")
    one.page.locator("code").first.wait_for()


def why_failed(one: Someone) -> None:
    """See why a job failed, as the administrator."""
    one.sign_in("admin")
    one.follow("state=failed")
    one.page.get_by_text(re.compile("disk is full|磁盘")).first.wait_for()


def who_downloaded(one: Someone) -> None:
    """Find out who downloaded a release."""
    one.sign_in("lead")
    one.go("Releases")
    one.click("1.0.0")
    one.page.get_by_text("Ada Chen").first.wait_for()


JOBS: dict[str, tuple[Callable[[Someone], None], bool]] = {  # what, and whether on a phone, too
    "annotator: annotate one dialogue and submit": (annotate, True),
    "annotator: the same, repeating answers": (annotate_alike, True),
    "adjudicator: decide three contested items": (decide, True),
    "lead: find the worst agreement and its pair": (find_agreement, True),
    "lead: open a round": (open_round, False),
    "lead: change a value of the scheme": (change_scheme, False),
    "lead: answer a comment": (answer_comment, True),
    "modeller: start a run": (start_run, False),
    "modeller: find the best run and its confusions": (find_confusions, False),
    "lead: invite a person": (invite, True),
    "administrator: see why a job failed": (why_failed, True),
    "lead: find who downloaded a release": (who_downloaded, False),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, help="a world that was made before")
    options.add_argument("--port", type=int, default=8126)
    options.add_argument("--only", nargs="+", default=[""], help="jobs whose names have this")
    options.add_argument("--languages", nargs="+", default=list(LANGUAGES))
    options.add_argument("--where", nargs="+", default=["desk", "phone"])
    options.add_argument("--json", type=Path, help="where the figures go, too")
    chosen = options.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        data = chosen.data or Path(folder) / "world"
        make(data)
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        print("| job | where | pages | clicks | keys | scrolls | person, s | machine, s |")
        print("|---" * 8 + "|", flush=True)
        for language in chosen.languages:
            for phone in [place == "phone" for place in chosen.where]:
                copy = Path(folder) / f"{language}{phone:d}"
                shutil.copytree(data, copy, ignore=shutil.ignore_patterns("lock"))
                with serve(copy, chosen.port) as address:
                    for name, (job, on_phone) in JOBS.items():
                        if any(part in name for part in chosen.only) and (on_phone or not phone):
                            where = f"{language}, {'phone' if phone else 'desk'}"
                            figures[f"{name} · {where}"] = measure(
                                browser, address, language, phone, name, job, where
                            )
                shutil.rmtree(copy)
        browser.close()
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False), "utf-8")


def measure(browser, address, language, phone, name, job, where) -> dict[str, float]:
    """Do a job and print what it took; one that cannot be done says where it ended."""
    one = Someone(browser, address, language, phone)
    try:
        job(one)
    except (LookupError, PlaywrightError) as error:
        first = str(error).splitlines()[0]
        print(f"| {name} | {where} | not done: {one.page.url} {first} |", flush=True)
        one.page.screenshot(path=f"/tmp/usability-{where}-{name[:30]}.png".replace(" ", "-"))
        one.done()
        return {}
    took = one.done()
    print(
        f"| {name} | {where} | {took.pages} | {took.clicks} | {took.keys} | {took.scrolls}"
        f" | {took.person:.0f} | {took.machine:.1f} |",
        flush=True,
    )
    return dataclasses.asdict(took) | {"person": took.person}


if __name__ == "__main__":
    main()
