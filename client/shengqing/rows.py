"""The rows that the server sends, as types."""

from typing import Any, Literal, TypedDict

Role = Literal["annotator", "adjudicator", "lead"]
State = Literal["draft", "queued", "running", "done", "failed", "stopped"]


class Account(TypedDict):
    """Who the token acts as, and what it may do; `notifications` are the e-mails that they get."""

    id: int
    username: str
    name: str
    scopes: list[str]
    language: str
    theme: str
    time_zone: str
    notifications: list[str]


class AccessToken(TypedDict):
    """A token of yours, never the token itself; `asks`: it is the one that this client sends."""

    id: int
    name: str
    scopes: list[str]
    state: Literal["active", "expired", "revoked"]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    asks: bool


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


class IntegrityReport(TypedDict):
    """How many `issues` of each kind were found at `listed_at`, and how many clips can be cut again
    (`recuttable`) or are wrong and cannot (`stuck`).
    """

    state: State
    job: str
    listed_at: str | None
    issues: dict[str, int]
    recuttable: int
    stuck: int
    withheld: str


class IntegrityIssue(TypedDict):
    """One thing that is wrong: `kind`, and in words `name`; `place`, and what about it."""

    id: int
    kind: str
    name: str
    place: str
    dialogue: int | None
    utterance: int | None
    other: int | None
    detail: str


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


class Person(TypedDict):
    """An account, as others see it."""

    id: int
    username: str
    name: str


class Member(TypedDict):
    """That a person belongs to a corpus, and as what."""

    id: int
    person: Person
    role: Role
    owner: bool


class Invitation(TypedDict):
    """That somebody is asked to join. `link` is told to who invited them, while it is open."""

    id: int
    name: str
    email: str
    person: Person | None
    role: Role
    round: int | None
    status: str
    link: str
    created_at: str
    expires_at: str


class OwnInvitation(TypedDict):
    """An invitation of your account; without a corpus into the installation alone."""

    id: int
    corpus: str | None
    role: str
    invited_by: Person
    message: str
    expires_at: str


class JoinLink(TypedDict):
    """The link by which people ask to join as annotators; `used` counts requests."""

    link: str
    expires_at: str | None
    most: int | None
    email_domain: str
    used: int


class JoinRequest(TypedDict):
    """That somebody asks to join; `approved` is null until a lead decides."""

    id: int
    person: Person
    created_at: str
    approved: bool | None


class AuditEvent(TypedDict):
    """What somebody did. `withheld` says why you may not see its thing and details now."""

    id: int
    time: str
    user: str
    username: str
    action: str
    noun: str
    noun_id: int
    thing: str
    sentence: str
    details: dict[str, Any]
    withheld: str


class Speaker(TypedDict):
    """Who speaks."""

    id: int
    name: str
    pseudonym: str
    traits: dict[str, str]


class TableImport(TypedDict):
    """Files of a published corpus or a table. A draft was read and waits to be confirmed."""

    id: int
    corpus: int
    phase: Literal["read", "store", "undo"]
    state: State
    progress: float
    files: list[str]
    format: str
    counts: dict[str, int]
    stored: bool
    undone: bool
    job: str


class Scheme(TypedDict):
    """A version of a label scheme, never changed once made."""

    number: int
    note: str
    tasks: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    created_at: str


class Guideline(TypedDict):
    """A version of what annotators are told."""

    id: int
    number: int
    note: str
    created_at: str


class GuidelineText(Guideline):
    """The same with its text in Markdown; `left_out` sections of it are withheld from you."""

    text: str
    left_out: int


class RoundDialogue(TypedDict):
    """A dialogue in a round."""

    id: int
    dialogue: int
    position: int
    withdrawn: bool


class Item(TypedDict):
    """One task of one utterance: what everybody answered, and what it comes to. `open` says that
    it is contested and nobody has decided it.
    """

    id: int
    utterance: int
    task: str
    answers: list[dict[str, str]]
    disagreement: float
    open: bool
    gold: str | None
    provenance: str


class Adjudication(TypedDict):
    """A decision on one task of one utterance; the newest one counts."""

    id: int
    utterance: int
    task: str
    verdict: Literal["value", "ambiguous", "again", "none"]
    value: str
    reason: str
    error: str
    at: str


class ExpertLabel(TypedDict):
    """What an expert says is right, and why."""

    id: int
    utterance: int
    task: str
    value: str
    why: str


class QualityFlag(TypedDict):
    """Something in the answers of a round that chance would hardly make; no verdict."""

    id: int
    kind: str
    person: int | None
    task: str
    neg_log10_p: float
    count: int
    utterances: list[int]
    evidence: dict[str, Any]
    gone: bool
    reviews: list[dict[str, Any]]


class OwnComment(TypedDict):
    """Your comment or flag on an utterance."""

    id: int
    utterance: int
    kind: str
    words: str
    at: str


class Comment(OwnComment):
    """A comment or flag of an annotator, with what was answered to it."""

    annotator: str
    resolved: bool
    replies: list[dict[str, str]]


