"""Runs as rows: supervised, stopped, refused, requeued; and their pages."""

import io
import json
import os
import threading

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from core import shared_folders
from core.errors import UserError
from core.shared_folders import StoreAway
from jobs.models import UNCLAIMED_AFTER, JobStatus
from jobs.recovery import requeue_stale, resend_lost, run_steps
from modeling.learner.run_directory import RunDirectory
from modeling.learner_process import supervise
from modeling.models import Evaluation, Experiment, FeaturePart, TrainingRun
from modeling.training_workers import training_worker_count
from people.models import Event
from releases.models import Release
from tests.factories import make_corpus, make_judged_round, make_member, make_release
from tests.modeling.encoder_factories import make_encoder
from tests.waiting import wait_until


@pytest.fixture
def release(corpus):
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)])


def test_a_run_ends_with_results_beside_the_majority_baseline(release, lead):
    run = TrainingRun.request(lead, release, "hard-text", seed=2).run()
    assert run.status == JobStatus.DONE, run.failure_text
    assert run.results["release"] == release.digest and run.results["split"] == "valid"
    assert set(run.results["tasks"]) == {
        "sentiment", "emotion", "sarcasm", "humor", "emotion_sentiment", "sarcasm_humor",
    }  # fmt: skip
    assert run.results["tasks"]["sentiment"]["majority_accuracy"] == 1.0
    assert json.loads((run.directory / "meta.json").read_text())["seed"] == 2
    assert Event.objects.get(verb="train").person == lead
    started = run.started_at
    assert TrainingRun.objects.get(pk=run.pk).run().started_at == started


def test_only_a_frozen_release_is_trained_on(release, lead):
    Release.objects.update(status=JobStatus.RUNNING)
    with pytest.raises(UserError, match="frozen"):
        TrainingRun.request(lead, Release.objects.get())


@pytest.mark.one_database
def test_a_broken_release_fails_with_the_learners_sentence(release, lead):
    (release.directory / "scheme.json").unlink()
    run = TrainingRun.request(lead, release, "hard-text").run()
    assert run.status == JobStatus.FAILED and "is not a release directory" in run.failure_text


def test_a_learner_knows_no_keys_and_no_addresses_of_servers(tmp_path, monkeypatch):
    secrets = ("SECRET_KEY", "SECRET_KEY_FILE", "DATABASE_URL", "POSTGRES_PASSWORD", "REDIS_URL",
               "S3_ACCESS_KEY", "EMAIL_URL", "SENTRY_DSN", "METRICS_TOKEN")  # fmt: skip
    for name in (*secrets, "CUDA_VISIBLE_DEVICES"):
        monkeypatch.setenv(name, "value")
    program = tmp_path / "says-its-environment"
    program.write_text("#!/bin/sh\nenv\n")
    program.chmod(0o700)
    monkeypatch.setattr("modeling.learner_process.sys.executable", str(program))
    said = supervise(["train"], tmp_path / "run", lambda: None)
    found = {line.partition("=")[0] for line in said.splitlines() if line.endswith("=value")}
    assert found == {"CUDA_VISIBLE_DEVICES"}


def test_a_learner_that_dies_is_said_to_have_died(release, lead, monkeypatch):
    monkeypatch.setattr("modeling.learner_process.sys.executable", "/bin/false")
    run = TrainingRun.request(lead, release, "hard-text").run()
    assert run.status == JobStatus.FAILED and "status 1" in run.failure_text


@pytest.mark.django_db(transaction=True)
def test_a_running_run_stops_when_asked(corpus, lead):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    run = TrainingRun.request(lead, release, "hard-text")

    def stop_when_running():
        mine = TrainingRun.objects.filter(pk=run.pk, status=JobStatus.RUNNING)
        wait_until(mine.exists, "the run to start")
        mine.get().stop()

    asker = threading.Thread(target=stop_when_running)
    asker.start()
    run.run()
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


