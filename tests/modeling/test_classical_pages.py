"""Classical systems from the form to their pages: no epochs, but what was chosen."""

import pytest
from django.urls import reverse

from jobs.models import JobStatus
from modeling import forms
from modeling.models import FeaturePart, TrainingRun
from modeling.run_costs import plan_data
from tests.factories import make_judged_round, make_release

NAMES = ["svm-early", "svm-late", "hmm", "tf-idf"]


@pytest.fixture
def release(corpus):
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)])


@pytest.mark.django_db
def test_they_run_from_the_form_and_show_what_they_chose(
    release, client_of, corpus, lead, learner_here
):
    client, address = client_of(lead), reverse("new_run", args=[corpus.pk])
    page = client.get(address).content.decode()
    assert "Classical systems" in page and "Character n-grams of the utterance" in page
    form = {"release": release.pk, "recipes": NAMES, "seeds": 1, "on_failure": "missing"}
    answer = client.post(address, form)
    assert answer.status_code == 302, answer.context["form"].errors
    runs = {run.recipe: run for run in TrainingRun.objects.all()}
    assert {*runs} == {*NAMES}
    for run in runs.values():
        run.refresh_from_db()
        if run.status == JobStatus.QUEUED:
            run.run()
        assert run.status == JobStatus.DONE, run.failure_text
        page = client.get(reverse("run", args=[run.pk])).content.decode()
        assert "Settings, temperatures and thresholds were selected on it" in page
        assert "?tab=curves" not in page and "best epoch" not in page
        for tab in ("results", "log", "files", "curves"):
            assert client.get(reverse("run", args=[run.pk]), {"tab": tab}).status_code == 200
        page = client.get(reverse("run", args=[run.pk]), {"tab": "configuration"}).content.decode()
        assert "Chosen on the validation set" in page and "maximum epochs" not in page
    assert "C = " in page
    assert "macro-F1" in client.get(
        reverse("run", args=[run.pk]), {"tab": "log"}
    ).content.decode()  # fmt: skip
    assert client.get(reverse("run_errors", args=[runs["hmm"].pk])).status_code == 200
    defaults = plan_data(corpus, ["learning_rate", "logit_adjustment"], 1)["recipes"]["hmm"]
    assert {*defaults["defaults"]} == {"logit_adjustment"}


@pytest.mark.django_db
def test_what_does_not_fit_is_said_at_its_field(release, client_of, corpus, lead, monkeypatch):
    client, address = client_of(lead), reverse("new_run", args=[corpus.pk])
    form = {"release": release.pk, "recipes": ["svm-early"], "seeds": 1, "on_failure": "fail"}

    def errors(**more):
        answer = client.post(address, {**form, **more})
        assert answer.status_code == 200
        found = [answer.context[each].errors for each in ("form", "fine", "search")]
        return {name: str(words) for each in found for name, words in each.items()}

    assert "None of the chosen recipes uses it" in errors(epochs="3")["epochs"]
    assert "chooses its settings itself" in errors(trials="4", searched=["learning_rate"])["trials"]
    assert "reads text alone" in errors(recipes=["tf-idf"], modalities=["audio"])["modalities"]
    monkeypatch.setattr(forms, "find_spec", lambda name: None)
    found = errors(audio_functionals="egemaps")["audio_functionals"]
    assert "no commercial use" in found and "requirements-speech.lock" in found


@pytest.mark.django_db
def test_workers_measure_egemaps_in_parts(release, lead):
    release.media = "dialogues"
    run = TrainingRun(release=release, recipe="hard-small",
                      options={"audio_functionals": "egemaps"})  # fmt: skip
    assert run.extracted_features == [{}, {"audio_functionals": "egemaps"}]
    part = FeaturePart(release=release, number=1, of=1, encoder=run.extracted_features[1])
    assert part.modality == "audio" and part.encoder_name == "egemaps"
    run.options["audio_encoder"] = "hubert"
    assert run.extracted_features[1] == {"audio_encoder": "hubert"}
