"""One training run, read from top to bottom."""

import platform
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from safetensors.torch import save_file
from torch import nn

from modeling.learner import calibration, validity
from modeling.learner.batches import IGNORED, Packed
from modeling.learner.evaluation import Answers, answers, counts_of, figures, lines, told
from modeling.learner.features import Extractors, Features, extract_all, keys_of, lacking, origins
from modeling.learner.finite import NotFinite
from modeling.learner.fitting import ADVICE, Keeper, Learner, StopSignal, fit
from modeling.learner.losses import Objective
from modeling.learner.metrics import macro_f1
from modeling.learner.networks.model import build
from modeling.learner.opening import check_learnable
from modeling.learner.preparation import Preparation
from modeling.learner.recipes import Recipe, RecipeError
from modeling.learner.release import Dialogue, Release, Splits, Task
from modeling.learner.rundir import RunDirectory

KEEP_EVERY = 30.0  # seconds between two checkpoints


def choose_device(name: str) -> torch.device:
    """`auto` is a GPU where there is one. Raises RecipeError for a GPU that is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise RecipeError("There is no GPU here that PyTorch can use; say --device cpu.")
    return torch.device(name)


def train(
    release: Release,
    root: Path,
    recipe: Recipe,
    run: RunDirectory,
    device: torch.device,
    seed: int,
    cache: Path | None = None,
    keep_every: float = KEEP_EVERY,
    anew: bool = False,
) -> dict[str, Any]:
    """Train, keep the best epoch, fit its calibration, freeze the run; figures on what selected.

    `root` is the release's directory, `cache` where features are kept (beside the run by default).
    What a checkpoint of the same run holds is gone on from, to the same numbers as without a break;
    a frozen run is not trained again, unless `anew`. The sealed split is not looked at: its labels
    are not even there.

    Raises Interrupted on SIGTERM, with a checkpoint; FeatureError for clips that cannot be
    measured; NotFinite where a loss or a score is none; RunError if the directory holds another
    run; ReleaseError or RecipeError where there is nothing to learn (see opening.check_learnable)
    or an encoder has nothing to read.
    """
    release = release.without_labels()
    accelerator = Accelerator(cpu=device.type == "cpu")
    first = accelerator.is_main_process
    stop = StopSignal()
    splits = Splits.of(release, seed)
    check_learnable(recipe, splits, release.tasks)
    meta = {
        "release": release.digest,
        "corpus": release.corpus,
        "version": release.version,
        "recipe": recipe.to_json(),
        "seed": seed,
        "selection": splits.selection_name,
        "sealed": splits.sealed_name,
        "device": str(device),
        "processes": accelerator.num_processes,
        "software": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": version("transformers"),
        },
    }
    if run.path("meta.json").exists() and run.is_frozen and not anew:
        run.claim(meta)
        return run.read("results.json")
    extractors = Extractors.of(recipe, device)
    used = [*splits.train, *splits.selection]
    meta["features"] = origins(recipe, used, extractors)
    with accelerator.main_process_first():
        state = run.begin(meta, anew) if first else run.checkpoint()
        features, missing = _features(release, used, recipe, run, extractors, cache, stop, first)
    torch.manual_seed(seed)
    learned_from = splits.train
    if recipe.relations == "shuffled":
        learned_from = shuffled_relations(learned_from, release.tasks, seed)
    prepared = Preparation.of(recipe, learned_from, features, release.tasks,
                              keys_of(used, extractors))  # fmt: skip
    data = prepared.pack(learned_from, features, device)
    selection = prepared.pack(splits.selection, features, device)
    ties = strengths(learned_from, release.tasks)
    model = build(recipe, release.tasks, len(prepared.vocabulary), prepared.sizes, ties).to(device)
    priors = {key: prior.to(device) for key, prior in prepared.priors.items()}
    learner = Learner(model, Objective(recipe, release.tasks, priors).to(device))

    started = time.monotonic()
    best_state, best_epoch = fit(
        learner,
        lambda epoch: data.shuffled(recipe.dialogues_per_batch, seed * 10_000 + epoch),
        data.batch,
        lambda: scores(model, selection, release.tasks),
        run.emit if first else lambda event: None,
        Keeper(run, stop, keep_every, state),
        accelerator,
        torch.compile(learner, dynamic=True) if recipe.compiled else None,  # type: ignore[arg-type]
    )
    if not first:
        return {}
    model.load_state_dict(best_state)
    found = answers(model, selection)
    fitted = {
        task.key: _calibrated(task, found, prepared, recipe, splits.train) for task in release.tasks
    }
    relations = validity.report(release, root)
    results = {
        "release": release.digest,
        "split": splits.selection_name,
        "sealed": splits.sealed_name,
        "best_epoch": best_epoch,
        "parameters": sum(p.numel() for p in model.parameters()),
        "missing": missing,
        "features": meta["features"],
        "resident": data.resident,
        "tasks": figures(found, release.tasks, prepared.priors, recipe, fitted, splits.train),
        "relations": {
            key: {name: row[name] for name in ("verdict", "because")}
            for key, row in relations.items()
        },
        "seconds": round(time.monotonic() - started, 2),
    }
    save_file(best_state, run.path("model.safetensors"))
    prepared.save(run.path("prepared.json"))
    run.write("relations.json", relations)
    run.write("results.json", results)
    rows = lines(found, splits.selection, prepared, recipe, fitted)
    run.write_lines("selection.jsonl", rows)
    run.freeze(fitted)
    run.emit({"event": "done", **results})
    return results


def scores(model: nn.Module, data: Packed, tasks: Sequence[Task]) -> dict[str, float]:
    """Macro-F1 of each task that has a label there. Raises NotFinite where a score is none."""
    try:
        found = answers(model, data)
    except NotFinite as error:
        raise NotFinite(f"{error} It diverged; nothing is kept as a result. {ADVICE}") from error
    pairs = {task.key: told(found, task.key) for task in tasks if task.key in found.logits}
    return {key: macro_f1(gold, guess) for key, (gold, guess) in pairs.items() if gold}


def strengths(dialogues: Sequence[Dialogue], tasks: Sequence[Task]) -> dict[str, float]:
    """Correlation -> how strong people said it is in the mean, 0 to 1; nothing where none did."""
    found = {}
    for task in (task for task in tasks if task.is_correlation):
        middle = (len(task.classes) - 1) / 2
        said = [
            abs(task.classes.index(utterance.gold[task.key]) - middle) / middle
            for dialogue in dialogues
            for utterance in dialogue.utterances
            if task.key in utterance.gold
        ]
        if said:
            found[task.key] = float(np.mean(said))
    return found


def shuffled_relations(
    dialogues: Sequence[Dialogue], tasks: Sequence[Task], seed: int
) -> list[Dialogue]:
    """The dialogues with the gold of each correlation dealt anew among the utterances that have it:
    what is left is how often each value occurs.
    """
    gold = [[dict(u.gold) for u in dialogue.utterances] for dialogue in dialogues]
    rng = random.Random(seed)
    for task in (task for task in tasks if task.is_correlation):
        holders = [row for rows in gold for row in rows if task.key in row]
        values = [row[task.key] for row in holders]
        rng.shuffle(values)
        for row, value in zip(holders, values, strict=True):
            row[task.key] = value
    return [
        replace(
            dialogue,
            utterances=tuple(replace(u, gold=row) for u, row in zip(dialogue.utterances, rows)),
        )
        for dialogue, rows in zip(dialogues, gold, strict=True)
    ]


def _features(
    release: Release,
    used: Sequence[Dialogue],
    recipe: Recipe,
    run: RunDirectory,
    extractors: Extractors,
    cache: Path | None,
    stop: StopSignal,
    first: bool,
) -> tuple[dict[str, list[Features]], dict[str, Any]]:
    """Features of what is learned from and what selects, and what is missing in them."""

    def progress(done: int, total: int) -> None:
        stop.check()
        if first and release.has_media:
            run.emit({"event": "features", "done": done, "total": total})

    place = cache or run.root.parent / "features"
    features, failures = extract_all(used, place, extractors, progress, recipe.on_failure)
    return features, lacking(recipe.modalities, used, features, failures)


def _calibrated(
    task: Task, found: Answers, prepared: Preparation, recipe: Recipe, train: Sequence[Dialogue]
) -> dict[str, Any] | None:
    """Temperature of a task's scores, and of two classes from which chance on it is "yes"; on how
    many labels both were fitted, and how often each class was gold in what was `learned` from.
    """
    if task.key not in found.logits:
        return None
    strength = 0.0 if task.key in found.ordinal else recipe.logit_adjustment
    logits, gold = found.logits[task.key], found.gold[task.key]
    prior, kept = prepared.priors[task.key], gold != IGNORED
    heat = calibration.temperature(logits + strength * prior, gold)
    cut = None
    if len(task.classes) == 2:
        chances = calibration.probabilities(logits, prior, strength, heat)[:, 1]
        # where the network itself is undecided: its scores are equal
        even = calibration.probabilities(logits.new_zeros(1, 2), prior, strength, heat)[0, 1]
        cut = calibration.threshold(chances[kept].tolist(), gold[kept].tolist(), float(even))
    return {
        "temperature": heat,
        "threshold": cut,
        "fitted_on": int(kept.sum()),
        "learned": counts_of(task, train),
    }
