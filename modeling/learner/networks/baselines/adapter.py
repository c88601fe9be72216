"""A published network as a model of this house: same features, losses, batches and stopping.

Each utterance is judged alone, as in the papers. What was one regression there is a layer with the
scores of every task here. Longer sequences than a recipe reads (`Recipe.longest`, as of CH-SIMS)
are cut; shorter ones get zeros, so that an answer does not depend on what else is in the batch:
before them, since recurrent networks are read at their last step, or behind them and masked in
MulT. A modality that an utterance lacks, or that the recipe leaves out, is masked in the network.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from modeling.learner.batches import DialogueBatch
from modeling.learner.features.text import PAD
from modeling.learner.networks.baselines.mult import MulT
from modeling.learner.networks.baselines.registry import build_baseline
from modeling.learner.networks.baselines.tensors import LowRankFusion, TensorFusion
from modeling.learner.networks.prediction import Prediction
from modeling.learner.recipes import MODALITIES, Recipe
from modeling.learner.release import Task

EMBEDDING = 64  # dimensions of a character where no encoder reads the text


class BaselineModel(nn.Module):
    """The network that the recipe names, with its authors' settings; `sizes` as in DialogueModel.
    It has a place for every modality, also for one that the recipe leaves out.
    """

    def __init__(
        self, recipe: Recipe, tasks: Sequence[Task], vocabulary: int, sizes: Mapping[str, int]
    ) -> None:
        super().__init__()
        self.reads = recipe.modalities
        self.steps = {name: recipe.longest(name) for name in MODALITIES}
        self.embed: nn.Embedding | None = None
        sizes = {name: size for name, size in sizes.items() if name in self.reads}
        if "text" in self.reads and "text" not in sizes:
            self.embed = nn.Embedding(vocabulary, EMBEDDING, padding_idx=PAD)
            sizes["text"] = EMBEDDING
        dims = (sizes.get("text", 1), sizes.get("audio", 1), sizes.get("vision", 1))
        self.classes = {task.key: len(task.classes) for task in tasks}
        self.network = build_baseline(
            recipe.network, dims, self.steps["text"], sum(self.classes.values())
        )
        if isinstance(self.network, TensorFusion):
            self.network.limit = 0.0  # scores, not a sentiment between -3 and 3

    def forward(self, batch: DialogueBatch) -> Prediction:
        """The prediction for every utterance of the batch, N in all."""
        inputs = self._inputs(batch)
        if self.training and len(batch.ids) == 1:  # norms over a batch need two
            inputs = [torch.cat([x, x]) for x in inputs]
        text, audio, vision, present, *lengths = inputs
        if lengths:
            scores = self.network(text, audio, vision, lengths[0].T, present)
        else:
            scores = self.network(text, audio, vision, present)  # (N, sum of classes)
        parts = scores[: len(batch.ids)].split(list(self.classes.values()), dim=1)
        return Prediction(dict(zip(self.classes, parts, strict=True)))

    def _inputs(self, batch: DialogueBatch) -> list[Tensor]:
        """Text, audio and vision (N, L, D), which of them is present (N, 3), and for MulT, which
        masks padding, their lengths (N, 3); for TFN and LMF sound and picture are means (N, D).
        """
        masks = isinstance(self.network, MulT)
        least = self.network.kernels if isinstance(self.network, MulT) else (1, 1, 1)
        rows, lengths, present = [], [], []
        for name, few in zip(MODALITIES, least, strict=True):
            frames, own = getattr(batch, name), batch.lengths[name].clamp(max=self.steps[name])
            if name not in self.reads:
                frames, own = self._nothing(len(batch.ids)), torch.zeros_like(own)
            elif name == "text" and self.embed is not None:
                frames = self.embed(frames)
            present.append(own > 0)
            frames = _only_real(frames, own)
            own = own.clamp(min=few)
            if masks:
                frames = _cut_or_pad(frames, max(int(own.max()), few))
            else:
                frames = _align_right(_cut_or_pad(frames, self.steps[name]), own)
            if name != "text" and isinstance(self.network, TensorFusion | LowRankFusion):
                frames = frames.sum(1) / own[:, None]
            rows.append(frames)
            lengths.append(own)
        inputs = [*rows, torch.stack(present, dim=1)]
        return [*inputs, torch.stack(lengths, dim=1)] if masks else inputs

    def _nothing(self, size: int) -> Tensor:
        """The only frame (N, 1, 1) of a modality that is left out."""
        return next(self.parameters()).new_zeros(size, 1, 1)


def _only_real(frames: Tensor, lengths: Tensor) -> Tensor:
    """Frames (N, L, D) with zeros behind their ends: nothing is left of a missing modality."""
    inside = torch.arange(frames.shape[1], device=frames.device) < lengths[:, None]
    return torch.where(inside[..., None], frames, torch.zeros_like(frames))


def _align_right(frames: Tensor, lengths: Tensor) -> Tensor:
    """Frames (N, L, D) moved so that the last real one is the last of all."""
    steps = torch.arange(frames.shape[1], device=frames.device)
    places = (steps + lengths[:, None]) % frames.shape[1]  # (N, L)
    return frames.gather(1, places[..., None].expand_as(frames))


def _cut_or_pad(frames: Tensor, steps: int) -> Tensor:
    """Frames (N, L, D) -> (N, steps, D), cut or with zeros behind."""
    short = steps - frames.shape[1]
    return nn.functional.pad(frames, (0, 0, 0, short)) if short > 0 else frames[:, :steps]
