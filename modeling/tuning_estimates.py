"""What the fine-tuning that a form describes will cost on this machine, before anything starts."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import perf_counter

import numpy as np
from django.db.models import Avg, F
from django.db.models.functions import Length

from core.errors import UserError
from corpus.models import Utterance
from modeling.learner.features.encoder_directory import EncoderDirectory
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.recipes import MIX
from modeling.learner.tuning_costs import Lengths, TuningCost, mixed_bytes, tuning_cost
from modeling.models import TrainingRun

SIDE = 512  # of the matrices whose product is timed
REACHED = 0.5  # share of that speed that training reaches on a processor
MARKS = 2  # tokens that a tokenizer adds to a text


@dataclass(frozen=True)
class Estimate:
    """Of one encoder. `minutes` are of an epoch on this machine's processor."""

    modality: str
    encoder: str
    cost: TuningCost | None
    minutes: float = 0.0

    @property
    def learned(self):
        """Million parameters that learn."""
        return self.cost.learned / 1e6 if self.cost else 0.0

    @property
    def total(self):
        """Million parameters."""
        return self.cost.parameters / 1e6 if self.cost else 0.0


@dataclass(frozen=True)
class MixEstimate:
    """Of a frozen encoder all of whose layers are kept: bytes of the features of a release."""

    encoder: str
    layers: int
    bytes: float


def mix_estimates(release, recipe, options):
    """A MixEstimate of each frozen encoder whose layers a run would mix. Raises UserError like
    `tuning_estimates`.
    """
    whole = TrainingRun(release=release, recipe=recipe, options=options).whole_recipe()
    found: list[MixEstimate] = []
    for modality in whole.modalities:
        mixed = getattr(whole, f"{modality}_layer") == MIX and modality not in whole.tuned
        if not mixed or not getattr(whole, f"{modality}_encoder"):
            continue
        lengths, _trained = _lengths(release)
        try:
            size = mixed_bytes(whole, modality, lengths)
            layers = 1 + EncoderDirectory(Path(getattr(whole, f"{modality}_encoder"))).layers
        except FeatureError as error:
            raise UserError("%(reason)s", reason=str(error)) from error
        utterances = Utterance.objects.filter(corpus=release.corpus).count()
        found.append(MixEstimate(options[f"{modality}_encoder"], layers, utterances * size))
    return found


def tuning_estimates(release, recipe, options, tasks):
    """An Estimate of each encoder that a run for so many `tasks` would tune. Raises UserError for
    settings that are none, or a directory that holds no encoder.
    """
    run = TrainingRun(release=release, recipe=recipe, options=options)
    whole = run.whole_recipe()
    if not whole.tuned:
        return []
    lengths, utterances = _lengths(release)
    found: list[Estimate] = []
    for modality in whole.tuned:
        try:
            cost = tuning_cost(whole, modality, lengths)
            if cost and whole.sharing == "single":
                cost = cost.of_networks(tasks)
        except FeatureError as error:
            raise UserError("%(reason)s", reason=str(error)) from error
        minutes = utterances * cost.operations / (REACHED * _speed()) / 60 if cost else 0.0
        found.append(Estimate(modality, options[f"{modality}_encoder"], cost, minutes))
    return found


def memory_here():
    """Bytes of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _lengths(release):
    """Means over the corpus of a release, and how many utterances an epoch of it has."""
    rows = Utterance.objects.filter(corpus=release.corpus)
    means = rows.aggregate(text=Avg(Length("text")), seconds=Avg(F("end") - F("start")))
    dialogues = release.corpus.dialogues.count() or 1
    turns = rows.count() / dialogues
    counts = release.summary.get("dialogues", {})
    trained = counts.get("train", 0) if isinstance(counts, dict) else 0
    lengths = Lengths(turns, (means["text"] or 0) + MARKS, means["seconds"] or 0)
    return lengths, trained * turns


@lru_cache(maxsize=1)
def _speed():
    """Floating-point operations a second of a product of matrices here."""
    one = np.ones((SIDE, SIDE), np.float32)
    one @ one
    started = perf_counter()
    for _ in range(4):
        one @ one
    return 4 * 2 * SIDE**3 / (perf_counter() - started)