@pytest.mark.parametrize(
    ("recipe", "modalities", "label"),
    [
        ("hard-small", [], "hard sharing, small"),
        ("hard-small", ["text"], "hard sharing, small · text"),
        ("hard-small", ["vision", "text", "audio"], "hard sharing, small"),
        ("hard-text", ["text"], "hard sharing, text only"),
        ("bc-lstm", ["text", "audio"], "bc-LSTM (Poria et al. 2017) · text, sound"),
        ("of another version", ["text"], "of another version · text"),
    ],
)
def test_its_label_says_what_it_reads_unless_that_is_the_recipe_s(recipe, modalities, label):
    options = {"modalities": modalities} if modalities else {}
    assert TrainingRun(recipe=recipe, options=options).recipe_label == label


@pytest.mark.one_database
@pytest.mark.usefixtures("learner_here")
def test_as_a_command(release, corpus, capsys):
    call_command("train", "1.0.0", corpus=corpus.name, recipe="hard-text")
    said = capsys.readouterr().out
    assert "evaluated on valid" in said and "macro-F1" in said and "sarcasm_humor" in said
    call_command("train", "1.0.0", corpus=corpus.name, recipe="hard-text", seed=2, test=True)
    assert "evaluated on test" in capsys.readouterr().out and Evaluation.objects.count() == 1
    with pytest.raises(CommandError, match="no release"):
        call_command("train", "9.9.9", corpus=corpus.name)


@pytest.mark.usefixtures("learner_here")
@pytest.mark.django_db(transaction=True)
def test_from_the_button_to_the_results(client_of, corpus, lead):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    client, address = client_of(lead), reverse("new_run", args=[corpus.pk])
    form = {"release": release.pk, "recipes": ["hard-text"], "seeds": 1, "on_failure": "fail"}
    page = client.post(address, form, follow=True).content.decode()
    run = TrainingRun.objects.get()
    assert run.status == JobStatus.DONE and "<data-chart" in page and "macro-F1" in page
    assert "Validity of the correlation labels" in page and "doubtful" in page
    assert "such correlations with both labels only, too few to tell" in page
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


@pytest.mark.usefixtures("learner_here")
@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_the_held_out_split_is_looked_at_on_purpose_and_counted(client_of, corpus, lead):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    runs = [TrainingRun.request(lead, release, "hard-text", seed=n).run() for n in (1, 2)]
    client = client_of(lead)
    results = reverse("run", args=[runs[0].pk]) + "?tab=results"
    page = client.get(results).content.decode()
    assert "Not evaluated on the test set yet" in page and "0 test evaluations" in page
    assert "selected on it, so these figures are slightly optimistic" in page
    for name in ("evaluation_json", "evaluation_tex"):
        assert client.get(reverse(name, args=[runs[0].pk])).status_code == 404
    assert not (runs[0].directory / "test_evaluations.jsonl").exists()
    for run in runs:
        page = client.post(reverse("evaluate_run", args=[run.pk]), follow=True).content.decode()
    assert "2 test evaluations of this release so far" in page and "(of 2 runs)" in page
    assert "one annotator" in page and "Over 2 seeds" in page and "ECE" in page
    assert "2 seeds; an interval needs at least 3." in page
    assert " 95 % intervals" not in page and "Only 2 utterances were evaluated" in page
    assert Event.objects.filter(verb="evaluate", person=lead).count() == 2
    table = client.get(reverse("evaluation_tex", args=[runs[0].pk])).content.decode()
    assert "mean of 2 seeds" in table and r"\toprule" in table and r"sarcasm\_humor" in table
    result = client.get(reverse("evaluation_json", args=[runs[0].pk])).json()
    assert result["split"] == "test" and result["test_evaluations"] == 1 and result["held_out"]
    page = client.get(reverse("runs", args=[corpus.pk])).content.decode()
    assert "not evaluated" not in page
    looked = Evaluation.objects.first()
    assert client.get(reverse("evaluation_progress", args=[looked.pk]))["HX-Refresh"] == "true"
    for who in (client_of(make_member(corpus)), client_of(make_corpus().memberships.get().person)):
        for name in ("evaluate_run", "extract_features"):
            assert who.post(reverse(name, args=[runs[0].pk])).status_code == 404
        for name, pk in (("evaluation_json", runs[0].pk), ("evaluation_tex", runs[0].pk),
                         ("evaluation_progress", looked.pk)):  # fmt: skip
            assert who.get(reverse(name, args=[pk])).status_code == 404


