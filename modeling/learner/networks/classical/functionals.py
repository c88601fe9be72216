"""Sequences of any length into vectors of fixed length: statistics over the frames."""

from collections.abc import Iterable

import torch
from torch import Tensor

from modeling.learner.networks.classical.learned_tensors import LearnedTensors

PERCENTILES = (0.1, 0.9)
STATISTICS = ("mean", "standard deviation", "10th percentile", "90th percentile", "slope")
LEAST = 1e-6  # standard deviation below which a statistic is constant and left out


def describe(frames: Tensor, lengths: Tensor) -> Tensor:
    """Frames (N, L, D) of which `lengths` (N,) are real -> STATISTICS of each dimension (N, 5 D);
    the slope is that of the least-squares line from 0 at the first frame to 1 at the last. Zeros
    where there is no frame.
    """
    x = frames.double()
    steps = torch.arange(x.shape[1], device=x.device)
    inside = (steps < lengths[:, None])[..., None]  # (N, L, 1)
    x = torch.where(inside, x, torch.zeros_like(x))
    count = lengths.clamp(min=1)[:, None].double()  # (N, 1)
    mean = x.sum(1) / count  # (N, D)
    apart = torch.where(inside, x - mean[:, None], torch.zeros_like(x))
    spread = (apart.square().sum(1) / count).sqrt()
    ordered = torch.where(inside, x, torch.full_like(x, torch.inf)).sort(dim=1).values
    percentiles = [_percentile(ordered, lengths, share) for share in PERCENTILES]
    time = steps / (lengths - 1).clamp(min=1)[:, None].double()  # (N, L)
    time = torch.where(inside[..., 0], time, torch.zeros_like(time))
    off = torch.where(inside[..., 0], time - time.sum(1, keepdim=True) / count, 0.0)
    slope = (off[..., None] * apart).sum(1) / off.square().sum(1, keepdim=True).clamp(min=1e-9)
    found = torch.cat([mean, spread, *percentiles, slope], dim=1)
    return torch.where((lengths > 0)[:, None], found, torch.zeros_like(found))


def _percentile(ordered: Tensor, lengths: Tensor, share: float) -> Tensor:
    """Of rising values (N, L, D) the percentile (N, D) between the two nearest of the real ones."""
    place = share * (lengths - 1).clamp(min=0).double()  # (N,)
    low = place.floor().long()
    high = torch.minimum(low + 1, (lengths - 1).clamp(min=0))
    index = torch.stack([low, high], dim=1)[..., None].expand(-1, -1, ordered.shape[2])
    one, other = ordered.gather(1, index).nan_to_num(posinf=0.0).unbind(1)  # (N, D)
    return one + (place - low)[:, None] * (other - one)


class FrameFunctionals(LearnedTensors):
    """The statistics of a modality's frames as a block of columns for a linear model: those that
    vary in training, with mean 0 and deviation 1 there, divided by the root of their number, so
    that a modality weighs as much as another whatever its dimensions. A row of zeros is missing.
    """

    kept: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, modality: str) -> None:
        super().__init__()
        self.modality = modality
        self.empty(kept=torch.long, mean=torch.double, std=torch.double)

    def fit(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Of batches (frames, lengths) of training. Vectors, where no utterance has two frames, are
        described by their mean, which is the vector itself.
        """
        rows, longest, dims = [], 0, 0
        for frames, lengths in batches:
            longest, dims = max(longest, int(lengths.max())), frames.shape[2]
            rows.append(describe(frames, lengths)[lengths > 0])
        found = torch.cat(rows)
        if not len(found):
            return
        if longest == 1:
            found = found[:, :dims]
        mean, std = found.mean(0), found.std(0, correction=0)
        kept = (std > LEAST).nonzero().flatten()
        self.keep(kept=kept, mean=mean[kept], std=std[kept])

    @property
    def size(self) -> int:
        """How many columns it has."""
        return len(self.kept)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """(N, size)"""
        found = describe(frames, lengths)[:, self.kept]
        scaled = (found - self.mean) / self.std / max(self.size, 1) ** 0.5
        return torch.where((lengths > 0)[:, None], scaled, torch.zeros_like(scaled))
