"""Searches for settings, repetitions on new releases, encoders and devices, as rows and pages."""

import io
import json
import zipfile

import pytest
from django.urls import reverse
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from core.errors import UserError
from jobs.models import JobStatus
from modeling.encoders import encoders
from modeling.forms import SEARCHED, RecipeForm
from modeling.learner.tensorboard import TensorBoardWriter
from modeling.models import Experiment, TrainingRun, experiments
from modeling.scheduled_runs import repeat_due
from modeling.search_space import FIELDS
from modeling.search_trials import (
    best_of,
    continue_search,
    resume_search,
    should_prune,
    start_search,
    trial_of,
    validation_scores,
)
from people.models import Event
from tests.factories import make_corpus, make_judged_round, make_member, make_release

SEARCH = {"fields": ["learning_rate", "dropout"], "trials": 3, "at_once": 1, "prunes": True}


@pytest.fixture
def release(corpus):
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)])


def form(release, **more):
    return {
        "release": release.pk, "recipes": ["hard-text"], "seeds": 1, "on_failure": "fail",
        "device": "auto", "epochs": 2, "searched": ["learning_rate", "dropout"], **more,
    }  # fmt: skip


@pytest.mark.usefixtures("learner_here")
@pytest.mark.django_db(transaction=True)
def test_a_search_goes_on_by_itself_and_says_what_was_best(client_of, corpus, lead):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    client, address = client_of(lead), reverse("new_run", args=[corpus.pk])
    for wrong, words in (
        ({"recipes": ["hard-text", "soft-text"]}, "Choose one recipe"),
        ({"searched": []}, "Choose a setting"),
        ({"dropout": "0.1"}, "Both set and searched: dropout"),
        ({"searched": ["relation_weight"]}, "Only relation gates"),
    ):
        page = client.post(address, form(release, trials=3, **wrong)).content.decode()
        assert words in page and not Experiment.objects.exists()
    result = form(release, trials=3, at_once=1, prunes="on", name="Which settings?")
    page = client.post(address, result, follow=True).content.decode()
    experiment = Experiment.objects.get()
    runs = list(experiment.runs.order_by("pk"))  # eager: each run has queued the next
    assert [run.status for run in runs] == [JobStatus.DONE] * 3, runs[0].failure_text
    assert runs[0].options == {"epochs": 2, "learning_rate": 1e-3, "dropout": 0.2}
    assert len({run.options["learning_rate"] for run in runs}) == 3 and not experiment.searches
    best = best_of(experiment)
    assert trial_of(best).value == max(trial_of(run).value for run in runs)
    assert "3 of 3 runs" in page and f"?like={best.pk}&amp;seeds=5" in page
    again = client.get(address, {"like": best.pk, "seeds": 5}).content.decode()
    assert f'value="{best.options["learning_rate"]}"' in again and 'value="5"' in again
    table = client.get(reverse("experiment_csv", args=[experiment.pk])).content
    lines = table.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("run,recipe,learning_rate,dropout,seed")
    assert client.get(reverse("experiment_progress", args=[experiment.pk]))["HX-Refresh"] == "true"
    client.post(reverse("repeat_experiment", args=[experiment.pk]), {"wanted": "1"})
    assert Experiment.objects.get().repeats_from is None  # a search is not repeated


def test_a_search_is_stopped_gone_on_with_and_gives_up(release, lead, monkeypatch):
    monkeypatch.setattr(TrainingRun, "later", lambda self: None)
    experiment = start_search(lead, release, "hard-text", {**SEARCH, "trials": 9, "at_once": 2})
    assert experiment.runs.count() == 2 and experiment.active
    continue_search(experiment)
    assert experiment.runs.count() == 2  # both wait still
    experiment.stop_by(lead)
    assert {run.status for run in experiment.runs.all()} == {JobStatus.STOPPED}
    continue_search(experiment)
    assert experiment.runs.count() == 2 and not Experiment.objects.get().active
    resume_search(experiment, lead)
    assert experiment.runs.count() == 4
    assert Event.objects.filter(verb="train", noun="experiment").count() == 1
    for count in (6, 6):  # two failures are an accident, four in a row are not
        TrainingRun.objects.update(status=JobStatus.FAILED)
        continue_search(experiment)
        assert experiment.runs.count() == count
    assert not Experiment.objects.get().searches
    resume_search(experiment, lead)  # somebody has mended what was wrong
    assert experiment.runs.count() == 8
    TrainingRun.objects.update(status=JobStatus.DONE)
    release.retract(lead, "withdrawn", "wrong")
    continue_search(experiment)
    assert experiment.runs.count() == 8 and not Experiment.objects.get().searches
    experiment.refresh_from_db()
    with pytest.raises(UserError, match="withdrawn"):
        resume_search(experiment, lead)
    monkeypatch.setattr(experiments, "MOST_WAITING", 0)
    with pytest.raises(UserError, match="the limit is 0"):
        start_search(lead, release, "hard-text", SEARCH)


