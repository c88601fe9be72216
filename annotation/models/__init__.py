"""Schemes, rounds, the queue, assignments, judgements, gold: one noun and its states a file."""

from annotation.models.assignments import Answer, Assignment, Overtaken, Skip, Submission
from annotation.models.comments import Remark, Reply, Resolution, Warned
from annotation.models.gold import Adjudication, GoldAnswer
from annotation.models.items import Item, Tally
from annotation.models.judgements import Judgement
from annotation.models.quality_flags import Oddity, OddityAnswer
from annotation.models.queue import Participant, Place, Qualification, Withdrawal
from annotation.models.reports import Report
from annotation.models.rounds import Closure, Pause, Round
from annotation.models.schemes import Guideline, SchemeVersion
from annotation.models.suggestions import Suggestion

__all__ = [
    "Adjudication",
    "Answer",
    "Assignment",
    "Closure",
    "GoldAnswer",
    "Guideline",
    "Item",
    "Judgement",
    "Oddity",
    "OddityAnswer",
    "Overtaken",
    "Participant",
    "Pause",
    "Place",
    "Qualification",
    "Remark",
    "Reply",
    "Report",
    "Round",
    "SchemeVersion",
    "Resolution",
    "Skip",
    "Submission",
    "Suggestion",
    "Tally",
    "Warned",
    "Withdrawal",
]
