"""A lead who never saw a terminal asks which model is better; real workers and Redis do it."""

import csv
import os
import re

import pytest
from playwright.sync_api import expect

from config.celery import app
from jobs.models import JobStatus
from modeling.models import Experiment, TrainingRun
from people.models import Event
from tests.factories import make_corpus, make_judged_round, make_person, make_release
from tests.workers import start_redis, worker_process

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker(settings, tmp_path):
    server = start_redis(settings.EMBEDDED_REDIS) if not os.environ.get("REDIS_URL") else None
    app.conf.task_always_eager = settings.CELERY_TASK_ALWAYS_EAGER = False
    with worker_process(settings, tmp_path / "worker.log", concurrency=2) as process:
        yield process
    app.conf.task_always_eager = True
    if server:
        server.terminate()
        server.wait()


def test_five_seeds_of_both_models(sign_in, worker, tmp_path):
    corpus = make_corpus(make_person("lead"))
    make_release(corpus, [make_judged_round(corpus, dialogues=12)])
    page = sign_in("lead")
    page.goto(f"/corpora/{corpus.pk}/runs/")
    page.get_by_role("link", name="Start the first run").click()
    start = page.get_by_role("button", name="Start", exact=True)
    for _ in range(30):  # until the worker is up, the page says that there is none
        if start.is_enabled():
            break
        assert page.get_by_text("No worker is available for training").is_visible()
        page.wait_for_timeout(1000)
        page.reload()
    page.get_by_label("hard sharing, small").uncheck()
    page.get_by_label("hard sharing, text only").check()
    page.get_by_label("soft sharing with relation gates, text only").check()
    page.get_by_label("seeds").fill("5")
    page.get_by_label("name", exact=True).fill("Hard or soft?")
    page.get_by_text("Advanced settings (all runs)").click()
    page.get_by_label("maximum epochs").fill("60")
    page.get_by_label("patience").fill("60")
    start.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hard or soft?")
    experiment = Experiment.objects.get()
    page.locator(".chip.state-running").first.wait_for()
    expect(page.locator("svg.chart").first).to_be_visible(timeout=30_000)  # curves come live
    first = experiment.runs.order_by("pk").first()
    while True:  # a run that is done before the click is over: stop another
        running = page.locator("td", has=page.locator(".chip.state-running")).last
        running.get_by_role("link").click()
        page.get_by_role("heading", name="Curves").wait_for()
        stop = page.get_by_role("button", name="Stop", exact=True)
        if stop.count():
            stop.click()
            page.wait_for_load_state()
        if experiment.runs.filter(status=JobStatus.STOPPED).exists():
            break
        page.goto(f"/experiments/{experiment.pk}/")
    page.get_by_role("button", name=re.compile("Resume from checkpoint")).wait_for()
    stopped = experiment.runs.get(status=JobStatus.STOPPED)
    page.get_by_role("button", name=re.compile("Resume from checkpoint")).click()
    page.goto(f"/experiments/{experiment.pk}/")
    page.get_by_role("heading", name="Pairwise comparison").wait_for(timeout=150_000)
    expect(page.locator(".chip.state-done")).to_have_count(10, timeout=150_000)
    page.reload()
    stopped.refresh_from_db()
    assert stopped.status == JobStatus.DONE and stopped.attempt == 2
    assert Event.objects.filter(verb="stop", noun_id=stopped.pk).count() == 1
    words = page.inner_text("main")
    assert (
        "On average over tasks" in words
        and "Over 5 seeds the 95\N{NO-BREAK SPACE}% interval is" in words
    )
    assert "too few for a test of significance over dialogues" in words
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    path = tmp_path / "experiment.csv"
    download.value.save_as(path)
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert {(row["recipe"], row["seed"]) for row in rows} == {
        (recipe, str(seed)) for recipe in ("hard-text", "soft-text") for seed in range(1, 6)
    }
    assert {row["held_out"] for row in rows} == {"False"}  # nobody looked
    run = TrainingRun.objects.get(pk=first.pk)
    mine = [row for row in rows if row["run"] == str(run.pk) and row["task"] == "sentiment"]
    assert float(mine[0]["macro_f1"]) == run.results["tasks"]["sentiment"]["macro_f1"]
