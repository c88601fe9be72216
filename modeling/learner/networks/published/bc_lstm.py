"""bc-LSTM: bidirectional contextual LSTMs (Poria et al. 2017), the baseline of MELD.

Of the utterances u_1..u_T of a dialogue, modalities m of d dimensions each:

    H_m = BiLSTM_m(u_m1 .. u_mT)            (T, 2d), the context of a modality ("level 1")
    z_t = dropout(tanh(W_m H_mt + b_m))     (d), side by side (T, M d)
    F   = BiLSTM(z_1 .. z_T)                (T, 2d), the context of all together ("level 2")

(equations 1 to 8 and the hierarchical fusion of section 3.3). The published features are 600
dimensions of a text-CNN, openSMILE and a 3D-CNN, and 300 units a direction; here the encoders of
our own networks stand before it and the recipe's width is a direction's units. In the paper the
first level is trained by itself and then frozen; here both learn together, as in later comparisons.
A modality that an utterance lacks is zeros in its place.
"""

from collections.abc import Mapping

import torch
from torch import nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import Recurrent, UtteranceEncoders
from modeling.learner.recipes import Recipe


class ContextualLSTM(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width = recipe.width
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.contexts = nn.ModuleDict({name: Recurrent(nn.LSTM, width, width) for name in sizes})
        self.project = nn.ModuleDict({name: nn.Linear(2 * width, width) for name in sizes})
        self.together = Recurrent(nn.LSTM, len(sizes) * width, width)
        self.drop = nn.Dropout(recipe.dropout)
        self.size = 2 * width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, 2d)."""
        mask, rows = utterances.mask, []
        for name, vectors in self.encode(utterances).items():
            states = self.contexts[name](utterances.by_dialogue(vectors), mask)  # (B, T, 2d)
            rows.append(self.drop(torch.tanh(self.project[name](states))))  # (B, T, d)
        fused = self.together(torch.cat(rows, dim=-1), mask)  # (B, T, 2d)
        return Reading(utterances.by_utterance(self.drop(fused)))
