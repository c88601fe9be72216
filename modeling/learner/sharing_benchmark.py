"""Ways of sharing compared on synthetic data, in which the relations between tasks are known.

    python -m modeling.learner planted [--seeds 5] [--first-seed 1] [--sharing NAME ...] [--json]
        [--relations decide|help|nothing] [--noise 2.6] [--train-dialogues 150] [--jobs 1]

The data are those of synthetic_data.py, in which relations are planted. The ways that say a width
have about as many parameters as hard sharing with the relations as tasks (62,744), so that ways
can be compared at equal size.
"""

import json
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from modeling.learner.batches import DialogueBatch
from modeling.learner.confusion_metrics import confusion_counts, confusion_macro_f1
from modeling.learner.losses import Objective
from modeling.learner.metrics import macro_f1
from modeling.learner.networks.dialogue_model import DialogueModel, SeparateModels
from modeling.learner.networks.prediction import Prediction
from modeling.learner.networks.relation_chain import RelationChains
from modeling.learner.recipes import Recipe
from modeling.learner.sharing.relation_gates import RelationGates
from modeling.learner.sharing.tower import Tower
from modeling.learner.synthetic_data import (
    CLASSES,
    DIMS,
    FEATURE_SIZES,
    OWN_TASKS,
    SPLIT_DIALOGUES,
    TASKS,
    TURNS,
    USUAL,
    Regime,
    generate,
    generate_splits,
    select_dialogues,
    shuffle_correlations,
)
from modeling.learner.training import TrainingModule, fit

RECIPE = Recipe(
    name="planted", width=64, attention=False, fusion=False, dropout=0.3, weight_decay=0.1,
    epochs=60, patience=10, dialogues_per_batch=15, logit_adjustment=0.0,
)  # fmt: skip
METHODS: dict[str, dict[str, Any]] = {
    "single-task": {"sharing": "single"},
    "single-task, width 40": {"sharing": "single", "width": 40},
    "hard": {"sharing": "hard"},
    "hard, relations as tasks too": {"sharing": "hard"},
    "MMoE": {"sharing": "mmoe"},
    "PLE": {"sharing": "ple"},
    "cross-stitch": {"sharing": "cross-stitch"},
    "MMoE, relations as tasks too, width 44": {"sharing": "mmoe", "width": 44},
    "PLE, relations as tasks too, width 36": {"sharing": "ple", "width": 36},
    "cross-stitch, relations as tasks too, width 40": {"sharing": "cross-stitch", "width": 40},
    "relation gates, width 32": {"sharing": "relgate", "width": 32},
    "parameter distance": {"sharing": "distance"},
    "relation gates, no supervision": {"sharing": "relgate", "relations": "off"},
    "relation gates, shuffled relations": {"sharing": "relgate", "relations": "shuffled"},
    "relations as a task, no gates": {"sharing": "relgate", "relations": "auxiliary"},
    "relation gates, detached": {"sharing": "relgate", "relations": "detached"},
    "relation gates": {"sharing": "relgate"},
    "oracle: gates from gold relations": {"sharing": "relgate"},
    "hard + relation chain": {"sharing": "hard", "relation_chain": True},
    "reading gates": {"sharing": "reading", "relations": "off"},
    "reading gates, relations as tasks too": {"sharing": "reading"},
    "reading gates + relation chain, shuffled relations": {
        "sharing": "reading",
        "relation_chain": True,
        "relations": "shuffled",
    },
    "reading gates + relation chain": {"sharing": "reading", "relation_chain": True},
    "oracle: chain from gold relations": {"sharing": "reading", "relation_chain": True},
}
RELATIONS_AS_TASKS = "relations as tasks too"  # in the name of a way that gets them
ORACLE = "oracle: gates from gold relations"
CHAIN_ORACLE = "oracle: chain from gold relations"
FULL = "reading gates + relation chain"
HARD_WITH_RELATIONS = "hard, relations as tasks too"
COMPARED = {  # a way -> the ways over which its gain is printed; () are all others
    FULL: (),
    "relation gates": ("hard", HARD_WITH_RELATIONS, "relation gates, no supervision"),
    "hard + relation chain": (HARD_WITH_RELATIONS,),  # what the chain adds: decoding
    "reading gates, relations as tasks too": (HARD_WITH_RELATIONS,),  # what the gates add: sharing
    "reading gates": ("hard",),
}
MEAN = "mean"


class VectorEncoder(nn.Module):
    """One vector an utterance, (N, 1, D), to the model's width."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Linear(DIMS, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Frames (N, 1, D) -> (N, d)."""
        return self.drop(self.project(frames[:, 0]))  # (N, d)


class OracleGates(RelationGates):
    """Relation gates from gold correlations: an upper bound. It is a leak and no recipe; `gold` is
    set before each batch.
    """

    gold: dict[str, Tensor]

    def gate(self, key: str, above: Tensor) -> Tensor:
        """The gold correlation from -1 to 1, (B, T)."""
        return (self.gold[key].float() - 2) / 2


