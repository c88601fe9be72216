"""From an empty installation to twenty annotators at work, through nothing but the pages.

    .venv/bin/python -m benchmarks.first_day [--people 20] [--language zh] [--screenshots DIR]

Starts the application as `DEMO=0 make run` does, in a directory of its own. In Chromium an owner
sets it up with the code that the launcher has printed, creates a corpus, uploads a folder of three
episodes with their transcripts, confirms and publishes them, and invites people by a CSV file. The
annotators, on phones of 390 pixels and every other one in Chinese, open their links, create
accounts and wait for nothing; the owner opens a round, and each annotates a dialogue by touch. At
the end the owner reads the agreement. Reported: seconds of each step; machines type at once, so
that a person's time is what they need beside these.
"""

import argparse
import contextlib
import csv
import gettext
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from corpus.ffmpeg_binary import ffmpeg_path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 120_000  # milliseconds that a page may take
SECRET = "a long pass phrase of 2026"
EPISODES, TALKS = 3, 5
PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}
ROWS: list[tuple[str, float]] = []


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=20)
    options.add_argument("--screenshots", type=Path)
    options.add_argument("--port", type=int, default=8124)
    options.add_argument("--language", choices=["en", "zh"], default="en", help="the owner's")
    chosen = options.parse_args()
    expect.set_options(timeout=LIMIT)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        work = Path(folder)
        episodes = make_episodes(work / "episodes")
        with application(work / "data", chosen.port) as address:
            chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
            browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            day = Day(browser, address, work, chosen.screenshots, chosen.language)
            day.run(episodes, chosen.people)
            browser.close()
    print("| step | seconds |\n|---|---|")
    for name, seconds in [*ROWS, ("together", sum(seconds for _name, seconds in ROWS))]:
        print(f"| {name} | {seconds:.1f} |")


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    ROWS.append((name, time.monotonic() - start))
    print(f"· {name}: {ROWS[-1][1]:.1f} s", file=sys.stderr, flush=True)


