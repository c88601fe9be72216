"""Places of a corpus and of the installation."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.places import LEADS, Place
from corpus.models import JoinRequest, Source
from jobs.job_list import failed_jobs
from people.models import Person


def drafts(_person: Person, corpus: int) -> QuerySet[Source]:
    """Imports that somebody has to check."""
    return Source.objects.filter(corpus=corpus, status=Source.Status.DRAFT)


def join_requests(_person: Person, corpus: int) -> QuerySet[JoinRequest]:
    return JoinRequest.objects.waiting().filter(corpus=corpus)


def failed(_person: Person, corpus: int) -> QuerySet[Any]:
    """Jobs that somebody has to try again or give up."""
    return failed_jobs(corpus)


DATA = (
    *("dialogue", "editor", "dialogue_history", "new_source", "source", "preview", "segmentation"),
    *("drafts", "import_problems", "utterance_search", "table_imports", "new_table_import"),
    *("table_import", "column_mapping", "value_mapping", "table_import_problems"),
    *("republication", "delete_source", "replace_source"),
)

PLACES = (
    Place(
        group="action",
        order=610,
        label=_("Add episode"),
        icon="plus",
        url="new_source",
        roles=LEADS,
    ),
    Place(
        group="action",
        order=660,
        label=_("Invite people"),
        icon="plus",
        url="invitations",
        query="?invite=1#invite",
        roles=LEADS,
    ),
    Place(
        group="action",
        order=680,
        label=_("Create corpus"),
        icon="plus",
        url="new_corpus",
        of_corpus=False,
    ),
    Place(group="corpus", order=210, label=_("Overview"), icon="layout-dashboard", url="corpus"),
    Place(
        group="corpus",
        order=220,
        label=pgettext_lazy("place", "Data"),
        icon="clapperboard",
        url="dialogues",
        pages=frozenset(DATA),
        waiting=drafts,
    ),
    Place(
        group="corpus",
        order=230,
        label=_("Speakers"),
        icon="mic",
        url="speakers",
        pages=frozenset({"speaker", "new_speaker", "merge_speaker", "pseudonyms"}),
        roles=LEADS,
    ),
    Place(
        group="corpus",
        order=240,
        label=_("Integrity check"),
        icon="shield-check",
        url="integrity",
        pages=frozenset({"recut_clips"}),
        roles=LEADS,
    ),
    Place(
        group="manage",
        order=510,
        label=_("Members"),
        icon="users",
        url="members",
        pages=frozenset({"invitations", "invitation_sheet", "join_link", "member_reset_link"}),
        roles=LEADS,
        waiting=join_requests,
    ),
    Place(
        group="manage",
        order=520,
        label=_("Jobs"),
        icon="server-cog",
        url="corpus_jobs",
        roles=LEADS,
        waiting=failed,
    ),
    Place(
        group="manage",
        order=530,
        label=_("Audit log"),
        icon="scroll-text",
        url="audit_log",
        roles=LEADS,
    ),
    Place(
        group="manage",
        order=540,
        label=_("Settings"),
        icon="settings",
        url="corpus_settings",
        pages=frozenset(
            {
                "corpus_storage",
                "corpus_administration",
                "annotation_settings",
                "release_settings",
                "webhooks",
                "webhook",
                "webhook_delivery",
            }
        ),
        roles=LEADS,
    ),
    Place(
        group="installation",
        order=900,
        label=_("Installation"),
        icon="server",
        url="installation_settings",
        of_corpus=False,
        administrators=True,
    ),
    Place(
        group="installation",
        order=920,
        label=_("Corpora"),
        icon="library",
        url="installation_corpora",
        of_corpus=False,
        administrators=True,
    ),
    Place(
        group="installation",
        order=930,
        label=_("Jobs"),
        icon="server-cog",
        url="installation_jobs",
        of_corpus=False,
        administrators=True,
    ),
)
