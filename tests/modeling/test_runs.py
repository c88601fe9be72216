"""Runs as rows: supervised, stopped, refused, requeued; and their pages."""

import io
import json
import threading
import time

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from corpus.jobs import JobStatus, Refused
from modeling.curves import curve
from modeling.models import TrainingRun
from people.models import Event
from releases.models import Release
from tests.factories import make_corpus, make_judged_round, make_member, make_release


@pytest.fixture
def release(corpus):
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)])


def test_a_run_ends_with_results_beside_the_majority_baseline(release, lead):
    run = TrainingRun.request(lead, release, "hard-text", seed=2).train()
    assert run.status == JobStatus.DONE, run.failure_text
    assert run.results["release"] == release.digest and run.results["split"] == "test"
    assert set(run.results["tasks"]) == {
        "sentiment", "emotion", "sarcasm", "humor", "emotion_sentiment", "sarcasm_humor",
    }  # fmt: skip
    assert run.results["tasks"]["sentiment"]["majority_accuracy"] == 1.0
    assert json.loads((run.directory / "meta.json").read_text())["seed"] == 2
    assert Event.objects.get(verb="train").person == lead
    started = run.started_at
    assert TrainingRun.objects.get(pk=run.pk).train().started_at == started


def test_only_a_frozen_release_is_trained_on(release, lead):
    Release.objects.update(status=JobStatus.RUNNING)
    with pytest.raises(Refused, match="frozen"):
        TrainingRun.request(lead, Release.objects.get())


def test_a_broken_release_fails_with_the_learners_sentence(release, lead):
    (release.directory / "scheme.json").unlink()
    run = TrainingRun.request(lead, release, "hard-text").train()
    assert run.status == JobStatus.FAILED and "is not a release directory" in run.failure_text


def test_a_learner_that_dies_is_said_to_have_died(release, lead, monkeypatch):
    monkeypatch.setattr("modeling.models.sys.executable", "/bin/false")
    run = TrainingRun.request(lead, release, "hard-text").train()
    assert run.status == JobStatus.FAILED and "status 1" in run.failure_text


@pytest.mark.django_db(transaction=True)
def test_a_running_run_stops_when_asked(corpus, lead, monkeypatch):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    run = TrainingRun.request(lead, release, "hard-text")
    monkeypatch.setattr("modeling.models.PAUSE", 0.05)

    def stop_when_running():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if TrainingRun.objects.get(pk=run.pk).status == JobStatus.RUNNING:
                TrainingRun.objects.get(pk=run.pk).stop()
                return
            time.sleep(0.02)

    asker = threading.Thread(target=stop_when_running)
    asker.start()
    run.train()
    asker.join()
    assert run.status == JobStatus.STOPPED and run.results == {}


def test_lost_work_is_taken_up_again(release, lead, django_capture_on_commit_callbacks):
    run = TrainingRun.request(lead, release, "hard-text")
    run.claim()
    call_command("requeue", verbosity=0)
    assert TrainingRun.objects.get(pk=run.pk).status == JobStatus.RUNNING
    with django_capture_on_commit_callbacks() as callbacks:
        out = io.StringIO()
        call_command("requeue", everything=True, stdout=out)
    assert len(callbacks) == 1 and "1 put back" in out.getvalue()
    assert TrainingRun.objects.get(pk=run.pk).status == JobStatus.QUEUED


def test_as_a_command(release, corpus, capsys):
    call_command("train", "1.0.0", corpus=corpus.name, recipe="hard-text")
    said = capsys.readouterr().out
    assert "evaluated on test" in said and "macro-F1" in said and "sarcasm_humor" in said
    with pytest.raises(CommandError, match="no release"):
        call_command("train", "9.9.9", corpus=corpus.name)


@pytest.mark.django_db(transaction=True)
def test_from_the_button_to_the_results(client_of, corpus, lead):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    client, address = client_of(lead), reverse("new_run", args=[corpus.pk])
    form = {"release": release.pk, "recipe": "hard-text", "seed": 1}
    page = client.post(address, form, follow=True).content.decode()
    run = TrainingRun.objects.get()
    assert run.status == JobStatus.DONE and "<polyline" in page and "macro-F1" in page
    assert "May the correlations steer?" in page and "says next to nothing" in page
    assert "depends on its labels no more than dealt at random" in page  # they are all 0 here
    assert client.get(reverse("run_progress", args=[run.pk]))["HX-Refresh"] == "true"
    assert (
        "hard sharing, text only" in client.get(reverse("runs", args=[corpus.pk])).content.decode()
    )  # noqa: E501
    other = client_of(make_corpus().memberships.get().person)
    member = client_of(make_member(corpus))
    for who in (other, member):
        assert who.get(reverse("run", args=[run.pk])).status_code == 404
        assert who.post(reverse("stop_run", args=[run.pk])).status_code == 404
        assert who.post(address, form).status_code == 404


def test_curves_stay_inside_their_drawing():
    drawn = curve([2.0, 1.0, 0.0], steps=3, low=0.0, high=2.0)
    assert drawn.points == "40.0,12.0 315.0,96.0 590.0,180.0" and drawn.last == 0.0
    assert curve([], 3, 0, 1) is None and curve([1.0], 1, 1.0, 1.0).points == "40.0,180.0"
