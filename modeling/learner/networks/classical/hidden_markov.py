"""hmm: a hidden Markov model a class, of the frames of an utterance in each modality.

Morency et al. (ICMI 2011) classify utterances of videos by a tri-modal HMM of text, sound and
picture, one a class, with two hidden states; Datcu & Rothkrantz (2015) do so for sound and face.
They lay the modalities side by side at one rate and do not say what becomes of one that is missing.

Here each modality has a chain of its own, as modalities come at rates of their own and may be
missing, and the likelihoods are multiplied, each to a power that the validation set chooses:

    z_c = sum_m w_m s_m l_m(c) / sum_m w_m      over the modalities that an utterance has

l_m(c) is ln p(x_m | c), of frames divided by their number (neighbours say nearly the same), of
characters not. Frames of sound, picture or an encoder become at most PROJECTED uncorrelated numbers
(principal components of training, each with deviation 1), which states emit as Gaussians with
diagonal covariances (hmmlearn's GaussianHMM). Text without an encoder is a sequence of characters,
which states emit as symbols (hmmlearn's CategoricalHMM), smoothed towards how often a character
occurs in training as a whole. The number of states is chosen a task and modality by macro-F1 on the
validation set; the scale s_m is fitted there, and w_m chosen as the weights of svm-late are.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hmmlearn.hmm import CategoricalHMM, GaussianHMM
from numpy.typing import NDArray
from torch import Tensor, nn

from modeling.learner.batches import IGNORED, DialogueBatch, Packed
from modeling.learner.networks.classical.decision_fusion import DecisionFusion, best_of
from modeling.learner.networks.classical.learned_tensors import (
    FittingData,
    LearnedTensors,
    below_others,
    fit_scale,
    validation_macro_f1,
)
from modeling.learner.networks.prediction import Prediction
from modeling.learner.networks.task_modules import ByTask
from modeling.learner.recipes import Recipe
from modeling.learner.release import Task

STATES = (2, 1, 4)  # that are tried, in this order
PROJECTED = 12  # dimensions of a frame at most
ITERATIONS = 10  # of the EM algorithm at most
MOST_FRAMES = 20_000  # of a class and modality that are learned from; utterances drawn by the seed
SMOOTHING = 200.0  # characters as in all of training that a state has seen before it sees any
PRIOR = 1.1  # of the Dirichlet distributions of first states and transitions
BATCH = 16  # dialogues
Floats = NDArray[np.float64]
# what it warns of, more numbers than frames and likelihoods that fall, is met by priors and STATES
logging.getLogger("hmmlearn").setLevel(logging.ERROR)


class Projection(LearnedTensors):
    """Frames as their whitened principal components."""

    mean: Tensor
    axes: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.empty(mean=torch.double, axes=torch.double)

    def fit(self, frames: Tensor) -> None:
        """Of frames (n, D) of training."""
        if not len(frames):
            self.keep(mean=frames.new_zeros(frames.shape[1]),
                      axes=frames.new_zeros(frames.shape[1], 1))  # fmt: skip
            return
        mean = frames.mean(0)
        apart = frames - mean
        values, vectors = torch.linalg.eigh(apart.T @ apart / len(frames))  # rising
        kept = (values > 1e-6 * values.max().clamp(min=1e-9)).nonzero().flatten().flip(0)
        axes = vectors[:, kept[:PROJECTED]] / values[kept[:PROJECTED]].sqrt()
        if not axes.shape[1]:
            axes = frames.new_zeros(frames.shape[1], 1)
        largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))  # signs are arbitrary
        self.keep(mean=mean, axes=axes * torch.where(largest < 0, -1.0, 1.0))

    def forward(self, frames: Tensor) -> Tensor:
        """(N, L, D) -> (N, L, k)"""
        return (frames.double() - self.mean) @ self.axes


class ClassChains(LearnedTensors):
    """The chains of the C classes of a task in one modality, with K states each: logarithms of
    first states (C, K) and transitions (C, K, K); means and variances (C, K, k) of frames, or
    logarithms of emissions (C, K, V) of characters. A class without a chain is not `seen`.
    """

    first: Tensor
    transitions: Tensor
    means: Tensor
    variances: Tensor
    emissions: Tensor
    seen: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.empty(first=torch.double, transitions=torch.double, means=torch.double,
                   variances=torch.double, emissions=torch.double, seen=torch.bool,
                   scale=torch.double)  # fmt: skip

    def keep_fitted(self, models: Sequence[GaussianHMM | CategoricalHMM | None]) -> None:
        """Take over hmmlearn's models by class, None where there is none. One may have fewer states
        than another, the others of which are then never entered.
        """
        there = [model for model in models if model is not None]
        most = max((model.n_components for model in there), default=1)
        size = (len(models), most)
        first = np.full(size, -np.inf)
        transitions = np.full((*size, most), -np.inf)
        gaussian = not any(isinstance(model, CategoricalHMM) for model in there)
        width = (there[0].n_features if there else 1,)
        means, variances = np.zeros(size + width), np.ones(size + width)
        emissions = np.zeros(size + width)
        for number, model in enumerate(models):
            if model is None:
                first[number, 0] = transitions[number, 0, 0] = 0.0
                continue
            own = model.n_components
            with np.errstate(divide="ignore"):
                first[number, :own] = np.log(model.startprob_)
                transitions[number, :own, :own] = np.log(model.transmat_)
                if gaussian:
                    means[number, :own] = model.means_
                    variances[number, :own] = np.stack([np.diag(each) for each in model.covars_])
                else:
                    emissions[number, :own] = np.log(model.emissionprob_)
        nothing = np.zeros(0)
        self.keep(
            first=first, transitions=transitions, scale=1.0,
            seen=torch.tensor([model is not None for model in models]),
            means=means if gaussian else nothing, variances=variances if gaussian else nothing,
            emissions=nothing if gaussian else emissions,
        )  # fmt: skip

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Frames (N, L, k) or ids (N, L) -> ln p(x | class) (N, C), by the forward algorithm; 0
        where nothing is there.
        """
        emitted = self._emitted(x)  # (N, L, C, K)
        alpha = self.first + emitted[:, 0]  # (N, C, K)
        for step in range(1, x.shape[1]):
            moved = torch.logsumexp(alpha[..., None] + self.transitions, dim=2) + emitted[:, step]
            alpha = torch.where((step < lengths)[:, None, None], moved, alpha)
        found = torch.logsumexp(alpha, dim=2)
        return torch.where((lengths > 0)[:, None], found, torch.zeros_like(found))

    def scores(self, x: Tensor, lengths: Tensor) -> Tensor:
        """ln p(x | class) of N utterances (N, C), of frames divided by their number; times the
        scale, and UNSEEN where a class has no chain.
        """
        found = self(x, lengths)
        if x.dim() == 3:
            found = found / lengths.clamp(min=1)[:, None]
        return below_others(self.scale * found, self.seen)

    def _emitted(self, x: Tensor) -> Tensor:
        """ln p(frame | state) (N, L, C, K)"""
        if x.dim() == 2:
            return self.emissions.permute(2, 0, 1)[x]
        precision = 1 / self.variances  # (C, K, k)
        fixed = (self.means.square() * precision + self.variances.log()).sum(2)  # (C, K)
        fixed = fixed + x.shape[2] * float(np.log(2 * np.pi))
        square = torch.einsum("nld,ckd->nlck", x.square(), precision)
        cross = torch.einsum("nld,ckd->nlck", x, self.means * precision)
        return -0.5 * (square - 2 * cross + fixed)