class OracleModel(DialogueModel):
    """The model around OracleGates."""

    def forward(self, batch: DialogueBatch) -> Prediction:
        """The prediction with gates from the gold correlations of the batch."""
        sharing = self.sharing
        assert isinstance(sharing, OracleGates)
        sharing.gold = {key: batch.by_dialogue(batch.gold[key]) for key in sharing.related}
        return super().forward(batch)


class OracleChains(RelationChains):
    """Relation chains with gold correlations: as OracleGates an upper bound, a leak, no recipe."""

    gold: dict[str, Tensor]

    def correlation(self, key: str, logits: Any) -> Tensor:
        """As if the gold correlation were certain, (N, C)."""
        classes = logits[key].shape[1]
        return torch.log(nn.functional.one_hot(self.gold[key], classes).float())


class ChainOracleModel(DialogueModel):
    """The model around OracleChains."""

    def forward(self, batch: DialogueBatch) -> Prediction:
        """The prediction with chains from the gold correlations of the batch."""
        assert isinstance(self.chains, OracleChains)
        self.chains.gold = batch.gold
        return super().forward(batch)


def build_model(method: str, recipe: Recipe) -> nn.Module:
    """The network of a way of sharing, for planted features."""

    def passing(model: DialogueModel) -> DialogueModel:
        for name in model.encoders:
            model.encoders[name] = VectorEncoder(recipe.width, recipe.dropout)
        return model

    if recipe.sharing == "single":
        separate = SeparateModels(
            recipe, [task for task in TASKS if task.key in OWN_TASKS], 2, FEATURE_SIZES
        )
        for each in separate.models.values():
            passing(each)
        return separate
    if method == ORACLE:
        oracle = passing(OracleModel(recipe, TASKS, 2, FEATURE_SIZES))
        tower = partial(Tower, recipe.width, recipe.dropout)
        gates = OracleGates(recipe.width, TASKS, recipe.dropout, recipe.relations, {}, tower)
        oracle.sharing = gates
        return oracle
    if method == CHAIN_ORACLE:
        oracle = passing(ChainOracleModel(recipe, TASKS, 2, FEATURE_SIZES))
        oracle.chains = OracleChains(TASKS)
        return oracle
    with_relations = RELATIONS_AS_TASKS in method or recipe.uses_relations
    tasks = TASKS if with_relations else TASKS[: len(OWN_TASKS)]
    return passing(DialogueModel(recipe, tasks, 2, FEATURE_SIZES))


@dataclass(frozen=True)
class Outcome:
    """Of one way and seed: macro-F1 by task, and what was predicted of the test utterances."""

    scores: dict[str, float]
    predicted: dict[str, list[int]]
    parameters: int
    seed: int


def train_method(
    method: str, seed: int, data: dict[str, DialogueBatch], recipe: Recipe = RECIPE
) -> Outcome:
    """Train one way of sharing and evaluate it on the test dialogues."""
    torch.manual_seed(seed)
    recipe = replace(recipe, **METHODS[method])
    model = build_model(method, recipe)
    priors = {task.key: torch.zeros(len(task.classes)) for task in TASKS}
    objective = Objective(recipe, TASKS, priors)
    train = data["train"]
    if recipe.relations == "shuffled":
        train = shuffle_correlations(train, seed)
    size = recipe.dialogues_per_batch

    def orders(epoch: int) -> list[list[int]]:
        generator = torch.Generator().manual_seed(seed * 1000 + epoch)
        order = torch.randperm(len(train.index), generator=generator)
        return [chosen.tolist() for chosen in order.split(size)]

    best, _epoch = fit(
        TrainingModule(model, objective),
        orders,
        lambda chosen: select_dialogues(train, chosen),
        lambda: _evaluate(model, data["valid"])[0],
        _ignore_event,
    )
    model.load_state_dict(best)
    scores, predicted = _evaluate(model, data["test"])
    return Outcome(scores, predicted, sum(p.numel() for p in model.parameters()), seed)


def _ignore_event(event: dict[str, Any]) -> None:
    """Planted runs report nothing as they go."""


@torch.no_grad()
def _evaluate(
    model: nn.Module, batch: DialogueBatch
) -> tuple[dict[str, float], dict[str, list[int]]]:
    model.eval()
    logits = model(batch).logits
    predicted = {task: logits[task].argmax(dim=1).tolist() for task in OWN_TASKS}
    return {
        task: macro_f1(batch.gold[task].tolist(), predicted[task]) for task in OWN_TASKS
    }, predicted


