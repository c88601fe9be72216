"""Density matrices of frames, which two quantum-inspired networks read."""

import torch
from torch import Tensor, nn

SMALL = 1e-12


class DensityMatrix(nn.Module):
    """Frames as pure states, an utterance as their mixture:

        |w_i> = W x_i / ||W x_i||               a unit vector of k real dimensions
        rho = sum_i p_i |w_i><w_i|              p = softmax_i(v . x_i), (k, k)

    so that rho is symmetric, has no negative eigenvalue and trace one. The papers estimate p by
    maximum likelihood of the words' projectors; here it is learned with the rest.
    """

    def __init__(self, dims: int, size: int) -> None:
        super().__init__()
        self.state = nn.Linear(dims, size)
        self.weigh = nn.Linear(dims, 1)

    def forward(self, frames: Tensor, inside: Tensor) -> Tensor:
        """Frames (N, L, D), `inside` (N, L) true where one is -> (N, k, k), zeros where none is."""
        states = self.state(frames)  # (N, L, k)
        states = states / states.square().sum(dim=-1, keepdim=True).clamp(min=SMALL).sqrt()
        there = inside.any(dim=1)[:, None]  # (N, 1)
        scores = self.weigh(frames).squeeze(-1).masked_fill(~inside & there, float("-inf"))
        weights = torch.softmax(scores, dim=1) * there  # (N, L)
        return (states * weights[..., None]).transpose(1, 2) @ states