@dataclass(frozen=True)
class Sequences:
    """A modality of a split in batches of (frames (n, L, k) or ids (n, L), lengths (n,))."""

    batches: list[tuple[Tensor, Tensor]]

    def rows(self) -> list[NDArray[Any]]:
        """Of each utterance its frames (L, k) or ids (L,), without padding."""
        return [
            row[:length].numpy()
            for x, lengths in self.batches
            for row, length in zip(x, lengths.tolist(), strict=True)
        ]

    def scores(self, chains: ClassChains) -> Tensor:
        """(N, C)"""
        return torch.cat([chains.scores(x, lengths) for x, lengths in self.batches])


class HiddenMarkovModel(nn.Module):
    """See the module; `sizes` are those of DialogueModel. It is fitted by `fit`."""

    def __init__(
        self, recipe: Recipe, tasks: Sequence[Task], vocabulary: int, sizes: Mapping[str, int]
    ) -> None:
        super().__init__()
        self.modalities, self.vocabulary = recipe.modalities, vocabulary
        frames = [name for name in self.modalities if name in sizes]
        self.projections = ByTask({name: Projection() for name in frames})
        self.classes = {task.key: len(task.classes) for task in tasks}
        self.chains = ByTask(
            {key: ByTask({name: ClassChains() for name in self.modalities})
             for key in self.classes}
        )  # fmt: skip
        fused = self.classes if len(self.modalities) > 1 else {}
        self.fusions = ByTask({key: DecisionFusion("product") for key in fused})

    def forward(self, batch: DialogueBatch) -> Prediction:
        """The prediction for every utterance of the batch, N in all; of tasks without a label in
        training none.
        """
        read = {name: self._read(batch, name) for name in self.modalities}
        present = self._present(batch)
        logits = {}
        for key, chains in self.chains.items():
            parts = dict(chains.items())
            if not len(parts[self.modalities[0]].seen):
                continue
            seen = torch.stack([each.seen for each in parts.values()]).any(0)
            scores = [parts[name].scores(*read[name]) for name in self.modalities]
            if len(scores) > 1:
                scores = [self.fusions[key](scores, present, seen)]
            logits[key] = below_others(scores[0], seen).float()
        return Prediction(logits)

    def fit(
        self, data: FittingData, report: Callable[[str, float, dict[str, Any]], None]
    ) -> dict[str, dict[str, Any]]:
        """Fit all tasks; task -> what was chosen on the validation set. `report` hears of each task
        its macro-F1 there and what was chosen.
        """
        chance = np.random.default_rng(data.seed)
        for name, projection in self.projections.items():
            projection.fit(_some_frames(data.train, name, chance))
        train = {name: self._sequences(data.train, name).rows() for name in self.modalities}
        validation = {name: self._sequences(data.validation, name) for name in self.modalities}
        parts = [data.validation.batch(each) for each in data.validation.in_turn(BATCH)]
        present = torch.cat([self._present(batch) for batch in parts])
        chosen = {}
        for key, classes in self.classes.items():
            gold, truth = data.train.gold[key], data.validation.gold[key]
            counts = torch.bincount(gold[gold != IGNORED], minlength=classes)
            if not counts.any():
                continue
            own: dict[str, Any] = {}
            by_modality, score = [], 0.0
            for number, name in enumerate(self.modalities):
                y = torch.where(present[:, number], truth, torch.full_like(truth, IGNORED))
                chains = self.chains[key][name]
                states, score = self._fit_chains(
                    chains, train[name], gold.numpy(), counts, validation[name], y, data
                )
                found = validation[name].scores(chains)
                chains.keep(scale=fit_scale(found, y, data.log_priors[key]))
                by_modality.append(validation[name].scores(chains))
                own[name] = {"states": states}
            seen = torch.stack([each.seen for each in self.chains[key].values()]).any(0)
            if len(by_modality) > 1:
                fusion: DecisionFusion = self.fusions[key]
                score = fusion.fit(by_modality, present, truth, seen)
                for name, weight in zip(self.modalities, fusion.weights.tolist(), strict=True):
                    own[name]["weight"] = round(weight, 4)
            chosen[key] = own
            report(key, score, own)
        return chosen

    def _fit_chains(
        self, chains: ClassChains, rows: Sequence[NDArray[Any]], gold: NDArray[Any],
        counts: Tensor, validation: Sequences, truth: Tensor, data: FittingData,
    ) -> tuple[int, float]:  # fmt: skip
        """Fit the chains of all classes and keep those with the best number of states; that number
        and its macro-F1.
        """
        by_class = [
            self._drawn(
                [rows[n] for n in np.flatnonzero(gold == number).tolist() if len(rows[n])], data
            )
            for number in range(len(counts))
        ]
        categorical = any(each.ndim == 1 for each in rows)
        background = self._background(rows) if categorical else None
        found = {}

        def score_of(states: float) -> float:
            models = []
            for own in by_class:
                data.check()
                models.append(_fitted(own, int(states), data.seed, background))
            found[int(states)] = models
            chains.keep_fitted(models)
            scores = validation.scores(chains)
            return validation_macro_f1(scores, truth)

        states, score = best_of(STATES, score_of, data.check)
        chains.keep_fitted(found[int(states)])
        return int(states), score

    def _drawn(self, rows: list[NDArray[Any]], data: FittingData) -> list[NDArray[Any]]:
        """Of the utterances of a class so many that they have at most MOST_FRAMES frames, and at
        least one.
        """
        chance = np.random.default_rng(data.seed)
        ordered = [rows[n] for n in chance.permutation(len(rows))]
        ends = np.cumsum([len(each) for each in ordered])
        return ordered[: max(1, int((ends <= MOST_FRAMES).sum()))]

    def _background(self, rows: Sequence[NDArray[Any]]) -> Floats:
        """How often each character occurs, (V,), each once more than it does; it sums to one."""
        counts = np.bincount(np.concatenate(rows), minlength=self.vocabulary) + 1.0
        return counts / counts.sum()

    def _sequences(self, data: Packed, name: str) -> Sequences:
        batches = (data.batch(each) for each in data.in_turn(BATCH))
        read = (self._read(batch, name) for batch in batches)
        return Sequences(list(read))

    def _read(self, batch: DialogueBatch, name: str) -> tuple[Tensor, Tensor]:
        frames, lengths = getattr(batch, name), batch.lengths[name]
        if name in self.projections:
            return self.projections[name](frames), lengths
        return frames.clamp(max=self.vocabulary - 1), lengths

    def _present(self, batch: DialogueBatch) -> Tensor:
        """(N, modalities)"""
        return torch.stack([batch.lengths[name] > 0 for name in self.modalities], dim=1)


