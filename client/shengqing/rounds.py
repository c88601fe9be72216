"""Rounds: opened, watched, closed; and the judging itself."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast
from uuid import uuid4

from shengqing.rows import (
    Agreement,
    Assignment,
    Job,
    Judgement,
    OwnComment,
    Participant,
    Round,
    RoundDialogue,
    Task,
)
from shengqing.transport import Row, Transport

Report = Literal["agreement", "reliability", "quality"]


class Rounds:
    """The rounds of corpora that you lead or adjudicate."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(
        self, corpus: int, *, state: Literal["open", "closed"] | None = None
    ) -> Iterator[Round]:
        """Those of a corpus, the latest first."""
        path = f"corpora/{corpus}/rounds/"
        return cast("Iterator[Round]", self.transport.pages(path, state=state))

    def get(self, round: int) -> Round:
        """A round."""
        return cast(Round, self.transport.get(f"rounds/{round}/"))

    def open(
        self, corpus: int, name: str, *, annotators: Sequence[int], overlap: int, **settings: Any
    ) -> Round:
        """Have published dialogues judged by these people, each by `overlap` of them. Settings are
        those of the API's reference, such as `sources`, `view`, `due`.
        """
        body = {"name": name, "annotators": [*annotators], "overlap": overlap, **settings}
        return cast(Round, self.transport.post(f"corpora/{corpus}/rounds/", body))

    def close(self, round: int) -> Round:
        """End the judging; what was judged stays."""
        return cast(Round, self.transport.post(f"rounds/{round}/closure/"))

    def reopen(self, round: int) -> None:
        """Let it be judged again."""
        self.transport.delete(f"rounds/{round}/closure/")

    def pause(self, round: int) -> Round:
        """Give out nothing and take no answers for a while."""
        return cast(Round, self.transport.post(f"rounds/{round}/pause/"))

    def resume(self, round: int) -> None:
        """Go on with a paused round."""
        self.transport.delete(f"rounds/{round}/pause/")

    def participants(self, round: int) -> Iterator[Participant]:
        """Who judges in it."""
        path = f"rounds/{round}/participants/"
        return cast("Iterator[Participant]", self.transport.pages(path))

    def admit(self, round: int, person: int, **settings: Any) -> Participant:
        """Let a member of the corpus judge in it: `quota`, `openly`."""
        path = f"rounds/{round}/participants/"
        return cast(Participant, self.transport.post(path, {"person": person, **settings}))

    def block(self, participant: int, *, blocked: bool = True) -> Participant:
        """Give somebody no more dialogues until they are unblocked."""
        path = f"participants/{participant}/"
        return cast(Participant, self.transport.patch(path, {"blocked": blocked}))

    def dismiss(self, participant: int) -> None:
        """Take somebody out: what they submitted stays, what they hold goes to others."""
        self.transport.delete(f"participants/{participant}/")

    def dialogues(self, round: int) -> Iterator[RoundDialogue]:
        """Its dialogues in their order."""
        path = f"rounds/{round}/dialogues/"
        return cast("Iterator[RoundDialogue]", self.transport.pages(path))

    def withdraw(self, round: int, dialogue: int, reason: str) -> RoundDialogue:
        """Have one of its dialogues (its `id` among them) judged no more; annotators see why."""
        path = f"rounds/{round}/dialogues/{dialogue}/withdrawal/"
        return cast(RoundDialogue, self.transport.post(path, {"reason": reason}))

    def reinstate(self, round: int, dialogue: int) -> None:
        """Put a withdrawn dialogue back."""
        self.transport.delete(f"rounds/{round}/dialogues/{dialogue}/withdrawal/")

    def extend(self, round: int, **settings: Any) -> Round:
        """Give it the published dialogues of `sources`, at most `most` of them, another `overlap`,
        another `due`.
        """
        return cast(Round, self.transport.post(f"rounds/{round}/extension/", settings))

    def set_consensus(self, round: int, consensus: str) -> Round:
        """Choose what makes its gold labels."""
        body = {"consensus": consensus}
        return cast(Round, self.transport.post(f"rounds/{round}/consensus/", body))

    def progress(self, round: int) -> Row:
        """Its submissions day by day as `days`, how many were `submitted` of those `wanted`, and
        when it will be done as `forecast` (None where that cannot be said).
        """
        return self.transport.get(f"rounds/{round}/progress/")

    def pace(self, corpus: int) -> Sequence[Row]:
        """Everybody who annotates in an open round of a corpus that you lead: what they did in the
        last seven days, how fast, and how fast usually.
        """
        return cast("Sequence[Row]", self.transport.get(f"corpora/{corpus}/pace/")["people"])

    def label_studio(self, round: int, target: Path | str) -> Path:
        """Download its utterances with all answers and suggestions as Label Studio's tasks."""
        return self.transport.download(f"rounds/{round}/label-studio.json", Path(target))

    def agreement(self, round: int) -> Sequence[Agreement]:
        """Of each task Krippendorff's alpha with its interval, and other coefficients."""
        rows = self.transport.send("GET", f"rounds/{round}/agreement/").json()
        return cast("Sequence[Agreement]", rows)

    def judgements(self, round: int, **filters: Any) -> Iterator[Judgement]:
        """All answers, while they are read from the database."""
        path = f"rounds/{round}/judgements.ndjson"
        return cast("Iterator[Judgement]", self.transport.lines(path, **filters))

    def compare(self, round: int, other: int) -> Job:
        """Have the agreement of two rounds on the same dialogues compared; the job."""
        return cast(Job, self.transport.post(f"rounds/{round}/comparison/", {"round": other}))

    def comparison(self, round: int, other: int) -> Row:
        """What was computed last about two rounds: `tasks`, with the difference of each. NotFound
        if nothing was.
        """
        return self.transport.get(f"rounds/{round}/comparison/", round=other)

    def report(self, round: int, kind: Report) -> Job:
        """Have a worker compute what takes long; the job. `read_report` has what comes of it."""
        return cast(Job, self.transport.post(f"rounds/{round}/reports/", {"kind": kind}))

    def read_report(self, round: int, kind: Report) -> Row:
        """What was computed last about a round that you lead, as `result`, and from how many
        `submissions`. NotFound before anything was.
        """
        return self.transport.get(f"rounds/{round}/reports/{kind}/")


