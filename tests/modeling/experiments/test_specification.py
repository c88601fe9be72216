"""The file of an experiment: what it says, and a clear error for what it cannot."""

import pytest

from modeling.learner.experiments.specification import ExperimentError, load_experiment
from modeling.learner.recipes import RECIPES
from tests.modeling.experiments.factories import make_experiment, make_file

ONE = '[[systems]]\nrecipe = "hard-text"\n'
BOTH = ONE + '[[systems]]\nrecipe = "bc-lstm"\nname = "bc-LSTM"\nwidth = 32\n'


def test_what_a_file_says(tmp_path):
    found = make_experiment(
        tmp_path,
        'tasks = ["sentiment", "sarcasm"]\nseeds = 3\nreference = "bc-LSTM"\n'
        "train_shares = [1.0, 0.5]\n[recipe]\nepochs = 7\n" + BOTH + '[splits]\nby = "folds"\n'
        "folds = 4\n[tuning]\ntrials = 3\nspace = { dropout = [0.1, 0.2] }\n"
        '[robustness]\nmissing = ["audio"]\nnoise = [1]\n',
    )
    assert found.release == tmp_path / "release" and found.seeds == (1, 2, 3)
    hard, lstm = (system.recipe for system in found.systems)
    assert (hard.epochs, hard.width, hard.network) == (7, RECIPES["hard-text"].width, "own")
    assert (lstm.epochs, lstm.width, lstm.network, lstm.name) == (7, 32, "bc_lstm", "bc-LSTM")
    assert found.reference is found.systems[1] and found.train_shares == (0.5, 1.0)
    assert (found.splits.by, found.splits.folds) == ("folds", 4)
    assert found.tuning.space == {"dropout": (0.1, 0.2)} and found.robustness.noise == (1.0,)


def test_seeds_can_be_named(tmp_path):
    assert make_experiment(tmp_path, f"seeds = [7, 9]\n{ONE}").seeds == (7, 9)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "It needs 1 to 100 systems, [[systems]], not 0."),
        (f"seedz = 2\n{ONE}", "There is no \"seedz\"; did you mean 'seeds'?"),
        (f"seeds = 0\n{ONE}", "seeds must be a number from 1 to 100, or a list of seeds, not 0."),
        (f"seeds = [1, 1]\n{ONE}", "seeds must be a number"),
        (f"seeds = true\n{ONE}", "seeds must be a number"),
        (f"train_shares = [0]\n{ONE}", "train_shares must be a list of shares above 0"),
        (f'reference = "x"\n{ONE}', 'reference must be one of hard-text, not "x".'),
        ('[[systems]]\nname = "x"\n', "systems 1 says no recipe."),
        ('[[systems]]\nrecipe = "hard-txt"\n', "did you mean 'hard-text'?"),
        (ONE + "width = 7\n", "systems 1 (hard-text): width 7 must be even"),
        (ONE + "wide = 8\n", 'systems 1 (hard-text): A recipe has no field "wide"'),
        (ONE + ONE, 'systems 2 is called "hard-text" as another one is; give it a name'),
        (ONE + '[splits]\nby = "fold"\n', "splits.by must be one of official, folds, source"),
        (ONE + "[splits]\nfold = 3\n", "There is no \"fold\" in splits; did you mean 'folds'?"),
        (ONE + "[splits]\nfolds = 1\n", "splits.folds must be a number from 2 to 100, not 1."),
        (ONE + "[tuning]\ntrials = 3\n", "tuning needs both trials and a space of values"),
        (
            ONE + "[tuning]\ntrials = 3\nspace = { dropout = [2.0] }\n",
            "tuning.space.dropout of hard-text: dropout must be from 0 to 0.99, not 2.0.",
        ),
        (
            ONE + "[tuning]\ntrials = 3\nseed = 1\nspace = { dropout = [0.1] }\n",
            "tuning.seed 1 is one of the seeds that are reported",
        ),
        (ONE + '[robustness]\nmissing = ["smell"]\n', "robustness.missing must be a list of some"),
        (ONE + "[labels.sentiment]\ngood = 'positive'\n", "name one."),
        (
            'test_release = "release"\n' + ONE + '[splits]\nby = "folds"\n',
            'with a test_release say "official".',
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, words):
    path = make_file(tmp_path, text)
    with pytest.raises(ExperimentError) as error:
        load_experiment(path)
    assert str(error.value).startswith(f"{path}: ") and words in str(error.value)


def test_a_file_that_is_none(tmp_path):
    path = tmp_path / "experiment.toml"
    with pytest.raises(ExperimentError, match="cannot be read: No such file"):
        load_experiment(path)
    path.write_text("name = ")
    with pytest.raises(ExperimentError, match="is no TOML"):
        load_experiment(path)
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(ExperimentError, match="is no text in UTF-8"):
        load_experiment(path)
    path.write_text('release = "r"\n')
    with pytest.raises(ExperimentError, match="It says no name"):
        load_experiment(path)
