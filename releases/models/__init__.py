"""Releases and what people do with them: a noun and its states a file."""

from releases.models.diffs import Diff
from releases.models.personal_data import (
    PersonalDataCandidate,
    PersonalDataReport,
    PersonalDataReview,
)
from releases.models.pseudonyms import PseudonymKey
from releases.models.releases import LICENCES, Release, Retraction, semantic_version
from releases.models.sharing import Download, Grant, MemberAccess, Share

__all__ = [
    "LICENCES",
    "Diff",
    "Download",
    "Grant",
    "MemberAccess",
    "PersonalDataCandidate",
    "PersonalDataReport",
    "PersonalDataReview",
    "PseudonymKey",
    "Release",
    "Retraction",
    "Share",
    "semantic_version",
]
