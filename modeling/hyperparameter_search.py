"""Plain: which settings of a recipe to try next, by Optuna's tree-structured Parzen estimator.

All earlier trials are passed in each time: the runs of an experiment are the only record.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from modeling.search_space import SPACE, STARTUP, Range, Trial, begins, by_chance, rounded

optuna.logging.set_verbosity(optuna.logging.WARNING)

DISTRIBUTIONS: dict[str, BaseDistribution] = {
    name: FloatDistribution(values.low, values.high, step=values.step, log=values.log)
    if isinstance(values, Range)
    else CategoricalDistribution(values)
    for name, values in SPACE.items()
}
MIN_TRIALS = 8  # that have ended, before importances are estimated


STATES = {
    "running": TrialState.RUNNING,
    "done": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


def propose(fields: Sequence[str], trials: Sequence[Trial], seed: int) -> dict[str, Any]:
    """The next settings; the same for the same trials and seed (Bergstra et al. 2011, with trials
    that are going on taken for bad ones so that those beside them differ).
    """
    if begins(trials):
        return by_chance(fields, trials, seed)
    with warnings.catch_warnings():  # constant_liar and multivariate are called experimental
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=0, multivariate=True, constant_liar=True,
            seed=seed * 10_000 + len(trials),
        )  # fmt: skip
    asked = _study(fields, trials, sampler=sampler).ask(
        {name: DISTRIBUTIONS[name] for name in fields}
    )
    return {name: rounded(value) for name, value in asked.params.items()}


def should_prune(
    fields: Sequence[str],
    trials: Sequence[Trial],
    settings: dict[str, Any],
    curve: Sequence[float],
    warm_up: int,
) -> bool:
    """Whether the best score so far is below the median of the others at the same epoch; never in
    the first `warm_up` epochs.
    """
    pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=warm_up + 1)
    mine = _frozen(fields, Trial(settings, "running", curve=tuple(curve)))
    return bool(curve) and bool(pruner.prune(_study(fields, trials), mine))


def importances(fields: Sequence[str], trials: Sequence[Trial]) -> dict[str, float]:
    """Of each setting the share of the score's variance that it explains (functional ANOVA, Hutter
    et al. 2014), the largest first; nothing while too few trials have ended.
    """
    ended = [trial for trial in trials if trial.state == "done"]
    if len(ended) < MIN_TRIALS or len({trial.value for trial in ended}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = optuna.importance.get_param_importances(_study(fields, ended), evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}


def _study(
    fields: Sequence[str],
    trials: Sequence[Trial],
    sampler: optuna.samplers.BaseSampler | None = None,
) -> optuna.Study:
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials([_frozen(fields, trial) for trial in trials])
    return study


def _frozen(fields: Sequence[str], trial: Trial) -> FrozenTrial:
    kept = {name: trial.settings[name] for name in fields if name in trial.settings}
    return create_trial(
        state=STATES[trial.state],
        params=kept,
        distributions={name: DISTRIBUTIONS[name] for name in kept},
        value=trial.value if trial.state == "done" else None,
        intermediate_values=dict(enumerate(trial.curve, start=1)),
    )
