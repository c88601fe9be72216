"""The client: a session with a server, and what can be had from it, by noun."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

import httpx2

from shengqing.errors import JobFailed
from shengqing.transport import Row, Transport

if TYPE_CHECKING:
    import datasets
    import pandas

ENDED = ("done", "failed", "stopped")
FIRST_LOOK, SLOWEST_LOOK = 0.5, 10.0  # seconds between two looks at a job
Role = Literal["annotator", "adjudicator", "lead"]


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
    state: Literal["draft", "queued", "running", "done", "failed", "stopped"]
    progress: float
    failure: str
    corpus: int | None
    name: str
    page: str
    queued_at: str
    started_at: str | None
    finished_at: str | None
    seconds_left: int | None


class Client:
    """A session with the server at `url`. Each error is a ShengqingError.

    `language` is that of the sentences in errors ("en", "zh-hans"). What has no method of its own
    is reached by `get`, `post`, `patch`, `put`, `delete`, `pages` and `lines` under its path, such
    as client.pages("corpora/1/jobs/").
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        language: str = "en",
        attempts: int = 5,
        timeout: float = 60.0,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.transport = Transport(url, token, language, attempts, timeout, transport, sleep)
        send = self.transport
        self.get, self.post, self.patch = send.get, send.post, send.patch
        self.put, self.delete = send.put, send.delete
        self.pages, self.lines, self.download = send.pages, send.lines, send.download
        self.corpora, self.jobs = Corpora(send), Jobs(send)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session."""
        self.transport.close()

    def account(self) -> Account:
        """Who the token acts as."""
        return cast(Account, self.transport.get("account/"))


class Corpora:
    """The corpora that you belong to."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(self, *, role: Role | None = None, archived: bool | None = None) -> Iterator[Corpus]:
        """Those in which you have this role; archived ones or others alone, if you say so."""
        return cast(
            "Iterator[Corpus]", self.transport.pages("corpora/", role=role, archived=archived)
        )

    def get(self, corpus: int) -> Corpus:
        """A corpus, with how much is in it as `counts`."""
        return cast(Corpus, self.transport.get(f"corpora/{corpus}/"))

    def create(self, name: str, **settings: Any) -> Corpus:
        """A new corpus, which you own and lead: `description`, `language`."""
        return cast(Corpus, self.transport.post("corpora/", {"name": name, **settings}))

    def update(self, corpus: int, *, match: Corpus | None = None, **settings: Any) -> Corpus:
        """Change settings; with what you read as `match`, only if nobody else did meanwhile.

        Raises Overtaken.
        """
        seen = cast("Row | None", match)
        return cast(Corpus, self.transport.patch(f"corpora/{corpus}/", settings, seen))

    def archive(self, corpus: int) -> Corpus:
        """Make it read-only."""
        return cast(Corpus, self.transport.post(f"corpora/{corpus}/archival/"))

    def unarchive(self, corpus: int) -> None:
        """Let it be changed again."""
        self.transport.delete(f"corpora/{corpus}/archival/")


class Jobs:
    """Work of the workers."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(
        self, corpus: int, *, kind: str | None = None, state: str | None = None
    ) -> Iterator[Job]:
        """The jobs of a corpus that you lead, active ones first."""
        path = f"corpora/{corpus}/jobs/"
        return cast("Iterator[Job]", self.transport.pages(path, kind=kind, state=state))

    def get(self, kind: str, number: int) -> Job:
        """A job."""
        return cast(Job, self.transport.get(f"jobs/{kind}/{number}/"))

    def stop(self, kind: str, number: int) -> Job:
        """Ask it to end."""
        return cast(Job, self.transport.post(f"jobs/{kind}/{number}/stop/"))

    def retry(self, kind: str, number: int) -> Job:
        """Do it again, where it has failed or was stopped."""
        return cast(Job, self.transport.post(f"jobs/{kind}/{number}/attempts/"))

    def wait(
        self,
        job: Mapping[str, Any],
        *,
        timeout: float | None = None,
        progress: Callable[[Job], None] | None = None,
    ) -> Job:
        """The job once it is done; `progress` hears of it at each look.

        Raises JobFailed where it failed or was stopped, TimeoutError after `timeout` seconds.
        """
        ends = None if timeout is None else time.monotonic() + timeout
        pause = FIRST_LOOK
        while True:
            found = cast(Job, self.transport.get(job["url"]))
            if progress:
                progress(found)
            if found["state"] == "done":
                return found
            if found["state"] in ENDED:
                raise JobFailed(found)
            if ends is not None and time.monotonic() + pause > ends:
                raise TimeoutError(f"{found['name']} is {found['state']} after {timeout:g} s.")
            self.transport.sleep(pause)
            pause = min(SLOWEST_LOOK, pause * 1.5)


def to_pandas(rows: Iterable[Mapping[str, Any]]) -> "pandas.DataFrame":
    """Rows as a table of pandas, a column a field."""
    import pandas

    return pandas.DataFrame([dict(row) for row in rows])


def to_dataset(rows: Iterable[Mapping[str, Any]]) -> "datasets.Dataset":
    """Rows as a Dataset of Hugging Face."""
    import datasets

    return datasets.Dataset.from_list([dict(row) for row in rows])
