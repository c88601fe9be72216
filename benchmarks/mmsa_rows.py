"""Rows of MMSA's published tables, trained anew on the feature file that they were made on.

    python -m benchmarks.mmsa_rows FILE --dataset sims|mosi --out DIR
        [--networks lmf ...] [--seeds 5] [--epochs 100]

FILE is the pickle that MMSA publishes for CH-SIMS (`unaligned_39.pkl`) or MOSI (`unaligned_50.pkl`;
of its aligned file, `aligned_50.pkl`, EF-LSTM and MFN): of each split, train, valid and test, the
arrays text, audio and vision (n, L, D) and regression_labels (n,). It is read without running
anything of it. Networks are this product's; widths, learning rates, batches and patience are those
that MMSA 2.2.1 sets for the dataset (`MMSA.config`). The epoch is chosen by the loss on the
validation set, the test set is read once a seed. Each finished seed is a file of DIR and is not
done twice; DIR/report.md has the means beside what MMSA publishes (results/result-stat.md), and
whether accuracy in two classes is within a point of it.

Neither file can be downloaded here, so no row of docs/experiments.md comes from it yet.
"""

import argparse
import copy
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from MMSA.config import get_config_regression
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from torch import Tensor, nn

from modeling.learner.features.array_pickle import load_arrays
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.networks.baselines.mult import MulT
from modeling.learner.networks.baselines.recurrent import EarlyFusionLSTM, MemoryFusion
from modeling.learner.networks.baselines.registry import BASELINES
from modeling.learner.networks.baselines.tensors import LowRankFusion, TensorFusion

MODALITIES = ("text", "audio", "vision")
AVERAGED = ("lmf", "tfn")  # MMSA's loader averages sound and picture over time
LABELS = "regression_labels"
THREE = (-0.1, 0.1)  # where CH-SIMS' three classes end, each with its bound
CLOSE = 1.0  # point of accuracy in two classes
METRICS = {  # in the order of the published rows
    "sims": ("accuracy of 2", "accuracy of 3", "F1", "MAE", "correlation"),
    "mosi": ("accuracy of 2", "MAE", "correlation"),
}
PUBLISHED = {
    "sims": {
        "ef_lstm": (69.37, 54.27, 56.82, 0.591, 0.055),
        "lmf": (77.77, 64.68, 77.88, 0.441, 0.576),
        "tfn": (78.38, 65.12, 78.62, 0.432, 0.591),
        "mfn": (77.90, 65.73, 77.88, 0.435, 0.582),
        "mult": (78.56, 64.77, 79.66, 0.453, 0.564),
    },
    "mosi": {
        "ef_lstm": (78.48, 0.949, 0.669),
        "lmf": (79.18, 0.950, 0.651),
        "tfn": (79.08, 0.947, 0.673),
        "mfn": (78.87, 0.927, 0.670),
        "mult": (80.98, 0.880, 0.702),
    },
}


@dataclass(frozen=True)
class Split:
    """Text, audio and vision (N, L, D) and labels (N,)."""

    inputs: tuple[Tensor, Tensor, Tensor]
    labels: Tensor


def read_splits(path: Path) -> dict[str, Split]:
    """The splits of a file. Raises FeatureError naming what is missing or no number."""
    data = load_arrays(path)
    found = {}
    for name in ("train", "valid", "test"):
        part = data.get(name) if isinstance(data, dict) else None
        if not isinstance(part, dict):
            raise FeatureError(f'{path.name} has no split "{name}", as files of MMSA have.')
        inputs = tuple(_array(path, name, part, key) for key in MODALITIES)
        labels = part.get(LABELS)
        if not isinstance(labels, np.ndarray) or labels.shape != inputs[0].shape[:1]:
            raise FeatureError(
                f'{path.name}: "{name}" has no array {LABELS} with a number for each of its'
                f" {len(inputs[0])} utterances."
            )
        if not np.isfinite(labels.astype(float)).all():
            raise FeatureError(f'{path.name}: {LABELS} of "{name}" are not all numbers.')
        found[name] = Split(inputs, torch.tensor(labels.astype(np.float32)))
    return found


