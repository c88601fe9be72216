"""One training run from a release to a frozen run directory, read from top to bottom."""

import os
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors.torch import save_file
from torch import Tensor, nn

from modeling.learner import calibration, correlation_validity
from modeling.learner.annotator_answers import add_answers
from modeling.learner.batches import IGNORED, Packed
from modeling.learner.checkpoints import (
    Checkpointer,
    begin_or_resume,
    learned_state,
    load_learned,
    on_cpu,
    read_checkpoint,
)
from modeling.learner.classical_fit import fit_classical
from modeling.learner.correlation_labels import correlation_strengths, shuffle_correlations
from modeling.learner.evaluation import class_counts, relation_counts, task_results
from modeling.learner.features.extraction import (
    Extractors,
    Features,
    extract_all,
    extractor_keys,
    feature_sources,
    missing_modalities,
)
from modeling.learner.inference import (
    Outputs,
    labelled_predictions,
    network_outputs,
    prediction_rows,
)
from modeling.learner.losses import Objective
from modeling.learner.metrics import macro_f1
from modeling.learner.networks.classical.learned_tensors import FittingData
from modeling.learner.networks.dialogue_model import DialogueModel, SeparateModels
from modeling.learner.networks.registry import ClassicalModel, build_network, parameter_count
from modeling.learner.numeric_checks import NonFiniteError
from modeling.learner.preprocessing import Preprocessing, truncated_inputs
from modeling.learner.recipe_checks import check_answers, check_features, check_trainable
from modeling.learner.recipes import Recipe, RecipeError
from modeling.learner.release import Dialogue, Release, Splits, Task
from modeling.learner.run_directory import PREDICTION_FILES, RunDirectory
from modeling.learner.stop_signal import StopSignal
from modeling.learner.training import ADVICE, TrainingModule, fit

CHECKPOINT_SECONDS = 30.0  # between two checkpoints


def choose_device(name: str) -> torch.device:
    """`auto` is a GPU where there is one. Raises RecipeError for a GPU that is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise RecipeError("There is no GPU here that PyTorch can use; say --device cpu.")
    return torch.device(name)


def make_repeatable(device: torch.device) -> None:
    """Have a GPU add up in the same order each time, so that a seed gives the same numbers there
    and a resumed run those of one without a break; what it has no such way for warns.

    Must be called before the GPU computes anything.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)


def train(
    release: Release,
    root: Path,
    recipe: Recipe,
    run: RunDirectory,
    device: torch.device,
    seed: int,
    cache: Path | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    restart: bool = False,
) -> dict[str, Any]:
    """Train, keep the best epoch, fit its calibration, freeze the run; what results.json says: the
    metrics on the validation set.

    `root` is the release's directory, `cache` where features are kept (beside the run by default).
    Training resumes from a checkpoint of the same run, to the same numbers as without a break; a
    frozen run is not trained again, unless `restart`. The held-out test set is not used: its labels
    are not even read.

    Raises Interrupted on SIGTERM, with a checkpoint; FeatureError for clips whose features cannot
    be computed; NonFiniteError where a loss or a score is not finite; RunError if the directory
    holds another run; ReleaseError or RecipeError where there is nothing to learn (see
    check_trainable) or an encoder has nothing to read.
    """
    release = release.without_labels()
    if recipe.classical:  # scikit-learn and hmmlearn know no other
        device = torch.device("cpu")
    make_repeatable(device)
    accelerator = Accelerator(cpu=device.type == "cpu")
    first = accelerator.is_main_process
    stop = StopSignal()
    splits = Splits.of(release, seed)
    check_trainable(recipe, splits, release.tasks)
    meta = {
        "release": release.digest,
        "corpus": release.corpus,
        "version": release.version,
        "recipe": recipe.to_json(),
        "seed": seed,
        "validation": splits.validation_name,
        "held_out": splits.held_out_name,
        "device": str(device),
        "processes": accelerator.num_processes,
        "software": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": version("transformers"),
        },
    }
    if run.path("meta.json").exists() and run.is_frozen and not restart:
        run.check_identity(meta)
        return run.read("results.json")
    extractors = Extractors.of(recipe, device)
    used = [*splits.train, *splits.validation]
    meta["features"] = feature_sources(recipe, used, extractors)
    with accelerator.main_process_first():
        state = begin_or_resume(run, meta, restart) if first else read_checkpoint(run)
        features, missing = _extract_features(
            release, used, recipe, run, extractors, cache, stop, first
        )
    check_features(recipe, splits.train, features)
    faces = extractors.faces
    if first and faces is not None and (sheet := faces.sheet(used)):
        run.path("faces.jpg").write_bytes(sheet)
    torch.manual_seed(seed)
    train_set = splits.train
    if recipe.reads_answers:
        train_set = add_answers(train_set, root, release.tasks)
        check_answers(train_set)
    if recipe.relations == "shuffled" and "relations" not in recipe.unused:
        train_set = shuffle_correlations(train_set, release.tasks, seed)
    prepared = Preprocessing.of(recipe, train_set, features, release.tasks,
                              extractor_keys(used, extractors))  # fmt: skip
    data = prepared.pack(train_set, features, device)
    validation = prepared.pack(splits.validation, features, device)
    ties = correlation_strengths(train_set, release.tasks)
    adjusted = {key: recipe.logit_adjustment * prior for key, prior in prepared.priors.items()}
    model = build_network(
        recipe, release.tasks, len(prepared.vocabulary), prepared.sizes, ties, adjusted
    ).to(device)
    priors = {key: prior.to(device) for key, prior in prepared.priors.items()}
    started = time.monotonic()
    chosen: dict[str, Any] = {}
    best_epoch = 0
    if isinstance(model, ClassicalModel):
        if first:  # there is nothing to share out among processes
            fitting = FittingData(
                data, validation, adjusted, recipe.logit_adjustment, seed, stop.check
            )
            chosen = fit_classical(model, fitting, run.emit)
        best_state = on_cpu(learned_state(model))
    else:
        objective = Objective(recipe, release.tasks, priors, len(data.annotators)).to(device)
        module = TrainingModule(model, objective)
        best_state, best_epoch = fit(
            module,
            lambda epoch: data.shuffled(recipe.dialogues_per_batch, seed * 10_000 + epoch),
            data.batch,
            lambda: validation_scores(model, validation, release.tasks),
            run.emit if first else lambda event: None,
            Checkpointer(run, stop, checkpoint_seconds, state),
            accelerator,
            torch.compile(module, dynamic=True) if recipe.compiled else None,  # type: ignore[arg-type]
        )
    if not first:
        return {}
    load_learned(model, best_state)
    outputs = network_outputs(model, validation)
    fitted = {
        task.key: fit_calibration(task, outputs, prepared, recipe, splits.train)
        for task in release.tasks
    }
    relations = correlation_validity.validity_report(release, root)
    results = {
        "release": release.digest,
        "split": splits.validation_name,
        "dialogues": len(splits.validation),
        "held_out": splits.held_out_name,
        "best_epoch": best_epoch,
        "parameters": parameter_count(model),
        "trained_parameters": parameter_count(model, learned=True),
        "missing": missing,
        "truncated": truncated_inputs(recipe, used, features),
        "features": meta["features"],
        **({"faces": faces.share(used)} if faces is not None else {}),
        "resident": data.resident,
        "tasks": task_results(
            outputs, release.tasks, prepared.priors, recipe, fitted, splits.train
        ),
        "relations": {
            key: {name: row[name] for name in ("verdict", "because")}
            for key, row in relations.items()
        },
        "seconds": round(time.monotonic() - started, 2),
    }
    if chosen:
        results["chosen"] = chosen
    if isinstance(model, DialogueModel | SeparateModels) and (learned := model.learned()):
        results["learned"] = learned
        if "tables" in learned:
            learned["counts"] = relation_counts(release.tasks, splits.train)
    save_file(best_state, run.path("model.safetensors"))
    prepared.save(run.path("prepared.json"))
    run.write("relations.json", relations)
    run.write("results.json", results)
    rows = prediction_rows(outputs, splits.validation, prepared, recipe, fitted)
    run.write_lines(PREDICTION_FILES["validation"], rows)
    run.freeze(fitted)
    run.emit({"event": "done", **results})
    return results


