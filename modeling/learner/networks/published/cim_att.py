"""CIM-Att: contextual inter-modal attention (Ghosal et al. 2018), bi-modal (MMMU-BA).

Of the utterances u_1..u_T of a dialogue, modalities m of d dimensions each:

    H_m  = tanh(W_m BiGRU_m(u_m1 .. u_mT) + b_m)    (T, d), context first
    M    = H_p H_q^T                                (T, T), for each pair p, q of modalities
    A_pq = (softmax(M) H_q) * H_p                   (T, d), softmax over the utterances of q
    A_qp = (softmax(M^T) H_p) * H_q                 (T, d), * is the product of elements

(section 3.1), and the heads read all A and all H_m side by side, 9d of three modalities. The paper
has 300 units in a GRU, 100 in the dense layer, dropout of 0.3 and softmax over one task; here all
are as wide as the recipe says. The activation of the dense layer is our choice. With one modality
there is no pair, and its attention to itself is taken, which is the paper's MU-SA. Utterance
vectors come from the encoder of our own networks. What an utterance lacks is zeros before its
context, and is read as its context says.
"""

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import Recurrent, UtteranceEncoders, attend
from modeling.learner.recipes import Recipe


class ContextualInterModal(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width = recipe.width
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.contexts = nn.ModuleDict({name: Recurrent(nn.GRU, width, width) for name in sizes})
        self.project = nn.ModuleDict({name: nn.Linear(2 * width, width) for name in sizes})
        self.drop = nn.Dropout(recipe.dropout)
        pairs = len(sizes) * (len(sizes) - 1) or 1
        self.size = (pairs + len(sizes)) * width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, 9d) with three modalities, (N, 4d) with two, (N, 2d) with one."""
        mask, states = utterances.mask, []
        for name, vectors in self.encode(utterances).items():
            context = self.drop(self.contexts[name](utterances.by_dialogue(vectors), mask))
            states.append(self.drop(torch.tanh(self.project[name](context))))  # (B, T, d)
        pairs = list(combinations(states, 2)) or [(states[0], states[0])]
        attended = [each for pair in pairs for each in attention(*pair, mask)]
        if len(states) == 1:
            attended = attended[:1]  # both are the same
        return Reading(utterances.by_utterance(torch.cat([*attended, *states], dim=-1)))


def attention(one: Tensor, other: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Bi-modal attention: two modalities (B, T, d), turns that are there (B, T) -> what each reads
    in the other times itself, (B, T, d) each.
    """
    scores = one @ other.transpose(1, 2)  # (B, T, T)
    return (
        attend(scores, other, mask) * one,
        attend(scores.transpose(1, 2), one, mask) * other,
    )
