"""Planted data: dialogues in which relations between tasks are known to matter, and a table of what
each way of sharing makes of them.

    python -m modeling.learner planted [--seeds 5] [--sharing NAME ...] [--json]

Of each dialogue of T = 8 utterances: emotion is uniform over seven; a relation r1 from -2 to 2 a
dialogue, of which 30 % of the utterances draw their own; sentiment is the valence of the emotion
times the sign of r1, random where r1 = 0. Sarcasm with p = .35; r2 from -2 to 2 an utterance; humor
is sarcasm where r2 > 0, its opposite where r2 < 0, a coin where r2 = 0. Text is the emotion's
prototype, audio that of r1, vision that of r2, both with .7 of sarcasm's, all with Gaussian noise.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from modeling.learner.batches import DialogueBatch
from modeling.learner.comparing import counted, macro_f1_of
from modeling.learner.fitting import Learner, fit
from modeling.learner.losses import Objective
from modeling.learner.metrics import macro_f1
from modeling.learner.networks.model import DialogueModel, SeparateModels
from modeling.learner.recipes import Recipe
from modeling.learner.release import Task
from modeling.learner.sharing.relgate import RelationGates
from modeling.learner.sharing.tower import Tower

T, DIMS = 8, 24
SIZES_OF = dict.fromkeys(("text", "audio", "vision"), DIMS)
EMOTIONS = ("joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
VALENCE = (1, -1, -1, -1, 1, -1, 0)
STRENGTHS = ("-2", "-1", "0", "1", "2")
TASKS = (
    Task("sentiment", ("negative", "neutral", "positive")),
    Task("emotion", EMOTIONS),
    Task("sarcasm", ("no", "yes")),
    Task("humor", ("no", "yes")),
    Task("emotion_sentiment", STRENGTHS, "emotion", "sentiment"),
    Task("sarcasm_humor", STRENGTHS, "sarcasm", "humor"),
)
CLASSES = {task.key: task.classes for task in TASKS}
OWN = [task.key for task in TASKS if not task.is_correlation]
SIZES = {"train": 150, "valid": 200, "test": 600}  # dialogues
NOISE = 2.6  # standard deviation; at 1.3 the tasks are so easy that every sharing does as well
RECIPE = Recipe(
    name="planted", width=64, attention=False, fusion=False, dropout=0.3, weight_decay=0.1,
    epochs=60, patience=10, dialogues_per_batch=15, logit_adjustment=0.0,
)  # fmt: skip
WAYS: dict[str, dict[str, Any]] = {
    "single-task": {"sharing": "single"},
    "hard": {"sharing": "hard"},
    "hard, relations as tasks too": {"sharing": "hard"},
    "MMoE": {"sharing": "mmoe"},
    "PLE": {"sharing": "ple"},
    "cross-stitch": {"sharing": "cross-stitch"},
    "parameter distance": {"sharing": "distance"},
    "relation gates, no supervision": {"sharing": "relgate", "relations": "off"},
    "relation gates, shuffled relations": {"sharing": "relgate", "relations": "shuffled"},
    "relations as a task, no gates": {"sharing": "relgate", "relations": "auxiliary"},
    "relation gates, detached": {"sharing": "relgate", "relations": "detached"},
    "relation gates": {"sharing": "relgate"},
    "oracle: gates from gold relations": {"sharing": "relgate"},
}
TOLD = "hard, relations as tasks too"
ORACLE = "oracle: gates from gold relations"


def make(dialogues: int, seed: int, noise: float = NOISE) -> DialogueBatch:
    """All utterances of so many dialogues as one batch; prototypes are the same for every seed."""
    fixed, rng = np.random.default_rng(0), np.random.default_rng(seed)
    prototypes = {
        name: fixed.normal(size=(count, DIMS))
        for name, count in (("emotion", 7), ("r1", 5), ("r2", 5), ("sarcasm", 2))
    }
    n = dialogues * T
    emotion = rng.integers(0, 7, n)
    r1 = np.repeat(rng.integers(-2, 3, dialogues), T)
    r1 = np.where(rng.random(n) < 0.3, rng.integers(-2, 3, n), r1)
    sentiment = np.array(VALENCE)[emotion] * np.sign(r1)
    sentiment = np.where(r1 == 0, rng.integers(-1, 2, n), sentiment)
    sarcasm = (rng.random(n) < 0.35).astype(int)
    r2 = rng.integers(-2, 3, n)
    coin = rng.integers(0, 2, n)
    humor = np.where(r2 > 0, sarcasm, np.where(r2 < 0, 1 - sarcasm, coin))

    def told(*parts: np.ndarray) -> Tensor:
        mixed = sum(parts) + noise * rng.normal(size=(n, DIMS))
        return torch.from_numpy(np.asarray(mixed, np.float32))[:, None]  # (N, 1, D)

    voice = 0.7 * prototypes["sarcasm"][sarcasm]
    classes = {
        "sentiment": sentiment + 1,
        "emotion": emotion,
        "sarcasm": sarcasm,
        "humor": humor,
        "emotion_sentiment": r1 + 2,
        "sarcasm_humor": r2 + 2,
    }
    gold = {key: torch.from_numpy(np.asarray(value, np.int64)) for key, value in classes.items()}
    return DialogueBatch(
        text=told(prototypes["emotion"][emotion]),
        audio=told(prototypes["r1"][r1 + 2], voice),
        vision=told(prototypes["r2"][r2 + 2], voice),
        lengths={name: torch.ones(n, dtype=torch.long) for name in ("text", "audio", "vision")},
        index=torch.arange(n).reshape(dialogues, T),
        speaker=torch.arange(T).repeat(dialogues, 1) % 2,
        gold=gold,
        soft={task.key: torch.zeros(n, len(task.classes)) for task in TASKS},
        ids=[f"{row // T}_{row % T}" for row in range(n)],
    )


def part(whole: DialogueBatch, dialogues: Sequence[int]) -> DialogueBatch:
    """Some dialogues of a batch in which all have as many turns."""
    rows = whole.index[list(dialogues)].reshape(-1)
    return DialogueBatch(
        text=whole.text[rows],
        audio=whole.audio[rows],
        vision=whole.vision[rows],
        lengths={name: lengths[rows] for name, lengths in whole.lengths.items()},
        index=torch.arange(len(rows)).reshape(len(dialogues), T),
        speaker=whole.speaker[list(dialogues)],
        gold={key: gold[rows] for key, gold in whole.gold.items()},
        soft={key: soft[rows] for key, soft in whole.soft.items()},
        ids=[whole.ids[row] for row in rows.tolist()],
    )


class Pass(nn.Module):
    """One vector an utterance, (N, 1, D), to the model's width."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Linear(DIMS, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.drop(self.project(frames[:, 0]))  # (N, d)


