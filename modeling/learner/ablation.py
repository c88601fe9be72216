"""What each part is worth: the same recipe with one part off, and with other ways of sharing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from modeling.learner.evaluation import evaluate
from modeling.learner.opening import check_learnable
from modeling.learner.recipes import Recipe, RecipeError
from modeling.learner.release import Release, Splits
from modeling.learner.rundir import RunDirectory
from modeling.learner.training import train

SHARINGS = {
    "relgate": "relation gates",
    "hard": "hard sharing",
    "cross-stitch": "cross-stitch",
    "mmoe": "MMoE",
    "ple": "PLE",
    "distance": "parameter distance",
    "single": "single-task",
}
ROLES = {
    "off": "not supervised",
    "shuffled": "shuffled",
    "detached": "teaching their heads alone",
    "auxiliary": "as tasks, without gates",
}


def variants(recipe: Recipe) -> dict[str, Recipe]:
    """Name -> recipe; the first is the recipe as it is."""
    found: dict[str, dict[str, Any]] = {"as it is": {}, "without context": {"context": False}}
    if len(recipe.modalities) > 1:
        found["without fusion by attention"] = {"fusion": False}
        for name in recipe.modalities:
            rest = tuple(each for each in recipe.modalities if each != name)
            found[f"without {name}"] = {"modalities": rest}
    if recipe.sharing == "relgate":
        for role, said in ROLES.items():
            found[f"relations {said}"] = {"relations": role}
    for sharing, said in SHARINGS.items():
        if sharing != recipe.sharing:
            found[said] = {"sharing": sharing}
    return {
        said: replace(recipe, name=f"{recipe.name}: {said}", **what) for said, what in found.items()
    }


def ablate(
    release: Release,
    root: Path,
    recipe: Recipe,
    out: Path,
    device: torch.device,
    seeds: int,
    sealed: bool,
    said: Callable[[str], None],
    cache: Path | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Train every variant with every seed under `out` (what is there already is kept) and evaluate
    it on the dialogues that selected, or on the sealed ones, where every look is counted.

    A variant that the release has nothing for is left out, and said. Raises RecipeError where that
    is the recipe as it is.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for number, (name, variant) in enumerate(variants(recipe).items()):
        try:
            check_learnable(variant, Splits.of(release, 1), release.tasks)
        except RecipeError as error:
            if not number:
                raise
            said(f"{name}: left out. {error}")
            continue
        for seed in range(1, seeds + 1):
            run = RunDirectory(out / f"{number:02}" / f"seed-{seed}")
            results = train(release, root, variant, run, device, seed, cache or out / "features")
            if sealed:
                results = (
                    run.read("evaluation.json")
                    if run.looks() and run.path("evaluation.json").exists()
                    else evaluate(release, root, run, device, cache=cache or out / "features")
                )
            found.setdefault(name, []).append(results)
            mean = [row["macro_f1"] for row in results["tasks"].values() if row]
            told = f"macro-F1 {sum(mean) / len(mean):.3f}" if mean else "no labels to compare with"
            said(f"{name}, seed {seed}: {told}")
    return found
