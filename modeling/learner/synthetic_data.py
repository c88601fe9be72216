"""Synthetic dialogues with planted relations: correlations between tasks that are known to matter.

Of each dialogue of TURNS = 8 utterances: emotion is uniform over seven; a relation r1 from -2 to 2
a dialogue, of which 30 % of the utterances draw their own; sentiment is the valence of the emotion
times the sign of r1, random where r1 = 0. Sarcasm with p = .35; r2 from -2 to 2 an utterance; humor
is sarcasm where r2 > 0, its opposite where r2 < 0, a coin where r2 = 0. Text is the emotion's
prototype, audio that of r1, vision that of r2, both with .7 of sarcasm's, all with Gaussian noise.

That is where relations decide. Where they only help, half of the utterances, and where they say
nothing, all of them draw sentiment and humor without them: sentiment uniform over three, its
prototype in the text; humor with p = .35, its prototype in audio and vision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from modeling.learner.batches import DialogueBatch
from modeling.learner.release import Task

TURNS, DIMS = 8, 24
FEATURE_SIZES = dict.fromkeys(("text", "audio", "vision"), DIMS)
EMOTIONS = ("joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
VALENCE = (1, -1, -1, -1, 1, -1, 0)
CORRELATION_VALUES = ("-2", "-1", "0", "1", "2")
TASKS = (
    Task("sentiment", ("negative", "neutral", "positive")),
    Task("emotion", EMOTIONS),
    Task("sarcasm", ("no", "yes")),
    Task("humor", ("no", "yes")),
    Task("emotion_sentiment", CORRELATION_VALUES, "emotion", "sentiment"),
    Task("sarcasm_humor", CORRELATION_VALUES, "sarcasm", "humor"),
)
CLASSES = {task.key: task.classes for task in TASKS}
OWN_TASKS = [task.key for task in TASKS if not task.is_correlation]
SPLIT_DIALOGUES = {"train": 150, "valid": 200, "test": 600}
RELATED = {"decide": 1.0, "help": 0.5, "nothing": 0.0}  # share of utterances with relations
PROTOTYPES = {"emotion": 7, "r1": 5, "r2": 5, "sarcasm": 2, "sentiment": 3, "humor": 2}


@dataclass(frozen=True)
class Regime:
    """What the data are like: what relations do, how loud the noise is, how much is there to learn
    from. At a noise of 1.3 the tasks are easy.
    """

    relations: str = "decide"
    noise: float = 2.6  # standard deviation
    train_dialogues: int = SPLIT_DIALOGUES["train"]


USUAL = Regime()


def generate(dialogues: int, seed: int, regime: Regime = USUAL) -> DialogueBatch:
    """All utterances of so many dialogues as one batch; prototypes are the same for every seed."""
    fixed, rng = np.random.default_rng(0), np.random.default_rng(seed)
    prototypes = {name: fixed.normal(size=(count, DIMS)) for name, count in PROTOTYPES.items()}
    n = dialogues * TURNS
    emotion = rng.integers(0, 7, n)
    r1 = np.repeat(rng.integers(-2, 3, dialogues), TURNS)
    r1 = np.where(rng.random(n) < 0.3, rng.integers(-2, 3, n), r1)
    sentiment = np.array(VALENCE)[emotion] * np.sign(r1)
    sentiment = np.where(r1 == 0, rng.integers(-1, 2, n), sentiment)
    sarcasm = (rng.random(n) < 0.35).astype(int)
    r2 = rng.integers(-2, 3, n)
    coin = rng.integers(0, 2, n)
    humor = np.where(r2 > 0, sarcasm, np.where(r2 < 0, 1 - sarcasm, coin))
    more = np.random.default_rng((seed, 1))
    free = more.random(n) >= RELATED[regime.relations]
    sentiment = np.where(free, more.integers(-1, 2, n), sentiment)
    humor = np.where(free, more.random(n) < 0.35, humor).astype(int)

    def noisy(*parts: np.ndarray) -> Tensor:
        mixed = sum(parts) + regime.noise * rng.normal(size=(n, DIMS))
        return torch.from_numpy(np.asarray(mixed, np.float32))[:, None]  # (N, 1, D)

    alone = free[:, None]  # (N, 1)
    words = alone * prototypes["sentiment"][sentiment + 1]
    voice = 0.7 * (prototypes["sarcasm"][sarcasm] + alone * prototypes["humor"][humor])
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
        text=noisy(prototypes["emotion"][emotion], words),
        audio=noisy(prototypes["r1"][r1 + 2], voice),
        vision=noisy(prototypes["r2"][r2 + 2], voice),
        lengths={name: torch.ones(n, dtype=torch.long) for name in ("text", "audio", "vision")},
        index=torch.arange(n).reshape(dialogues, TURNS),
        speaker=torch.arange(TURNS).repeat(dialogues, 1) % 2,
        gold=gold,
        soft={task.key: torch.zeros(n, len(task.classes)) for task in TASKS},
        ids=[f"{row // TURNS}_{row % TURNS}" for row in range(n)],
    )


def select_dialogues(whole: DialogueBatch, dialogues: Sequence[int]) -> DialogueBatch:
    """Some dialogues of a batch in which all have as many turns."""
    rows = whole.index[list(dialogues)].reshape(-1)
    return DialogueBatch(
        text=whole.text[rows],
        audio=whole.audio[rows],
        vision=whole.vision[rows],
        lengths={name: lengths[rows] for name, lengths in whole.lengths.items()},
        index=torch.arange(len(rows)).reshape(len(dialogues), TURNS),
        speaker=whole.speaker[list(dialogues)],
        gold={key: gold[rows] for key, gold in whole.gold.items()},
        soft={key: soft[rows] for key, soft in whole.soft.items()},
        ids=[whole.ids[row] for row in rows.tolist()],
    )


def shuffle_correlations(batch: DialogueBatch, seed: int) -> DialogueBatch:
    """The batch with the gold of its correlations shuffled among the utterances."""
    order = torch.randperm(len(batch.ids), generator=torch.Generator().manual_seed(seed))
    related = {task.key for task in TASKS if task.is_correlation}
    gold = {key: g[order] if key in related else g for key, g in batch.gold.items()}
    return replace(batch, gold=gold)


def generate_splits(
    seed: int, sizes: dict[str, int] | None = None, regime: Regime = USUAL
) -> dict[str, DialogueBatch]:
    """The splits of a seed."""
    sizes = sizes or {**SPLIT_DIALOGUES, "train": regime.train_dialogues}
    return {
        name: generate(size, 10 * seed + number, regime)
        for number, (name, size) in enumerate(sizes.items())
    }
