"""Errors of the integrity check in the dialogues of a release, and what was decided about them.

A release is frozen once each dialogue with an error is excluded from it, or its errors accepted
with a reason. The decisions are kept with the release and stand in its `integrity.json`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db.models import Exists, OuterRef

from annotation.models import Assignment, Round
from core.errors import UserError, gettext_noop
from corpus.integrity import WRONG_MEDIA, WRONG_TIMES, Fault, errors, listed_errors
from corpus.models import Dialogue, Utterance
from releases.models import Release

NAMED = 10  # dialogues that a refusal names


@dataclass
class Faulty:
    """A dialogue with its errors."""

    pk: int
    uid: str
    faults: list[Fault] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """The kinds of its errors, each once."""
        return sorted({fault.kind for fault in self.faults})


@dataclass(frozen=True)
class Integrity:
    """What was checked, and the dialogues that are left out or accepted as they are."""

    checked: tuple[str, ...]
    excluded: dict[int, dict[str, Any]]  # id of a dialogue -> as the release tells it
    accepted: dict[int, dict[str, Any]]
    without_clip: set[int]  # ids of dialogues whose missing file was accepted

    def accepts(self, dialogue: int, kind: str) -> bool:
        """Whether an error of this kind was accepted for the dialogue (id)."""
        accepted = self.accepted.get(dialogue, {"faults": []})
        return any(fault["kind"] == kind for fault in accepted["faults"])

    def to_json(self) -> dict[str, Any]:
        """As it stands in the release."""
        return {
            "checked": list(self.checked),
            "excluded": list(self.excluded.values()),
            "accepted": list(self.accepted.values()),
        }


def submitted_dialogues(rounds: Iterable[Round]):
    """The dialogues that are handed in, by anybody, in some rounds."""
    submitted = Assignment.objects.filter(round__in=rounds, gold=False).submitted()
    return Dialogue.objects.filter(pk__in=submitted.order_by().values("dialogue"))


def faulty_dialogues(rounds: list[Round], media: str) -> list[Faulty]:
    """The dialogues of a release of these rounds, with media of this policy, that have errors."""
    if not rounds:
        return []
    by_dialogue: dict[int, list[Fault]] = {}
    rows = submitted_dialogues(rounds)
    for fault in errors(rounds[0].corpus, rows, media != Release.Media.NONE):
        by_dialogue.setdefault(fault.dialogue_id or 0, []).append(fault)
    named = Dialogue.objects.filter(pk__in=by_dialogue).order_by("source_id", "number")
    return [Faulty(pk, uid, by_dialogue[pk]) for pk, uid in named.values_list("pk", "uid")]


def listed_dialogues(rounds: list[Round], media: str) -> list[Faulty]:
    """The same as the integrity report of their corpus lists them: at little cost, but of its date,
    and without what about their errors.
    """
    submitted = Assignment.objects.filter(
        round__in=rounds, gold=False, dialogue=OuterRef("dialogue")
    ).submitted()
    rows = listed_errors(rounds[0].corpus, media != Release.Media.NONE).filter(Exists(submitted))
    place = ("dialogue__source", "dialogue__number")
    found: dict[int, Faulty] = {}
    for pk, uid, kind, *_place in (
        rows.order_by(*place).values_list("dialogue", "dialogue__uid", "kind", *place).distinct()
    ):
        found.setdefault(pk, Faulty(pk, uid)).faults.append(Fault(kind, uid, pk))
    return [*found.values()]


def decision(
    faulty: Faulty, choice: Literal["exclude", "accept"], reason: str, person=None
) -> dict[str, Any]:
    """What somebody decided about a dialogue, as a release keeps it.

    Raises UserError where errors are accepted without a reason.
    """
    reason = reason.strip()
    if choice == "accept" and not reason:
        raise UserError(
            gettext_noop("Give a reason for accepting the errors of %(dialogue)s."),
            dialogue=faulty.uid,
        )
    return {
        "dialogue": faulty.uid,
        "choice": choice,
        "kinds": faulty.kinds,
        "reason": reason,
        "by": person.pk if person else None,
    }


def undecided(found: list[Faulty], decisions: list[dict[str, Any]]) -> list[Faulty]:
    """The dialogues with an error that is neither excluded with its dialogue nor accepted."""
    known = {row["dialogue"]: row for row in decisions}
    return [faulty for faulty in found if not _decided(faulty, known.get(faulty.uid))]


def _decided(faulty, row):
    return row is not None and (row["choice"] == "exclude" or {*faulty.kinds} <= {*row["kinds"]})


def refuse(left: list[Faulty]) -> None:
    """Raises UserError, naming the first of the dialogues, if there are any."""
    if left:
        more = ", …" if len(left) > NAMED else ""
        raise UserError(
            gettext_noop(
                "The integrity check finds errors in %(count)d dialogues: %(dialogues)s."
                " Exclude them from the release, or accept them with a reason."
            ),
            count=len(left),
            dialogues=", ".join(faulty.uid for faulty in left[:NAMED]) + more,
        )


def integrity_of(release: Release, rounds: list[Round]) -> Integrity:
    """The errors of this moment and what was decided about them. Raises UserError if one is not."""
    faulty_ones = faulty_dialogues(rounds, release.media)
    refuse(undecided(faulty_ones, release.decisions))
    decided = {row["dialogue"]: row for row in release.decisions}
    left_out = [uid for uid, row in decided.items() if row["choice"] == "exclude"]
    rows = release.corpus.dialogues.filter(uid__in=left_out).order_by("source_id", "number")
    excluded = {pk: _excluded(decided[uid]) for pk, uid in rows.values_list("pk", "uid")}
    kept = [faulty for faulty in faulty_ones if faulty.pk not in excluded]
    media = release.media != Release.Media.NONE
    return Integrity(
        checked=(*WRONG_TIMES, *WRONG_MEDIA) if media else WRONG_TIMES,
        excluded=excluded,
        accepted={faulty.pk: _accepted(faulty, decided[faulty.uid]) for faulty in kept},
        without_clip={faulty.pk for faulty in kept if "missing" in faulty.kinds},
    )


def _excluded(row):
    return {"dialogue": row["dialogue"], "kinds": row["kinds"], "reason": row["reason"]}


def _accepted(faulty, row):
    ids = [fault.utterance_id for fault in faulty.faults if fault.utterance_id]
    uids = dict(Utterance.objects.filter(pk__in=ids).values_list("pk", "uid"))
    faults = [
        {"kind": fault.kind, "utterance": uids.get(fault.utterance_id)} for fault in faulty.faults
    ]
    return {"dialogue": faulty.uid, "faults": faults, "reason": row["reason"]}
