"""What every network returns for a batch."""

from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class Prediction:
    """Logits (N, C) by task; logits and gates of correlations by utterance; penalties (scalars)."""

    logits: dict[str, Tensor]
    above: dict[str, Tensor] = field(default_factory=dict)  # correlation -> (N, C - 1) logits
    gates: dict[str, Tensor] = field(default_factory=dict)  # correlation -> (N,) from -1 to 1
    penalties: dict[str, Tensor] = field(default_factory=dict)