def _array(path: Path, split: str, part: Mapping[str, Any], key: str) -> Tensor:
    array = part.get(key)
    if not isinstance(array, np.ndarray) or array.ndim != 3 or not len(array):
        raise FeatureError(f'{path.name}: "{split}" has no array {key} (utterances, L, D).')
    values = array.astype(np.float32)
    values[np.isneginf(values)] = 0  # silence, as MMSA reads it
    if not np.isfinite(values).all():
        raise FeatureError(f'{path.name}: {key} of "{split}" holds what is no number.')
    return torch.tensor(values)


def build(
    name: str, settings: Mapping[str, Any], dims: tuple[int, int, int], steps: int
) -> nn.Module:
    """A network with MMSA's settings for a dataset, one answer."""
    s = settings
    makers: dict[str, Callable[[], nn.Module]] = {
        "ef_lstm": lambda: EarlyFusionLSTM(
            dims, steps, s["hidden_dims"], s["num_layers"], s["dropout"], 1
        ),
        "lmf": lambda: LowRankFusion(
            dims, tuple(s["hidden_dims"]), s["rank"], tuple(s["dropouts"]), 1
        ),
        "tfn": lambda: TensorFusion(
            dims, tuple(s["hidden_dims"]), s["text_out"], s["post_fusion_dim"],
            tuple(s["dropouts"]), 1,
        ),
        "mfn": lambda: MemoryFusion(
            dims, steps, tuple(s["hidden_dims"]), s["memsize"], s["NN1Config"]["shapes"],
            s["NN2Config"]["shapes"], (s["gamma1Config"]["shapes"], s["gamma2Config"]["shapes"]),
            s["outConfig"]["shapes"],
            tuple(s[f"{part}Config"]["drop"] for part in ("NN1", "NN2", "gamma1", "gamma2", "out")),
            1,
        ),
        "mult": lambda: MulT(
            dims, *s["dst_feature_dim_nheads"], s["nlevels"],
            tuple(s[f"conv1d_kernel_size_{letter}"] for letter in "lav"),
            s["text_dropout"], s["embed_dropout"], s["res_dropout"], s["output_dropout"], 1,
        ),
    }  # fmt: skip
    return makers[name]()


def optimiser_of(name: str, network: nn.Module, settings: Mapping[str, Any]) -> torch.optim.Adam:
    """Adam; LMF's factors have a learning rate of their own."""
    rate, decay = settings["learning_rate"], settings.get("weight_decay", 0.0)
    factors = [p for key, p in network.named_parameters() if key.endswith("_factor")]
    own = {id(p) for p in factors} if name == "lmf" else set()
    groups = [{"params": [p for p in network.parameters() if id(p) not in own], "lr": rate}]
    if own:
        groups.append({"params": factors, "lr": settings["factor_lr"]})
    return torch.optim.Adam(groups, weight_decay=decay)


def train(name: str, dataset: str, data: Mapping[str, Split], seed: int, epochs: int) -> dict:
    """A seed: the scores on the test set with the best epoch."""
    settings = get_config_regression(name, dataset)
    torch.manual_seed(seed)
    parts = {key: prepare(name, split) for key, split in data.items()}
    inputs = parts["train"].inputs
    dims = tuple(each.shape[-1] for each in inputs)
    network = build(name, settings, dims, inputs[0].shape[1])
    optimiser = optimiser_of(name, network, settings)
    clip, size = settings.get("grad_clip", -1.0), settings["batch_size"]
    best, best_epoch, state = float("inf"), 0, network.state_dict()
    for epoch in range(1, epochs + 1):
        network.train()
        order = torch.randperm(len(parts["train"].labels))
        for rows in order.split(size):
            if len(rows) == 1:
                continue  # batch norm has no variance of one row
            optimiser.zero_grad()
            answers = network(*(each[rows] for each in inputs)).flatten()
            (answers - parts["train"].labels[rows]).abs().mean().backward()
            if clip != -1.0:
                nn.utils.clip_grad_value_(network.parameters(), clip)
            optimiser.step()
        loss = float((answer(network, parts["valid"], size) - parts["valid"].labels).abs().mean())
        if loss < best:
            best, best_epoch, state = loss, epoch, copy.deepcopy(network.state_dict())
        if epoch - best_epoch >= settings["early_stop"]:
            break
    network.load_state_dict(state)
    test = parts["test"]
    found = scores(dataset, answer(network, test, size).numpy(), test.labels.numpy())
    return {"network": name, "seed": seed, "best_epoch": best_epoch, "scores": found}


