"""What every network returns for a batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class Prediction:
    """Logits (N, C) by task; logits and gates of correlations by utterance; penalties (scalars).

    Where a relation chain made the logits of a task, `unary` has the network's own, which are
    trained instead, and `tables` have what the chain knows of each correlation. `teach` makes
    further losses out of gold, task -> (N,): see modeling/learner/networks/published/interface.py.
    """

    logits: dict[str, Tensor]
    above: dict[str, Tensor] = field(default_factory=dict)  # correlation -> (N, C - 1) logits
    gates: dict[str, Tensor] = field(default_factory=dict)  # correlation -> (N,) from -1 to 1
    penalties: dict[str, Tensor] = field(default_factory=dict)
    unary: dict[str, Tensor] = field(default_factory=dict)  # task -> (N, C)
    tables: dict[str, Tensor] = field(default_factory=dict)  # correlation -> (Cs, Cr, Ct) logits
    teach: Callable[[Mapping[str, Tensor]], dict[str, Tensor]] | None = None
