"""A lead who never saw a terminal asks which model is better; real workers and Redis do it."""

import csv
import re
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect

from config.celery import app
from jobs.models import JobStatus
from modeling.learner.seed_statistics import MIN_SEEDS
from modeling.models import Experiment, TrainingRun
from people.models import Event
from tests.browser.test_workbench import pausing
from tests.factories import make_corpus, make_judged_round, make_person, make_release
from tests.waiting import LIMIT, wait_until
from tests.workers import end_of, start_broker, worker_process

ALL_RUNS = 4 * LIMIT * 1000  # milliseconds
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker(settings, tmp_path):
    server = start_broker(settings)
    app.conf.task_always_eager = settings.CELERY_TASK_ALWAYS_EAGER = False
    with worker_process(settings, tmp_path / "worker.log", concurrency=2) as process:
        yield process
    app.conf.task_always_eager = True
    if server:
        server.terminate()
        server.wait()


def again(run):
    return TrainingRun.objects.get(pk=run.pk)


def wait_until_over(run, page):
    wait_until(lambda: not again(run).active, "the run to be over", pause=pausing(page))


def test_seeds_of_both_models(sign_in, worker, tmp_path):
    corpus = make_corpus(make_person("lead"))
    make_release(corpus, [make_judged_round(corpus, dialogues=12)])
    page = sign_in("lead")
    page.goto(f"/corpora/{corpus.pk}/runs/")
    page.get_by_role("link", name="Start the first run").click()
    start = page.get_by_role("button", name="Start", exact=True)

    def enabled():
        if start.is_enabled():
            return True
        expect(page.get_by_text("No worker is available for training")).to_be_visible()
        page.reload()
        return False

    wait_until(enabled, "a worker", state=lambda: end_of(tmp_path / "worker.log"))
    page.get_by_label("hard sharing, small").uncheck()
    page.get_by_label("hard sharing, text only").check()
    page.get_by_label("soft sharing with relation gates, text only").check()
    page.get_by_label("seeds").fill("2")
    page.get_by_label("name", exact=True).fill("Hard or soft?")
    page.get_by_text("Advanced settings (all runs)").click()
    page.get_by_label("maximum epochs").fill("80")  # so that there is time to stop one
    page.get_by_label("patience").fill("80")
    start.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hard or soft?")
    experiment = Experiment.objects.get()
    page.locator(".chip.state-running").first.wait_for()
    expect(page.locator("data-chart svg").first).to_be_visible()  # curves come live
    first = experiment.runs.order_by("pk").first()
    while True:  # a run that is done before the click is over: stop another
        running = page.locator("td", has=page.locator(".chip.state-running")).last
        running.get_by_role("link").click()
        page.wait_for_url("**/runs/*/")
        page.get_by_role("link", name="Curves", exact=True).wait_for()
        stopped = experiment.runs.get(pk=page.url.split("/")[-2])
        with suppress(PlaywrightTimeoutError):
            page.get_by_role("button", name="Stop", exact=True).click(timeout=5_000)
            wait_until_over(stopped, page)
        if again(stopped).status == JobStatus.STOPPED:
            break
        page.goto(f"/studies/{experiment.pk}/")
    page.get_by_role("button", name=re.compile("Resume from checkpoint")).click()
    wait_until(lambda: not again(stopped).ended, "the run to be queued", pause=pausing(page))
    page.goto(f"/studies/{experiment.pk}/")
    page.get_by_role("heading", name="Pairwise comparison").wait_for(timeout=ALL_RUNS)
    expect(page.locator(".chip.state-done")).to_have_count(4, timeout=ALL_RUNS)
    page.reload()
    stopped = again(stopped)
    assert stopped.status == JobStatus.DONE and stopped.attempt == 2
    assert Event.objects.filter(verb="stop", noun_id=stopped.pk).count() == 1
    words = page.inner_text("main")
    assert f"2 seeds; an interval needs at least {MIN_SEEDS}." in words
    assert "too few for a test of significance over dialogues" in words
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    path = tmp_path / "experiment.csv"
    download.value.save_as(path)
    with path.open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    assert {(row["recipe"], row["seed"]) for row in rows} == {
        (recipe, str(seed)) for recipe in ("hard-text", "soft-text") for seed in (1, 2)
    }
    assert {row["held_out"] for row in rows} == {"False"}  # nobody looked
    run = TrainingRun.objects.get(pk=first.pk)
    mine = [row for row in rows if row["run"] == str(run.pk) and row["task"] == "sentiment"]
    assert float(mine[0]["macro_f1"]) == run.results["tasks"]["sentiment"]["macro_f1"]