def prepare(name: str, split: Split) -> Split:
    """As the network reads it: TFN and LMF a mean of sound and of picture."""
    if name not in AVERAGED:
        return split
    text, audio, vision = split.inputs
    return Split((text, audio.mean(1), vision.mean(1)), split.labels)


@torch.no_grad()
def answer(network: nn.Module, split: Split, size: int) -> Tensor:
    """(N,) without dropout."""
    network.eval()
    rows = torch.arange(len(split.labels)).split(size)
    return torch.cat([network(*(each[r] for each in split.inputs)).flatten() for r in rows])


def scores(
    dataset: str, answers: NDArray[np.floating], gold: NDArray[np.floating]
) -> dict[str, float]:
    """As MMSA computes them: CH-SIMS between -1 and 1, in two classes at 0 and three at ±0.1, F1
    weighted; MOSI in two classes without neutral utterances. Percent but for MAE and correlation.
    """
    if dataset == "sims":
        answers, gold = np.clip(answers, -1, 1), np.clip(gold, -1, 1)
    spread = float(np.std(answers)) > 0 and float(np.std(gold)) > 0
    found = {
        "MAE": float(np.abs(answers - gold).mean()),
        "correlation": float(np.corrcoef(answers, gold)[0, 1]) if spread else 0.0,
    }
    if dataset == "mosi":
        clear = gold != 0
        found["accuracy of 2"] = 100 * float(((answers > 0) == (gold > 0))[clear].mean())
    else:
        found["accuracy of 2"] = 100 * float(((answers > 0) == (gold > 0)).mean())
        found["F1"] = 100 * float(f1_score(gold > 0, answers > 0, average="weighted"))
        mine, true = (np.digitize(each, THREE, right=True) for each in (answers, gold))
        found["accuracy of 3"] = 100 * float((mine == true).mean())
    return {metric: found[metric] for metric in METRICS[dataset]}


def report(dataset: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """A table: of each network the mean and deviation of its seeds, and what is published."""
    metrics = METRICS[dataset]
    lines = [
        f"| network | seeds | {' | '.join(metrics)} | published | within a point |",
        "|" + "---|" * (len(metrics) + 4),
    ]
    for name, published in PUBLISHED[dataset].items():
        own = [row["scores"] for row in rows if row["network"] == name]
        if not own:
            continue
        table = np.array([[each[metric] for metric in metrics] for each in own])  # (seeds, metrics)
        shown = [
            _number(metric, mean) + (f" ± {_number(metric, spread)}" if len(own) > 1 else "")
            for metric, mean, spread in zip(
                metrics, table.mean(0), table.std(0, ddof=min(1, len(own) - 1)), strict=True
            )
        ]
        apart = table[:, 0].mean() - published[0]
        close = "yes" if abs(apart) <= CLOSE else f"no, {apart:+.1f}"
        said = " / ".join(_number(m, p) for m, p in zip(metrics, published, strict=True))
        lines.append(f"| {name} | {len(own)} | {' | '.join(shown)} | {said} | {close} |")
    return "\n".join(lines) + "\n"


def _number(metric: str, value: float) -> str:
    return f"{value:.3f}" if metric in ("MAE", "correlation") else f"{value:.1f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what is not done, write the report, print it."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("file", type=Path)
    options.add_argument("--dataset", choices=list(PUBLISHED), required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--networks", nargs="*", choices=BASELINES, default=list(BASELINES))
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--epochs", type=int, default=100, help="at most")
    chosen = options.parse_args(arguments)
    if not chosen.file.is_file():
        options.error(f"{chosen.file} is no file; it is among the features that MMSA publishes.")
    try:
        data = read_splits(chosen.file)
    except FeatureError as error:
        options.error(str(error))
    chosen.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in range(1, chosen.seeds + 1):
        for name in chosen.networks:
            path = chosen.out / f"{chosen.dataset}-{name}-{seed}.json"
            if not path.exists():
                row = train(name, chosen.dataset, data, seed, chosen.epochs)
                path.write_text(json.dumps(row, indent=1) + "\n", "utf-8")
                print(f"{name}, seed {seed}: {row['scores']}", file=sys.stderr)  # noqa: T201
            rows.append(json.loads(path.read_text("utf-8")))
    text = report(chosen.dataset, rows)
    (chosen.out / "report.md").write_text(text, "utf-8")
    print(text)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
