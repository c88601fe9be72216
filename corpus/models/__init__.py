"""Corpora, sources, speakers, dialogues with their revisions and utterances, and work on clips."""

from corpus.models.checklist_dismissals import ChecklistDismissal
from corpus.models.checks import ClipRecut, IntegrityCheck
from corpus.models.corpora import Corpus, Membership
from corpus.models.dialogues import Dialogue, Publication
from corpus.models.revisions import Conflict, Revision
from corpus.models.sources import ImportProblem, Source
from corpus.models.speakers import Speaker
from corpus.models.uploads import Upload, WrongDigest, WrongOffset
from corpus.models.utterances import Utterance

__all__ = [
    "ChecklistDismissal",
    "ClipRecut",
    "Conflict",
    "Corpus",
    "Dialogue",
    "ImportProblem",
    "IntegrityCheck",
    "Membership",
    "Publication",
    "Revision",
    "Source",
    "Speaker",
    "Upload",
    "Utterance",
    "WrongDigest",
    "WrongOffset",
]
