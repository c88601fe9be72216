"""The comparison of all systems: its release and its file are what the learner takes."""

import numpy as np
import pytest

from benchmarks.published_systems import SMALLEST, SYSTEMS, experiment_file, write_planted
from modeling.learner.experiments.specification import load_experiment
from modeling.learner.features.imported import ImportedFeatures
from modeling.learner.recipes import RECIPES
from modeling.learner.release_checks import open_release
from modeling.learner.synthetic_data import TASKS, generate_splits


def test_planted_data_are_a_release_with_features(tmp_path):
    write_planted(tmp_path / "release", 3)
    release = open_release(tmp_path / "release", labels=True).with_labels()
    assert release.tasks == TASKS
    sizes = {split: len(release.of_split(split)) for split in ("train", "valid", "test")}
    assert sizes == {"train": 150, "valid": 200, "test": 3}
    expected = generate_splits(41, {"train": 150, "valid": 200, "test": 3})["test"]
    first = release.of_split("test")[0].utterances[0]
    emotion = TASKS[1].classes[int(expected.gold["emotion"][0])]
    assert first.id == "test-0_0" and first.gold["emotion"] == emotion
    found = ImportedFeatures(tmp_path / "vision")
    assert np.allclose(found.of("test-0_0"), expected.vision[0].numpy())


@pytest.mark.parametrize("corpus", ["smallest", "planted", "cmma", "cmma-unrelated", "meld"])
def test_the_file_is_an_experiment(tmp_path, corpus):
    path = tmp_path / "experiment.toml"
    path.write_text(experiment_file(corpus, SYSTEMS, 5, 3, tmp_path), "utf-8")
    found = load_experiment(path)
    left_out = {"tf-idf"} if corpus in ("smallest", "planted") else set()
    assert [system.name for system in found.systems] == [s for s in SYSTEMS if s not in left_out]
    assert found.seeds == (1, 2, 3, 4, 5)
    text = found.systems[0].recipe.modalities == ("text",)
    assert text == (corpus not in ("smallest", "planted"))
    assert len(found.tasks) == (4 if corpus == "cmma-unrelated" else 0)


def test_every_recipe_of_others_is_compared():
    others = {name for name, recipe in RECIPES.items() if recipe.network != "own"}
    assert others <= set(SYSTEMS) and set(SMALLEST) <= set(SYSTEMS)
