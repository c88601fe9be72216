"""Gated attention (Kumar and Vepa 2020): gates mix what is read elsewhere with one's own.

Of the utterances u_1..u_T of a dialogue, modalities m of d dimensions each:

    H_m  = BiGRU_m(u_m1 .. u_mT)                (T, 2d), equation 1
    M_pq = H_p W_pq H_q^T                       (T, T), equation 3, one W a pair, M_qp = M_pq^T
    C_pq = softmax(M_pq) H_q                    (T, 2d), cross attention of p to q
    S_p  = softmax(H_p W_p H_p^T) H_p           (T, 2d), self attention
    G_pq = sigmoid(W_g [C_pq; S_p] + b_g)       (T, 2d), a gate of each direction of a pair
    X_pq = G_pq * C_pq + (1 - G_pq) * S_p       (T, 2d)
    F    = BiGRU([all X_pq; all S_p])           (T, 2d), dependencies of the fused sequence
    y    = tanh(W_y F + b_y)                    (T, d), which the heads read

The paper was at hand in its abstract and equations 1 and 3; its gate is described as a learned
sigmoid between cross-attended and unimodal cues, and its exact inputs, the activation of the dense
layer and the places of dropout are our choice. With one modality the gate mixes S with H. The
recipe's width is a direction's units. Utterance vectors come from the encoder of our own networks;
what an utterance lacks is zeros before its context.
"""

from collections.abc import Mapping
from itertools import permutations

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import Recurrent, UtteranceEncoders, attend
from modeling.learner.recipes import Recipe


class Gate(nn.Module):
    """What was attended to (..., D) and what is one's own (..., D) -> their mixture (..., D)."""

    def __init__(self, dims: int) -> None:
        super().__init__()
        self.score = nn.Linear(2 * dims, dims)

    def forward(self, attended: Tensor, own: Tensor) -> Tensor:
        """Elementwise between the two."""
        opened = torch.sigmoid(self.score(torch.cat([attended, own], dim=-1)))
        return torch.lerp(own, attended, opened)


class GatedAttention(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width, names = recipe.width, list(sizes)
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.contexts = nn.ModuleDict({name: Recurrent(nn.GRU, width, width) for name in names})
        self.pairs = list(permutations(range(len(names)), 2))
        both = 2 * width
        self.itself = nn.ModuleList(nn.Linear(both, both, bias=False) for _ in names)
        self.other = nn.ModuleDict(
            {f"{p}{q}": nn.Linear(both, both, bias=False) for p, q in self.pairs if p < q}
        )
        self.gates = nn.ModuleList(Gate(both) for _ in self.pairs or names)
        parts = len(self.gates) + len(names)
        self.together = Recurrent(nn.GRU, parts * both, width)
        self.project = nn.Linear(both, width)
        self.drop = nn.Dropout(recipe.dropout)
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        mask = utterances.mask
        states = [
            self.drop(self.contexts[name](utterances.by_dialogue(vectors), mask))  # (B, T, 2d)
            for name, vectors in self.encode(utterances).items()
        ]
        own = [
            attend(bilinear(h, weigh, h), h, mask)
            for h, weigh in zip(states, self.itself, strict=True)
        ]
        if self.pairs:
            mixed = [
                gate(attend(self._scores(states, p, q), states[q], mask), own[p])
                for gate, (p, q) in zip(self.gates, self.pairs, strict=True)
            ]
        else:
            mixed = [self.gates[0](own[0], states[0])]
        fused = self.together(torch.cat([*mixed, *own], dim=-1), mask)  # (B, T, 2d)
        rows = torch.tanh(self.project(self.drop(utterances.by_utterance(fused))))
        return Reading(self.drop(rows))

    def _scores(self, states: list[Tensor], p: int, q: int) -> Tensor:
        """M_pq (B, T, T)."""
        if p < q:
            return bilinear(states[p], self.other[f"{p}{q}"], states[q])
        return bilinear(states[q], self.other[f"{q}{p}"], states[p]).transpose(1, 2)


def bilinear(one: Tensor, weigh: nn.Module, other: Tensor) -> Tensor:
    """One (B, T, D), a linear map D -> D, other (B, S, D) -> scores (B, T, S)."""
    scores: Tensor = weigh(one) @ other.transpose(1, 2)
    return scores
