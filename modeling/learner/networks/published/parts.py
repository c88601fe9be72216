"""Parts that several published networks have in common."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from modeling.learner.networks.encoders import SequenceEncoder
from modeling.learner.networks.published.interface import Utterances


class UtteranceEncoders(nn.Module):
    """A vector of each modality an utterance, in place of the features that a paper took from
    elsewhere: the encoder of our own networks, and so the same for all that are compared.
    """

    def __init__(self, sizes: Mapping[str, int], width: int, dropout: float) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(
            {name: SequenceEncoder(size, width, dropout) for name, size in sizes.items()}
        )

    def forward(self, utterances: Utterances) -> dict[str, Tensor]:
        """Modality -> (N, d), zeros where it is missing."""
        return {
            name: encoder(utterances.frames[name], utterances.lengths[name])
            for name, encoder in self.encoders.items()
        }


class Recurrent(nn.Module):
    """A bidirectional LSTM or GRU over turns or frames that padding does not reach."""

    def __init__(self, kind: type[nn.LSTM] | type[nn.GRU], dims: int, width: int) -> None:
        super().__init__()
        self.run = kind(dims, width, batch_first=True, bidirectional=True)

    def forward(self, rows: Tensor, mask: Tensor) -> Tensor:
        """Rows (B, T, D), mask (B, T) true from the first on -> (B, T, 2 width), zeros behind."""
        lengths = mask.sum(dim=1).clamp(min=1).cpu()
        packed = pack_padded_sequence(rows, lengths, batch_first=True, enforce_sorted=False)
        output, _ = self.run(packed)
        states, _ = pad_packed_sequence(output, batch_first=True, total_length=rows.shape[1])
        return torch.where(mask[..., None], states, torch.zeros_like(states))


def attend(scores: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Scores (B, T, S) of values (B, S, D), of which `mask` (B, S) are there -> (B, T, D); zeros
    where none is.
    """
    scores = scores.masked_fill(~mask[:, None], float("-inf"))
    scores = torch.where(mask.any(dim=1)[:, None, None], scores, torch.zeros_like(scores))
    return (torch.softmax(scores, dim=-1) * mask[:, None]) @ values