@pytest.mark.usefixtures("learner_here")
def test_a_run_that_has_not_ended_is_not_tested(release, lead, monkeypatch):
    run = TrainingRun.request(lead, release, "hard-text")
    with pytest.raises(UserError, match="finished"):
        Evaluation.request(lead, run)
    run.run()
    Evaluation.request(lead, run)
    with pytest.raises(UserError, match="already"):
        Evaluation.request(lead, run)


@pytest.mark.usefixtures("learner_here")
def test_weights_that_changed_since_are_not_tested(release, lead):
    run = TrainingRun.request(lead, release, "hard-text").run()
    with (run.directory / "model.safetensors").open("ab") as stream:
        stream.write(b"0")
    look = Evaluation.request(lead, run).run()
    assert look.status == JobStatus.FAILED and "not those that were frozen" in look.failure_text
    assert not (run.directory / "test_evaluations.jsonl").exists()


@pytest.mark.usefixtures("learner_here")
@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_clips_are_measured_in_parts_and_failures_are_named(
    client_of, corpus, lead, film, monkeypatch
):
    judged = make_judged_round(corpus, dialogues=6)
    for number, dialogue in enumerate(corpus.dialogues.all()):
        words = film.read_bytes() if number else b"broken"
        dialogue.clip.save(f"{number}.mp4", ContentFile(words))
        split = {4: "valid", 5: "test"}.get(number, "train")  # the broken one is learned from
        corpus.dialogues.filter(pk=dialogue.pk).update(split=split)
    release = make_release(corpus, [judged], media="dialogues")
    assert release.is_frozen, release.failure_text
    with monkeypatch.context() as patch:
        patch.setattr(FeaturePart, "later", lambda self: None)
        run = TrainingRun.request(lead, release, "hard-small")
    assert run.waits
    parts = list(release.feature_parts.all())
    assert [part.run().status for part in parts] == [JobStatus.DONE] * len(parts), parts[
        0
    ].failure_text
    assert not TrainingRun.objects.get(pk=run.pk).waits
    result = run.extraction_progress()
    assert result["done"] and {f["modality"] for f in result["failures"]} == {"audio", "vision"}
    broken = corpus.dialogues.first()
    assert {f["dialogue"] for f in result["failures"]} == {broken.uid}
    run.refresh_from_db()  # the last part has woken it (eager)
    assert run.status == JobStatus.FAILED and "cannot be measured" in run.failure_text
    client = client_of(lead)
    page = client.get(reverse("run", args=[run.pk])).content.decode()
    assert "Clips without features" in page
    assert reverse("dialogue", args=[broken.pk]) in page
    before = FeaturePart.objects.first()
    assert before.status == JobStatus.DONE and before.failures
    FeaturePart.request(release)  # for another run: what is done stays
    assert FeaturePart.objects.first().attempt == before.attempt
    client.post(reverse("extract_features", args=[run.pk]))
    assert FeaturePart.objects.first().attempt == before.attempt + 1  # eager
    assert FeaturePart.objects.first().failures == before.failures
    FeaturePart.objects.update(status=JobStatus.FAILED)
    client.post(reverse("extract_features", args=[run.pk]))
    assert FeaturePart.objects.first().status == JobStatus.DONE  # eager
    again = TrainingRun.request(lead, release, "hard-small", on_failure="missing").run()
    assert again.status == JobStatus.DONE, again.failure_text
    size = broken.utterances.count()
    assert again.results["missing"]["modalities"] == {"text": 0, "audio": size, "vision": size}
    page = client.get(reverse("run", args=[again.pk])).content.decode()
    assert "Missing modalities" in page


