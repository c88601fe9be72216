"""All layers of an encoder as one: a weighted mean whose weights are learned with the network."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from modeling.learner.features.encoder_directory import EncoderDirectory
from modeling.learner.recipes import MIX, Recipe

SPEED = 20.0  # of the weights, against the learning rate


class LayerMix(nn.Module):
    """The scalar mix of ELMo (Peters et al. 2018), as SUPERB reads speech encoders (Yang et al.
    2021): scale * sum over layers of softmax(20 w) * layer.

    It begins as the plain mean of all layers, with a scale of 1.
    """

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(layers))
        self.scale = nn.Parameter(torch.ones(1))

    @property
    def shares(self) -> Tensor:
        """(K,), of 1 together."""
        return torch.softmax(SPEED * self.weight, dim=0)

    def forward(self, states: Tensor) -> Tensor:
        """Layers side by side (..., K * D) -> (..., D)."""
        layers = states.unflatten(-1, (len(self.weight), -1))  # (..., K, D)
        return self.scale * torch.einsum("k,...kd->...d", self.shares.to(states.dtype), layers)

    @torch.no_grad()
    def learned(self) -> dict[str, Any]:
        """The share of each layer, of the embeddings first, and the scale, rounded."""
        return {
            "shares": [round(share, 4) for share in self.shares.tolist()],
            "scale": round(float(self.scale), 4),
        }


def layers_of(recipe: Recipe, modality: str) -> int:
    """How many layers a recipe mixes, the embeddings among them; 1 where it reads one."""
    if getattr(recipe, f"{modality}_layer") != MIX or not getattr(recipe, f"{modality}_encoder"):
        return 1
    return 1 + EncoderDirectory(Path(getattr(recipe, f"{modality}_encoder"))).layers


class MixedEncoder(nn.Module):
    """Frames of all layers, mixed and then read."""

    def __init__(self, layers: int, read: nn.Module) -> None:
        super().__init__()
        self.mix, self.read = LayerMix(layers), read

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Frames (N, L, K * D), lengths (N,) -> (N, d)."""
        read: Tensor = self.read(self.mix(frames), lengths)
        return read
