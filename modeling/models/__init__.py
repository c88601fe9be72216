"""Rows of what machines learned."""

from modeling.models.evaluations import Evaluation
from modeling.models.features import FeaturePart
from modeling.models.runs import Recipes, TrainingRun

__all__ = ["Evaluation", "FeaturePart", "Recipes", "TrainingRun"]