@pytest.mark.one_database
def test_a_hopeless_run_of_a_search_ends_early(release, lead, monkeypatch, client_of):
    epochs = 600  # so many that it cannot end before somebody sees that it is hopeless
    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "later", lambda self: None)
        search = {**SEARCH, "trials": 9, "at_once": 6}
        experiment = start_search(lead, release, "hard-text", search)
    *others, last = experiment.runs.order_by("pk")
    for run in others:
        run.directory.mkdir(parents=True)
        lines = [f'{{"event": "epoch", "epoch": {n}, "validation_macro_f1": {{"a": 2.0}}}}\n'
                 for n in range(1, epochs + 1)]  # fmt: skip
        (run.directory / "events.jsonl").write_text("".join(lines))
        TrainingRun.objects.filter(pk=run.pk).update(
            status=JobStatus.DONE, results={"tasks": {"a": {"macro_f1": 2.0}}}
        )
    Experiment.objects.update(searches=False)
    TrainingRun.objects.filter(pk=last.pk).update(
        options={**last.options, "epochs": epochs, "patience": epochs}
    )
    last = TrainingRun.objects.get(pk=last.pk).run()
    assert last.status == JobStatus.STOPPED and "below the median" in last.failure_text
    assert epochs / 4 <= len(validation_scores(last.events())) < epochs
    assert trial_of(last).state == "pruned"
    page = client_of(lead).get(reverse("experiment", args=[experiment.pk])).content.decode()
    assert "ended early" in page
    experiment.search = {**experiment.search, "prunes": False}
    last.experiment = experiment
    assert not should_prune(last, last.events())


def test_a_experiment_is_repeated_on_each_later_release_once(
    release, lead, corpus, client_of, monkeypatch
):
    monkeypatch.setattr(TrainingRun, "later", lambda self: None)
    judged = list(release.rounds.all())
    experiment = Experiment.request(
        lead, release, ["hard-text", "soft-text"], [1, 2], options={"epochs": 2}
    )
    between = make_release(corpus, judged, "1.1.0")
    client = client_of(lead)
    client.post(reverse("repeat_experiment", args=[experiment.pk]), {"wanted": "1"})
    assert Event.objects.get(verb="repeat").person == lead
    assert repeat_due() == 0  # nothing was frozen since
    later = make_release(corpus, judged, "1.2.0")
    with monkeypatch.context() as patch:
        patch.setattr(experiments, "MOST_WAITING", 3)
        assert repeat_due() == 0  # no room: it waits
    assert repeat_due() == 1 and repeat_due() == 0
    repeated = Experiment.objects.get(follows=experiment)
    assert repeated.release == later and repeated.options == {"epochs": 2}
    assert not between.experiments.exists()
    result = [(run.recipe, run.seed) for run in repeated.runs.order_by("pk")]
    assert result == [(run.recipe, run.seed) for run in experiment.runs.order_by("pk")]
    page = client.get(reverse("experiment", args=[repeated.pk])).content.decode()
    assert "By release" in page and "1.2.0" in page and "Repeat on each" not in page
    assert (
        "Stop repeating" in client.get(reverse("experiment", args=[experiment.pk])).content.decode()
    )
    with pytest.raises(UserError, match="repetitions"):
        experiment.delete_by(lead)
    make_release(corpus, judged, "1.3.0").retract(lead, "withdrawn", "wrong")
    assert repeat_due() == 0
    make_release(corpus, judged, "1.4.0")
    corpus.memberships.filter(person=lead).update(role="annotator")
    assert repeat_due() == 0  # who asked for it leads the corpus no more
    corpus.memberships.filter(person=lead).update(role="lead")
    client.post(reverse("repeat_experiment", args=[experiment.pk]), {"wanted": "0"})
    assert repeat_due() == 0


def test_whatever_is_searched_can_be_set_too():
    assert set(FIELDS) <= set(RecipeForm().fields) and set(FIELDS) == set(SEARCHED)


def test_strangers_find_no_experiment(release, lead, corpus, client_of):
    experiment = Experiment.request(lead, release, ["hard-text"], [1])
    for who in (client_of(make_member(corpus)), client_of(make_corpus().memberships.get().person)):
        for name in ("resume_experiment", "repeat_experiment"):
            assert who.post(reverse(name, args=[experiment.pk])).status_code == 404
        assert who.get(reverse("experiment_tensorboard", args=[experiment.pk])).status_code == 404
        assert (
            who.get(reverse("run_tensorboard", args=[experiment.runs.get().pk])).status_code == 404
        )


