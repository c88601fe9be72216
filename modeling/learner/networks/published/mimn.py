"""MIMN: a multi-interactive memory network (Xu et al. 2019), of several hops over two memories.

Of an utterance, frames X_m of each modality m; 2d numbers a memory cell:

    H_m   = BiLSTM_m(X_m)                                   (L_m, 2d), the memory of a modality
    e_m^0 = v                                               (2d), the aspect
    att(H, e) = sum_i softmax_i(w . tanh(U [h_i; e])) h_i   (2d)
    s_m   = att_mm(H_m, e_m^{k-1})                          self attention
    c_m   = mean over n != m of att_nm(H_m, e_n^{k-1})      cross-interactive attention
    e_m^k = GRU_m((s_m + c_m) / 2, e_m^{k-1})               for hops k = 1..3
    y     = [e_1^K; ..; e_M^K]                              (M 2d), which the heads read

The paper judges a product review (words, and some pictures) for an aspect of the product, v being
the mean of a BiLSTM over the words of the aspect. A dialogue has no aspect. Here it is the speaker:

    v = tanh(W mean over all turns of the same speaker of [mean_t H_1; ..; mean_t H_M] + b)

so that the memories of an utterance are searched for what its speaker speaks of; this, and so that
a dialogue is read at all, is ours. Further choices: three hops (the paper varies them), a third
modality (the paper has two; c is then a mean), the recipe's width as a direction's units. The
memory of what an utterance lacks is empty: att gives zeros there, nobody else reads it, and its
share of v is zeros.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import Recurrent
from modeling.learner.recipes import Recipe

HOPS = 3


class MemoryAttention(nn.Module):
    """What a query finds in a memory, by the score of a layer of its own."""

    def __init__(self, dims: int) -> None:
        super().__init__()
        self.key = nn.Linear(dims, dims)
        self.query = nn.Linear(dims, dims, bias=False)
        self.score = nn.Linear(dims, 1, bias=False)

    def forward(self, memory: Tensor, keys: Tensor, query: Tensor, inside: Tensor) -> Tensor:
        """Memory (N, L, D), self.key of it, query (N, D), `inside` (N, L) true where a cell is ->
        (N, D), zeros where none is.
        """
        scores = self.score(torch.tanh(keys + self.query(query)[:, None])).squeeze(-1)  # (N, L)
        there = inside.any(dim=1, keepdim=True)
        weights = torch.softmax(scores.masked_fill(~inside & there, float("-inf")), dim=1) * there
        return (weights[:, None] @ memory).squeeze(1)


class MemoryNetwork(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width, self.names = recipe.width, list(sizes)
        cell = 2 * width
        self.memories = nn.ModuleDict(
            {name: Recurrent(nn.LSTM, size, width) for name, size in sizes.items()}
        )
        self.aspect = nn.Linear(len(sizes) * cell, cell)
        self.attend = nn.ModuleDict(
            {f"{asks}-{asked}": MemoryAttention(cell) for asks in sizes for asked in sizes}
        )
        self.hop = nn.ModuleDict({name: nn.GRUCell(cell, cell) for name in sizes})
        self.drop = nn.Dropout(recipe.dropout)
        self.size = len(sizes) * cell

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, M 2d)."""
        inside = {name: utterances.inside(name) for name in self.names}
        memories = {
            name: self.drop(memory(utterances.frames[name], inside[name]))
            for name, memory in self.memories.items()
        }  # (N, L, 2d)
        aspect = self._aspect(utterances, memories)
        return Reading(self.drop(torch.cat(self.hops(memories, inside, aspect), dim=-1)))

    def hops(
        self, memories: Mapping[str, Tensor], inside: Mapping[str, Tensor], aspect: Tensor
    ) -> list[Tensor]:
        """Memories (N, L, 2d), where cells are, aspect (N, 2d) -> the last e_m (N, 2d)."""
        pairs = [(asks, asked) for asks in self.names for asked in self.names]
        keys = {(asks, asked): self._of(asks, asked).key(memories[asked]) for asks, asked in pairs}
        there = {name: cells.any(dim=1, keepdim=True).float() for name, cells in inside.items()}
        states = dict.fromkeys(self.names, aspect)
        for _ in range(HOPS):
            found = {
                (asks, asked): self._of(asks, asked)(
                    memories[asked], keys[asks, asked], states[asks], inside[asked]
                )
                for asks, asked in pairs
            }
            states = {
                name: self.hop[name](self._read(name, found, there), states[name])
                for name in self.names
            }
        return list(states.values())

    def _of(self, asks: str, asked: str) -> MemoryAttention:
        return self.attend[f"{asks}-{asked}"]  # type: ignore[return-value]

    def _read(
        self, name: str, found: Mapping[tuple[str, str], Tensor], there: Mapping[str, Tensor]
    ) -> Tensor:
        """Half of what a modality asks its own memory and half of what the others do, (N, 2d)."""
        own, others = found[name, name], [each for each in self.names if each != name]
        if not others:
            return own
        asking = torch.stack([there[each] for each in others]).sum(dim=0)  # (N, 1)
        crossed = torch.stack([there[each] * found[each, name] for each in others]).sum(dim=0)
        return torch.where(asking > 0, (own + crossed / asking.clamp(min=1)) / 2, own)

    def _aspect(self, utterances: Utterances, memories: Mapping[str, Tensor]) -> Tensor:
        """The speaker of each utterance, by what he or she says in the dialogue, (N, 2d)."""
        means = [
            rows.sum(dim=1) / utterances.lengths[name].clamp(min=1)[:, None]
            for name, rows in memories.items()
        ]
        turns = utterances.by_dialogue(torch.cat(means, dim=-1))  # (B, T, M 2d)
        same = utterances.speaker[:, :, None] == utterances.speaker[:, None]  # (B, T, T)
        same = same & utterances.mask[:, None]
        shares = same / same.sum(dim=-1, keepdim=True).clamp(min=1)
        return torch.tanh(self.aspect(utterances.by_utterance(shares @ turns)))
