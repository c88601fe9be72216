"""Configurations (a recipe with its options, run with several seeds) and how they compare."""

import functools
import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean
from string import ascii_uppercase

from django.core.cache import caches
from django.utils.functional import cached_property

from jobs.models import JobStatus
from modeling.learner import seed_statistics, significance
from modeling.learner.path_checks import OptionError
from modeling.learner.release import ReleaseError
from modeling.learner.release_checks import open_release
from modeling.learner.run_directory import PREDICTION_FILES, RunDirectory, RunError
from modeling.models import Recipes, TrainingRun
from releases.models import Release

ALL_PAIRS = 3  # configurations of which every two are compared


@dataclass
class Configuration:
    """Runs that differ in nothing but their seed; `options` are those that other configurations
    lack, and `letter` tells configurations of one recipe apart.
    """

    recipe: str
    options: dict
    runs: list
    letter: str = ""

    @property
    def label(self):
        return f"{self.runs[0].recipe_label} {self.letter}".strip()

    def results(self, role):
        """Seed -> results on the dialogues of a role, "validation" or "held_out"."""
        results = {run.seed: run_results(run, role) for run in self.runs}  # runs come by seed
        return {seed: each for seed, each in results.items() if mean_score(each) is not None}

    def scores(self, role, metric="macro_f1"):
        """The mean over the tasks, of each seed that has the metric."""
        scores = [mean_score(each, metric) for each in self.results(role).values()]
        return [score for score in scores if score is not None]

    def summary(self, role, metric="macro_f1"):
        """The mean over the tasks, over the seeds; see seed_statistics.mean_interval. None where
        nothing was evaluated.
        """
        scores, dialogues = (
            self.scores(role, metric),
            seed_statistics.dialogues_evaluated(self.results(role).values()),
        )
        return seed_statistics.mean_interval(scores, dialogues=dialogues) if scores else None

    def comparable_runs(self, role):
        """Seed -> run, of those whose predictions for these dialogues can be compared."""
        return {run.seed: run for run in self.runs if _is_comparable(run, role)}


def configurations_of(runs):
    """The runs by configuration, in the order of the recipes' list; of a seed the newest that ended
    well counts, or the newest.
    """

    def rank(recipe):
        known = recipe in Recipes.values
        return (Recipes.values.index(recipe), "") if known else (len(Recipes.values), recipe)

    by_key: dict[tuple, dict[int, TrainingRun]] = {}
    for run in sorted(runs, key=lambda r: (rank(r.recipe), r.status == JobStatus.DONE, r.pk)):
        key = (run.recipe, run.on_failure, json.dumps(run.options, sort_keys=True))
        by_key.setdefault(key, {})[run.seed] = run
    groups = [list(by_seed.values()) for by_seed in by_key.values()]
    options = [set(map(_hashable, group[0].options.items())) for group in groups]
    common = set.intersection(*options) if options else set()
    recipes = [group[0].recipe for group in groups]
    configurations: list[Configuration] = []
    for group in groups:
        run = group[0]
        own = {k: value for k, value in run.options.items() if _hashable((k, value)) not in common}
        configuration = Configuration(run.recipe, own, sorted(group, key=lambda run: run.seed))
        if recipes.count(run.recipe) > 1:
            earlier = sum(other.recipe == run.recipe for other in configurations)
            configuration.letter = ascii_uppercase[earlier % 26]
        configurations.append(configuration)
    return configurations


def _hashable(option):
    return json.dumps(option, sort_keys=True)


def run_results(run, role):
    """Its metrics on the dialogues of a role, "validation" or "held_out", with how many these
    `dialogues` were; empty before there are any.
    """
    results = run.results if role == "validation" else {}
    if role == "held_out" and run.evaluation:
        results = run.evaluation.result
    if results and "dialogues" not in results:  # of earlier versions
        counts = run.release.summary.get("dialogues", {})
        results = {**results, "dialogues": counts.get(results.get("split"))}
    return results


def mean_score(results, metric="macro_f1"):
    """The mean over the tasks, or None, also where one of them lacks the metric."""
    scores = [task.get(metric) for task in results.get("tasks", {}).values() if task]
    return mean(scores) if scores and None not in scores else None


@dataclass
class ConfigurationPair:
    """Two configurations over the seeds that both have finished, on the dialogues of a role."""

    release: Release
    one: Configuration
    other: Configuration
    role: str
    read_release: Callable  # the release's directory, read once for all pairs

    @cached_property
    def _runs_by_seed(self):
        return [side.comparable_runs(self.role) for side in (self.one, self.other)]

    @cached_property
    def seeds(self):
        return sorted(set.intersection(*map(set, self._runs_by_seed)))

    def overall(self):
        """The gain of the first in the mean of the tasks, with its interval over the seeds."""
        one, other = (side.results(self.role) for side in (self.one, self.other))
        gains = [mean_score(one[seed]) - mean_score(other[seed]) for seed in self.seeds]
        return seed_statistics.mean_interval(
            gains, seed_statistics.DIFFERENCE, seed_statistics.dialogues_evaluated(one.values())
        )

    def by_task(self):
        """See significance.compare_runs; computed once for the same runs and evaluations."""
        sides = [[runs[seed] for seed in self.seeds] for runs in self._runs_by_seed]
        runs = [run for side in sides for run in side]
        held_out = self.role == "held_out"
        versions = [
            (run.pk, f"{run.finished_at}", run.evaluation.pk if held_out else 0) for run in runs
        ]
        metrics = sorted(significance.METRICS)  # what was kept with fewer is computed anew
        inputs = (self.release.digest, self.role, versions, metrics)
        key = f"compared:{hashlib.sha256(repr(inputs).encode()).hexdigest()}"
        result = caches["kept"].get(key)
        if result is None:
            result = self._compare(sides)
            caches["kept"].set(key, result)
        return result

    def _compare(self, sides):
        one, other = ([RunDirectory(run.directory) for run in side] for side in sides)
        try:
            return significance.compare_runs(self.read_release(), one, other, self.role)
        except (RunError, ReleaseError, OptionError):  # files are gone; the rows keep their figures
            return {"tasks": {}, "seeds": self.seeds, "dialogues": 0, "split": ""}


def configuration_pairs(release, configurations, role):
    """Every two configurations that have a seed in common; of more than ALL_PAIRS of them the best
    one against each other.
    """
    sides = list(itertools.combinations(configurations, 2))
    if len(configurations) > ALL_PAIRS:
        best = max(configurations, key=lambda each: mean(each.scores(role) or [-1.0]))
        sides = [(best, other) for other in configurations if other is not best]
    read = functools.cache(lambda: open_release(release.directory, labels=True))
    pairs = [ConfigurationPair(release, one, other, role, read) for one, other in sides]
    return [pair for pair in pairs if pair.seeds]


def compute_comparisons(experiment, role):
    """Compute the comparisons of an experiment that has ended, so that its page need not."""
    if not experiment.search and not experiment.active:
        runs = list(experiment.runs.prefetch_related("evaluations"))
        for pair in configuration_pairs(experiment.release, configurations_of(runs), role):
            pair.by_task()


def _is_comparable(run, role):
    """Whether its predictions for the dialogues of a role are there, and scored."""
    if mean_score(run_results(run, role)) is None:
        return False
    file = RunDirectory(run.directory).path(PREDICTION_FILES["validation"])
    return role == "held_out" or file.exists()
