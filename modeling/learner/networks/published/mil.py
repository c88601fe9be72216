"""What tasks have in common and what is each one's own, in the manner of MIL (Zhang et al. 2023).

"Multi-Task Commonness and Uniqueness" reads sentiment and sarcasm of an utterance: text attends to
picture and sound, and a network of two gates with three layers makes one common vector and a unique
one for each task. No code was published, and the equations here are ours for these parts, with a
unique layer for each of K tasks. Of the text's vector t (d) and the frames f_1..f_L of another
modality, encoded by layers P_m to d dimensions:

    a_m = sum over l of softmax_l((Q_m t)'(K_m P_m f_l) / sqrt(d)) P_m f_l              (d)
    x   = [t; a_audio; a_vision]                                                        (M d)
    c   = ReLU(W_c x),  u_k = ReLU(W_k x)                                               (d)
    g_k = sigmoid(G x),  v_k = sigmoid(V_k x)          gates on what is common, and on the task's
    h_k = g_k * c + v_k * u_k,  logits_k = W h_k + b

with G one for each task, too. Where the recipe does not read text, its first modality is in its
place. A modality that an utterance lacks is zeros, its text too, which then asks for every frame
alike. This body has heads of its own.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modeling.learner.networks.encoders import SequenceEncoder
from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.task_modules import ByTask
from modeling.learner.networks.transformer import NEVER
from modeling.learner.recipes import Recipe


class DualGates(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width = recipe.width
        self.first = "text" if "text" in sizes else next(iter(sizes))
        self.encode = SequenceEncoder(sizes[self.first], width, recipe.dropout)
        self.attend = nn.ModuleDict(
            {name: Asked(size, width) for name, size in sizes.items() if name != self.first}
        )
        self.drop = nn.Dropout(recipe.dropout)
        whole = len(sizes) * width
        self.common = nn.Linear(whole, width)
        self.unique = ByTask({key: nn.Linear(whole, width) for key in classes})
        self.common_gates = ByTask({key: nn.Linear(whole, width) for key in classes})
        self.unique_gates = ByTask({key: nn.Linear(whole, width) for key in classes})
        self.heads = ByTask({key: nn.Linear(width, count) for key, count in classes.items()})

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances the logits of each task."""
        asking = self.encode(utterances.frames[self.first], utterances.lengths[self.first])
        rows = [asking]  # (N, d)
        for name, asked in self.attend.items():
            rows.append(asked(asking, utterances.frames[name], utterances.inside(name)))
        whole = self.drop(torch.cat(rows, dim=1))  # (N, Md)
        common, logits = torch.relu(self.common(whole)), {}
        for key in self.heads:
            own = torch.relu(self.unique[key](whole))  # (N, d)
            first = self.common_gates[key](whole).sigmoid()
            second = self.unique_gates[key](whole).sigmoid()
            logits[key] = self.heads[key](self.drop(first * common + second * own))
        return Reading(logits=logits)


class Asked(nn.Module):
    """The frames of a modality that a vector asks for."""

    def __init__(self, dims: int, width: int) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(dims, width), nn.ReLU())
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)

    def forward(self, asking: Tensor, frames: Tensor, inside: Tensor) -> Tensor:
        """Asking (N, d), frames (N, L, D), inside (N, L) -> (N, d), zeros where there is none."""
        values = self.project(frames)  # (N, L, d)
        query = self.query(asking)[..., None]  # (N, d, 1)
        scores = (self.key(values) @ query).squeeze(-1) / values.shape[2] ** 0.5  # (N, L)
        weights = torch.softmax(scores.masked_fill(~inside, NEVER), dim=1) * inside
        read: Tensor = (weights[:, None] @ values).squeeze(1)
        return read