def test_a_run_whose_process_still_writes_its_checkpoint_is_stopping(client_of, corpus, lead):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    experiment = Experiment.objects.create(release=release)
    run = TrainingRun.objects.create(
        release=release, recipe="hard-text", experiment=experiment, status=JobStatus.STOPPED
    )
    web = client_of(lead)
    with RunDirectory(run.directory).exclusive():
        page = web.get(reverse("run", args=[run.pk])).content.decode()
        assert "Stopping…" in page and 'hx-trigger="every 1s"' in page
        assert reverse("attempt_run", args=[run.pk]) not in page
        assert "HX-Refresh" not in web.get(reverse("run_progress", args=[run.pk]))
    assert web.get(reverse("run_progress", args=[run.pk]))["HX-Refresh"] == "true"
    page = web.get(reverse("run", args=[run.pk])).content.decode()
    assert "Stopping…" not in page and reverse("attempt_run", args=[run.pk]) in page


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_a_stopped_run_goes_on_from_its_checkpoint_to_the_same_figures(
    client_of, corpus, lead, monkeypatch
):
    """It has so many epochs that it cannot end before it is stopped, however late that is."""
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    options = {"epochs": 300, "patience": 300, "width": 32}
    experiment = Experiment.objects.create(release=release, options=options)
    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "later", lambda self: None)
        straight, broken = (
            TrainingRun.request(lead, release, "hard-text", experiment=experiment) for _ in range(2)
        )
    straight.run()
    assert straight.status == JobStatus.DONE, straight.failure_text

    def stop_in_the_middle():
        wait_until(lambda: len(broken.events()) >= 5, "five events")
        TrainingRun.objects.get(pk=broken.pk).stop()

    asker = threading.Thread(target=stop_in_the_middle)
    asker.start()
    broken.run()
    asker.join()
    assert broken.status == JobStatus.STOPPED and broken.has_checkpoint
    page = client_of(lead).get(reverse("run", args=[broken.pk])).content.decode()
    assert "Resume from checkpoint" in page
    client_of(lead).post(reverse("attempt_run", args=[broken.pk]))  # eager
    broken.refresh_from_db()
    assert broken.status == JobStatus.DONE and not broken.has_checkpoint
    assert broken.results["tasks"] == straight.results["tasks"]
    epochs = [e["epoch"] for e in broken.events() if e["event"] == "epoch"]
    assert epochs == list(range(1, 301))


def test_whoever_trains_is_a_worker_even_too_busy_to_answer(release, lead, settings, monkeypatch):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    monkeypatch.setattr("jobs.workers._count_by_queue", lambda: {"work": 1})
    first, second = (TrainingRun.request(lead, release, "hard-text", seed=n) for n in (1, 2))
    assert training_worker_count() == 0
    first.claim()
    assert training_worker_count() == 1
    assert training_worker_count("gpu") == 0 and training_worker_count("work") == 1
    long_ago = timezone.now() - 2 * first.stale_after
    TrainingRun.objects.filter(pk=first.pk).update(heartbeat=long_ago)
    assert training_worker_count() == 0


def test_what_a_dead_worker_left_is_taken_up_and_the_page_says_so(release, lead, client_of):
    run = TrainingRun.request(lead, release, "hard-text")
    run.claim()
    assert requeue_stale() == 0
    silent = timezone.now() - 2 * run.stale_after
    TrainingRun.objects.update(heartbeat=silent)
    page = client_of(lead).get(reverse("run", args=[run.pk])).content.decode()
    assert "has not responded" in page and "last checkpoint" in page
    assert requeue_stale() == 1
    assert TrainingRun.objects.get(pk=run.pk).status == JobStatus.QUEUED


def test_what_goes_wrong_in_upkeep_keeps_nothing_else_from_its_turn(db, caplog):
    done = []

    def away():
        raise ConnectionError("refused")

    def broken():
        raise KeyError("a mistake")

    def works():
        done.append(1)
        return 3

    run_steps({"a %s": away, "b %s": broken, "c %s": works})
    assert done == [1] and "c 3" in caplog.text
    assert "does not answer: refused" in caplog.text and "upkeep failed: broken" in caplog.text


