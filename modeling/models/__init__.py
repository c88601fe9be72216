"""Rows of what machines learned."""

from modeling.models.encoder_imports import EncoderImport
from modeling.models.evaluations import Evaluation
from modeling.models.experiments import Experiment
from modeling.models.features import FeaturePart
from modeling.models.imported_features import FeatureImport, ImportedFeatures
from modeling.models.language_model_judges import LanguageModelJudge
from modeling.models.protocols import Protocol, ProtocolPart
from modeling.models.registered_models import RegisteredModel
from modeling.models.runs import Recipes, TrainingRun

__all__ = [
    "EncoderImport",
    "Evaluation",
    "Experiment",
    "FeatureImport",
    "FeaturePart",
    "ImportedFeatures",
    "LanguageModelJudge",
    "Protocol",
    "ProtocolPart",
    "Recipes",
    "RegisteredModel",
    "TrainingRun",
]
