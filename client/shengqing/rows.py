"""The rows that the server sends, as types."""

from typing import Literal, TypedDict

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
    """An episode with its transcript, or a table. A draft waits to be confirmed."""

    id: int
    corpus: int
    kind: str
    title: str
    state: State
    has_media: bool
    counts: dict[str, int]
    job: str


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