@pytest.mark.usefixtures("learner_here")
def test_curves_are_there_for_tensorboard(release, lead, client_of, tmp_path):
    experiment = Experiment.request(lead, release, ["hard-text"], [1], options={"epochs": 3})
    run, client = experiment.runs.get(), client_of(lead)
    assert client.get(reverse("run_tensorboard", args=[run.pk])).status_code == 404  # not yet
    run.run()
    packed = client.get(reverse("experiment_tensorboard", args=[experiment.pk])).content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path)
    board = EventAccumulator(
        str(tmp_path / f"experiment-{experiment.pk}/{run.pk}-hard-text-seed-1")
    )
    board.Reload()
    found = board.Scalars("validation_macro_f1/mean")
    assert [each.step for each in found] == [1, 2, 3]
    assert [each.value for each in found] == pytest.approx(validation_scores(run.events()))
    page = client.get(reverse("run", args=[run.pk]) + "?tab=files").content.decode()
    assert reverse("run_tensorboard", args=[run.pk]) in page


@pytest.mark.one_database
@pytest.mark.usefixtures("learner_here")
@pytest.mark.django_db(transaction=True)
def test_encoders_are_chosen_by_name(
    corpus, lead, client_of, settings, text_encoder, speech_encoder, vision_encoder
):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    settings.ENCODERS_DIR = str(text_encoder.parent)
    names = {"text": text_encoder, "audio": speech_encoder, "vision": vision_encoder}
    for modality, place in names.items():
        assert place.name in encoders()[modality]
        assert all(place.name not in row for key, row in encoders().items() if key != modality)
    address, client = reverse("new_run", args=[corpus.pk]), client_of(lead)
    result = form(release, text_encoder="../" + text_encoder.name)
    assert "errorlist" in client.post(address, result).content.decode()
    client.post(address, form(release, text_encoder=text_encoder.name, learning_rate=0.002))
    run = TrainingRun.objects.get()
    assert run.status == JobStatus.DONE, run.failure_text
    assert run.options["text_encoder"] == text_encoder.name
    assert str(text_encoder) in (run.directory / "recipe.json").read_text()
    page = client.get(reverse("run", args=[run.pk]) + "?tab=configuration").content.decode()
    assert text_encoder.name in page and "<code>cpu</code>" in page
    settings.ENCODERS_DIR = ""
    assert encoders() == {"text": [], "audio": [], "vision": []}


@pytest.mark.usefixtures("learner_here")
def test_a_gpu_is_offered_where_a_worker_has_one(release, lead, corpus, client_of, monkeypatch):
    address, client = reverse("new_run", args=[corpus.pk]), client_of(lead)
    page = client.get(address).content.decode()
    assert "No worker has a GPU" in page and 'value="cuda"' not in page
    refused = client.post(address, form(release, device="cuda")).content.decode()
    assert "errorlist" in refused and not TrainingRun.objects.exists()
    for place in ("views.new_run", "experiment_request"):
        counted = f"modeling.{place}.training_worker_count"
        monkeypatch.setattr(counted, lambda queue="train": 1)
    assert 'value="cuda"' in client.get(address).content.decode()
    client.post(address, form(release, device="cuda"))
    run = TrainingRun.objects.get()
    assert run.queue == "gpu" and TrainingRun(device="auto").queue == "train"
    run.run()  # here, where there is none
    assert run.status == JobStatus.FAILED and "no GPU here" in run.failure_text


def test_the_learner_writes_them_as_it_goes_and_anew_when_it_goes_on(tmp_path):
    lines = [
        {"event": "epoch", "epoch": n, "losses": {"a": 1.0 / n}, "loss": 1.0 / n,
         "validation_macro_f1": {"a": n / 10}, "used": {"cpu": 1.0}}
        for n in (1, 2, 3)
    ]  # fmt: skip
    path = tmp_path / "events.jsonl"
    for heard in (lines[:2], lines[1:]):  # killed after two, goes on from a checkpoint after one
        board = TensorBoardWriter(tmp_path)
        path.write_text(json.dumps(lines[0]) + "\n")
        for event in heard:
            if event is not lines[0]:
                path.write_text(path.read_text() + json.dumps(event) + "\n")
            board.add(event)
        board.close()
    read = EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    assert [each.step for each in read.Scalars("loss/a")] == [1, 2, 3]