class OracleGates(RelationGates):
    """Relation gates that are told the gold: what perfect relations would give. It is a leak and no
    recipe; `told` is set before each batch.
    """

    told: dict[str, Tensor]

    def gate(self, key: str, above: Tensor) -> Tensor:
        return (self.told[key].float() - 2) / 2


class Oracle(DialogueModel):
    """The model around OracleGates."""

    def forward(self, batch: DialogueBatch) -> Any:
        sharing = self.sharing
        assert isinstance(sharing, OracleGates)
        sharing.told = {key: batch.by_dialogue(batch.gold[key]) for key in sharing.related}
        return super().forward(batch)


def model_of(way: str, recipe: Recipe) -> nn.Module:
    """The network of a way of sharing, for planted features."""

    def passing(model: DialogueModel) -> DialogueModel:
        for name in model.encoders:
            model.encoders[name] = Pass(recipe.width, recipe.dropout)
        return model

    if recipe.sharing == "single":
        separate = SeparateModels(recipe, [task for task in TASKS if task.key in OWN], 2, SIZES_OF)
        for each in separate.models.values():
            passing(each)
        return separate
    if way == ORACLE:
        oracle = passing(Oracle(recipe, TASKS, 2, SIZES_OF))
        tower = partial(Tower, recipe.width, recipe.dropout)
        gates = OracleGates(recipe.width, TASKS, recipe.dropout, recipe.relations, {}, tower)
        oracle.sharing = gates
        return oracle
    tasks = TASKS if way == TOLD or recipe.sharing == "relgate" else TASKS[: len(OWN)]
    return passing(DialogueModel(recipe, tasks, 2, SIZES_OF))


@dataclass(frozen=True)
class Outcome:
    """Of one way and seed: macro-F1 by task, and what was predicted of the test utterances."""

    scores: dict[str, float]
    predicted: dict[str, list[int]]
    parameters: int


def run(way: str, seed: int, data: dict[str, DialogueBatch], recipe: Recipe = RECIPE) -> Outcome:
    """Train one way of sharing and look at the test dialogues once."""
    torch.manual_seed(seed)
    recipe = replace(recipe, **WAYS[way])
    model = model_of(way, recipe)
    priors = {task.key: torch.zeros(len(task.classes)) for task in TASKS}
    objective = Objective(recipe, TASKS, priors)
    train = data["train"]
    if recipe.relations == "shuffled":
        train = _shuffled(train, seed)
    size = recipe.dialogues_per_batch

    def orders(epoch: int) -> list[list[int]]:
        generator = torch.Generator().manual_seed(seed * 1000 + epoch)
        order = torch.randperm(len(train.index), generator=generator)
        return [chosen.tolist() for chosen in order.split(size)]

    best, _epoch = fit(
        Learner(model, objective),
        orders,
        lambda chosen: part(train, chosen),
        lambda: _scored(model, data["valid"])[0],
        _silent,
    )
    model.load_state_dict(best)
    scores, predicted = _scored(model, data["test"])
    return Outcome(scores, predicted, sum(p.numel() for p in model.parameters()))


