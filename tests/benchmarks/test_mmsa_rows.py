"""Rows of MMSA's tables on a file of the same layout, made here."""

import json
import pickle

import numpy as np
import pytest
import torch
from MMSA.config import get_config_regression

from benchmarks import mmsa_rows
from modeling.learner.networks.baselines.registry import BASELINES, build_baseline

SMALL = {"text": (6, 8), "audio": (9, 5), "vision": (7, 4)}


def write_file(path, sizes=(40, 12, 12), **more):
    """A pickle as MMSA writes; the label is in the text, sound has silence."""
    rng = np.random.default_rng(1)
    data = {}
    for split, n in zip(("train", "valid", "test"), sizes, strict=True):
        labels = rng.uniform(-1, 1, n)
        part = {key: rng.normal(size=(n, *shape)) for key, shape in SMALL.items()}
        part["text"][:, :, 0] = labels[:, None] * 3
        part["audio"][0, 0, 0] = -np.inf
        ids = [f"video${row}" for row in range(n)]
        data[split] = {**part, "id": ids, "regression_labels": labels, **more}
    path.write_bytes(pickle.dumps(data))
    return path


def test_rows_are_trained_and_set_beside_the_published_ones(tmp_path, capsys):
    file = write_file(tmp_path / "unaligned_39.pkl")
    out = tmp_path / "out"
    wanted = [str(file), "--dataset", "sims", "--out", str(out), "--networks", "lmf",
              "--seeds", "2", "--epochs", "30"]  # fmt: skip
    assert mmsa_rows.main(wanted) == 0
    text = (out / "report.md").read_text()
    assert "| lmf | 2 |" in text and "77.8 / 64.7 / 77.9 / 0.441 / 0.576" in text
    first = json.loads((out / "sims-lmf-1.json").read_text())
    assert first["scores"]["correlation"] > 0.5  # it learns what is there
    (out / "sims-lmf-1.json").write_text(json.dumps({**first, "seed": 99}))
    assert mmsa_rows.main(wanted) == 0  # nothing is done twice
    assert json.loads((out / "sims-lmf-1.json").read_text())["seed"] == 99


@pytest.mark.parametrize("name", BASELINES)
def test_every_network_takes_a_step_with_the_settings_of_mosi(name, tmp_path):
    data = mmsa_rows.read_splits(write_file(tmp_path / "a.pkl", sizes=(4, 3, 3)))
    row = mmsa_rows.train(name, "mosi", data, seed=1, epochs=1)
    assert set(row["scores"]) == {"accuracy of 2", "MAE", "correlation"}


@pytest.mark.parametrize("name", BASELINES)
def test_settings_of_sims_are_those_of_the_recipes(name):
    dims = (6, 5, 4)
    mine = mmsa_rows.build(name, get_config_regression(name, "sims"), dims, 7)
    theirs = build_baseline(name, dims, 7, 1)
    shapes = [{key: each.shape for key, each in net.state_dict().items()} for net in (mine, theirs)]
    assert shapes[0] == shapes[1]
    drops = [sorted(m.p for m in net.modules() if hasattr(m, "p")) for net in (mine, theirs)]
    assert drops[0] == drops[1]


def test_scores_are_those_of_mmsa():
    from MMSA.utils.metricsTop import MetricsTop

    rng = np.random.default_rng(3)
    gold = np.round(rng.uniform(-1, 1, 200), 1)
    answers = gold + rng.normal(0, 0.4, 200)
    pair = torch.tensor(answers)[:, None], torch.tensor(gold)[:, None]
    theirs = MetricsTop("regression").getMetics("SIMS")(*pair)
    mine = mmsa_rows.scores("sims", answers, gold)
    assert mine["accuracy of 2"] == pytest.approx(100 * theirs["Mult_acc_2"], abs=0.01)
    assert mine["accuracy of 3"] == pytest.approx(100 * theirs["Mult_acc_3"], abs=0.01)
    assert mine["F1"] == pytest.approx(100 * theirs["F1_score"], abs=0.01)
    assert mine["MAE"] == pytest.approx(theirs["MAE"], abs=1e-3)
    assert mine["correlation"] == pytest.approx(theirs["Corr"], abs=1e-3)
    gold, answers = 3 * gold, 3 * answers
    pair = torch.tensor(answers)[:, None], torch.tensor(gold)[:, None]
    theirs = MetricsTop("regression").getMetics("MOSI")(*pair)
    mine = mmsa_rows.scores("mosi", answers, gold)
    assert mine["accuracy of 2"] == pytest.approx(100 * theirs["Non0_acc_2"], abs=0.01)
    assert mine["MAE"] == pytest.approx(theirs["MAE"], abs=1e-3)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"regression_labels": np.zeros(3)}, "has no array regression_labels"),
        ({"text": np.zeros((12, 8))}, "has no array text (utterances, L, D)"),
        ({"vision": np.full((40, 7, 4), np.nan)}, "holds what is no number"),
    ],
)
def test_what_is_missing_is_said(more, said, tmp_path, capsys):
    file = write_file(tmp_path / "bad.pkl", **more)
    with pytest.raises(SystemExit):
        mmsa_rows.main([str(file), "--dataset", "sims", "--out", str(tmp_path / "out")])
    assert said in capsys.readouterr().err
    with pytest.raises(SystemExit):
        mmsa_rows.main([str(tmp_path / "none"), "--dataset", "sims", "--out", str(tmp_path)])
