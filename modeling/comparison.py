"""Configurations against each other: recipes with their options, each with its seeds."""

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
from modeling.learner import comparing
from modeling.learner.opening import opened
from modeling.learner.options import OptionError
from modeling.learner.release import ReleaseError
from modeling.learner.rundir import RunDirectory, RunError
from modeling.models import Recipes

FEW = 3  # groups of which every two are compared


@dataclass
class Group:
    """Runs that differ in nothing but their seed; `options` are those that other groups lack, and
    `letter` tells groups of one recipe apart.
    """

    recipe: str
    options: dict
    runs: list
    letter: str = ""

    @property
    def label(self):
        label = dict(Recipes.choices).get(self.recipe, self.recipe)  # of another version
        return f"{label} {self.letter}".strip()

    def results(self, where):
        """Seed -> what it gave on what selects ("selection") or on the sealed split ("sealed")."""
        found = {run.seed: results_of(run, where) for run in self.runs}  # runs come by seed
        return {seed: told for seed, told in found.items() if mean_score(told) is not None}

    def scores(self, where, metric="macro_f1"):
        """The mean over the tasks, of each seed that has the metric."""
        found = [mean_score(told, metric) for told in self.results(where).values()]
        return [score for score in found if score is not None]

    def ended(self, where):
        """Seed -> run, of those that can be compared there."""
        return {run.seed: run for run in self.runs if _told(run, where)}


def groups_of(runs):
    """The runs by configuration, in the order of the recipes' list; of a seed the newest that ended
    well counts, or the newest.
    """

    def place(recipe):
        known = recipe in Recipes.values
        return (Recipes.values.index(recipe), "") if known else (len(Recipes.values), recipe)

    found = {}
    for run in sorted(runs, key=lambda r: (place(r.recipe), r.status == JobStatus.DONE, r.pk)):
        key = (run.recipe, run.on_failure, json.dumps(run.options, sort_keys=True))
        found.setdefault(key, {})[run.seed] = run
    rows = [list(seeds.values()) for seeds in found.values()]
    every = [set(map(_flat, mine[0].options.items())) for mine in rows]
    common = set.intersection(*every) if every else set()
    recipes = [mine[0].recipe for mine in rows]
    found = []
    for mine in rows:
        run = mine[0]
        own = {k: value for k, value in run.options.items() if _flat((k, value)) not in common}
        group = Group(run.recipe, own, sorted(mine, key=lambda run: run.seed))
        if recipes.count(run.recipe) > 1:
            group.letter = ascii_uppercase[sum(g.recipe == run.recipe for g in found) % 26]
        found.append(group)
    return found


def _flat(item):
    return json.dumps(item, sort_keys=True)


def results_of(run, where):
    """Its figures there; empty before there are any."""
    look = run.evaluation if where == "sealed" else None
    return look.result if look else (run.results if where == "selection" else {})


def mean_score(results, metric="macro_f1"):
    """The mean over the tasks, or None, also where one of them lacks the metric."""
    found = [task.get(metric) for task in results.get("tasks", {}).values() if task]
    return mean(found) if found and None not in found else None


@dataclass
class Pair:
    """Two groups over the seeds that both have finished."""

    release: object
    one: Group
    other: Group
    where: str
    read: Callable  # the release's directory, once for all pairs

    @cached_property
    def _ended(self):
        return [group.ended(self.where) for group in (self.one, self.other)]

    @cached_property
    def seeds(self):
        return sorted(set.intersection(*map(set, self._ended)))

    def overall(self):
        """What the first gains in the mean of the tasks, with the interval of it over the seeds."""
        told = [group.results(self.where) for group in (self.one, self.other)]
        gains = [mean_score(told[0][seed]) - mean_score(told[1][seed]) for seed in self.seeds]
        return comparing.mean_interval(gains)

    def by_task(self):
        """See comparing.compare; computed once for the same runs and looks."""
        sides = [[ended[seed] for seed in self.seeds] for ended in self._ended]
        runs = [run for side in sides for run in side]
        looks = [run.evaluation.pk if self.where == "sealed" else 0 for run in runs]
        marks = [
            (run.pk, f"{run.finished_at}", look) for run, look in zip(runs, looks, strict=True)
        ]
        metrics = sorted(comparing.FUNCTIONS)  # what was kept with fewer is computed anew
        digest = hashlib.sha256(repr((self.release.digest, self.where, marks, metrics)).encode())
        key = f"compared:{digest.hexdigest()}"
        found = caches["kept"].get(key)
        if found is None:
            found = self._compare(sides)
            caches["kept"].set(key, found)
        return found

    def _compare(self, sides):
        rows = [[RunDirectory(run.directory) for run in side] for side in sides]
        try:
            return comparing.compare(self.read(), *rows, self.where)
        except (
            RunError,
            ReleaseError,
            OptionError,
        ):  # files are gone; the rows still show their figures
            return {"tasks": {}, "seeds": self.seeds, "dialogues": 0, "split": ""}


def pairs_of(release, groups, where):
    """Every two groups that have a seed in common; of more than FEW groups the best one against
    each other.
    """
    sides = list(itertools.combinations(groups, 2))
    if len(groups) > FEW:
        best = max(groups, key=lambda group: _height(group, where))
        sides = [(best, other) for other in groups if other is not best]
    read = functools.cache(lambda: opened(release.directory, labels=True))
    made = [Pair(release, one, other, where, read) for one, other in sides]
    return [pair for pair in made if pair.seeds]


def prepare(study, where):
    """Compute the comparisons of a study that is through, so that its page need not."""
    if not study.search and not study.active:
        runs = list(study.runs.prefetch_related("looks"))
        for pair in pairs_of(study.release, groups_of(runs), where):
            pair.by_task()


def _height(group, where):
    return mean(group.scores(where) or [-1.0])


def _told(run, where):
    """Whether its answers can be compared."""
    if mean_score(results_of(run, where)) is None:
        return False
    return where == "sealed" or (run.directory / "selection.jsonl").exists()