@contextlib.contextmanager
def application(data: Path, port: int) -> Iterator[str]:
    """The application with an empty data directory; its address."""
    address = f"http://localhost:{port}/"
    environment = os.environ | {"DEMO": "0", "DATA_DIR": str(data), "PORT": str(port)}
    with step("start of the application"):
        server = subprocess.Popen(
            [sys.executable, str(ROOT / "tools" / "launch.py")],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        for line in server.stdout:
            if address in line:
                break
        else:
            raise SystemExit("the application did not start")
    try:
        yield address
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def make_episodes(folder: Path) -> Path:
    """Films of a moving picture and a tone, each with a transcript of TALKS dialogues."""
    folder.mkdir()
    for number in range(1, EPISODES + 1):
        seconds = 7 * TALKS + 2
        picture = f"testsrc2=size=640x360:rate=25:duration={seconds}"
        command = [ffmpeg_path(), "-loglevel", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi"]
        command += ["-i", f"sine=frequency={300 + 40 * number}:duration={seconds}"]
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
        subprocess.run([*command, str(folder / f"七号窗口 第{number}集.mp4")], check=True)
        cues = []
        for talk in range(TALKS):
            for turn, words in enumerate(("老郑：以后打印机坏了，我找谁？", "小唐：找我吧。")):
                start = 7 * talk + 0.5 + 1.3 * turn
                cues.append(f"{len(cues) + 1}\n{clock(start)} --> {clock(start + 1.1)}\n{words}\n")
        (folder / f"七号窗口 第{number}集.srt").write_text("\n".join(cues), "utf-8")
    return folder


def clock(seconds: float) -> str:
    return f"00:00:{int(seconds):02d},{round(seconds % 1 * 1000):03d}"


class Day:
    """The owner's browser, and the phones of the annotators."""

    def __init__(
        self, browser: Browser, address: str, work: Path, shots: Path | None, language: str
    ) -> None:
        self.browser, self.address, self.work, self.shots = browser, address, work, shots
        chinese = [] if language == "en" else ["zh_Hans"]
        words = gettext.translation("django", ROOT / "locale", chinese, fallback=language == "en")
        self.words, self.counted = words.gettext, words.ngettext  # as the owner reads them
        locale = "en-US" if language == "en" else "zh-CN"
        self.owner = self.page(locale=locale, viewport={"width": 1440, "height": 900})
        self.count = 0

    def page(self, **options) -> Page:
        page = self.browser.new_context(base_url=self.address, **options).new_page()
        page.set_default_timeout(LIMIT)
        return page

    def shot(self, page: Page, name: str) -> None:
        if self.shots:
            self.count += 1
            self.shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self.shots / f"{self.count:02d} {name}.png", full_page=True)

    def run(self, episodes: Path, people: int) -> None:
        with step("set up with the code, owner's account"):
            self.set_up()
        with step("create a corpus"):
            self.create_corpus()
        with step(f"upload a folder of {EPISODES} episodes, check and confirm them"):
            self.bring(episodes)
        with step("publish the dialogues"):
            self.publish()
        with step(f"invite {people} people by a CSV file"):
            links = self.invite(people)
        phones = []
        with step(f"{people} people accept on phones"):
            for number, link in enumerate(links):
                phones.append(self.accept(number, link))
        with step("open a round"):
            self.open_round()
        with step(f"{people} people annotate a dialogue each"):
            for number, phone in enumerate(phones):
                self.annotate(number, phone)
        with step("read the agreement"):
            self.agreement()

    def set_up(self) -> None:
        page = self.owner
        page.goto("/")
        self.shot(page, "set up")
        page.fill("[name=username]", "owner")
        page.fill("[name=name]", "林岚")
        page.fill("[name=email]", "owner@example.org")
        page.fill("[name=password1]", SECRET)
        page.fill("[name=password2]", SECRET)
        page.fill("[name=code]", (self.work / "data" / "setup_code").read_text().strip())
        page.get_by_role("button", name=self.words("Create account")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(self.words("Getting started"))
        self.shot(page, "getting started")

    def next_step(self) -> None:
        """Follow the button of the next step of the checklist."""
        page = self.owner
        page.goto("/")
        page.get_by_role("link", name=self.words("Getting started")).click()
        self.shot(page, "next step")
        page.locator("[aria-current=step] .actions a").first.click()

    def create_corpus(self) -> None:
        page = self.owner
        page.locator("[aria-current=step]").get_by_role(
            "link", name=self.words("Create corpus")
        ).click()
        page.fill("[name=name]", "七号窗口")
        page.locator("main form").get_by_role("button").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("七号窗口")
        self.shot(page, "corpus")

    def bring(self, episodes: Path) -> None:
        page = self.owner
        self.next_step()
        page.set_input_files("input[webkitdirectory]", episodes)
        expect(page.locator("episode-import tbody tr")).to_have_count(EPISODES)
        self.shot(page, "episodes paired")
        page.get_by_role("button", name=self.words("Upload all")).click()
        rows = page.locator("episode-import tbody")
        expect(rows.get_by_role("link", name=self.words("Check import"))).to_have_count(EPISODES)
        page.locator("[data-part=check]").click()
        fine = page.get_by_text(self.words("No problems"), exact=True)
        self.until(page, lambda: fine.count() == EPISODES)
        self.shot(page, "imports to check")
        page.get_by_role("button", name=self.words("Confirm all without problems")).click()
        confirmed = self.counted(
            "%(count)d import confirmed.", "%(count)d imports confirmed.", EPISODES
        )
        expect(page.get_by_text(confirmed % {"count": EPISODES})).to_be_visible()

    def publish(self) -> None:
        page = self.owner
        self.step_named(self.words("Publish dialogues"))
        dialogues = page.locator("main tbody tr")
        self.until(page, lambda: dialogues.count() == EPISODES * TALKS)
        self.shot(page, "publish")
        page.locator(".list-bar .sure summary").click()
        page.locator(".list-bar .sure button").click()
        expect(page.locator("main tbody").get_by_text(self.words("not published"))).to_have_count(0)
        self.shot(page, "published")

    def step_named(self, title: str) -> None:
        """Follow the button of a step of the checklist, which may have to wait for a worker."""
        page = self.owner
        page.goto("/")
        page.get_by_role("link", name=self.words("Getting started")).click()
        button = page.locator(".checklist li", has_text=title).locator(".actions a").first
        self.until(page, lambda: button.count() > 0)
        button.click()

    def invite(self, people: int) -> list[str]:
        page = self.owner
        self.step_named(self.words("Invite people"))
        table = self.work / "people.csv"
        with table.open("w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["name", "e-mail", "role"])
            rows.writerows([f"同学{n}", f"s{n}@example.org", "annotator"] for n in range(people))
        self.shot(page, "invite")
        page.set_input_files("[name=file]", table)
        page.locator("form.fields").get_by_role("button", name=self.words("Invite")).click()
        self.shot(page, "invitations checked")
        page.get_by_role("button", name=self.words("Create invitations")).click()
        expect(page.locator(".link-cards li")).to_have_count(people)
        self.shot(page, "links")
        return page.locator(".link-cards code").all_inner_texts()

    def accept(self, number: int, link: str) -> Page:
        phone = self.page(locale="zh-CN" if number % 2 else "en-US", **PHONE)
        phone.goto(link)
        if number < 2:
            self.shot(phone, "invitation on a phone")
        phone.fill("[name=username]", f"student{number}")
        phone.fill("[name=password1]", SECRET)
        phone.fill("[name=password2]", SECRET)
        phone.locator("form.fields button").last.tap()
        phone.wait_for_url(lambda address: "/invitations/" not in address)
        if number < 2:
            self.shot(phone, "accepted, nothing to do yet")
        return phone

    def open_round(self) -> None:
        page = self.owner
        self.step_named(self.words("Open a round"))
        page.fill("[name=name]", "Round 1")
        self.shot(page, "new round")
        page.get_by_role("button", name=self.words("Open round")).click()
        page.wait_for_url("**/rounds/*/")
        self.shot(page, "round")

    def annotate(self, number: int, phone: Page) -> None:
        phone.goto("/tasks/")
        phone.locator("main form button.primary").first.tap()
        phone.wait_for_url("**/assignments/*/")
        here = phone.url
        turns = phone.locator("form.questions").count()
        for turn in range(turns):
            for task in phone.locator("form.questions:visible [data-task]").all():
                task.locator("label").nth((number + turn) % 3 // 2).tap()
            if number < 2 and not turn:
                self.shot(phone, "annotating on a phone")
            if turn + 1 < turns:  # after the last one the same place submits
                words = "下一条话语" if number % 2 else "Next utterance"
                phone.get_by_role("button", name=words).tap()
        phone.locator("form.submission button").last.tap()
        phone.wait_for_url(lambda address: address != here)
        if number < 2:
            self.shot(phone, "submitted")

    def agreement(self) -> None:
        page = self.owner
        self.step_named(self.words("Measure the first agreement"))
        self.shot(page, "agreement")

    @staticmethod
    def until(page: Page, condition) -> None:
        """Load the page again until something is there."""
        deadline = time.monotonic() + LIMIT / 1000
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"{page.url} did not become ready:\n{page.inner_text('main')}")
            page.wait_for_timeout(500)
            page.reload()


if __name__ == "__main__":
    main()
