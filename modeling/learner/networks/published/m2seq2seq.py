"""Tasks decoded one after another, in the manner of M2Seq2Seq (Zhang et al. 2023).

The paper answers sarcasm, sentiment and emotion together: an encoder attends within a modality to
adjacent utterances and then between modalities; a decoder attends between tasks, masked, on one
level, and on the next joins a gate that tasks share with a gate of each. No code was published, and
the equations here are ours for these parts. Of the utterances of a dialogue, vectors U_m (T, d):

    I_m  = Transformer layer over U_m, each turn seeing NEAR turns before and behind      (T, d)
    x_t  = W [Transformer layer over I_1t .. I_Mt]                                        (d)
    z_k  = masked Transformer layer over x + e_1 .. x + e_K; task k sees tasks up to k    (K, d)
    a_k  = sigmoid(A [x; z_k]),  b_k = sigmoid(B_k [x; z_k])        gates: shared, the task's own
    h_k  = a_k * ReLU(S x) + b_k * z_k                                                    (d)
    logits_k = W_k h_k + b_k

with an embedding e_k for each task. The order of tasks is that of the label scheme. A modality that
a turn lacks is neither attended to nor in x. This body has heads of its own.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import UtteranceEncoders
from modeling.learner.networks.task_modules import ByTask
from modeling.learner.networks.transformer import NEVER, TransformerLayer
from modeling.learner.recipes import Recipe

NEAR = 2  # turns before and behind that are adjacent


class TaskDecoder(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width, heads, dropout = recipe.width, recipe.heads, recipe.dropout
        self.encode = UtteranceEncoders(sizes, width, dropout)
        self.within = ByTask({name: TransformerLayer(width, heads, dropout) for name in sizes})
        self.between = TransformerLayer(width, heads, dropout)
        self.join = nn.Linear(len(sizes) * width, width)
        self.tasks = nn.Parameter(torch.randn(len(classes), width) * width**-0.5)
        self.decode = TransformerLayer(width, heads, dropout)
        self.shared = nn.Linear(width, width)
        self.shared_gate = nn.Linear(2 * width, width)
        self.gates = ByTask({key: nn.Linear(2 * width, width) for key in classes})
        self.drop = nn.Dropout(dropout)
        self.heads = ByTask({key: nn.Linear(width, count) for key, count in classes.items()})

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances the logits of each task."""
        present = utterances.present  # (N, M)
        rows = torch.stack(
            [
                self._within(name, vectors, utterances)
                for name, vectors in self.encode(utterances).items()
            ],
            dim=1,
        )  # (N, M, d)
        mixed = self.between(rows, present) * present[..., None]
        joined = self.drop(self.join(mixed.flatten(1)))  # (N, d)
        decoded = self._decoded(joined)  # (N, K, d)
        common, logits = torch.relu(self.shared(joined)), {}
        for number, key in enumerate(self.heads):
            own = decoded[:, number]  # (N, d)
            both = torch.cat([joined, own], dim=1)  # (N, 2d)
            first, second = self.shared_gate(both).sigmoid(), self.gates[key](both).sigmoid()
            logits[key] = self.heads[key](self.drop(first * common + second * own))
        return Reading(logits=logits)

    def _within(self, name: str, vectors: Tensor, utterances: Utterances) -> Tensor:
        """Vectors (N, d) of a modality that know of the adjacent turns; zeros where it is not."""
        turns = utterances.by_dialogue(vectors)  # (B, T, d)
        here = utterances.by_dialogue(utterances.lengths[name] > 0)  # (B, T)
        places = torch.arange(turns.shape[1], device=turns.device)
        near = (places[:, None] - places).abs() <= NEAR  # (T, T)
        seen = near & here[:, None, :]  # (B, T, T)
        bias = torch.zeros(seen.shape, device=turns.device).masked_fill(~seen, NEVER)
        mixed = self.within[name].attend(turns, bias[:, None])
        return utterances.by_utterance(mixed * here[..., None])

    def _decoded(self, joined: Tensor) -> Tensor:
        """(N, d) -> (N, K, d), each task knowing of those before it."""
        tokens = joined[:, None] + self.tasks  # (N, K, d)
        count = len(self.tasks)
        later = torch.ones(count, count, device=joined.device, dtype=torch.bool).triu(1)
        bias = torch.zeros(count, count, device=joined.device).masked_fill(later, NEVER)
        return self.decode.attend(tokens, bias)
