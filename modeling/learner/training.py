"""One training run, read from top to bottom."""

import json
import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from modeling.learner.batches import IGNORED, Collator, DialogueBatch, Normalisation, batches
from modeling.learner.features import audio, extract_all, vision
from modeling.learner.features.text import Vocabulary
from modeling.learner.losses import Objective, log_priors
from modeling.learner.metrics import macro_f1, report
from modeling.learner.networks.model import build
from modeling.learner.recipes import Recipe
from modeling.learner.release import Dialogue, Release, Task

Emit = Callable[[dict[str, Any]], None]
MIN_GAIN = 1e-3


class Interrupted(Exception):
    """The run was asked to stop."""


@dataclass(frozen=True)
class Splits:
    """What is learned from, what chooses the epoch, what is reported."""

    train: list[Dialogue]
    selection: list[Dialogue]
    evaluation: list[Dialogue]
    evaluation_name: str

    @classmethod
    def of(cls, release: Release, seed: int) -> "Splits":
        """Test is reported and valid selects; without a test split, valid is reported and a tenth
        of the training dialogues selects, so that nothing reported was ever selected on."""
        train, valid, test = (release.of(name) for name in ("train", "valid", "test"))
        if test and valid:
            return cls(train, valid, test, "test")
        reported, name = (test, "test") if test else (valid, "valid")
        shuffled = random.Random(seed).sample(train, len(train))
        held = max(1, len(train) // 10) if len(train) > 1 else 0
        return cls(shuffled[held:], shuffled[:held], reported, name)


def choose_device(name: str) -> torch.device:
    """`auto` is a GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def train(
    release: Release,
    recipe: Recipe,
    out: Path,
    device: torch.device,
    seed: int,
    emit: Emit,
    relations: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Train, keep the best epoch, evaluate it once, write everything to `out`; the results.

    `relations` is what validity.py says of the release's correlations, kept with the results.

    `out` gets recipe.json, meta.json, model.safetensors, predictions.jsonl and results.json.
    Raises Interrupted on SIGTERM, FeatureError for a clip that cannot be decoded.
    """
    started = time.monotonic()
    stop = _StopSignal()
    torch.manual_seed(seed)
    splits = Splits.of(release, seed)
    collate = _collator(release, recipe, splits, out.parent / "features", emit)
    if recipe.relations == "shuffled":
        splits = replace(splits, train=shuffled_relations(splits.train, release.tasks, seed))
    ties = strengths(splits.train, release.tasks)
    model = build(recipe, release.tasks, len(collate.vocabulary), ties).to(device)
    priors = {k: p.to(device) for k, p in log_priors(splits.train, release.tasks).items()}
    objective = Objective(recipe, release.tasks, priors).to(device)

    def in_order(epoch: int) -> Iterator[DialogueBatch]:
        order = shuffled(len(splits.train), seed + epoch)
        for batch in batches(splits.train, recipe.dialogues_per_batch, collate, order):
            stop.check()
            yield batch.to(device)

    def score() -> dict[str, float]:
        return _scores(model, collate, splits.selection, device)

    best_state, best_epoch = fit(model, objective, in_order, score, recipe, emit)
    model.load_state_dict(best_state)
    results = {
        "release": release.digest,
        "split": splits.evaluation_name,
        "best_epoch": best_epoch,
        "parameters": sum(p.numel() for p in model.parameters()),
        "tasks": _evaluate(model, collate, splits, device, out),
        "relations": {
            key: {name: row[name] for name in ("verdict", "because")}
            for key, row in (relations or {}).items()
        },
        "seconds": round(time.monotonic() - started, 2),
    }
    save_file(best_state, out / "model.safetensors")
    _json(out / "vocabulary.json", collate.vocabulary.characters)
    _json(out / "results.json", results)
    emit({"event": "done", **results})
    return results


def fit(
    model: nn.Module,
    objective: Objective,
    in_order: Callable[[int], Iterable[DialogueBatch]],
    score: Callable[[], dict[str, float]],
    recipe: Recipe,
    emit: Emit,
) -> tuple[dict[str, Tensor], int]:
    """Train until `score` (by task, on what selects) has not risen for `recipe.patience` epochs;
    the parameters of the best epoch, and which it was. `in_order(epoch)` gives its batches.
    """
    started = time.monotonic()
    parameters = [*model.parameters(), *objective.parameters()]
    optimiser = torch.optim.AdamW(
        parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    # separate networks are clipped one by one: nothing couples their gradients
    alone = list(getattr(model, "models", {}).values()) or [model]
    best, best_epoch, best_state = -1.0, 0, _state(model)
    for epoch in range(1, recipe.epochs + 1):
        model.train()
        sums: dict[str, list[float]] = {}
        for batch in in_order(epoch):
            total, parts = objective(model(batch), batch)
            if total is None:
                continue
            optimiser.zero_grad()
            total.backward()
            for part in alone:
                torch.nn.utils.clip_grad_norm_(part.parameters(), 1.0)
            optimiser.step()
            for name, loss in parts.items():
                sums.setdefault(name, []).append(loss.item())
        losses = {name: float(np.mean(values)) for name, values in sums.items()}
        scores = score()
        mean = float(np.mean(list(scores.values()))) if scores else 0.0
        emit(
            {
                "event": "epoch",
                "epoch": epoch,
                "epochs": recipe.epochs,
                "loss": float(np.mean(list(losses.values()))) if losses else None,
                "losses": losses,
                "selection_macro_f1": scores,
                "seconds": round(time.monotonic() - started, 2),
            }
        )
        if mean > best + MIN_GAIN:
            best, best_epoch, best_state = mean, epoch, _state(model)
        elif epoch - best_epoch >= recipe.patience:
            break
    return best_state, best_epoch


def shuffled(size: int, seed: int) -> list[int]:
    """An order that the seed fixes."""
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed)).tolist()


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


