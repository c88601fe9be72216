"""Validity of the correlation labels of a release: whether they may supervise relation gates.

    python -m modeling.learner validity RELEASE [--json]

Of each correlation: how far annotators agree on it (the release's certificate), how much it depends
on the labels it relates (normalised mutual information in training, against PERMUTATIONS of it),
how much of it whole dialogues explain (intraclass correlation, one-way), how often it is none, and
how its distribution moves from training to other splits (Jensen-Shannon divergence in bits, where
that is more than shuffling the utterances among the splits would give). The verdict is red where it
hardly depends on its labels or drifts far, amber where agreement is weak or unknown or it drifts
somewhat, else green.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modeling.learner.release import Release, Task

PERMUTATIONS = 200
MAX_P = 0.05  # share of permutations that may depend on the labels as much
RELIABLE_ALPHA = 0.667
MIN_UTTERANCES = 20  # with the correlation and both labels, below which nothing can be told
MIN_INFORMATION = 0.02  # above chance, below which it is useless even where that is significant
LARGE_DRIFT, SMALL_DRIFT = 0.1, 0.03  # bits of drift
REASONS = {
    "nothing": "training holds no such correlation with both of its labels",
    "few": "training holds {n} such correlations with both labels only, too few to tell",
    "random": "in training it depends on its labels no more than dealt at random",
    "hardly": "in training it depends on its labels hardly more than dealt at random",
    "drift": "from train to {split} its distribution moves by {bits} bits",
    "unknown": "how far annotators agree on it is not known",
    "weak": "annotators agree on it with an alpha of {alpha} only",
}
Codes = NDArray[np.int64]


def validity_report(release: Release, root: Path, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Correlation -> its measures, with `verdict` and `because` (see REASONS).

    `root` is the release's directory, `seed` that of the permutations.
    """
    alphas = {row["task"]: row for row in _agreement(root)}
    return {
        task.key: _verdict(_measure(release, task, seed), alphas.get(task.key, {}))
        for task in release.tasks
        if task.is_correlation
    }


def _agreement(root: Path) -> list[dict[str, Any]]:
    path = root / "agreement.json"
    if not path.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["tasks"]
    return rows


