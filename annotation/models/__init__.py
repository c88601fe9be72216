"""Rounds, assignments, judgements, gold: one noun and its states a file."""

from annotation.models.assignments import Assignment, Submission
from annotation.models.gold import Adjudication
from annotation.models.judgements import Judgement
from annotation.models.rounds import Closure, Round, SchemeVersion

__all__ = [
    "Adjudication",
    "Assignment",
    "Closure",
    "Judgement",
    "Round",
    "SchemeVersion",
    "Submission",
]
