"""What is still open in the rounds of a release: findings, comments, labels without a decision.

Nothing here hinders a freeze. It is named before, and counted in the release itself.
"""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext as _

from annotation.agreement.item_counts import waiting
from annotation.models import Assignment, Comment, Item, QualityFlag, Report, Round
from corpus.models import ImportProblem, Source, Utterance

FIRST = 3  # places that are named of each kind
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]")


@dataclass(frozen=True)
class OpenFindings:
    """One kind of what is open: how many, and the first places.

    `about` is "quality", "unchecked", "remarks", "undecided" or "reading".
    """

    about: str
    kind: str
    name: str  # in the reader's language
    count: int
    places: list[str]


def open_findings(rounds: list[Round], excluded: Collection[int] = ()) -> list[OpenFindings]:
    """Everything that is open in these rounds and in the files that their dialogues come from.

    The `excluded` dialogues (ids) are left out.
    """
    return [
        *_quality(rounds),
        *_unchecked(rounds),
        *_comments(rounds, excluded),
        *_undecided(rounds, excluded),
        *_reading(rounds, excluded),
    ]


def _quality(rounds):
    unanswered = QualityFlag.objects.waiting().filter(round__in=rounds)
    for kind, count in _counted(unanswered, "kind"):
        rows = unanswered.filter(kind=kind).select_related("round", "person")[:FIRST]
        places = [_place_of(flag) for flag in rows]
        yield OpenFindings("quality", kind, str(QualityFlag.Kind(kind).label), count, places)


def _counted(rows, name):
    """The values of a field with their numbers, the commonest first."""
    return rows.order_by().values_list(name).annotate(n=Count("pk")).order_by("-n", name)


def _place_of(flag):
    parts = [str(flag.round), str(flag.person or ""), flag.task]
    first = Utterance.all_objects.filter(pk__in=flag.rows[:1]).values_list("uid", flat=True)
    return " · ".join(filter(None, [*parts, *first]))


def _unchecked(rounds):
    unchecked = [round for round in rounds if not _is_checked(round)]
    if unchecked:
        name = _("not checked for quality, or submissions have come since")
        places = [str(round) for round in unchecked[:FIRST]]
        yield OpenFindings("unchecked", "round", name, len(unchecked), places)


def _is_checked(round):
    report = Report.of(round, Report.Kind.QUALITY)
    if report is None or report.computed_at is None:
        return False
    return not (report.is_old or waiting(round).exists())


def _comments(rounds, excluded):
    unanswered = Comment.objects.waiting().filter(assignment__round__in=rounds)
    unanswered = unanswered.exclude(assignment__dialogue__in=excluded)
    for kind, count in _counted(unanswered, "kind"):
        rows = unanswered.filter(kind=kind).order_by("pk").select_related("utterance")[:FIRST]
        places = [" · ".join(filter(None, [row.utterance.uid, row.words[:60]])) for row in rows]
        yield OpenFindings("remarks", kind, str(Comment.Kind(kind).label), count, places)


def _undecided(rounds, excluded):
    items = Item.objects.filter(round__in=rounds, open=True)
    if excluded:  # or else each item is joined with its utterance
        items = items.exclude(utterance__dialogue__in=excluded)
    for task, count in _counted(items, "task"):
        rows = items.filter(task=task).values_list("utterance__uid", flat=True)[:FIRST]
        name = _("labels without a decision: %(task)s") % {"task": task}
        yield OpenFindings("undecided", task, name, count, list(rows))


def _reading(rounds, excluded):
    outcomes = dict(ImportProblem.Outcome.choices)
    for row in reading_of(rounds, excluded):
        reason = PLACEHOLDER.sub("…", _(row["reason"]))
        places = [
            f"{place['source']}, " + _("line %(line)d") % {"line": place["line"]}
            for place in row["places"]
        ]
        name = f"{outcomes[row['outcome']]}: {reason}"
        yield OpenFindings("reading", row["outcome"], name, row["count"], places)


def reading_of(rounds: list[Round], excluded: Collection[int] = ()) -> list[dict[str, Any]]:
    """What reading the files left out or doubted, by outcome and reason, with the first places.

    Only the sources whose dialogues are handed in in these rounds. What stands in the file is not
    given: it may be private.
    """
    submitted = Assignment.objects.filter(
        round__in=rounds, gold=False, dialogue__source=OuterRef("pk")
    ).submitted()
    problems = ImportProblem.objects.exclude(outcome=ImportProblem.Outcome.REPAIRED)
    sources = Source.objects.filter(  # first those with problems, which are few
        Exists(problems.filter(source=OuterRef("pk"))),
        Exists(submitted.exclude(dialogue__in=excluded)),
        corpus__in={round.corpus_id for round in rounds},
    )
    rows = problems.filter(source__in=list(sources.values_list("pk", flat=True)))
    by_reason = rows.order_by().values_list("outcome", "reason").annotate(n=Count("pk"))
    groups_by_reason = []
    for outcome, reason, count in by_reason.order_by("outcome", "-n", "reason"):
        places = rows.filter(outcome=outcome, reason=reason).order_by("source", "line", "pk")
        first = places.values("source__title", "line", "column")[:FIRST]
        groups_by_reason.append(
            {
                "outcome": outcome,
                "reason": reason,
                "count": count,
                "places": [
                    {"source": p["source__title"], "line": p["line"], "column": p["column"]}
                    for p in first
                ],
            }
        )
    return groups_by_reason


def counts(rounds: list[Round], excluded: Collection[int] = ()) -> dict[str, Any]:
    """How many are open, by what they are about and by kind; for the files of a release."""
    by_kind: dict[str, Counter[str]] = {
        about: Counter() for about in ("quality", "unchecked", "remarks", "undecided", "reading")
    }
    for group in open_findings(rounds, excluded):
        by_kind[group.about][group.kind] += group.count
    return {about: dict(sorted(kinds.items())) for about, kinds in by_kind.items()}
