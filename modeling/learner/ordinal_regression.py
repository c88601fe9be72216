"""Ordinal values by cumulative logits (McCullagh 1980): being above the first, the second, ..."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from modeling.learner.batches import IGNORED


def class_log_probabilities(above: Tensor) -> Tensor:
    """Logits (..., C - 1) of being above each value but the last -> log probabilities (..., C)."""
    over = torch.sigmoid(above)
    ones, none = torch.ones_like(over[..., :1]), torch.zeros_like(over[..., :1])
    edges = torch.cat([ones, over, none], dim=-1)  # (..., C + 1), falling
    return torch.log((edges[..., :-1] - edges[..., 1:]).clamp(min=1e-6))


def ordinal_loss(above: Tensor, gold: Tensor) -> Tensor:
    """Mean binary cross-entropy of being above, over the rows of `gold` (N,) that have a class."""
    labelled = gold != IGNORED
    places = torch.arange(above.shape[1], device=above.device)
    targets = (gold[labelled][:, None] > places).float()  # (n, C - 1)
    return binary_cross_entropy_with_logits(above[labelled], targets)
