"""TF-IDF of character n-grams from the ids of characters, as scikit-learn's TfidfVectorizer weighs
them: 1 + ln of how often one occurs in a text, times its inverse document frequency with one
document added, rows of length 1 (Pedregosa et al. 2011).
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from modeling.learner.batches import DialogueBatch
from modeling.learner.features.text import UNKNOWN
from modeling.learner.networks.classical.learned_tensors import LearnedTensors

LEAST = 2  # utterances of training in which an n-gram occurs, or it is no term
Entries = tuple[Tensor, Tensor, Tensor]  # rows, columns, values


class CharacterNgrams(LearnedTensors):
    """The n-grams of some lengths as a sparse block of columns for a linear model: of each
    utterance, or with `turns` of so many turns before and after it, without its own. An n-gram lies
    within one utterance. A character that training has once is unknown, and in no n-gram.
    """

    terms: Tensor
    idf: Tensor

    def __init__(self, vocabulary: int, lengths: Sequence[int], turns: int = 0) -> None:
        super().__init__()
        self.vocabulary, self.lengths, self.turns = max(vocabulary, 2), tuple(lengths), turns
        self.empty(terms=torch.long, idf=torch.double)  # terms rise

    def fit(self, batches: Iterable[DialogueBatch]) -> None:
        """The terms of training and how rare they are."""
        found, documents = [], 0
        for batch in batches:
            pairs = torch.stack(self._occurrences(batch), dim=1).unique(dim=0)
            found.append(pairs[:, 1])
            documents += len(batch.ids)
        terms, counts = torch.cat(found).unique(return_counts=True)
        kept = counts >= LEAST
        idf = torch.log((1 + documents) / (1 + counts[kept].double())) + 1
        self.keep(terms=terms[kept], idf=idf)

    @property
    def size(self) -> int:
        """How many columns it has."""
        return len(self.terms)

    def forward(self, batch: DialogueBatch) -> Entries:
        """Rows and columns (n,) of what is not zero, and its values."""
        rows, keys = self._occurrences(batch)
        if not self.size:
            return rows[:0], keys[:0], self.idf[:0]
        places = torch.searchsorted(self.terms, keys).clamp(max=self.size - 1)
        known = self.terms[places] == keys
        cells = rows[known] * self.size + places[known]
        cells, counts = cells.unique(return_counts=True)
        rows, columns = cells // self.size, cells % self.size
        values = (1 + counts.double().log()) * self.idf[columns]
        square = torch.zeros(len(batch.ids), dtype=torch.double, device=rows.device)
        length = square.index_add(0, rows, values.square()).sqrt()
        return rows, columns, values / length[rows]

    def times(self, batch: DialogueBatch, weights: Tensor) -> Tensor:
        """The block (N, size) times weights (size, C)."""
        rows, columns, values = self(batch)
        found = weights.new_zeros(len(batch.ids), weights.shape[1])
        return found.index_add(0, rows, values[:, None] * weights[columns])

    def _occurrences(self, batch: DialogueBatch) -> tuple[Tensor, Tensor]:
        """Of each n-gram in its place the row (n,) of the utterance that it counts for, and its
        number (n,): digits of ids to the base of the vocabulary.
        """
        ids, lengths = batch.text, batch.lengths["text"]
        steps = torch.arange(ids.shape[1], device=ids.device)
        ids = torch.where(steps < lengths[:, None], ids, torch.full_like(ids, UNKNOWN))
        all_rows, all_keys = [], []
        for length in self.lengths:
            if length > ids.shape[1]:
                continue
            windows = ids.unfold(1, length, 1)  # (N, L - length + 1, length)
            rows, places = (windows > UNKNOWN).all(2).nonzero().unbind(1)
            key = torch.zeros_like(rows)
            for digit in windows[rows, places].unbind(1):
                key = key * self.vocabulary + digit
            all_rows.append(rows)
            all_keys.append(key)
        nothing = ids.new_zeros(0)
        rows = torch.cat(all_rows) if all_rows else nothing
        keys = torch.cat(all_keys) if all_keys else nothing
        return self._around(batch, rows, keys) if self.turns else (rows, keys)

    def _around(self, batch: DialogueBatch, rows: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """The same for the rows of the turns before and after instead of their own."""
        all_rows, all_keys = [], []
        for turn in range(1, self.turns + 1):
            for forth in (True, False):
                here = batch.index[:, :-turn] if forth else batch.index[:, turn:]
                there = batch.index[:, turn:] if forth else batch.index[:, :-turn]
                both = (here >= 0) & (there >= 0)
                other = torch.full_like(batch.lengths["text"], -1)
                other[here[both]] = there[both]
                beside = other[rows]  # (n,)
                all_rows.append(beside[beside >= 0])
                all_keys.append(keys[beside >= 0])
        return torch.cat(all_rows), torch.cat(all_keys)
