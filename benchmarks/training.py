"""What an epoch of the dialogue models costs, and what changes that.

    python -m benchmarks.training [--dialogues 200] [--device auto] [--compile]

Made dialogues as long as CMMA's (7.3 turns of two seconds and eight characters in the mean,
ragged), with default features of sound and picture. Ways are taken in turn, `--rounds` times, after
a warm-up that is not counted (it compiles); seconds are those of the processor on a CPU, of the
clock on a GPU.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np
import torch

from modeling.learner.features import audio, vision
from modeling.learner.features.extraction import Features
from modeling.learner.losses import Objective
from modeling.learner.networks.registry import build_network
from modeling.learner.pipeline import choose_device
from modeling.learner.preprocessing import Preprocessing
from modeling.learner.recipes import RECIPES, Recipe
from modeling.learner.release import Dialogue, Utterance
from modeling.learner.synthetic_data import TASKS
from modeling.learner.training import TrainingModule, fit

WAYS: dict[str, dict[str, object]] = {
    "fp32": {},
    "bf16": {"precision": "bf16"},
}
COMPILED: dict[str, dict[str, object]] = {"fp32, compiled": {"compiled": True}}


def make(count: int) -> tuple[list[Dialogue], dict[str, list[Features]]]:
    """Dialogues with features, all from one seed."""
    rng = np.random.default_rng(0)
    dialogues, features = [], {}
    for number in range(count):
        turns, found = [], []
        for turn in range(int(np.clip(rng.normal(7.3, 2.5), 4, 18))):
            seconds = float(np.clip(rng.gamma(2.0, 1.0), 0.3, 12.0))
            text = "".join(
                chr(0x4E00 + int(c)) for c in rng.integers(0, 2000, int(4 * seconds) + 1)
            )
            gold = {task.key: task.classes[rng.integers(len(task.classes))] for task in TASKS}
            turns.append(Utterance(f"{number}_{turn}", "AB"[turn % 2], text, 0.0, seconds, gold))
            frames = {"audio": (int(20 * seconds) + 1, audio.DIMS),
                      "vision": (int(5 * seconds) + 1, vision.DIMS)}  # fmt: skip
            found.append(
                Features({k: rng.normal(size=s).astype(np.float32) for k, s in frames.items()})
            )
        dialogues.append(Dialogue(str(number), "train", tuple(turns), None, ""))
        features[str(number)] = found
    return dialogues, features


def epoch_of(
    recipe: Recipe, what: dict[str, object], device: torch.device,
    dialogues: list[Dialogue], features: dict[str, list[Features]],
) -> Callable[[], None]:  # fmt: skip
    """A function that trains one epoch more of a network of its own."""
    recipe = replace(recipe, epochs=1, **what)  # type: ignore[arg-type]
    prepared = Preprocessing.of(recipe, dialogues, features, TASKS, {})
    data = prepared.pack(dialogues, features, device)
    torch.manual_seed(0)
    model = build_network(recipe, TASKS, len(prepared.vocabulary), prepared.sizes).to(device)
    priors = {key: prior.to(device) for key, prior in prepared.priors.items()}
    learner = TrainingModule(model, Objective(recipe, TASKS, priors).to(device))
    size = recipe.dialogues_per_batch
    orders = data.shuffled(size, 1)
    network = torch.compile(learner, dynamic=True) if recipe.compiled else None

    def run() -> None:
        fit(learner, lambda epoch: orders, data.batch, dict, lambda event: None, network=network)
        if device.type == "cuda":
            torch.cuda.synchronize()

    return run


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--dialogues", type=int, default=200)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--compile", action="store_true", help="too; its warm-up takes minutes")
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    device = choose_device(chosen.device)
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    dialogues, features = make(chosen.dialogues)
    utterances = sum(len(dialogue.utterances) for dialogue in dialogues)
    print(f"{len(dialogues)} dialogues, {utterances} utterances, {device}")
    print("| recipe | way | utterances/s, median (lowest, highest) | × the first |")
    print("|---|---|---|---|")
    for name in ("hard-small", "soft-small"):
        epochs = {
            way: epoch_of(RECIPES[name], what, device, dialogues, features)
            for way, what in (WAYS | COMPILED if chosen.compile else WAYS).items()
        }
        rates: dict[str, list[float]] = {way: [] for way in epochs}
        for round in range(chosen.rounds + 1):
            for way, epoch in epochs.items():
                started = clock()
                epoch()
                if not round:
                    print(f"{name}, {way}: warm-up {clock() - started:.1f} s", file=sys.stderr)
                else:
                    rates[way].append(utterances / (clock() - started))
        first = median(next(iter(rates.values())))
        for way, found in rates.items():
            spread = f"{median(found):.0f} ({min(found):.0f}, {max(found):.0f})"
            print(f"| {name} | {way} | {spread} | {median(found) / first:.2f} |", flush=True)


if __name__ == "__main__":
    main()