class _StopSignal:
    """Remembers that SIGTERM came, so that the loop can end between two batches."""

    def __init__(self) -> None:
        self.received = False
        signal.signal(signal.SIGTERM, self._remember)

    def _remember(self, *_: object) -> None:
        self.received = True

    def check(self) -> None:
        if self.received:
            raise Interrupted


def _collator(
    release: Release, recipe: Recipe, splits: Splits, cache: Path, emit: Emit
) -> Collator:
    dialogues = list(release.dialogues)
    if set(recipe.modalities) == {"text"}:
        dialogues_with_media: list[Dialogue] = []
    else:
        dialogues_with_media = [dialogue for dialogue in dialogues if dialogue.has_media]
    total = len(dialogues_with_media)
    features = extract_all(
        dialogues_with_media,
        cache,
        lambda done: emit({"event": "features", "done": done, "total": total}),
    )
    for dialogue in dialogues:
        features.setdefault(dialogue.id, _no_features(dialogue))
    of_train = [f for dialogue in splits.train for f in features[dialogue.id]]
    texts = [u.text for dialogue in splits.train for u in dialogue.utterances]
    return Collator(
        vocabulary=Vocabulary.of(texts),
        audio=Normalisation.of([f.audio for f in of_train], audio.DIMS),
        vision=Normalisation.of([f.vision for f in of_train], vision.DIMS),
        tasks=release.tasks,
        features=features,
    )


def _no_features(dialogue: Dialogue) -> list[Any]:
    from modeling.learner.features import Features

    return [Features(audio.nothing(), vision.nothing()) for _ in dialogue.utterances]


@torch.no_grad()
def _predict(
    model: nn.Module, collate: Collator, dialogues: Sequence[Dialogue], device: torch.device
) -> list[tuple[DialogueBatch, dict[str, Tensor]]]:
    model.eval()
    found = []
    for batch in batches(dialogues, 16, collate):
        logits = model(batch.to(device)).logits
        found.append((batch, {task: torch.softmax(s, 1).cpu() for task, s in logits.items()}))
    return found


def _pairs(
    predicted: Sequence[tuple[DialogueBatch, dict[str, Tensor]]], task: str
) -> tuple[list[int], list[int]]:
    predicted = [row for row in predicted if task in row[1]]
    gold = [int(g) for batch, _ in predicted for g in batch.gold[task]]
    guess = [int(p) for _, probabilities in predicted for p in probabilities[task].argmax(1)]
    kept = [(g, p) for g, p in zip(gold, guess, strict=True) if g != IGNORED]
    return [g for g, _ in kept], [p for _, p in kept]


def _scores(
    model: nn.Module, collate: Collator, dialogues: Sequence[Dialogue], device: torch.device
) -> dict[str, float]:
    predicted = _predict(model, collate, dialogues, device)
    scores = {}
    for task in collate.tasks:
        gold, guess = _pairs(predicted, task.key)
        if gold:
            scores[task.key] = macro_f1(gold, guess)
    return scores


def _evaluate(
    model: nn.Module, collate: Collator, splits: Splits, device: torch.device, out: Path
) -> dict[str, Any]:
    predicted = _predict(model, collate, splits.evaluation, device)
    with (out / "predictions.jsonl").open("w", encoding="utf-8") as lines:
        for batch, probabilities in predicted:
            for row, utterance in enumerate(batch.ids):
                answer = {
                    task.key: task.classes[int(probabilities[task.key][row].argmax())]
                    for task in collate.tasks
                    if task.key in probabilities
                }
                lines.write(json.dumps({"id": utterance, "predicted": answer}) + "\n")
    results = {}
    for task in collate.tasks:
        gold, guess = _pairs(predicted, task.key)
        train_gold = [
            task.classes.index(u.gold[task.key])
            for dialogue in splits.train
            for u in dialogue.utterances
            if task.key in u.gold
        ]
        told = [row for row in predicted if task.key in row[1]]
        scores = [
            row.tolist()
            for batch, probabilities in told
            for row, g in zip(probabilities[task.key], batch.gold[task.key], strict=True)
            if g != IGNORED
        ]
        results[task.key] = report(
            train_gold, gold, guess, len(task.classes), scores, task.is_correlation
        )
    return results


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