def compare_methods(
    methods: Sequence[str],
    seeds: Sequence[int],
    regime: Regime = USUAL,
    report: Callable[[str], None] = lambda line: None,
    jobs: int = 1,
) -> dict[str, list[Outcome]]:
    """Each way with each seed, so many at once in processes of a thread each; a seed draws its own
    data, the same for every way.
    """
    outcomes: dict[str, list[Outcome]] = {method: [] for method in methods}
    runs = [(method, seed, regime) for seed in seeds for method in methods]
    results: Iterator[Outcome] = map(_outcome, runs)
    if jobs > 1:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(jobs, context, torch.set_num_threads, (1,))
        results = pool.map(_outcome, runs)
    for (method, seed, _), outcome in zip(runs, results, strict=True):
        outcomes[method].append(outcome)
        shown = ", ".join(f"{task} {100 * score:.1f}" for task, score in outcome.scores.items())
        report(f"seed {seed}, {method}: {shown}")
    return outcomes


def _outcome(run: tuple[str, int, Regime]) -> Outcome:
    method, seed, regime = run
    return train_method(method, seed, _splits_of(seed, regime))


@lru_cache(1)
def _splits_of(seed: int, regime: Regime) -> dict[str, DialogueBatch]:
    return generate_splits(seed, regime=regime)


def gain_intervals(
    one: Sequence[Outcome],
    other: Sequence[Outcome],
    regime: Regime = USUAL,
    replicates: int = 2000,
) -> dict[str, tuple[float, float, float]]:
    """By task and in the mean of them the gain in macro-F1 of `one` over `other` with its 95 %
    interval: seeds and, of each, test dialogues are drawn with replacement, the same for both.
    """
    rng = np.random.default_rng(0)
    size = SPLIT_DIALOGUES["test"]
    owner = np.arange(size * TURNS) // TURNS
    tables = []  # by seed: by task the confusions of both, dialogue by dialogue
    for pair in zip(one, other, strict=True):
        gold = generate(size, 10 * pair[0].seed + 2, regime).gold
        tables.append(
            [
                [
                    confusion_counts(
                        gold[task].numpy(),
                        np.array(outcome.predicted[task]),
                        owner,
                        len(CLASSES[task]),
                    )
                    for outcome in pair
                ]
                for task in OWN_TASKS
            ]
        )
    gains = np.zeros((replicates, len(OWN_TASKS)))
    for replicate in range(replicates):
        for seed in rng.integers(0, len(one), len(one)):
            times = np.bincount(rng.integers(0, size, size), minlength=size).astype(float)
            for number, pair in enumerate(tables[seed]):
                a, b = (confusion_macro_f1(np.tensordot(times, each, 1)) for each in pair)
                gains[replicate, number] += (a - b) / len(one)
    intervals = {}
    for name, column in zip([*OWN_TASKS, MEAN], [*gains.T, gains.mean(axis=1)], strict=True):
        low, high = np.quantile(column, [0.025, 0.975])
        gain = np.mean([_score(a, name) - _score(b, name) for a, b in zip(one, other, strict=True)])
        intervals[name] = float(gain), float(low), float(high)
    return intervals


def _score(outcome: Outcome, task: str) -> float:
    scores = list(outcome.scores.values()) if task == MEAN else [outcome.scores[task]]
    return float(np.mean(scores))


def results_table(results: dict[str, list[Outcome]]) -> str:
    """Markdown: macro-F1 in percent, mean and standard deviation over seeds."""
    lines = ["| sharing | parameters | " + " | ".join([*OWN_TASKS, MEAN]) + " |"]
    lines.append("|---" * (len(OWN_TASKS) + 3) + "|")
    for method, outcomes in results.items():
        cells = []
        for scores in [[_score(o, name) for o in outcomes] for name in [*OWN_TASKS, MEAN]]:
            cells.append(f"{100 * np.mean(scores):.1f} ± {100 * np.std(scores):.1f}")
        lines.append(f"| {method} | {outcomes[0].parameters:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def print_comparison(
    seeds: Sequence[int],
    methods: Sequence[str],
    regime: Regime,
    as_json: bool,
    jobs: int = 1,
) -> int:
    """Print the table, and what the ways in COMPARED gain over others."""

    def report(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201

    results = compare_methods(methods or list(METHODS), seeds, regime, report, jobs)
    lines = [results_table(results), ""]
    for way, others in COMPARED.items():
        for other in others or [name for name in results if name != way]:
            if way not in results or other not in results:
                continue
            gains = gain_intervals(results[way], results[other], regime)
            cells = [
                f"{name} {100 * mean:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
                for name, (mean, low, high) in gains.items()
            ]
            lines.append(f"{way} over {other}: {', '.join(cells)}")
    if as_json:
        scores = {method: [outcome.scores for outcome in rows] for method, rows in results.items()}
        print(json.dumps(scores, indent=1))  # noqa: T201
    else:
        print("\n".join(lines))  # noqa: T201
    return 0
