"""MISA: what modalities share and what is their own (Hazarika, Zimmermann and Poria 2020).

Of the vector u_m of each modality m of an utterance, d dimensions (section 3):

    h_m  = LayerNorm(ReLU(W_m u_m + b_m))              (d)
    c_m  = sigmoid(W_c h_m + b_c)                      (d), shared: one layer for all modalities
    p_m  = sigmoid(W_pm h_m + b_pm)                    (d), private: a layer each
    h'_m = D_m(c_m + p_m)                              (d), a linear layer each
    M    = Transformer layer over [p_1 .. p_M, c_1 .. c_M]    (2M, d), then side by side
    F    = ReLU(W M + b)                               (M d), what the head reads

and added to the loss of the tasks:

    L_sim   = mean over pairs of modalities of CMD_5(c_m, c_n)                      weight 1
    L_diff  = sum over c_m, p_m and over p_m, p_n of the orthogonality penalty      weight 0.3
    L_recon = mean over modalities of |h_m - h'_m|^2 / d                            weight 1

    CMD_K(X, Y) = |E X - E Y| + sum over k = 2..K of |E (X - E X)^k - E (Y - E Y)^k|

CMD is the central moment discrepancy (Zellinger et al. 2017) of vectors in [0, 1]. In the
orthogonality penalty the batch's vectors are centred and made as long as 1, X and Y (N, d), and it
is the square of the Frobenius norm of X'Y; here its mean over the d^2 entries, since the sum grows
with the width. The weights are those of the authors' configuration; the paper names them alpha,
beta and gamma and chooses them for each corpus. Published are d = 128, two heads, vectors of BERT
and of stacked LSTMs; here are our encoders, the recipe's width and heads, and a Transformer layer
with norms first. A modality that an utterance lacks is neither attended to nor in any penalty.
"""

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import UtteranceEncoders
from modeling.learner.networks.transformer import TransformerLayer
from modeling.learner.recipes import Recipe

MOMENTS = 5
SIMILARITY, DIFFERENCE, RECONSTRUCTION = 1.0, 0.3, 1.0  # weights of the penalties


class MISA(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width, self.names = recipe.width, tuple(sizes)
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.project = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.LayerNorm(width))
                for name in sizes
            }
        )
        self.shared = nn.Sequential(nn.Linear(width, width), nn.Sigmoid())
        self.private = nn.ModuleDict(
            {name: nn.Sequential(nn.Linear(width, width), nn.Sigmoid()) for name in sizes}
        )
        self.rebuild = nn.ModuleDict({name: nn.Linear(width, width) for name in sizes})
        self.attend = TransformerLayer(width, recipe.heads, recipe.dropout)
        self.size = len(sizes) * width
        self.fuse = nn.Sequential(
            nn.Linear(2 * self.size, self.size), nn.Dropout(recipe.dropout), nn.ReLU()
        )

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, M d)."""
        encoded, present = self.encode(utterances), utterances.present  # (N, M)
        whole = {name: self.project[name](rows) for name, rows in encoded.items()}  # (N, d)
        shared = {name: self.shared(rows) for name, rows in whole.items()}
        private = {name: self.private[name](rows) for name, rows in whole.items()}
        rebuilt = {name: self.rebuild[name](shared[name] + private[name]) for name in self.names}
        tokens = torch.stack([*private.values(), *shared.values()], dim=1)  # (N, 2M, d)
        inside = torch.cat([present, present], dim=1)  # (N, 2M)
        fused = self.attend(tokens * inside[..., None], inside) * inside[..., None]
        rows = {name: present[:, i] for i, name in enumerate(self.names)}
        penalties = {
            "similarity": SIMILARITY * self._similarity(shared, rows),
            "difference": DIFFERENCE * self._difference(shared, private, rows),
            "reconstruction": RECONSTRUCTION * self._reconstruction(whole, rebuilt, rows),
        }
        return Reading(self.fuse(fused.flatten(1)), penalties=penalties)

    def _similarity(self, shared: Mapping[str, Tensor], rows: Mapping[str, Tensor]) -> Tensor:
        """Of utterances that have both of two modalities."""
        losses = [
            moment_discrepancy(shared[a][both], shared[b][both], MOMENTS)
            for a, b in combinations(self.names, 2)
            if bool((both := rows[a] & rows[b]).any())
        ]
        return torch.stack(losses).mean() if losses else _nothing(shared)

    def _difference(
        self,
        shared: Mapping[str, Tensor],
        private: Mapping[str, Tensor],
        rows: Mapping[str, Tensor],
    ) -> Tensor:
        pairs = [(shared[name], private[name], rows[name]) for name in self.names]
        pairs += [
            (private[a], private[b], rows[a] & rows[b]) for a, b in combinations(self.names, 2)
        ]
        return torch.stack([orthogonality(x[here], y[here]) for x, y, here in pairs]).sum()

    def _reconstruction(
        self, whole: Mapping[str, Tensor], rebuilt: Mapping[str, Tensor], rows: Mapping[str, Tensor]
    ) -> Tensor:
        losses = [
            (whole[name] - rebuilt[name])[rows[name]].square().mean()
            for name in self.names
            if bool(rows[name].any())
        ]
        return torch.stack(losses).mean() if losses else _nothing(whole)


def moment_discrepancy(x: Tensor, y: Tensor, moments: int) -> Tensor:
    """The central moment discrepancy of vectors (N, d) and (N', d) with entries in [0, 1]."""
    mean_x, mean_y = x.mean(dim=0), y.mean(dim=0)  # (d,)
    centred_x, centred_y = x - mean_x, y - mean_y
    parts = [mean_x - mean_y]
    for k in range(2, moments + 1):
        parts.append(centred_x.pow(k).mean(dim=0) - centred_y.pow(k).mean(dim=0))
    return torch.stack(parts).norm(dim=1).sum()


def orthogonality(x: Tensor, y: Tensor) -> Tensor:
    """Of vectors (N, d) the mean square of the entries of X'Y; 0 where there is none or one."""
    if len(x) < 2:
        return x.sum() * 0
    unit_x = normalize(x - x.mean(dim=0), dim=1)
    unit_y = normalize(y - y.mean(dim=0), dim=1)
    return (unit_x.T @ unit_y).square().mean()


def _nothing(vectors: Mapping[str, Tensor]) -> Tensor:
    """A zero on their device."""
    return next(iter(vectors.values())).new_zeros(())
