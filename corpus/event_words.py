"""What the audit log says of corpora, sources, dialogues and speakers."""

from django.utils.translation import gettext_lazy as _

from people.event_words import Kind, Noun, page

NOUNS = {
    "corpus": Noun(_("corpus"), str, page("corpus"), kept=("name",), searched="name"),
    "membership": Noun(
        _("member"),
        lambda row: str(row.person),
        page("members", "corpus_id"),
        ("person",),
        kept=("person",),
    ),
    "source": Noun(_("source"), str, page("source"), kept=("title",), searched="title"),
    "dialogue": Noun(_("dialogue"), str, page("dialogue"), kept=("dialogue",), searched="uid"),
    "utterance": Noun(
        _("utterance"), str, page("dialogue", "dialogue_id"), kept=("utterance",), searched="uid"
    ),
    "speaker": Noun(_("speaker"), str, page("speaker"), kept=("name",), searched="name"),
    "integritycheck": Noun(
        _("integrity check"), lambda row: str(row.corpus), page("integrity", "corpus_id"),
        ("corpus",),
    ),
    "cliprecut": Noun(
        _("cutting of clips"), lambda row: str(row.corpus), page("recut_clips", "corpus_id"),
        ("corpus",),
    ),
}  # fmt: skip
SENTENCES = {
    Kind.CORPUS: {
        "create": _("%(who)s created %(thing)s"),
        "set": _("%(who)s changed who sees names in adjudication in %(thing)s"),
        "archive": _("%(who)s archived %(thing)s"),
        "unarchive": _("%(who)s took %(thing)s out of the archive"),
        "transfer": _("%(who)s transferred the ownership of %(thing)s"),
        "delete corpus": _("%(who)s deleted %(thing)s with everything in it"),
    },
    Kind.MEMBERS: {
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
        "replace source": _("%(who)s replaced the files of %(thing)s"),
        "check": _("%(who)s had the clips of %(thing)s checked"),
        "recut clips": _("%(who)s had clips of %(thing)s cut again"),
    },
    Kind.DIALOGUES: {
        "publish": _("%(who)s published dialogues of %(thing)s"),
        ("publish", "dialogue"): _("%(who)s published %(thing)s"),
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