class Release(TypedDict):
    """A release. Until it is frozen, and while `withheld` says why, its figures are null. `digest`
    is the SHA-256 of its manifest.json, `contents` that of the data alone.
    """

    id: int
    corpus: int
    version: str
    state: State
    withheld: str
    rounds: list[int]
    licence: str
    media: str
    speakers: str
    split_unit: str
    for_members: bool
    retraction: dict[str, Any] | None
    created_at: str
    frozen_at: str | None
    digest: str | None
    contents: str | None
    dialogues: dict[str, int] | None
    utterances: dict[str, int] | None
    judgements: int | None
    files: int | None
    bytes: int | None


class ReleaseFile(TypedDict):
    """A file of a release."""

    path: str
    bytes: int
    sha256: str


class Link(TypedDict):
    """A link to a release, for people without an account."""

    id: int
    label: str
    address: str
    terms: str
    expires_at: str
    alive: bool
    created_at: str


class Diff(TypedDict):
    """What is different from release `one` to release `other`."""

    id: int
    one: int
    other: int
    match: str
    state: State
    progress: float
    failure: str
    summary: dict[str, Any] | None


class Recipe(TypedDict):
    """What can be trained. `settings` are the defaults of what an experiment may set; those in
    `unused` have no effect on it.
    """

    name: str
    title: str
    note: str
    modalities: list[str]
    classical: bool
    settings: dict[str, Any]
    unused: list[str]


class Encoder(TypedDict):
    """A pretrained encoder of the installation."""

    name: str
    modality: str
    type: str
    dims: int
    layers: int
    licence: str
    source: str
    language_model: bool


class Experiment(TypedDict):
    """Runs of some recipes with the same seeds on one release, or a search."""

    id: int
    name: str
    release: int
    settings: dict[str, Any]
    search: dict[str, Any] | None
    active: bool
    runs: list[int]
    ended: int
    withheld: str
    repeats: bool
    follows: int | None
    started_at: str


class ExperimentDetail(Experiment):
    """The same with its configurations, runs that differ in nothing but their seed; null while
    results are withheld from you.
    """

    configurations: list[dict[str, Any]] | None


class Run(TypedDict):
    """One training. Its figures are null before its end, and while `withheld` says why."""

    id: int
    experiment: int | None
    release: int
    recipe: str
    seed: int
    device: str
    on_failure: str
    settings: dict[str, Any]
    state: State
    progress: float
    job: str
    withheld: str
    failure: str
    validation_macro_f1: float | None
    test_macro_f1: float | None
    queued_at: str
    started_at: str | None
    finished_at: str | None


class Results(TypedDict):
    """What the learner reported: metrics of each task and class, confusion matrices, baselines.
    `test` is the last evaluation on the test set.
    """

    validation: dict[str, Any] | None
    test: dict[str, Any] | None


class Model(TypedDict):
    """A run under a name."""

    id: int
    run: int
    release: int
    recipe: str
    name: str
    use: str
    limits: str
    withheld: str
    validation_macro_f1: float | None
    test_macro_f1: float | None
    registered_at: str


class ModelDetail(Model):
    """The same with what decides it."""

    facts: dict[str, str]


class Protocol(TypedDict):
    """An experiment from one file: `done` of its `runs` and `trials` are done."""

    id: int
    name: str
    release: int
    test_release: int | None
    runs: int
    trials: int
    at_once: int
    device: str
    state: State
    done: int
    files: list[str]
    withheld: str
    started_at: str


class Plan(TypedDict):
    """What a protocol would train, and in about how many seconds, null where nobody knows."""

    systems: int
    folds: int
    seeds: int
    sizes: int
    runs: int
    trials: int
    seconds: float | None


class Document(TypedDict):
    """The turns of a dialogue at its `head`, the newest revision; a `draft` differs from what
    annotators see. `duration` is that of its clip in seconds.
    """

    id: int
    head: int
    draft: bool
    published: bool
    can_undo: bool
    can_redo: bool
    duration: float | None
    turns: list[dict[str, Any]]


class Revision(TypedDict):
    """One edit of a dialogue."""

    number: int
    parent: int | None
    person: int | None
    summary: dict[str, int]
    at: str


class FeatureImport(TypedDict):
    """Files of features. A draft was read and waits to be confirmed."""

    id: int
    release: int
    name: str
    state: State
    tables: list[dict[str, Any]]
    job: str


class Features(TypedDict):
    """Features of the utterances of a release that came from elsewhere."""

    id: int
    release: int
    name: str
    modality: str
    dims: int
    utterances: int
    digest: str


DeliveryStatus = Literal["waiting", "delivered", "failed", "not_sent"]


class Webhook(TypedDict):
    """An address that is told of events. `person` answers for it; `failure` says why it was
    switched off by itself.
    """

    id: int
    corpus: int
    address: str
    kinds: list[str]
    agreement_bound: float | None
    active: bool
    person: Person
    failing_since: str | None
    failure: str
    created_at: str


class NewWebhook(Webhook):
    """The same with its secret."""

    secret: str


class Delivery(TypedDict):
    """A message to a webhook, and what became of it. `webhook_id` is the header of that name."""

    id: int
    webhook: int
    webhook_id: str
    kind: str
    status: DeliveryStatus
    attempts: int
    response_status: int | None
    response_body: str
    seconds: float | None
    failure: str
    happened_at: str
    due_at: str
    finished_at: str | None
    payload: dict[str, Any]