class Work:
    """The judging of whoever the token acts as."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def tasks(self) -> Iterator[Task]:
        """The rounds that you annotate."""
        return cast("Iterator[Task]", self.transport.pages("tasks/"))

    def next(self, round: int) -> Assignment | None:
        """The dialogue that you are to judge now, the same one until it is submitted; None where
        nothing waits.
        """
        found = self.transport.post(f"rounds/{round}/assignments/")
        return cast(Assignment, found) if found["assignment"] is not None else None

    def submit(
        self, assignment: int, answers: Mapping[int, Mapping[str, str]], *, submit: bool = True
    ) -> int:
        """Save answers, utterance -> task -> value, and hand the dialogue in; how many were saved.

        Raises Conflict where an answer was given elsewhere meanwhile (`current`), or is missing.
        """
        body = {"answers": _rows(answers), "submit": submit}
        return int(self.transport.post(f"assignments/{assignment}/", body)["saved"])

    def submit_for_next(
        self, assignment: int, answers: Mapping[int, Mapping[str, str]]
    ) -> Assignment | None:
        """`submit` and `next` in one request; None where nothing waits, or you may not have it.

        Raises what `submit` raises.
        """
        body = {"answers": _rows(answers), "submit": True, "next": True}
        found = self.transport.post(f"assignments/{assignment}/", body)["next"]
        return cast("Assignment | None", found)

    def judgements(self) -> Iterator[Row]:
        """All your current answers in all rounds, submitted or not."""
        return self.transport.lines("account/judgements.ndjson")

    def skip(self, assignment: int, reason: str, words: str = "") -> None:
        """Leave a dialogue to others, saying why: "bad_clip", "wrong_text", "language",
        "known", "upsetting", "other".
        """
        body = {"reason": reason, "words": words}
        self.transport.post(f"assignments/{assignment}/skip/", body)

    def undo_skip(self, assignment: int) -> None:
        """Go on with a dialogue that you left. Conflict where others have it now."""
        self.transport.delete(f"assignments/{assignment}/skip/")

    def reopen(self, assignment: int) -> None:
        """Take a submission back; your answers stay."""
        self.transport.post(f"assignments/{assignment}/reopening/")

    def comments(self, assignment: int) -> Iterator[OwnComment]:
        """Your comments and flags on a dialogue that you judge."""
        path = f"assignments/{assignment}/comments/"
        return cast("Iterator[OwnComment]", self.transport.pages(path))

    def comment(
        self, assignment: int, utterance: int, words: str = "", *, kind: str = "comment"
    ) -> OwnComment:
        """Tell the leads something of an utterance, or flag it: "bad_cut", "wrong_text",
        "cannot_judge".
        """
        body = {"utterance": utterance, "kind": kind, "words": words}
        path = f"assignments/{assignment}/comments/"
        return cast(OwnComment, self.transport.post(path, body))


def _rows(answers: Mapping[int, Mapping[str, str]]) -> Sequence[Row]:
    """Utterance -> task -> value as rows, each with an id of its own."""
    return [
        Row(utterance=utterance, task=task, value=value, client_id=str(uuid4()))
        for utterance, given in answers.items()
        for task, value in given.items()
    ]
