"""What a search proposes, prunes and says mattered, on made trials."""

import math

import pytest
from optuna.distributions import CategoricalDistribution

from modeling.hyperparameter_search import DISTRIBUTIONS, importances, propose, should_prune
from modeling.learner.recipes import RECIPES, Recipe
from modeling.search_space import FIELDS as SETTINGS
from modeling.search_space import Trial, by_chance

FIELDS = ["learning_rate", "dropout", "width"]


def score(settings):
    """Highest where the learning rate is 10 ** -2.5; dropout harms a little, width not at all."""
    return 1 - abs(math.log10(settings["learning_rate"]) + 2.5) - 0.2 * settings["dropout"]


def searched(count, fields=FIELDS, seed=1):
    trials = []
    for _ in range(count):
        settings = propose(fields, trials, seed)
        trials.append(Trial(settings, "done", score(settings), (score(settings),)))
    return trials


def test_every_setting_is_a_field_of_a_recipe_and_its_own_value_is_among_them():
    for recipe in RECIPES.values():
        for name, values in DISTRIBUTIONS.items():
            assert values._contains(values.to_internal_repr(getattr(recipe, name))), name
    assert tuple(DISTRIBUTIONS) == SETTINGS
    for settings in (trial.settings for trial in searched(8, SETTINGS)):
        Recipe(**settings)  # raises for what cannot be


def test_chance_tries_all_of_every_setting_and_nothing_else():
    tried = [by_chance(SETTINGS, [], seed) for seed in range(400)]
    for name, values in DISTRIBUTIONS.items():
        found = {settings[name] for settings in tried}
        assert all(values._contains(values.to_internal_repr(one)) for one in found), name
        if isinstance(values, CategoricalDistribution):
            assert found == set(values.choices)
        elif values.step:
            assert len(found) == round((values.high - values.low) / values.step) + 1
        else:  # half of them below the middle of the magnitudes
            middle = math.sqrt(values.low * values.high)
            assert 120 < sum(settings[name] < middle for settings in tried) < 280
    assert by_chance(SETTINGS, [], 1) == by_chance(SETTINGS, [], 1)


def test_it_finds_what_it_searches_for_and_says_what_mattered():
    trials = searched(30)
    assert max(trial.value for trial in trials[:5]) < max(trial.value for trial in trials[5:])
    assert max(trial.value for trial in trials) > 0.9
    result = importances(FIELDS, trials)
    assert next(iter(result)) == "learning_rate" and result["learning_rate"] > 0.6
    assert sum(result.values()) == pytest.approx(1)
    assert importances(FIELDS, trials[:7]) == {}
    assert importances(FIELDS, [Trial(t.settings, "done", 0.5) for t in trials]) == {}


def test_the_same_trials_give_the_same_proposal():
    trials = searched(8)
    assert propose(FIELDS, trials, 1) == propose(FIELDS, trials, 1)
    assert propose(FIELDS, trials, 1) != propose(FIELDS, trials, 2)
    going = Trial(propose(FIELDS, trials, 1), "running")
    assert propose(FIELDS, [*trials, going], 1) != going.settings


def test_a_trial_below_the_median_of_its_epoch_should_be_pruned():
    settings = {"learning_rate": 1e-3, "dropout": 0.0, "width": 64}
    others = [Trial(settings, "done", 0.5 + n / 100, (0.3, 0.4, 0.45, 0.5 + n / 100))
              for n in range(5)]  # fmt: skip
    assert should_prune(FIELDS, others, settings, [0.1, 0.1, 0.1, 0.1], 3)
    assert not should_prune(FIELDS, others, settings, [0.1, 0.1, 0.1], 3)  # too early to say
    assert not should_prune(FIELDS, others, settings, [0.1, 0.6, 0.1, 0.1], 3)  # its best is above
    assert not should_prune(FIELDS, others[:4], settings, [0.1, 0.1, 0.1, 0.1], 3)  # too few to say
    assert not should_prune(FIELDS, others, settings, [], 3)
