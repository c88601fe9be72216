"""What a run's features are: chosen encoders that have nothing to read are refused, and what was
used is written down, not what was asked for.
"""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from core.errors import UserError
from jobs.models import JobStatus
from modeling.encoders import check_encoders
from modeling.learner.features.audio import LogMel
from modeling.learner.features.encoder_directory import EncoderDirectory
from modeling.learner.features.extraction import CHARACTERS
from modeling.learner.features.vision import ColourAndMotion
from modeling.models import Evaluation, Experiment, RegisteredModel, TrainingRun
from modeling.models.runs import Recipes
from tests.factories import make_judged_round, make_release
from tests.modeling.factories import dialogue, learn, run, write_release
from tests.modeling.test_numeric_checks import arrays, measured_release, recipe_file

NOTHING = "/nowhere"  # no encoder is there: it is refused before anybody looks


def output_of(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("verb", ["train", "features"])
@pytest.mark.parametrize("field, recipe, release, said", [
    ("audio_encoder", {}, "features", "holds measured features and no films"),
    ("vision_encoder", {}, "features", "holds measured features and no films"),
    ("audio_encoder", {}, "text", "holds no films"),
    ("vision_encoder", {}, "text", "holds no films"),
    ("audio_encoder", {"modalities": ["text"]}, "text", "does not read audio"),
    ("text_encoder", {"modalities": ["audio"]}, "features", "does not read text"),
])  # fmt: skip
def test_an_encoder_with_nothing_to_read_is_refused(verb, field, recipe, release, said, tmp_path):
    talks = [dialogue(f"D{n}", 2, split) for n, split in enumerate(["train"] * 3 + ["test"])]
    root = tmp_path / "release"
    root = measured_release(root) if release == "features" else write_release(root, talks)
    path = recipe_file(tmp_path, **recipe, **{field: NOTHING})
    out = ("--out", tmp_path / "out") if verb == "train" else ("--cache", tmp_path / "out")
    done = run(verb, root, *out, "--recipe", path)
    assert done.returncode == 2 and said in done.stderr and "Leave" in done.stderr, done.stderr
    assert not (tmp_path / "out" / "meta.json").exists()


def test_what_the_release_measured_is_written_down(tmp_path):
    mine = arrays(audio_key=np.str_("logmel-prosody-0"), vision_key=np.str_("faces-3"))
    release = measured_release(tmp_path / "release")
    for path in (release / "features").iterdir():
        np.savez(path, **mine)
    out = tmp_path / "out"
    results = output_of(learn(release, out, "--recipe", recipe_file(tmp_path), "--json"))
    expected = {
        "text": {"by": CHARACTERS, "from": "text"},
        "audio": {"by": "logmel-prosody-0", "from": "release"},
        "vision": {"by": "faces-3", "from": "release"},
    }
    assert results["features"] == expected
    assert json.loads((out / "meta.json").read_text())["features"] == expected
    found = output_of(run("evaluate", release, "--out", out, "--json"))
    assert found["run"]["features"] == expected
    for path in (release / "features").iterdir():  # measured by something else since
        np.savez(path, **mine | {"audio_key": np.str_("other-1")})
    done = run("evaluate", release, "--out", out)
    assert done.returncode == 2 and "other-1" in done.stderr and "logmel-prosody-0" in done.stderr


def test_features_of_before_are_the_defaults(tmp_path):
    release = measured_release(tmp_path / "release")
    results = output_of(
        learn(release, tmp_path / "out", "--recipe", recipe_file(tmp_path), "--json")
    )
    assert results["features"]["audio"] == {"by": LogMel.key, "from": "release"}
    assert results["features"]["vision"] == {"by": ColourAndMotion.key, "from": "release"}


def test_an_encoder_is_named_with_its_digest_and_nothing_as_nothing(text_encoder, tmp_path):
    talks = [dialogue(f"D{n}", 2, split) for n, split in enumerate(["train"] * 3 + ["test"])]
    release = write_release(tmp_path / "release", talks)
    recipe = recipe_file(tmp_path, text_encoder=str(text_encoder))
    results = output_of(learn(release, tmp_path / "out", "--recipe", recipe, "--json"))
    assert results["features"] == {
        "text": {"by": f"text-{EncoderDirectory(text_encoder).digest}", "from": "text",
                 "encoder": text_encoder.name},
        "audio": {"by": LogMel.key, "from": "none"},
        "vision": {"by": ColourAndMotion.key, "from": "none"},
    }  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("media", ["features", "none"])
def test_the_form_and_every_request_refuse_before_any_work(
    media, corpus, lead, client_of, settings, tmp_path
):
    place = tmp_path / "encoders" / "hubert"
    place.mkdir(parents=True)
    (place / "model.safetensors").write_bytes(b"")
    says = {"model_type": "hubert", "hidden_size": 16, "num_hidden_layers": 2}
    (place / "config.json").write_text(json.dumps(says))
    settings.ENCODERS_DIR = str(place.parent)
    opened = make_judged_round(corpus)
    release = make_release(corpus, [opened], media=media)
    form = {"release": release.pk, "recipes": ["hard-small"], "seeds": 1, "on_failure": "fail",
            "audio_encoder": "hubert"}  # fmt: skip
    page = client_of(lead).post(reverse("new_run", args=[corpus.pk]), form)
    assert page.status_code == 200
    said = str(page.context["form"].non_field_errors())
    assert "hubert would have nothing to read" in said and "1.0.0" in said
    for recipe in Recipes.values:
        for modality in ("audio", "vision"):
            with pytest.raises(UserError, match="nothing to read"):
                Experiment.request(
                    lead, release, [recipe], [1], options={f"{modality}_encoder": "x"}
                )
    assert not TrainingRun.objects.exists() and not Experiment.objects.exists()
    check_encoders(release, "hard-small", {"text_encoder": "x"})


@pytest.mark.django_db
def test_pages_and_cards_tell_what_was_used(corpus, lead, client_of, learner_here):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)], media="none")
    experiment = Experiment.request(lead, release, ["hard-text"], [1], options={"epochs": 1})
    [made] = experiment.runs.all()
    assert made.run().status == JobStatus.DONE
    assert Evaluation.request(lead, made).run().status == JobStatus.DONE
    address = reverse("run", args=[made.pk]) + "?tab=configuration"
    page = client_of(lead).get(address).content.decode()
    assert f"<code>{CHARACTERS}</code>" in page and "features: text" in page
    model = RegisteredModel.register(lead, made, "m", "use", "limits")
    card = client_of(lead).get(reverse("model_card", args=[model.pk])).content.decode()
    assert f"- features of text: `{CHARACTERS} (from text)`" in card


@pytest.mark.django_db
def test_the_command_says_it_too(corpus, monkeypatch):
    make_release(corpus, [make_judged_round(corpus)], media="none")

    def refused(*_):
        raise UserError("nothing to read")

    monkeypatch.setattr("modeling.models.runs.encoders.check_encoders", refused)
    with pytest.raises(CommandError, match="nothing to read"):
        call_command("train", "1.0.0", corpus=corpus.name)