@pytest.mark.usefixtures("learner_here")
def test_what_the_queue_forgot_is_sent_again_once_it_is_empty(
    release, lead, monkeypatch, django_capture_on_commit_callbacks
):
    run = TrainingRun.request(lead, release, "hard-text")
    lengths = {"train": 0, "work": 0}
    monkeypatch.setattr("jobs.recovery.queue_length", lambda queue: lengths[queue])
    assert resend_lost() == 0  # it has just been sent
    TrainingRun.objects.update(queued_at=timezone.now() - 2 * UNCLAIMED_AFTER)
    lengths["train"] = 1
    assert resend_lost() == 0
    lengths["train"] = 0
    with django_capture_on_commit_callbacks(execute=True) as sent:
        assert resend_lost() == 1
    assert len(sent) == 1
    run.refresh_from_db()
    assert run.status == JobStatus.DONE  # eager


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_does_not_answer_loses_nothing(corpus, lead, monkeypatch, client_of):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])

    def away(*arguments, **more):
        raise OperationalError("Connection refused")

    monkeypatch.setattr("jobs.tasks.run_job.apply_async", away)
    form = {"release": release.pk, "recipes": ["hard-text"], "seeds": 1, "on_failure": "fail"}
    answer = client_of(lead).post(reverse("new_run", args=[corpus.pk]), form, follow=True)
    assert answer.status_code == 200
    assert TrainingRun.objects.get().status == JobStatus.QUEUED


@pytest.mark.usefixtures("learner_here")
@pytest.mark.django_db(transaction=True)
def test_tuned_encoders_are_trained_in_the_run_and_their_cost_is_said_before(
    corpus, lead, film, settings, tmp_path, client_of
):
    settings.ENCODERS_DIR = str(tmp_path / "encoders")
    for kind in ("bert", "hubert"):
        make_encoder(kind, tmp_path / "encoders" / kind)
    judged = make_judged_round(corpus, dialogues=5)
    for number, dialogue in enumerate(corpus.dialogues.all()):
        dialogue.clip.save(f"{number}.mp4", ContentFile(film.read_bytes()))
    release = make_release(corpus, [judged], media="dialogues")
    form = {"release": release.pk, "recipes": ["hard-small"], "seeds": 1, "on_failure": "fail"}
    own = {"text_encoder": "bert", "text_tuning": "lora", "lora_rank": "4"}
    costs = reverse("tuning_costs", args=[corpus.pk])
    client = client_of(lead)
    said = client.get(costs, {**form, **own}).content.decode()
    assert "bert" in said and "parameters that learn" in said and "on the processor" in said
    assert "parameters" not in client.get(costs, form).content.decode()
    alone = client.get(costs, {**form, **own, "sharing": "single"})  # a network a task
    [shared], [single] = (
        client.get(costs, {**form, **own}).context["estimates"], alone.context["estimates"],
    )  # fmt: skip
    assert single.cost.learned == 6 * shared.cost.learned
    assert single.cost.memory == 6 * shared.cost.memory
    refused = client.post(reverse("new_run", args=[corpus.pk]), {**form, "text_tuning": "lora"})
    assert "It needs an encoder" in str(refused.context["fine"].errors["text_tuning"])
    unused = client.post(
        reverse("new_run", args=[corpus.pk]), {**form, "text_encoder": "bert", "lora_rank": 4}
    )
    assert "No encoder is fine-tuned" in str(unused.context["fine"].errors["lora_rank"])
    options = {**own, "lora_rank": 4, "audio_encoder": "hubert", "audio_tuning": "full",
               "modalities": ["text", "audio"], "epochs": 1, "width": 16}  # fmt: skip
    run = TrainingRun.request(lead, release, "hard-small", own=options)
    assert run.run().status == JobStatus.DONE, run.failure_text
    assert not release.feature_parts.exists()
    assert run.results["trained_parameters"] < run.results["parameters"]
    page = client.get(reverse("run", args=[run.pk]) + "?tab=configuration").content.decode()
    assert "fine-tuned by LoRA" in page and "trained parameters" in page
    evaluation = Evaluation.request(lead, run)
    assert evaluation.run().status == JobStatus.DONE, evaluation.failure_text


