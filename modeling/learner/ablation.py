"""What each part is worth: the same recipe with one part off, and with other ways of sharing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from modeling.learner.evaluation import evaluate
from modeling.learner.evaluation_tables import mean_text
from modeling.learner.pipeline import train
from modeling.learner.recipe_checks import check_trainable
from modeling.learner.recipes import RELATION_GATE_ROLES, Recipe, RecipeError
from modeling.learner.release import Release, Splits
from modeling.learner.run_directory import RunDirectory

SHARING_NAMES = {
    "reading": "reading gates",
    "relgate": "relation gates",
    "hard": "hard sharing",
    "cross-stitch": "cross-stitch",
    "mmoe": "MMoE",
    "ple": "PLE",
    "distance": "parameter distance",
    "single": "single-task",
}
RELATION_NAMES = {
    "off": "not supervised",
    "shuffled": "shuffled",
    "detached": "teaching their heads alone",
    "auxiliary": "as tasks, without gates",
}
CHAIN_NAMES = {"off": "left out", "shuffled": "shuffled"}


def variants(recipe: Recipe) -> dict[str, Recipe]:
    """Name -> recipe; the first is the recipe as it is."""
    changes: dict[str, dict[str, Any]] = {"as it is": {}, "without context": {"context": False}}
    if len(recipe.modalities) > 1:
        if "fusion" not in recipe.unused:
            changes["without fusion by attention"] = {"fusion": False}
        for name in recipe.modalities:
            rest = tuple(each for each in recipe.modalities if each != name)
            changes[f"without {name}"] = {"modalities": rest}
    if recipe.uses_relations:
        names = RELATION_NAMES if recipe.sharing == "relgate" else CHAIN_NAMES
        for role, label in names.items():
            changes[f"relations {label}"] = {"relations": role}
    if recipe.relation_chain:
        changes["without relation chain"] = {"relation_chain": False}
        if recipe.sharing != "hard":
            changes["hard sharing with relation chain"] = {"sharing": "hard"}
    plain: dict[str, Any] = {"relation_chain": False}
    if recipe.relations in RELATION_GATE_ROLES:
        plain["relations"] = "supervised"
    for sharing, label in SHARING_NAMES.items():
        if sharing != recipe.sharing:
            changes[label] = {"sharing": sharing, **plain}
    return {
        label: replace(recipe, name=f"{recipe.name}: {label}", **fields)
        for label, fields in changes.items()
        if not fields or {*fields} - recipe.unused
    }


def ablate(
    release: Release,
    root: Path,
    recipe: Recipe,
    out: Path,
    device: torch.device,
    seeds: int,
    held_out: bool,
    report: Callable[[str], None],
    cache: Path | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Train every variant with every seed under `out` (what is there already is kept) and evaluate
    it on the validation set, or on the held-out test set, where every evaluation is counted; name
    of the variant -> results of its seeds.

    `report` is called with a line of progress. A variant that the release has nothing for is left
    out and reported. Raises RecipeError where that is the recipe as it is.
    """
    by_variant: dict[str, list[dict[str, Any]]] = {}
    for number, (name, variant) in enumerate(variants(recipe).items()):
        try:
            check_trainable(variant, Splits.of(release, 1), release.tasks)
        except RecipeError as error:
            if not number:
                raise
            report(f"{name}: left out. {error}")
            continue
        for seed in range(1, seeds + 1):
            run = RunDirectory(out / f"{number:02}" / f"seed-{seed}")
            results = train(release, root, variant, run, device, seed, cache or out / "features")
            if held_out:
                results = (
                    run.read("evaluation.json")
                    if run.test_evaluations() and run.path("evaluation.json").exists()
                    else evaluate(release, root, run, device, cache=cache or out / "features")
                )
            by_variant.setdefault(name, []).append(results)
            report(f"{name}, seed {seed}: {mean_text(results)}")
    return by_variant
