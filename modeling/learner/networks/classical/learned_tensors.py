"""Modules that hold what another library has fitted, as tensors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from modeling.learner.batches import IGNORED, Packed
from modeling.learner.metrics import macro_f1

UNSEEN = 10.0  # how far below all others the score of a class is that training never has


@dataclass(frozen=True)
class FittingData:
    """What a classical model is fitted on. `log_priors` are those of the classes times the logit
    adjustment; `check` is called between two fits and may raise, to stop.
    """

    train: Packed
    validation: Packed
    log_priors: Mapping[str, Tensor]
    adjustment: float
    seed: int
    check: Callable[[], None]


class LearnedTensors(nn.Module):
    """Buffers whose shape is known once they are fitted, or loaded: until then they are empty."""

    def empty(self, **dtypes: torch.dtype) -> None:
        """Register buffers without an element."""
        for name, dtype in dtypes.items():
            self.register_buffer(name, torch.zeros(0, dtype=dtype))

    def keep(self, **values: Any) -> None:
        """Give buffers their values: arrays, tensors or numbers."""
        for name, value in values.items():
            old = self._buffers[name]
            assert old is not None
            found = torch.as_tensor(np.ascontiguousarray(value) if isinstance(value, np.ndarray)
                                    else value)  # fmt: skip
            self._buffers[name] = found.to(old.device, old.dtype)

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        for name, old in self._buffers.items():
            stored = state_dict.get(prefix + name)
            if old is not None and stored is not None:
                self._buffers[name] = torch.zeros(stored.shape, dtype=old.dtype, device=old.device)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def learned_numbers(module: nn.Module) -> int:
    """How many numbers all its buffers hold."""
    return sum(each.numel() for each in module.buffers())


def class_weights(counts: Tensor, adjustment: float) -> dict[int, float]:
    """Class -> weight of its utterances in training, (n / (C n_c)) ^ adjustment, over the C classes
    that occur: with 1 all classes weigh the same, with 0 all utterances do. Scores that are learned
    so are those of a network that is trained with this `logit_adjustment` (Menon et al. 2021).
    """
    seen = [number for number, count in enumerate(counts.tolist()) if count]
    total = float(counts.sum())
    return {c: (total / (len(seen) * float(counts[c]))) ** adjustment for c in seen}


def fit_scale(scores: Tensor, gold: Tensor, log_prior: Tensor) -> float:
    """What scores (N, C) are multiplied by so that, with the adjusted `log_prior` (C,) added, the
    likelihood of gold (N,) is highest; 1 where nothing is labelled.
    """
    labelled = gold != IGNORED
    if not labelled.any():
        return 1.0
    z, y = scores[labelled].double(), gold[labelled]

    def loss(log_scale: float) -> float:
        return float(cross_entropy(float(np.exp(log_scale)) * z + log_prior.double(), y))

    best = minimize_scalar(loss, bounds=(np.log(1e-3), np.log(1e3)), method="bounded")
    return float(np.exp(best.x))


def below_others(scores: Tensor, seen: Tensor) -> Tensor:
    """Scores (N, C) in which classes that are not `seen` (C,) are UNSEEN below the lowest other;
    zeros where none is.
    """
    if not seen.any():
        return torch.zeros_like(scores)
    lowest = scores.masked_fill(~seen, torch.inf).min(dim=1, keepdim=True).values
    return torch.where(seen, scores, lowest - UNSEEN)


def validation_macro_f1(scores: Tensor, gold: Tensor) -> float:
    """Of the highest scores, where there is gold; 0 where there is none."""
    labelled = gold != IGNORED
    if not labelled.any():
        return 0.0
    return macro_f1(gold[labelled].tolist(), scores[labelled].argmax(1).tolist())
