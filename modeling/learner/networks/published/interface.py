"""What a published network gets and gives; one network a file, all with one interface.

    Network(sizes, recipe, classes) -> Body
    Body.forward(utterances) -> Reading

`sizes` are the dimensions of the frames of each modality that the recipe reads, `classes` the
number of classes of each task; a body works with any one, two or three modalities. A vector of an
utterance depends on that utterance, or on its dialogue where the paper reads one, and never on what
else is in the batch or how long its padding is. What a modality holds where it is missing does not
matter. No label is an argument of `forward`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

Teach = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


@dataclass
class Utterances:
    """N utterances of B dialogues with at most T turns."""

    frames: dict[str, Tensor]  # modality -> (N, L, D), zeros behind the end; text is embedded
    lengths: dict[str, Tensor]  # modality -> (N,), 0 where it is missing
    index: Tensor  # (B, T) row of each utterance, -1 pads; rows count up in this order
    speaker: Tensor  # (B, T) number of the speaker within the dialogue

    @property
    def mask(self) -> Tensor:
        """(B, T) true where a turn is."""
        return self.index >= 0

    @property
    def present(self) -> Tensor:
        """(N, M) true where an utterance has the modality, in the order of `frames`."""
        return torch.stack([self.lengths[name] > 0 for name in self.frames], dim=1)

    def inside(self, modality: str) -> Tensor:
        """(N, L) true where a frame is."""
        steps = torch.arange(self.frames[modality].shape[1], device=self.index.device)
        return steps < self.lengths[modality][:, None]

    def by_dialogue(self, rows: Tensor) -> Tensor:
        """Rows (N, ...) -> (B, T, ...), zeros where no turn is."""
        placed = rows.index_select(0, self.index.clamp(min=0).flatten())
        placed = placed.reshape(*self.index.shape, *rows.shape[1:])
        return placed * self.mask.reshape([*self.mask.shape, *[1] * (rows.dim() - 1)])

    def by_utterance(self, turns: Tensor) -> Tensor:
        """Turns (B, T, ...) -> (N, ...)."""
        return turns.flatten(0, 1).index_select(0, self.mask.flatten().nonzero()[:, 0])


@dataclass
class Reading:
    """Vectors (N, size) that the heads read, or the `logits` (N, C) of each task of a body that has
    heads of its own; penalties (scalars), added to the loss as they are.

    `teach` makes further losses out of gold, task -> (N,) with IGNORED where it is missing, for
    networks whose papers train parts by labels of their own. It is called in training alone.
    """

    vectors: Tensor | None = None
    logits: dict[str, Tensor] = field(default_factory=dict)
    penalties: dict[str, Tensor] = field(default_factory=dict)
    teach: Teach | None = None


class Body(nn.Module):
    """A published network without its last layer; `size` is the width of what it gives, 0 where it
    has heads of its own.
    """

    size: int = 0

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances what the heads read."""
        raise NotImplementedError