def _silent(event: dict[str, Any]) -> None:
    """Planted runs report nothing as they go."""


def _shuffled(batch: DialogueBatch, seed: int) -> DialogueBatch:
    order = torch.randperm(len(batch.ids), generator=torch.Generator().manual_seed(seed))
    related = {task.key for task in TASKS if task.is_correlation}
    gold = {key: g[order] if key in related else g for key, g in batch.gold.items()}
    return replace(batch, gold=gold)


@torch.no_grad()
def _scored(
    model: nn.Module, batch: DialogueBatch
) -> tuple[dict[str, float], dict[str, list[int]]]:
    model.eval()
    logits = model(batch).logits
    predicted = {task: logits[task].argmax(dim=1).tolist() for task in OWN}
    return {task: macro_f1(batch.gold[task].tolist(), predicted[task]) for task in OWN}, predicted


def compare(
    ways: Sequence[str], seeds: int, said: Callable[[str], None] = lambda line: None
) -> dict[str, list[Outcome]]:
    """Each way with each seed; a seed draws its own data, the same for every way."""
    found: dict[str, list[Outcome]] = {way: [] for way in ways}
    for seed in range(1, seeds + 1):
        data = dataset(seed)
        for way in ways:
            found[way].append(run(way, seed, data))
            shown = ", ".join(f"{t} {100 * s:.1f}" for t, s in found[way][-1].scores.items())
            said(f"seed {seed}, {way}: {shown}")
    return found


def dataset(seed: int, sizes: dict[str, int] | None = None) -> dict[str, DialogueBatch]:
    """The splits of a seed."""
    return {
        name: make(size, 10 * seed + number)
        for number, (name, size) in enumerate((sizes or SIZES).items())
    }


def interval(
    one: Sequence[Outcome], other: Sequence[Outcome], task: str, replicates: int = 2000
) -> tuple[float, float, float]:
    """Mean gain in macro-F1 of `one` over `other` with its 95 % interval: seeds and, of each, test
    dialogues are drawn with replacement, the same for both.
    """
    rng = np.random.default_rng(0)
    size = SIZES["test"]
    golds = [make(size, 10 * seed + 2).gold[task].numpy() for seed in range(1, len(one) + 1)]
    owner, classes = np.arange(size * T) // T, len(CLASSES[task])
    tables = [
        [counted(gold, np.array(outcome.predicted[task]), owner, classes) for outcome in pair]
        for gold, pair in zip(golds, zip(one, other, strict=True), strict=True)
    ]
    gains = np.zeros(replicates)
    for replicate in range(replicates):
        for seed in rng.integers(0, len(one), len(one)):
            times = np.bincount(rng.integers(0, size, size), minlength=size)
            a, b = (
                macro_f1_of(np.tensordot(times.astype(float), each, 1)) for each in tables[seed]
            )
            gains[replicate] += (a - b) / len(one)
    mean = float(
        np.mean([a.scores[task] - b.scores[task] for a, b in zip(one, other, strict=True)])
    )
    low, high = np.quantile(gains, [0.025, 0.975])
    return mean, float(low), float(high)


def table(found: dict[str, list[Outcome]]) -> str:
    """Markdown: macro-F1 in percent, mean and standard deviation over seeds."""
    lines = ["| sharing | parameters | " + " | ".join([*OWN, "mean"]) + " |"]
    lines.append("|---" * (len(OWN) + 3) + "|")
    for way, outcomes in found.items():
        cells = []
        for scores in [[o.scores[task] for o in outcomes] for task in OWN] + [
            [float(np.mean(list(o.scores.values()))) for o in outcomes]
        ]:
            cells.append(f"{100 * np.mean(scores):.1f} ± {100 * np.std(scores):.1f}")
        lines.append(f"| {way} | {outcomes[0].parameters:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(seeds: int, ways: Sequence[str], as_json: bool) -> int:
    """Print the table, and what relation gates gain on sentiment over every other way."""

    def said(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201

    found = compare(ways or list(WAYS), seeds, said)
    lines = [table(found), ""]
    full = found.get("relation gates")
    for way, outcomes in found.items():
        if full and outcomes is not full:
            mean, low, high = interval(full, outcomes, "sentiment")
            lines.append(
                f"relation gates over {way}, sentiment: {100 * mean:+.1f}"
                f" [{100 * low:+.1f}, {100 * high:+.1f}]"
            )
    if as_json:
        told = {way: [outcome.scores for outcome in rows] for way, rows in found.items()}
        print(json.dumps(told, indent=1))  # noqa: T201
    else:
        print("\n".join(lines))  # noqa: T201
    return 0
