"""What the audit log says of rounds and what people annotate and decide in them."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from people.event_words import Kind, Noun, page


def _in_round(row):
    return f"{row.dialogue} · {row.round}"


def _person_in_round(row):
    return f"{row.person} · {row.round}"


NOUNS = {
    "tableimport": Noun(_("table import"), lambda row: f"#{row.pk}", page("table_import")),
    "round": Noun(_("round"), str, page("round"), kept=("name",), searched="name"),
    "assignment": Noun(
        _("dialogue"), _in_round, page("dialogue", "dialogue_id"), ("dialogue", "round")
    ),
    "rounditem": Noun(
        _("dialogue"), _in_round, page("dialogue", "dialogue_id"), ("dialogue", "round"),
        kept=("dialogue",),
    ),
    "participant": Noun(
        _("participant"), _person_in_round, page("round", "round_id"), ("person", "round"),
        kept=("person",),
    ),
    "schemeversion": Noun(
        _("scheme version"), lambda row: str(row.number), page("schemes", "corpus_id"),
        kept=("version",),
    ),
    "guideline": Noun(
        _("guideline version"), lambda row: str(row.number), page("guideline"), kept=("version",)
    ),
    "comment": Noun(
        _("comment on"),
        lambda row: str(row.utterance),
        lambda row: reverse("round_comments", args=[row.assignment.round_id]) + "?state=all",
        ("utterance", "assignment"),
        kept=("utterance",),
    ),
    "qualityflag": Noun(
        _("quality flag"), _person_in_round, page("quality", "round_id"), ("person", "round")
    ),
    "adjudication": Noun(
        _("item"),
        lambda row: f"{row.utterance} · {row.task}",
        lambda row: reverse("adjudication", args=[row.round_id])
        + f"?utterance={row.utterance_id}&of={row.task}",
        ("utterance",),
        kept=("utterance",),
    ),
    "report": Noun(
        _("report"),
        lambda row: f"{row.get_kind_display()} · {row.round}",
        page("agreement", "round_id"),
        ("round",),
    ),
}  # fmt: skip
SENTENCES: dict[Kind, dict[Any, Any]] = {
    Kind.SOURCES: {"upload": _("%(who)s uploaded files for a %(thing)s")},
    Kind.ROUNDS: {
        "open": _("%(who)s opened %(thing)s"),
        "close": _("%(who)s closed %(thing)s"),
        "pause": _("%(who)s paused %(thing)s"),
        "resume": _("%(who)s resumed %(thing)s"),
        "extend": _("%(who)s extended %(thing)s"),
        "schedule": _("%(who)s changed the deadline of %(thing)s"),
        "reopen": _("%(who)s reopened %(thing)s"),
        "admit": _("%(who)s added %(person)s to %(thing)s"),
        "dismiss": _("%(who)s removed %(person)s from %(thing)s"),
        "block": _("%(who)s blocked %(thing)s"),
        "unblock": _("%(who)s unblocked %(thing)s"),
        "unblind": _("%(who)s let %(thing)s see the answers of others"),
        "qualify": _("%(who)s let %(thing)s in without a passed test"),
        "assign": _("%(who)s assigned %(thing)s to %(person)s"),
        ("withdraw", "rounditem"): _("%(who)s took %(thing)s out of the round"),
        "reinstate": _("%(who)s put %(thing)s back into the round"),
        "create version": _("%(who)s created %(thing)s"),
    },
    Kind.ANNOTATION: {
        "submit": _("%(who)s submitted %(thing)s"),
        "skip": _("%(who)s skipped %(thing)s"),
        "take back": _("%(who)s took back %(thing)s"),
        ("take back", "assignment"): _("%(who)s took back the skipped %(thing)s"),
        "comment": _("%(who)s made a %(thing)s"),
        "resolve": _("%(who)s resolved the %(thing)s"),
        ("reopen", "comment"): _("%(who)s reopened the %(thing)s"),
    },
    Kind.RESULTS: {
        "adjudicate": _("%(who)s adjudicated %(thing)s"),
        "choose consensus": _("%(who)s chose the gold label rule of %(thing)s"),
        "compute": _("%(who)s had a report computed for %(thing)s"),
        "review": _("%(who)s reviewed a %(thing)s"),
        "set expert labels": _("%(who)s set expert labels of %(thing)s"),
        "suggest": _("%(who)s stored machine suggestions in %(thing)s"),
    },
}
