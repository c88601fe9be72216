"""Corpora, sources, speakers, dialogues with their revisions and utterances: a noun a file."""

from corpus.models.corpora import Corpus, Membership
from corpus.models.dialogues import Dialogue, Publication, Utterance
from corpus.models.revisions import Conflict, Revision
from corpus.models.sources import Finding, Source
from corpus.models.speakers import Speaker
from corpus.models.uploads import Upload, WrongDigest, WrongOffset

__all__ = [
    "Conflict",
    "Corpus",
    "Dialogue",
    "Finding",
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
