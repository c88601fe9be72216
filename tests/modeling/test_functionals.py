"""The sound of an utterance as one vector: our functionals, and openSMILE's."""

import numpy as np
import pytest

from modeling.learner import recipe_checks
from modeling.learner.features import egemaps
from modeling.learner.features.audio import DIMS, LogMel
from modeling.learner.features.extraction import (
    Extractors,
    extract,
    extractor_keys,
    feature_sources,
)
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.functionals import NAMES, functionals
from modeling.learner.recipes import RECIPES, Recipe, RecipeError
from tests.modeling.factories import dialogue

OWN = Recipe(modalities=("audio",), audio_functionals="own")
EGEMAPS = Recipe(modalities=("audio",), audio_functionals="egemaps")


def test_they_say_what_their_names_say():
    frames = np.zeros((40, DIMS), np.float32)  # two seconds, of which the second half is voiced
    frames[:, 0] = np.arange(40)
    frames[20:, 40], frames[20:, 41] = np.linspace(1, 2, 20), 0.9
    frames[:, 42] = np.linspace(-4, 0, 40)
    found = dict(zip(NAMES, functionals(frames)[0].tolist(), strict=True))
    assert found["band 1 mean"] == pytest.approx(19.5) and found["band 2 deviation"] == 0
    assert found["pitch mean"] == found["pitch percentile 50"] == pytest.approx(1.5)
    assert found["pitch slope"] == pytest.approx(LogMel.rate / 19)
    assert found["loudness slope"] == pytest.approx(4 * LogMel.rate / 39)
    assert found["share voiced"] == 0.5 and found["voiced segments a second"] == 0.5
    assert found["mean seconds of voiced segments"] == pytest.approx(1.0)
    assert found["mean seconds of unvoiced segments"] == pytest.approx(1.0)
    assert found["log of seconds"] == pytest.approx(np.log(2))
    silent = functionals(np.zeros((3, DIMS), np.float32))
    assert np.isfinite(silent).all()
    assert functionals(np.zeros((0, DIMS), np.float32)).shape == (0, len(NAMES))
    with pytest.raises(FeatureError, match="not of 7"):
        functionals(np.zeros((2, 7), np.float32))


def test_they_are_features_of_any_recipe(film, tmp_path):
    talk = dialogue("a", 3, clip=film)
    extractors = Extractors.of(OWN)
    found, failures = extract(talk, tmp_path, extractors)
    assert failures == [] and [each["audio"].shape for each in found] == [(1, len(NAMES))] * 3
    frames, _ = extract(talk, tmp_path, Extractors.of(Recipe(modalities=("audio",))))
    assert np.array_equal(found[1]["audio"], functionals(frames[1]["audio"]))
    key = f"{LogMel.key}+functionals-1"
    assert extractors.keys == extractor_keys([talk], extractors) == {"audio": key}
    assert feature_sources(OWN, [talk], extractors) == {"audio": {"by": key, "from": "clips"}}


def test_they_decide_nothing_beside_an_encoder():
    assert RECIPES["svm-early"].functionals == "own" and "audio_steps" in OWN.unused
    for field in ("audio_encoder", "audio_features"):
        recipe = Recipe(**{field: "x"}, audio_functionals="own")
        assert recipe.functionals == "" and "audio_functionals" in recipe.unused
    assert Recipe(modalities=("text",), audio_functionals="own").functionals == ""
    assert "audio_functionals" not in Recipe().unused


def test_without_opensmile_it_says_how_to_get_it(film, monkeypatch):
    monkeypatch.setattr(egemaps, "find_spec", lambda name: None)
    with pytest.raises(RecipeError, match=r"requirements-speech.lock.* no commercial use"):
        recipe_checks.check_encoders(EGEMAPS, [dialogue("a", 2, clip=film)])
    with pytest.raises(FeatureError, match="not installed"):
        egemaps.EGeMAPS().key  # noqa: B018


def test_egemaps_is_computed_once_for_each_utterance(film, tmp_path, monkeypatch):
    smile = pytest.importorskip("opensmile", reason="openSMILE is not installed (its licence)")
    talk = dialogue("a", 3, clip=film)
    extractors = Extractors.of(EGEMAPS)
    found, failures = extract(talk, tmp_path, extractors)
    assert failures == [] and [each["audio"].shape for each in found] == [(1, egemaps.DIMS)] * 3
    assert np.isfinite(found[0]["audio"]).all() and "egemaps-v02" in extractors.keys["audio"]
    monkeypatch.setattr(smile.Smile, "process_signal", lambda *_: 1 / 0)
    again, _ = extract(talk, tmp_path, extractors)
    assert all((a["audio"] == b["audio"]).all() for a, b in zip(found, again, strict=True))
    short = extractors.egemaps.of_samples(np.zeros(egemaps.SHORTEST - 1, np.float32))
    assert short.shape == (0, egemaps.DIMS)
    broken = dialogue("b", 2, clip=tmp_path / "none.mp4")
    found, failures = extract(broken, tmp_path / "other", extractors)
    assert len(failures) == 1 and "none.mp4" in failures[0].reason
    assert all(not len(each["audio"]) for each in found)