def validation_scores(model: nn.Module, data: Packed, tasks: Sequence[Task]) -> dict[str, float]:
    """Macro-F1 of each task that has a label there. Raises NonFiniteError where a score is not
    finite.
    """
    try:
        outputs = network_outputs(model, data)
    except NonFiniteError as error:
        raise NonFiniteError(
            f"{error} It diverged; nothing is kept as a result. {ADVICE}"
        ) from error
    pairs = {
        task.key: labelled_predictions(outputs, task.key)
        for task in tasks
        if task.key in outputs.logits
    }
    return {key: macro_f1(gold, predicted) for key, (gold, predicted) in pairs.items() if gold}


def _extract_features(
    release: Release,
    used: Sequence[Dialogue],
    recipe: Recipe,
    run: RunDirectory,
    extractors: Extractors,
    cache: Path | None,
    stop: StopSignal,
    first: bool,
) -> tuple[dict[str, list[Features]], dict[str, Any]]:
    """Features of the train and validation sets, and what is missing in them."""

    def progress(done: int, total: int) -> None:
        stop.check()
        if first and release.has_media:
            run.emit({"event": "features", "done": done, "total": total})

    directory = cache or run.root.parent / "features"
    features, failures = extract_all(used, directory, extractors, progress, recipe.on_failure)
    return features, missing_modalities(recipe.modalities, used, features, failures)


def fit_calibration(
    task: Task,
    outputs: Outputs,
    prepared: Preprocessing,
    recipe: Recipe,
    train: Sequence[Dialogue],
) -> dict[str, Any] | None:
    """Temperature of a task's scores and, of two classes, the threshold of the second one; how many
    labels both were `fitted_on`, and how often each class is gold in the train set (`learned`).
    None where the network has no scores of the task.
    """
    if task.key not in outputs.logits:
        return None
    adjustment = 0.0 if task.key in outputs.ordinal else recipe.logit_adjustment
    logits, gold = outputs.logits[task.key], outputs.gold[task.key]
    prior, labelled = prepared.priors[task.key], gold != IGNORED
    temperature = calibration.fit_temperature(logits + adjustment * prior, gold)
    threshold = None
    if len(task.classes) == 2:

        def second(scores: Tensor) -> Tensor:
            return calibration.calibrated_probabilities(scores, prior, adjustment, temperature)[
                :, 1
            ]

        undecided = float(second(logits.new_zeros(1, 2)))  # where both scores are equal
        threshold = calibration.fit_threshold(
            second(logits)[labelled].tolist(), gold[labelled].tolist(), undecided
        )
    return {
        "temperature": temperature,
        "threshold": threshold,
        "fitted_on": int(labelled.sum()),
        "learned": class_counts(task, train),
    }
