"""What people answered in a round, what was decided about it, and what they said of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, cast

from shengqing.rows import Adjudication, Comment, ExpertLabel, Item, QualityFlag
from shengqing.transport import Transport


class Results:
    """The results of rounds that you lead or adjudicate. NotAllowed while you annotate their
    dialogues blind.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def items(
        self,
        round: int,
        *,
        task: str | None = None,
        utterance: int | None = None,
        open: bool | None = None,
    ) -> Iterator[Item]:
        """Every task of every utterance with all answers; with `open` the contested ones that
        nobody has decided.
        """
        filters = {"task": task, "utterance": utterance, "open": open}
        return cast("Iterator[Item]", self.transport.pages(f"rounds/{round}/items/", **filters))

    def adjudications(self, round: int) -> Iterator[Adjudication]:
        """What was decided."""
        path = f"rounds/{round}/adjudications/"
        return cast("Iterator[Adjudication]", self.transport.pages(path))

    def adjudicate(
        self, round: int, utterance: int, task: str, value: str = "", **decision: Any
    ) -> Adjudication:
        """Decide one task of one utterance: its `value`, or another `verdict`: "ambiguous",
        "again", "none"; with `reason` and `error`.
        """
        body = {"utterance": utterance, "task": task, "value": value, **decision}
        return cast(Adjudication, self.transport.post(f"rounds/{round}/adjudications/", body))

    def expert_labels(self, dialogue: int) -> Sequence[ExpertLabel]:
        """What experts said is right in a dialogue."""
        found = self.transport.get(f"dialogues/{dialogue}/expert-labels/")
        return cast("Sequence[ExpertLabel]", found["labels"])

    def set_expert_labels(
        self, dialogue: int, labels: Mapping[int, Mapping[str, str]], *, why: str = ""
    ) -> Sequence[ExpertLabel]:
        """Say what is right, utterance -> task -> value ("" for none); what is not named stays."""
        rows = [
            {"utterance": utterance, "task": task, "value": value, "why": why}
            for utterance, given in labels.items()
            for task, value in given.items()
        ]
        found = self.transport.post(f"dialogues/{dialogue}/expert-labels/", {"labels": rows})
        return cast("Sequence[ExpertLabel]", found["labels"])

    def quality_flags(self, round: int) -> Iterator[QualityFlag]:
        """What chance would hardly make; a report of the kind "quality" computes it."""
        path = f"rounds/{round}/quality-flags/"
        return cast("Iterator[QualityFlag]", self.transport.pages(path))

    def review_flag(
        self, flag: int, outcome: Literal["explained", "talked", "fault"], words: str = ""
    ) -> QualityFlag:
        """Say what a flag was."""
        body = {"outcome": outcome, "words": words}
        return cast(QualityFlag, self.transport.post(f"quality-flags/{flag}/reviews/", body))


class Comments:
    """Comments and flags of the annotators of rounds that you lead or adjudicate."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(
        self, round: int, *, kind: str | None = None, resolved: bool | None = None
    ) -> Iterator[Comment]:
        """Those of a round, the latest first."""
        path = f"rounds/{round}/comments/"
        return cast("Iterator[Comment]", self.transport.pages(path, kind=kind, resolved=resolved))

    def reply(self, comment: int, words: str) -> Comment:
        """Answer one."""
        return cast(Comment, self.transport.post(f"comments/{comment}/replies/", {"words": words}))

    def resolve(self, comment: int) -> Comment:
        """Say that it is dealt with."""
        return cast(Comment, self.transport.post(f"comments/{comment}/resolution/"))

    def unresolve(self, comment: int) -> None:
        """Take that back."""
        self.transport.delete(f"comments/{comment}/resolution/")
