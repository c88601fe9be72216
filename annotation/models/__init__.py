"""Schemes, rounds, assignments, judgements, gold: rows and their states, one noun a file."""

from annotation.models.adjudications import Adjudication
from annotation.models.assignments import Assignment, Reopening, Skip, Submission
from annotation.models.comments import Comment, Reply, Resolution, RuleWarning
from annotation.models.daily_work import DailyWork
from annotation.models.expert_labels import ExpertLabel
from annotation.models.items import Item, Tally
from annotation.models.judgements import Judgement
from annotation.models.participants import Participant, Qualification
from annotation.models.quality_flags import QualityFlag, QualityFlagReview
from annotation.models.reports import Report
from annotation.models.round_items import RoundItem, Withdrawal
from annotation.models.rounds import Closure, Pause, Round
from annotation.models.schemes import Guideline, SchemeVersion
from annotation.models.suggestions import Suggestion
from annotation.models.table_imports import TableImport

__all__ = [
    "Adjudication",
    "Assignment",
    "Closure",
    "DailyWork",
    "ExpertLabel",
    "Guideline",
    "Item",
    "Judgement",
    "QualityFlag",
    "QualityFlagReview",
    "Participant",
    "Pause",
    "RoundItem",
    "Qualification",
    "Comment",
    "Reopening",
    "Reply",
    "Report",
    "Resolution",
    "Round",
    "SchemeVersion",
    "Skip",
    "Submission",
    "Suggestion",
    "TableImport",
    "Tally",
    "RuleWarning",
    "Withdrawal",
]
