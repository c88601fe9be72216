"""Recipes of a study against each other, computed once for what has ended so far."""

import itertools

from modeling.learner import comparing
from modeling.learner.release import load
from modeling.learner.rundir import RunDirectory, RunError


def compared(study, where):
    """Pairs of recipes with what the first gains over the second (see comparing.compare), over the
    seeds that both have finished; `where` is "selection" or "sealed".
    """
    ended = {
        recipe: {run.seed: run for run in runs if _told(run, where)}
        for recipe, runs in study.by_recipe().items()
    }
    pairs = [
        (one, other, sorted(set(ended[one]) & set(ended[other])))
        for one, other in itertools.combinations(ended, 2)
    ]
    key = [where, *([one, other, seeds] for one, other, seeds in pairs if seeds)]
    if study.compared.get(where, {}).get("key") != key:
        pairs = [pair for pair in pairs if pair[2]]
        release = load(study.release.directory) if pairs else None
        found = [
            {"one": one, "other": other, **_compare(release, ended, one, other, seeds, where)}
            for one, other, seeds in pairs
        ]
        study.compared = {**study.compared, where: {"key": key, "pairs": found}}
        type(study).objects.filter(pk=study.pk).update(compared=study.compared)
    return study.compared[where]["pairs"]


def _told(run, where):
    if where == "sealed":
        return run.evaluation is not None
    return (run.directory / "selection.jsonl").exists() and bool(run.results)


def _compare(release, ended, one, other, seeds, where):
    sides = [[RunDirectory(ended[name][seed].directory) for seed in seeds] for name in (one, other)]
    try:
        return comparing.compare(release, *sides, where)
    except RunError:  # files of a run are gone; the rows of both still show their figures
        return {"tasks": {}, "seeds": seeds, "dialogues": 0, "split": ""}
