"""Runs that go on at another host than the one where they began."""

import threading

import pytest

from jobs.models import JobStatus
from modeling.models import TrainingRun
from tests.factories import make_judged_round, make_release
from tests.object_store import be_host
from tests.waiting import wait_until


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_a_run_goes_on_at_another_host(object_store, corpus, lead, settings, tmp_path):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    own = {"epochs": 60, "patience": 60, "width": 16}
    run = TrainingRun.request(lead, release, "hard-text", own=own)

    def stop_after_some_epochs():
        events = run.folder / "events.jsonl"
        wait_until(lambda: events.exists() and len(events.read_text().split("\n")) > 5, "epochs")
        TrainingRun.objects.get().stop()

    asker = threading.Thread(target=stop_after_some_epochs)
    asker.start()
    run.run()
    asker.join()
    assert run.status == JobStatus.STOPPED
    be_host(settings, tmp_path / "other")
    before = len(run.events())
    assert before > 4 and run.has_checkpoint and not (run.folder / "checkpoint.pt").exists()
    assert run.requeue()
    run.run()
    assert run.status == JobStatus.DONE, run.failure_text
    epochs = [event["epoch"] for event in run.events() if event["event"] == "epoch"]
    assert epochs == list(range(1, 61)) and (run.folder / "model.safetensors").exists()