def _fitted(
    rows: Sequence[NDArray[Any]], states: int, seed: int, background: Floats | None
) -> GaussianHMM | CategoricalHMM | None:
    """hmmlearn's model of a class; None where it has nothing to learn from."""
    if not rows:
        return None
    x, lengths = np.concatenate(rows), [len(row) for row in rows]
    common = {"n_iter": ITERATIONS, "random_state": seed, "startprob_prior": PRIOR,
              "transmat_prior": PRIOR}  # fmt: skip
    if len(x) == 1:  # hmmlearn needs two for a variance
        x, lengths = np.concatenate([x, x]), [1, 1]
    states = min(states, len(x))
    if background is None:
        return GaussianHMM(states, "diag", **common).fit(x, lengths)
    prior = 1 + SMOOTHING * background
    model = CategoricalHMM(states, emissionprob_prior=prior, n_features=len(background), **common)
    return model.fit(x[:, None], lengths)


def _some_frames(train: Packed, name: str, chance: np.random.Generator) -> Tensor:
    """At most MOST_FRAMES frames (n, D) of training, drawn by chance."""
    values = train.inputs[name].values.double()
    if len(values) <= MOST_FRAMES:
        return values
    return values[torch.from_numpy(np.sort(chance.choice(len(values), MOST_FRAMES, False)))]
