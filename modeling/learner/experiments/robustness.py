"""A trained network tested under worse conditions: a modality missing, noise on sound and picture.

Conditions are those of the test set alone; nothing is trained or calibrated anew. Noise is Gaussian
and is added to normalised frames, so that its size is in deviations of the training frames.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from modeling.learner.batches import Packed, Ragged
from modeling.learner.evaluation import task_results
from modeling.learner.experiments.specification import NOISY, Robustness
from modeling.learner.inference import FrozenModel, network_outputs
from modeling.learner.release import Dialogue, Release
from modeling.learner.run_directory import RunDirectory

FILE = "robustness.json"
Change = Callable[[Packed], None]


def robustness_conditions(robustness: Robustness, modalities: Sequence[str]) -> dict[str, Change]:
    """Name of a condition -> what makes data so, of those that concern these modalities."""
    found: dict[str, Change] = {}
    for name in robustness.missing:
        if name in modalities and len(modalities) > 1:
            found[f"without {name}"] = lambda data, name=name: remove(data, name)  # type: ignore[misc]
    noisy = [name for name in NOISY if name in modalities]
    for size in robustness.noise if noisy else ():
        found[f"noise {size:g}"] = lambda data, size=size: add_noise(data, noisy, size)  # type: ignore[misc]
    return found


def remove(data: Packed, modality: str) -> None:
    """Leave a modality out of all utterances."""
    rows = data.inputs[modality]
    data.inputs[modality] = Ragged(rows.values[:0], torch.zeros_like(rows.lengths))


def add_noise(data: Packed, modalities: Sequence[str], size: float, seed: int = 0) -> None:
    """Add Gaussian noise of a standard deviation to the frames of some modalities."""
    generator = torch.Generator().manual_seed(seed)
    for modality in modalities:
        rows = data.inputs[modality]
        noise = torch.randn(rows.values.shape, generator=generator).to(rows.values)
        data.inputs[modality] = Ragged(rows.values + size * noise, rows.lengths)


def evaluate_robustness(
    release: Release,
    train: Sequence[Dialogue],
    run: RunDirectory,
    device: torch.device,
    robustness: Robustness,
    cache: Path | None = None,
) -> dict[str, Any]:
    """Condition -> metrics of each task on the test set; what robustness.json says. Counted as one
    more test evaluation, before it is done.
    """
    trained = FrozenModel.load(run, device)
    conditions = robustness_conditions(robustness, trained.recipe.modalities)
    found: dict[str, Any] = {}
    if conditions:
        run.record_test_evaluation(release.digest, release.held_out, "robustness")
        dialogues = release.of_split(release.held_out)
        data, _ = trained.pack(dialogues, cache, device)
        usual = dict(data.inputs)
        tasks = trained.prepared.tasks
        for name, change in conditions.items():
            data.inputs = dict(usual)
            change(data)
            found[name] = task_results(
                network_outputs(trained.model, data), tasks, trained.prepared.priors,
                trained.recipe, trained.fitted, train,
            )  # fmt: skip
    run.write(FILE, found)
    return found