def _measure(release: Release, task: Task, seed: int) -> dict[str, Any]:
    kinds = {t.key: t for t in release.tasks}
    source, target = kinds[task.source], kinds[task.target]
    by_split: dict[str, list[tuple[int, int, int, int]]] = {}
    for number, dialogue in enumerate(release.dialogues):
        for turn in dialogue.utterances:
            gold = turn.gold
            if all(key in gold for key in (task.key, source.key, target.key)):
                codes = (t.classes.index(gold[t.key]) for t in (task, source, target))
                by_split.setdefault(dialogue.split, []).append((number, *codes))  # type: ignore[arg-type]
    tables = {split: np.array(rows, np.int64) for split, rows in by_split.items()}
    train = tables.get("train")
    if train is None or len(train) < 2:
        return {"n": 0 if train is None else len(train)}
    correlations, parents = train[:, 1], train[:, 2] * len(target.classes) + train[:, 3]
    rng = np.random.default_rng(seed)
    observed = normalised_mutual_information(correlations, parents)
    by_chance = [
        normalised_mutual_information(rng.permutation(correlations), parents)
        for _ in range(PERMUTATIONS)
    ]
    size = len(task.classes)
    shares = {split: np.bincount(rows[:, 1], minlength=size) for split, rows in tables.items()}
    others = {split: rows[:, 1] for split, rows in tables.items() if split != "train"}
    return {
        "n": len(train),
        "information": observed,
        "by_chance": float(np.mean(by_chance)),
        "p": float(np.mean([chance >= observed for chance in by_chance])),
        "dialogue_effect": intraclass_correlation(correlations, train[:, 0]),
        "none": float(np.mean(correlations == size // 2)),
        "drift": {split: _drift(correlations, other, size, rng) for split, other in others.items()},
        "shares": {split: (counts / counts.sum()).tolist() for split, counts in shares.items()},
    }


def _drift(one: Codes, other: Codes, size: int, rng: np.random.Generator) -> dict[str, float]:
    """Bits between two samples, and the share of random partings that are as far apart."""

    def bits(sample: Codes) -> float:
        parts = sample[: len(one)], sample[len(one) :]
        return jensen_shannon_divergence(*(np.bincount(part, minlength=size) for part in parts))

    whole = np.concatenate([one, other])
    observed = bits(whole)
    by_chance = [bits(rng.permutation(whole)) for _ in range(PERMUTATIONS)]
    n = min(len(one), len(other))
    return {
        "n": n,
        "bits": observed,
        "p": float(np.mean([chance >= observed for chance in by_chance])),
    }


def _verdict(measures: dict[str, Any], alpha: dict[str, Any]) -> dict[str, Any]:
    red: list[dict[str, Any]] = []
    amber: list[dict[str, Any]] = []
    if measures["n"] < 2:
        red.append({"why": "nothing"})
    elif measures["n"] < MIN_UTTERANCES:
        amber.append({"why": "few", "n": measures["n"]})
    elif measures["p"] > MAX_P:
        red.append({"why": "random"})
    elif measures["information"] - measures["by_chance"] < MIN_INFORMATION:
        red.append({"why": "hardly"})
    for split, drift in measures.get("drift", {}).items():
        if drift["n"] < MIN_UTTERANCES:
            continue  # a few utterances always look different
        if drift["bits"] > SMALL_DRIFT and drift["p"] <= MAX_P:
            reason = {"why": "drift", "split": split, "bits": round(drift["bits"], 3)}
            (red if drift["bits"] > LARGE_DRIFT else amber).append(reason)
    value = alpha.get("value")
    if value is None:
        amber.append({"why": "unknown"})
    elif value < RELIABLE_ALPHA:
        amber.append({"why": "weak", "alpha": round(value, 3)})
    verdict = "red" if red else "amber" if amber else "green"
    agreement = {name: alpha.get(name) for name in ("value", "low", "high")}
    return measures | {"alpha": agreement, "verdict": verdict, "because": red + amber}


def normalised_mutual_information(one: Codes, other: Codes) -> float:
    """Mutual information over the mean of the two entropies, 0 to 1 (0 where one is constant)."""
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    joint = table / table.sum()
    mean = (_entropy(joint.sum(1)) + _entropy(joint.sum(0))) / 2
    shared = _entropy(joint.sum(1)) + _entropy(joint.sum(0)) - _entropy(joint.ravel())
    return float(shared / mean) if mean > 0 else 0.0


def _entropy(shares: NDArray[np.float64]) -> float:
    kept = shares[shares > 0]
    return float(-(kept * np.log2(kept)).sum())


def intraclass_correlation(values: Codes, groups: Codes) -> float | None:
    """ICC(1) of values in groups of any size (Donner 1986); None where it is undefined."""
    _, group = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group)
    count, n = len(sizes), len(values)
    if count < 2 or n <= count:
        return None
    means = np.bincount(group, values) / sizes
    between = (sizes * (means - values.mean()) ** 2).sum() / (count - 1)
    within = ((values - means[group]) ** 2).sum() / (n - count)
    mean_size = (n - (sizes**2).sum() / n) / (count - 1)
    total = between + (mean_size - 1) * within
    return float((between - within) / total) if total > 0 else None


def jensen_shannon_divergence(
    one: Sequence[float] | Codes, other: Sequence[float] | Codes
) -> float:
    """Divergence of two distributions given as counts, in bits, 0 to 1."""
    p, q = (np.asarray(counts, float) / np.sum(counts) for counts in (one, other))
    return max(0.0, _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2)


def _p_text(share: float) -> str:
    """The share of permutations as a p value, never below what their number can show."""
    least = 1 / PERMUTATIONS
    return f"p < {least:.3f}" if share < least else f"p = {share:.3f}"


def validity_text(report: dict[str, dict[str, Any]]) -> str:
    """A line a correlation for a person to read."""
    lines = []
    for key, row in report.items():
        lines.append(f"{key}: {row['verdict'].upper()} ({row['n']} utterances)")
        lines += [f"  {REASONS[reason['why']].format(**reason)}" for reason in row["because"]]
        if row["n"] > 1:
            lines.append(
                f"  information {row['information']:.3f} (by chance {row['by_chance']:.3f},"
                f" {_p_text(row['p'])}), none in {100 * row['none']:.1f} %"
            )
    return "\n".join(lines) or "The release has no correlation between tasks."