@pytest.mark.one_database
@pytest.mark.usefixtures("learner_here")
@pytest.mark.django_db(transaction=True)
def test_encoders_are_measured_in_parts_once_for_all_runs(
    corpus, lead, film, settings, tmp_path, monkeypatch, client_of
):
    settings.ENCODERS_DIR = str(tmp_path / "encoders")
    for kind in ("bert", "hubert"):
        make_encoder(kind, tmp_path / "encoders" / kind)
    judged = make_judged_round(corpus, dialogues=5)
    for number, dialogue in enumerate(corpus.dialogues.all()):
        dialogue.clip.save(f"{number}.mp4", ContentFile(film.read_bytes()))
    release = make_release(corpus, [judged], media="dialogues")
    own = {"text_encoder": "bert", "audio_encoder": "hubert", "audio_layer": "1", "epochs": 1,
           "modalities": ["text", "audio"], "width": 16}  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(FeaturePart, "later", lambda self: None)
        run = TrainingRun.request(lead, release, "hard-small", own=own)
    assert [part.encoder for part in release.feature_parts.order_by("pk")] == [
        {"text_encoder": "bert"}, {"audio_encoder": "hubert", "audio_layer": "1"},
    ]  # fmt: skip
    assert run.waits and "bert" in str(release.feature_parts.first())
    page = client_of(lead).get(reverse("run", args=[run.pk])).content.decode()
    assert "extracting features" in page
    first, second = release.feature_parts.order_by("pk")
    assert first.run().status == JobStatus.DONE, first.failure_text
    run.refresh_from_db()
    assert run.waits and run.status == JobStatus.QUEUED
    assert second.run().status == JobStatus.DONE, second.failure_text
    run.refresh_from_db()  # the last part has woken it (eager)
    assert run.status == JobStatus.DONE, run.failure_text
    assert run.results["features"]["audio"]["encoder"] == "hubert"
    cached = {path.name: path for path in FeaturePart.cache().iterdir()}
    assert any(name.startswith("speech-") and name.endswith("-layer-1") for name in cached)
    monkeypatch.setattr(FeaturePart, "later", lambda self: None)
    monkeypatch.setattr(TrainingRun, "later", lambda self: None)
    again = TrainingRun.request(lead, release, "hard-small", seed=2, own=own)
    assert release.feature_parts.count() == 2 and not again.waits
    other = {**own, "audio_layer": "0"}
    TrainingRun.request(lead, release, "hard-small", seed=3, own=other)
    assert release.feature_parts.count() == 3


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_a_run_in_an_object_store_is_deleted_there_or_not_at_all(object_store, release, lead):
    run = TrainingRun.objects.create(release=release, status=JobStatus.STOPPED)
    run.folder.mkdir(parents=True)
    (run.folder / "events.jsonl").write_text("")
    shared_folders.publish(run.folder)
    with object_store.away(), pytest.raises(StoreAway):
        TrainingRun.objects.get().delete_by(lead)
    assert run.folder.exists()
    TrainingRun.objects.get().delete_by(lead)
    assert not shared_folders.stored_files("runs") and not run.folder.exists()


@pytest.mark.one_database
def test_a_page_without_its_object_store_says_so(object_store, release, lead, client_of):
    run = TrainingRun.objects.create(release=release, status=JobStatus.DONE)
    client = client_of(lead)
    client.raise_request_exception = False
    with object_store.away():
        answer = client.get(f"{run.page_url}?tab=log")
        assert answer.status_code == 503
        assert "object store does not answer" in answer.content.decode()
        answer = client.get(reverse("api_run_events", args=[run.pk]))
        assert answer.status_code == 503 and answer.json()["code"] == "store_away"


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_features_of_one_host_are_in_the_cache_of_another(
    object_store, release, settings, tmp_path
):
    part = FeaturePart.objects.create(release=release, number=1, of=1, status=JobStatus.DONE)
    for name, at in (("of-before", 100), ("new", 300)):
        path = FeaturePart.cache() / "mel" / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, (at, at))
    part.share_extracted(since=200)
    settings.RUNS_DIR, settings.WORK_DIR = tmp_path / "other" / "runs", tmp_path / "other" / "work"
    part.fetch_extracted()
    found = [path.name for path in (FeaturePart.cache() / "mel").iterdir()]
    assert found == ["new.npy"] and (FeaturePart.cache() / "mel/new.npy").read_text() == "new"
