"""Corpora and who joins them, sources, speakers, dialogues with their revisions and utterances, and
work on clips.
"""

from corpus.models.checklist_dismissals import ChecklistDismissal
from corpus.models.checks import ClipRecut, IntegrityCheck, IntegrityIssue, IntegrityReport
from corpus.models.corpora import Archival, Corpus, Membership, OwnershipOffer
from corpus.models.deletions import CorpusDeletion
from corpus.models.dialogues import Dialogue, Publication
from corpus.models.installation import Installation
from corpus.models.invitations import Invitation, InvitationEmail
from corpus.models.join_links import JoinLink, JoinRequest
from corpus.models.revisions import Conflict, Revision
from corpus.models.sources import ImportProblem, Source, SourceInspection
from corpus.models.speakers import Speaker
from corpus.models.uploads import Upload, WrongDigest, WrongOffset
from corpus.models.utterances import Utterance
from corpus.models.webhooks import Webhook, WebhookDelivery

__all__ = [
    "Archival",
    "ChecklistDismissal",
    "ClipRecut",
    "Conflict",
    "Corpus",
    "CorpusDeletion",
    "Dialogue",
    "ImportProblem",
    "Installation",
    "IntegrityCheck",
    "IntegrityIssue",
    "IntegrityReport",
    "Invitation",
    "InvitationEmail",
    "JoinLink",
    "JoinRequest",
    "Membership",
    "OwnershipOffer",
    "Publication",
    "Revision",
    "Source",
    "SourceInspection",
    "Speaker",
    "Upload",
    "Utterance",
    "Webhook",
    "WebhookDelivery",
    "WrongDigest",
    "WrongOffset",
]
