"""M2FNet-style fusion: dialogue Transformers and stacked cross-attention (Chudasama et al. 2022).

Of the utterances of a dialogue, vectors U_m (T, d) of each modality m (section 3):

    F_m   = U_m + Transformer layers over [U_m + positions]        (T, d), a stack a modality
    A_m   = Attention(queries F_m, keys and values G_(k-1))        (T, d), for each other m
    G_k   = LayerNorm(G_(k-1) + W [A_audio; A_vision; G_(k-1)])    (T, d), k = 1 .. K, G_0 = F_text
    F     = ReLU(W [G_K; F_text; F_audio; F_vision] + b)           (T, d), what the head reads

so that sound and picture ask, and text answers, K times. What the paper adds, extractors of faces,
scenes and sound trained with a triplet loss of an adaptive margin, is not here: utterances come
from our encoders, as for all that are compared. The published stacks are deeper; here
`fusion_layers` says how many layers, two of each unless a recipe says otherwise. The paper leaves
open, or to its figures, positions (sines here), where norms stand (first, in the Transformer), and
the residual of G. Where the recipe does not read text, its first modality is in its place; with one
modality nothing is fused. A turn that lacks a modality is no key, asks nothing, and is zeros.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import UtteranceEncoders
from modeling.learner.networks.transformer import NEVER, TransformerLayer, positions
from modeling.learner.recipes import Recipe


class M2FNet(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width, heads = recipe.width, recipe.heads
        self.centre = "text" if "text" in sizes else next(iter(sizes))
        self.others = [name for name in sizes if name != self.centre]
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.contexts = nn.ModuleDict(
            {
                name: DialogueTransformer(width, heads, recipe.fusion_layers, recipe.dropout)
                for name in sizes
            }
        )
        layers = recipe.fusion_layers if self.others else 0
        self.fusion = nn.ModuleList(
            FusionLayer(width, heads, len(self.others), recipe.dropout) for _ in range(layers)
        )
        self.leave = nn.Linear((1 + len(sizes)) * width, width)
        self.drop = nn.Dropout(recipe.dropout)
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        here = utterances.by_dialogue(utterances.present)  # (B, T, M)
        inside = {name: here[..., i] for i, name in enumerate(utterances.frames)}  # (B, T)
        turns = {
            name: self.contexts[name](utterances.by_dialogue(vectors), inside[name])
            for name, vectors in self.encode(utterances).items()
        }
        fused = turns[self.centre]  # (B, T, d)
        asking = [(turns[name], inside[name]) for name in self.others]
        for layer in self.fusion:
            fused = layer(fused, inside[self.centre], asking)
        beside = torch.cat([fused, *turns.values()], dim=-1)  # (B, T, (1 + M) d)
        rows = utterances.by_utterance(beside)
        return Reading(self.drop(torch.relu(self.leave(self.drop(rows)))))


class DialogueTransformer(nn.Module):
    """Transformer layers over the turns of a dialogue, and around them a residual."""

    def __init__(self, width: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TransformerLayer(width, heads, dropout) for _ in range(layers))

    def forward(self, turns: Tensor, inside: Tensor) -> Tensor:
        """Turns (B, T, d), inside (B, T) true where one is -> (B, T, d), zeros elsewhere."""
        _, length, width = turns.shape
        hidden = turns + positions(length, width, turns.device).to(turns.dtype)
        for layer in self.layers:
            hidden = layer(hidden, inside)
        return (turns + hidden) * inside[..., None]


class FusionLayer(nn.Module):
    """One layer of cross-attention: others ask, the centre answers."""

    def __init__(self, width: int, heads: int, others: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.ModuleList(nn.Linear(width, width) for _ in range(others))
        self.key_value = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(others))
        self.join = nn.Linear((others + 1) * width, width)
        self.drop = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)

    def forward(
        self, centre: Tensor, inside: Tensor, others: list[tuple[Tensor, Tensor]]
    ) -> Tensor:
        """The centre (B, T, d), inside (B, T) true where it is, and the same of each other ->
        (B, T, d).
        """
        batch, turns, width = centre.shape
        # a dialogue without any key has finite scores, and its answers are dropped
        bias = torch.zeros(inside.shape, device=centre.device, dtype=centre.dtype)
        bias = bias.masked_fill(~inside, NEVER)[:, None, None, :]  # (B, 1, 1, T)
        some = inside.any(dim=1)[:, None]  # (B, 1)
        answers = []
        for number, (rows, there) in enumerate(others):
            q = self.query[number](rows).reshape(batch, turns, self.heads, -1).transpose(1, 2)
            both = self.key_value[number](centre).reshape(batch, turns, 2, self.heads, -1)
            k, v = both.permute(2, 0, 3, 1, 4)  # each (B, h, T, d / h)
            read = scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
            read = read.transpose(1, 2).reshape(batch, turns, width)
            answers.append(read * (there & some)[..., None])
        joined = self.join(torch.cat([*answers, centre], dim=-1))
        fused: Tensor = self.norm(centre + self.drop(joined))
        return fused
