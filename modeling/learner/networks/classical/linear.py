"""Linear classifiers over functionals and character n-grams: svm-early, svm-late and tf-idf.

svm-early and svm-late stand for four systems of the field:

- Pérez-Rosas et al. (ACL 2013, MOUD) lay unigrams of the transcript, openEAR functionals of sound
  and smile and gaze features of an utterance side by side, into a linear SVM: svm-early.
- Chuang & Wu (2004) judge sound by SVMs and words by emotional keywords, and add both with weights:
  svm-late, with the words judged by an SVM as well.
- Datcu & Rothkrantz (2015) fuse sound and face at the level of features (into one classifier) and
  of decisions: svm-early and svm-late; their dynamic networks are as hmm.
- Morency et al. (ICMI 2011) have a tri-modal HMM, which is hmm.

Each task has one linear SVM against the rest a class (scikit-learn's LinearSVC). Sound and picture
are statistics over the frames of an utterance (functionals.py; of sound at default those of
modeling/learner/features/functionals.py), text is TF-IDF of one to three characters, or statistics
over the vectors of an encoder. svm-early lays them side by side; every modality then weighs the
same. svm-late has an SVM a modality, whose margins become probabilities by a factor fitted on the
validation set, and adds these with weights chosen there. tf-idf is logistic regression on n-grams
of the utterance and, apart from these, of two turns before and after it.

The papers leave C, class weights and missing modalities unsaid. Here C is chosen a task (and
modality) by macro-F1 on the validation set, classes are weighted by their rarity as far as
`logit_adjustment` says, and a modality that an utterance lacks is zeros (early: the mean of
training) or has no say (late). A class that training never has is never the highest.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from torch import Tensor, nn

from modeling.learner.batches import IGNORED, DialogueBatch, Packed
from modeling.learner.networks.classical.character_ngrams import CharacterNgrams
from modeling.learner.networks.classical.decision_fusion import DecisionFusion, best_of
from modeling.learner.networks.classical.functionals import FrameFunctionals
from modeling.learner.networks.classical.learned_tensors import (
    FittingData,
    LearnedTensors,
    below_others,
    class_weights,
    fit_scale,
    validation_macro_f1,
)
from modeling.learner.networks.prediction import Prediction
from modeling.learner.networks.task_modules import ByTask
from modeling.learner.recipes import Recipe
from modeling.learner.release import Task

SVM_INVERSE_REGULARISATION = (1.0, 0.1, 0.01, 10.0)  # values of C that are tried, in this order
REGRESSION_INVERSE_REGULARISATION = (1.0, 0.1, 10.0)
CONTEXT_TURNS = 2  # before and after, in tf-idf
BATCH = 16  # dialogues

Block = CharacterNgrams | FrameFunctionals


class LinearScores(LearnedTensors):
    """Scores of one task: `scale` times the margins of the classes that training has (`seen`)."""

    weight: Tensor
    bias: Tensor
    seen: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.empty(weight=torch.double, bias=torch.double, seen=torch.bool, scale=torch.double)

    def keep_fitted(self, estimator: LinearSVC | LogisticRegression | None, seen: Tensor) -> None:
        """Take over an estimator of the classes `seen` (C,); None where there is but one."""
        classes = seen.nonzero().flatten().tolist()
        if estimator is None:
            self.keep(bias=np.zeros(len(seen)), seen=seen, scale=1.0)
            return
        weight, bias = np.zeros((estimator.coef_.shape[1], len(seen))), np.zeros(len(seen))
        own_weight, own_bias = estimator.coef_, estimator.intercept_
        if len(classes) == 2:  # one margin, of the second class against the first
            half = 0.5 if isinstance(estimator, LogisticRegression) else 1.0
            own_weight = half * np.concatenate([-own_weight, own_weight])
            own_bias = half * np.concatenate([-own_bias, own_bias])
        weight[:, classes], bias[classes] = own_weight.T, own_bias
        self.keep(weight=weight, bias=bias, seen=seen, scale=1.0)

    def forward(self, products: Tensor) -> Tensor:
        """Columns times weights (N, C) -> scores (N, C)."""
        return below_others(self.scale * (products + self.bias), self.seen)


class LinearModel(nn.Module):
    """One of svm_early, svm_late and tf_idf, whichever the recipe names; `sizes` are those of
    DialogueModel. It is fitted by `fit` and has no gradient.
    """

    def __init__(
        self, recipe: Recipe, tasks: Sequence[Task], vocabulary: int, sizes: Mapping[str, int]
    ) -> None:
        super().__init__()
        self.regression = recipe.network == "tf_idf"
        blocks: dict[str, list[Block]] = {}
        for name in recipe.modalities:
            ngrams = name == "text" and "text" not in sizes
            own = CharacterNgrams(vocabulary, (1, 2, 3)) if ngrams else FrameFunctionals(name)
            blocks[name] = [own]
        if self.regression:
            blocks["text"].append(CharacterNgrams(vocabulary, (1, 2), CONTEXT_TURNS))
        self.groups = {name: [name] for name in blocks}  # classifier -> modalities that it reads
        if recipe.network == "svm_early":
            self.groups = {"all": list(blocks)}
        self.blocks = ByTask({name: nn.ModuleList(each) for name, each in blocks.items()})
        self.classes = {task.key: len(task.classes) for task in tasks}
        self.scores = ByTask(
            {key: ByTask({group: LinearScores() for group in self.groups})
             for key in self.classes}
        )  # fmt: skip
        fused = self.classes if len(self.groups) > 1 else {}
        self.fusions = ByTask({key: DecisionFusion("sum") for key in fused})

    def forward(self, batch: DialogueBatch) -> Prediction:
        """The prediction for every utterance of the batch, N in all; of tasks without a label in
        training none.
        """
        weights = {
            group: [self.scores[key][group].weight for key in self._fitted] for group in self.groups
        }
        columns = {group: self._products(batch, group, each) for group, each in weights.items()}
        present = self._present(batch)
        return Prediction(
            {
                key: self._fuse(key, [each[place] for each in columns.values()], present).float()
                for place, key in enumerate(self._fitted)
            }
        )

    def fit(
        self, data: FittingData, report: Callable[[str, float, dict[str, Any]], None]
    ) -> dict[str, dict[str, Any]]:
        """Fit all tasks; task -> what was chosen on the validation set. `report` hears of each task
        its macro-F1 there and what was chosen.
        """
        self._fit_blocks(data.train)
        tables = {
            group: [self._table(part, group) for part in (data.train, data.validation)]
            for group in self.groups
        }
        validation = [data.validation.batch(each) for each in data.validation.in_turn(BATCH)]
        present = torch.cat([self._present(batch) for batch in validation])
        chosen = {}
        for key, classes in self.classes.items():
            gold = data.train.gold[key]
            counts = torch.bincount(gold[gold != IGNORED], minlength=classes)
            if not counts.any():
                continue
            chosen[key], score = self._fit_task(key, tables, data, counts, present)
            report(key, score, chosen[key])
        return chosen

    @property
    def _fitted(self) -> list[str]:
        """Tasks that training has a label of."""
        groups = next(iter(self.groups))
        return [key for key, each in self.scores.items() if len(each[groups].seen)]

    def _of(self, modality: str) -> list[Block]:
        """The blocks of columns of a modality."""
        return cast(list[Block], list(self.blocks[modality]))

    def _fit_blocks(self, train: Packed) -> None:
        for name in self.blocks:
            for block in self._of(name):
                batches = (train.batch(each) for each in train.in_turn(BATCH))
                if isinstance(block, CharacterNgrams):
                    block.fit(batches)
                else:
                    block.fit((getattr(each, name), each.lengths[name]) for each in batches)

    def _fit_task(
        self, key: str, tables: Mapping[str, Sequence[csr_matrix]], data: FittingData,
        counts: Tensor, present: Tensor,
    ) -> tuple[dict[str, Any], float]:  # fmt: skip
        """Fit the classifiers of one task; what was chosen, and its macro-F1."""
        golds = [part.gold[key] for part in (data.train, data.validation)]
        by_group, chosen, score = [], {}, 0.0
        for number, (group, (train, validation)) in enumerate(tables.items()):
            scores = self.scores[key][group]
            y = golds[1].clone()
            if len(self.groups) > 1:  # a classifier is chosen where it has something to read
                y[~present[:, number]] = IGNORED
            names, fitted = self._fit_scores(scores, train, golds[0], validation, y, counts, data)
            score = names.pop("score")
            scale = fit_scale(fitted, y, data.log_priors[key])
            scores.keep(scale=scale)
            chosen[group] = names
            by_group.append(below_others(scale * fitted, counts > 0))
        if len(self.groups) == 1:
            return next(iter(chosen.values())), score
        fusion: DecisionFusion = self.fusions[key]
        score = fusion.fit(by_group, present, golds[1], counts > 0)
        weights = [round(each, 4) for each in fusion.weights.tolist()]
        for group, weight in zip(self.groups, weights, strict=True):
            chosen[group]["weight"] = weight
        return chosen, score

    def _fit_scores(
        self, scores: LinearScores, train: csr_matrix, gold: Tensor, validation: csr_matrix,
        truth: Tensor, counts: Tensor, data: FittingData,
    ) -> tuple[dict[str, Any], Tensor]:  # fmt: skip
        """Fit one classifier and keep the best; its C with its macro-F1, and its margins on the
        validation set (N, C).
        """
        labelled = (gold != IGNORED).numpy()
        x, y = train[labelled], gold.numpy()[labelled]
        weights = class_weights(counts, data.adjustment)
        if len(weights) == 1 or not x.shape[1]:  # nothing to tell apart, or nothing to tell it by
            scores.keep_fitted(None, counts > 0)
            nothing = torch.zeros(validation.shape[0], len(counts), dtype=torch.double)
            scores.keep(weight=np.zeros((x.shape[1], len(counts))))
            return {
                "C": None,
                "score": validation_macro_f1(below_others(nothing, counts > 0), truth),
            }, nothing
        found: dict[float, tuple[Any, Tensor]] = {}

        def score_of(c: float) -> float:
            if self.regression:
                estimator = LogisticRegression(C=c, class_weight=weights, max_iter=300)
            else:
                estimator = LinearSVC(C=c, class_weight=weights, random_state=data.seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline may stop early
                estimator.fit(x, y)
            scores.keep_fitted(estimator, counts > 0)
            margins = torch.from_numpy(validation @ scores.weight.numpy()) + scores.bias
            found[c] = estimator, margins
            return validation_macro_f1(below_others(margins, counts > 0), truth)

        tries = REGRESSION_INVERSE_REGULARISATION if self.regression else SVM_INVERSE_REGULARISATION
        c, score = best_of(tries, score_of, data.check)
        scores.keep_fitted(found[c][0], counts > 0)
        return {"C": c, "score": score}, found[c][1]

    def _table(self, data: Packed, group: str) -> csr_matrix:
        """The columns of a classifier (utterances, size)."""
        parts = []
        for numbers in data.in_turn(BATCH):
            batch = data.batch(numbers)
            blocks = [
                _columns(block, name, batch)
                for name in self.groups[group]
                for block in self._of(name)
            ]
            parts.append(hstack(blocks, format="csr"))
        return csr_matrix(vstack(parts, format="csr"))

    def _products(
        self, batch: DialogueBatch, group: str, weights: Sequence[Tensor]
    ) -> list[Tensor]:
        """The columns of a classifier times the weights of each task, (N, C) each."""
        if not weights:
            return []
        joined, first = torch.cat(list(weights), dim=1), 0
        found = joined.new_zeros(len(batch.ids), joined.shape[1])
        for name in self.groups[group]:
            for block in self._of(name):
                own = joined[first : first + block.size]
                first += block.size
                if isinstance(block, CharacterNgrams):
                    found = found + block.times(batch, own)
                else:
                    found = found + block(getattr(batch, name), batch.lengths[name]) @ own
        return list(found.split([each.shape[1] for each in weights], dim=1))

    def _fuse(self, key: str, products: Sequence[Tensor], present: Tensor) -> Tensor:
        parts = self.scores[key].values()
        scores = [part(each) for part, each in zip(parts, products, strict=True)]
        if len(scores) == 1:
            return scores[0]
        return self.fusions[key](scores, present, next(iter(parts)).seen)

    def _present(self, batch: DialogueBatch) -> Tensor:
        """Which classifier has something to read, (N, groups)."""
        return torch.stack(
            [
                torch.stack([batch.lengths[name] > 0 for name in names]).any(0)
                for names in self.groups.values()
            ],
            dim=1,
        )


def _columns(block: nn.Module, name: str, batch: DialogueBatch) -> csr_matrix:
    """What a block makes of a batch (N, size)."""
    if not isinstance(block, CharacterNgrams):
        return csr_matrix(block(getattr(batch, name), batch.lengths[name]).numpy())
    rows, columns, values = (each.numpy() for each in block(batch))
    return csr_matrix((values, (rows, columns)), shape=(len(batch.ids), block.size))
