"""What tuning an encoder costs, estimated from its directory before anything is loaded.

Memory is parameters and what AdamW keeps of them, and what layers keep for the way back. Operations
are those of the products of matrices: two for each parameter and token forward, as many for the
gradient of what goes in, and as many for that of the parameters themselves (Kaplan et al. 2020).
`benchmarks/gpu.py` compares both with what is measured.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modeling.learner.features.encoder_directory import ADAPTED, EncoderDirectory
from modeling.learner.recipes import Recipe

RATE = 16_000  # samples a second
NUMBER = 4  # bytes
PADDED = 1.2  # times as long as it is an utterance is in the mean, beside others of like lengths
KEPT_PER_LAYER = 34 * 2  # bytes a token and dimension, with 32 bits (Korthikanti et al. 2022)
KEPT_BY_LORA = 0.85  # of these: what gradients of frozen parameters would need is not kept
LOOKED_UP = re.compile(r"embeddings?\.|(?:^|\.)(?:shared|embed_tokens|embed_positions)\.")
UNUSED = re.compile(r"(?:^|\.)(?:decoder|lm_head|cls|quantizer|project_q|project_hid)\.")


@dataclass(frozen=True)
class Lengths:
    """Means of what is trained on."""

    utterances: float  # of a dialogue
    tokens: float  # of a text
    seconds: float  # of sound


@dataclass(frozen=True)
class TuningCost:
    """Of an encoder: its parameters and those that learn; bytes of memory beside the network's own;
    operations of an utterance in training.
    """

    parameters: int
    learned: int
    memory: float
    operations: float

    def of_networks(self, count: int) -> "TuningCost":
        """Of so many networks, each with an encoder of its own, as with the sharing "single"."""
        return TuningCost(
            count * self.parameters, count * self.learned,
            count * self.memory, count * self.operations,
        )  # fmt: skip


def mixed_bytes(recipe: Recipe, modality: str, lengths: Lengths) -> float:
    """Bytes of an utterance's features where all layers of a frozen encoder are kept to be mixed.
    Raises FeatureError for a directory that holds none.
    """
    files = EncoderDirectory(Path(getattr(recipe, f"{modality}_encoder")))
    if modality == "text":
        family = "last" if files.family == "decoder" else "tokens"
        pooling = family if recipe.text_pooling == "auto" else recipe.text_pooling
        vectors = min(lengths.tokens, recipe.text_tokens) if pooling == "tokens" else 1.0
    else:
        vectors = lengths.seconds * (files.rate or 0)
    return NUMBER * vectors * files.dims * (1 + files.layers)


def tuning_cost(recipe: Recipe, modality: str, lengths: Lengths) -> TuningCost | None:
    """Of the encoder that a recipe tunes for a modality; None where its directory does not say how
    large it is (PyTorch's own weights). Raises FeatureError for a directory that holds none.
    """
    files = EncoderDirectory(Path(getattr(recipe, f"{modality}_encoder")))
    shapes = {name: shape for name, shape in files.shapes.items() if not UNUSED.search(name)}
    if not shapes:
        return None
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    lora = getattr(recipe, f"{modality}_tuning") == "lora"
    total = sum(sizes.values())
    learned = _adapters(shapes, recipe.lora_rank) if lora else total - _convolutions(sizes)
    multiplied = sum(n for name, n in sizes.items() if not LOOKED_UP.search(name))
    multiplied -= _convolutions(sizes)
    positions, heard = _positions(files, recipe, modality, lengths)
    passes = (4 if lora else 6) + (2 if recipe.gradient_checkpointing else 0)
    batch = recipe.dialogues_per_batch * lengths.utterances * positions
    layers = 1 if recipe.gradient_checkpointing else files.layers
    kept = (KEPT_PER_LAYER * layers + NUMBER * files.layers) * (KEPT_BY_LORA if lora else 1)
    half = 0.75 if recipe.precision == "bf16" else 1  # norms and sums stay at 32 bits
    memory = NUMBER * total + 3 * NUMBER * learned + batch * files.dims * kept * half
    return TuningCost(total, learned, memory, passes * multiplied * positions + heard)


def _adapters(shapes: Mapping[str, tuple[int, ...]], rank: int) -> int:
    """Parameters of LoRA."""
    adapted = [
        shape
        for name, shape in shapes.items()
        if name.endswith(".weight") and ADAPTED.search(name.removesuffix(".weight"))
    ]
    return sum(rank * sum(shape) for shape in adapted if len(shape) == 2)


def _convolutions(sizes: Mapping[str, int]) -> int:
    """Parameters of those over samples, which are never tuned."""
    return sum(n for name, n in sizes.items() if "feature_extractor." in name)


def _positions(
    files: EncoderDirectory, recipe: Recipe, modality: str, lengths: Lengths
) -> tuple[float, float]:
    """How many vectors a layer works on of an utterance, and operations before the first layer."""
    if modality == "text":
        return PADDED * min(lengths.tokens, recipe.text_tokens), 0.0
    if files.family == "whisper":
        return 1500.0, 0.0  # of thirty seconds, whatever is heard
    frames, operations = PADDED * RATE * min(lengths.seconds, recipe.audio_seconds), 0.0
    ways = zip(*(files.config[f"conv_{name}"] for name in ("dim", "kernel", "stride")), strict=True)
    channels = 1
    for dims, kernel, stride in ways:
        frames /= stride
        operations += 2 * frames * kernel * channels * dims
        channels = dims
    return frames, operations
