"""Rows of what machines learned."""

from modeling.models.evaluations import Evaluation
from modeling.models.features import FeaturePart
from modeling.models.registered import RegisteredModel
from modeling.models.runs import Recipes, TrainingRun
from modeling.models.studies import Study

__all__ = ["Evaluation", "FeaturePart", "Recipes", "RegisteredModel", "Study", "TrainingRun"]
