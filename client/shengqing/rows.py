"""The rows that the server sends, as types."""

from typing import Any, Literal, TypedDict

Role = Literal["annotator", "adjudicator", "lead"]
State = Literal["draft", "queued", "running", "done", "failed", "stopped"]


class Account(TypedDict):
    """Who the token acts as, and what it may do."""

    id: int
    username: str
    name: str
    scopes: list[str]


class Corpus(TypedDict):
    """A corpus, and the role that you have in it."""

    id: int
    name: str
    description: str
    language: str
    role: Role
    archived: bool
    blind_adjudication: bool
    media_policy: str
    created_at: str


class Job(TypedDict):
    """Work of a worker: `progress` goes from 0 to 1, `failure` says why it failed."""

    kind: str
    id: int
    url: str
    state: State
    progress: float
    failure: str
    corpus: int | None
    name: str
    page: str
    queued_at: str
    started_at: str | None
    finished_at: str | None
    seconds_left: int | None


class Upload(TypedDict):
    """A file on its way: `offset` of its `size` bytes have arrived; `token` names it."""

    token: str
    url: str
    name: str
    size: int
    offset: int


class Source(TypedDict):
    """An episode with its transcript, or a table. A draft waits to be confirmed, which it can be
    once it is `inspected`.
    """

    id: int
    corpus: int
    kind: str
    title: str
    state: State
    inspected: bool
    has_media: bool
    counts: dict[str, int]
    job: str | None


class Dialogue(TypedDict):
    """A dialogue of a source; times are seconds of the source."""

    id: int
    uid: str
    source: int
    number: int
    start: float | None
    end: float | None
    split: str
    published: bool
    utterances: int


class Utterance(TypedDict):
    """An utterance; `machine` says that no person has confirmed its words."""

    id: int
    uid: str
    dialogue: int
    number: int
    speaker: int | None
    text: str
    translation: str
    start: float | None
    end: float | None
    machine: bool


class Round(TypedDict):
    """One pass of judging: `submitted` of the `wanted` submissions have come in."""

    id: int
    corpus: int
    name: str
    kind: str
    state: Literal["open", "paused", "closed"]
    view: str
    order: str
    overlap: int
    scheme: int
    guideline: int | None
    consensus: str
    submitted: int
    wanted: int
    due: str | None
    opened_at: str


class Participant(TypedDict):
    """Somebody who judges in a round."""

    id: int
    person: int
    name: str
    quota: int | None
    blocked: bool
    left: bool
    openly: bool
    admitted_at: str


class Agreement(TypedDict):
    """Krippendorff's alpha of a task as `value`, from `low` to `high`; null where `undefined` says
    why.
    """

    task: str
    level: str
    value: float | None
    undefined: str
    units: int
    judgements: int
    agreement: float | None
    low: float | None
    high: float | None
    coefficients: dict[str, Any]
    classes: dict[str, Any]
    openly: int


class Judgement(TypedDict):
    """A submitted answer of one person to one task on one utterance."""

    id: int
    dialogue: int
    utterance: int
    annotator: int
    task: str
    value: str
    confidence: int | None
    seconds: float
    at: str


class Task(TypedDict):
    """A round that you annotate; `scheme` has its tasks with their values."""

    round: int
    name: str
    corpus: str
    view: str
    scheme: list[dict[str, Any]]
    paused: bool
    due: str | None
    next: str


class Turn(TypedDict):
    """An utterance to judge, with the `answers` that you have given."""

    id: int
    uid: str
    number: int
    speaker: str | None
    start: float | None
    end: float | None
    text: str | None
    answers: dict[str, str]


class Assignment(TypedDict):
    """A dialogue to judge."""

    assignment: int
    round: int
    view: str
    expires_at: str | None
    dialogue: int
    workbench: str
    utterances: list[Turn]
