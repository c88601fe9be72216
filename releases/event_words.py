"""What the audit log says of releases and of whoever gets them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from people.event_words import Kind, Noun, page

NOUNS = {
    "release": Noun(
        _("release"), lambda row: row.version, page("release"), kept=("version",),
        searched="version",
    ),
    "share": Noun(
        _("link to release"),
        lambda row: row.release.version,
        page("release", "release_id"),
        ("release",),
        kept=("label",),
    ),
    "diff": Noun(_("comparison of releases"), str, page("release_diff"), ("one", "other")),
    "personaldatareport": Noun(
        _("search for personal data"),
        lambda row: str(row.corpus),
        page("personal_data", "corpus_id"),
        ("corpus",),
    ),
}  # fmt: skip
SENTENCES: dict[Kind, dict[Any, Any]] = {
    Kind.RELEASES: {
        "freeze": _("%(who)s froze %(thing)s"),
        ("discard", "release"): _("%(who)s discarded %(thing)s"),
        "supersede": _("%(who)s superseded %(thing)s"),
        "withdraw": _("%(who)s withdrew %(thing)s"),
        "allow": _("%(who)s let members read %(thing)s"),
        "disallow": _("%(who)s let leads alone read %(thing)s"),
        "share": _("%(who)s made a link to %(thing)s"),
        "revoke": _("%(who)s closed the %(thing)s"),
        "accept terms": _("%(name)s (%(affiliation)s) accepted the terms of the %(thing)s"),
        "diff": _("%(who)s had %(thing)s compared with another release"),
        "push": _("%(who)s copied %(thing)s to another place"),
        "search for personal data": _("%(who)s had %(thing)s searched for personal data"),
        ("review", "utterance"): _("%(who)s decided whether %(thing)s has personal data"),
    },
    Kind.DOWNLOADS: {
        ("download", "share"): _("%(grantee)s downloaded files by the %(thing)s"),
    },
}
