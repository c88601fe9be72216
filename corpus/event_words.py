"""What the audit log says of corpora, sources, dialogues and speakers."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from people.event_words import Kind, Noun, page

NOUNS = {
    "installation": Noun(_("installation"), lambda row: " "),
    "invitation": Noun(
        _("invitation"),
        lambda row: row.addressee,
        page("invitations", "corpus_id"),
        kept=("to", "email", "name"),
    ),
    "invitationemail": Noun(
        _("e-mail of invitation"), lambda row: row.invitation.addressee, None, ("invitation",)
    ),
    "joinlink": Noun(_("join link"), lambda row: str(row.corpus), None, ("corpus",)),
    "joinrequest": Noun(
        _("request to join"),
        lambda row: str(row.person),
        page("invitations", "corpus_id"),
        ("person",),
        kept=("person",),
    ),
    "webhook": Noun(_("webhook"), str, page("webhook"), kept=("host",)),
    "webhookdelivery": Noun(
        _("message of webhook"),
        lambda row: row.webhook.host,
        page("webhook", "webhook_id"),
        ("webhook",),
        kept=("host",),
    ),
    "corpusdeletion": Noun(_("deletion of corpus"), lambda row: row.name, kept=("name",)),
    "corpus": Noun(_("corpus"), str, page("corpus"), kept=("name",), searched="name"),
    "membership": Noun(
        _("member"),
        lambda row: str(row.person),
        page("members", "corpus_id"),
        ("person",),
        kept=("person",),
    ),
    "source": Noun(_("source"), str, page("source"), kept=("title",), searched="title"),
    "sourceinspection": Noun(
        _("inspection of a file"), str, page("source", "source_id"), ("source",)
    ),
    "dialogue": Noun(_("dialogue"), str, page("dialogue"), kept=("dialogue",), searched="uid"),
    "utterance": Noun(
        _("utterance"), str, page("dialogue", "dialogue_id"), kept=("utterance",), searched="uid"
    ),
    "speaker": Noun(_("speaker"), str, page("speaker"), kept=("name",), searched="name"),
    "integritycheck": Noun(
        _("integrity check"), lambda row: str(row.corpus), page("integrity", "corpus_id"),
        ("corpus",),
    ),
    "integrityreport": Noun(
        _("integrity report"), lambda row: str(row.corpus), page("integrity", "corpus_id"),
        ("corpus",),
    ),
    "cliprecut": Noun(
        _("cutting of clips"), lambda row: str(row.corpus), page("recut_clips", "corpus_id"),
        ("corpus",),
    ),
}  # fmt: skip
SENTENCES: dict[Kind, dict[Any, Any]] = {
    Kind.CORPUS: {
        "create": _("%(who)s created %(thing)s"),
        "set": _("%(who)s changed the settings of %(thing)s"),
        "change settings": _("%(who)s changed the settings of %(thing)s"),
        "set quota": _("%(who)s set the quota of %(thing)s"),
        "load demo": _("%(who)s loaded the demo corpus"),
        "remove demo": _("%(who)s removed the demo corpus"),
        "offer": _("%(who)s offered the ownership of %(thing)s to %(owner)s"),
        "withdraw offer": _("%(who)s withdrew the offer of %(thing)s to %(owner)s"),
        "archive": _("%(who)s archived %(thing)s"),
        "unarchive": _("%(who)s took %(thing)s out of the archive"),
        "transfer": _("%(who)s transferred the ownership of %(thing)s"),
        "add webhook": _("%(who)s added the %(thing)s"),
        "set webhook": _("%(who)s changed the %(thing)s"),
        "exchange secret": _("%(who)s exchanged the secret of the %(thing)s"),
        "test webhook": _("%(who)s tested the %(thing)s"),
        "send again": _("%(who)s had a %(thing)s sent again"),
        "switch off webhook": _("%(who)s switched off the %(thing)s, which failed for days"),
        "delete webhook": _("%(who)s deleted the %(thing)s"),
        "delete corpus": _("%(who)s deleted %(thing)s with everything in it"),
    },
    Kind.MEMBERS: {
        "invite": _("%(who)s invited somebody: %(thing)s"),
        "send invitation": _("%(who)s sent %(thing)s by e-mail"),
        "accept": _("%(who)s accepted %(thing)s"),
        "accept invitation": _("%(who)s accepted %(thing)s"),
        "revoke invitation": _("%(who)s revoked %(thing)s"),
        "renew invitation": _("%(who)s renewed %(thing)s"),
        "extend invitation": _("%(who)s extended %(thing)s"),
        "request to join": _("%(who)s sent a %(thing)s"),
        "approve": _("%(who)s approved the %(thing)s"),
        "decline": _("%(who)s declined %(thing)s"),
        "open join link": _("%(who)s opened a join link to %(thing)s"),
        "renew join link": _("%(who)s renewed the join link to %(thing)s"),
        "close join link": _("%(who)s closed the join link to %(thing)s"),
        ("admit", "membership"): _("%(who)s added %(person)s to the corpus as %(role)s"),
        ("appoint", "membership"): _("%(who)s changed the role of %(person)s to %(role)s"),
        ("dismiss", "membership"): _("%(who)s removed %(person)s from the corpus"),
    },
    Kind.SOURCES: {
        "ingest": _("%(who)s started the import of %(thing)s"),
        "inspect": _("%(who)s had %(thing)s inspected"),
        "choose": _("%(who)s chose what to use of %(thing)s"),
        "confirm": _("%(who)s confirmed the import of %(thing)s"),
        "discard": _("%(who)s discarded %(thing)s"),
        "resegment": _("%(who)s divided %(thing)s into other dialogues"),
        "import": _("%(who)s imported %(thing)s"),
        "import table": _("%(who)s imported a table: %(thing)s"),
        "undo import": _("%(who)s undid the import of %(thing)s"),
        "delete source": _("%(who)s deleted %(thing)s with its dialogues"),
        "replace": _("%(who)s replaced the files of %(thing)s"),
        "replace source": _("%(who)s replaced the files of %(thing)s"),
        "check": _("%(who)s had the clips of %(thing)s checked"),
        "list issues": _("%(who)s had the issues of %(thing)s listed"),
        "recut clips": _("%(who)s had clips of %(thing)s cut again"),
    },
    Kind.DIALOGUES: {
        "publish": _("%(who)s published dialogues of %(thing)s"),
        ("publish", "dialogue"): _("%(who)s published %(thing)s"),
        "unpublish": _("%(who)s undid the publication of dialogues of %(thing)s"),
        ("unpublish", "dialogue"): _("%(who)s undid the publication of %(thing)s"),
        "edit": _("%(who)s edited %(thing)s"),
        "undo": _("%(who)s undid an edit of %(thing)s"),
        "redo": _("%(who)s redid an edit of %(thing)s"),
        "restore": _("%(who)s restored revision %(revision)s of %(thing)s"),
        "republish": _("%(who)s published the changes of %(thing)s"),
        "introduce": _("%(who)s added %(thing)s"),
        "describe": _("%(who)s changed the details of %(thing)s"),
        "merge": _("%(who)s merged %(thing)s into %(into)s"),
        "pseudonymise": _("%(who)s gave pseudonyms to the speakers of %(thing)s"),
    },
    Kind.DOWNLOADS: {
        "download": _("%(who)s downloaded files of %(thing)s"),
        "download original": _("%(who)s downloaded the original files of %(thing)s"),
    },
    Kind.JOBS: {"stop": _("%(who)s stopped the work on %(thing)s")},
}
