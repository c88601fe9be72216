"""The client: a session with a server, and what can be had from it, by noun."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, cast

import httpx2

from shengqing.corpora import Corpora
from shengqing.dialogues import Dialogues, Speakers
from shengqing.experiments import Experiments, Models, Runs
from shengqing.features import ImportedFeatures
from shengqing.imports import Imports
from shengqing.jobs import Jobs
from shengqing.members import Members
from shengqing.protocols import Protocols
from shengqing.releases import Releases
from shengqing.results import Comments, Results
from shengqing.rounds import Rounds, Work
from shengqing.rows import Account
from shengqing.schemes import Guidelines, Schemes
from shengqing.sources import Sources
from shengqing.tokens import Tokens
from shengqing.transport import Transport
from shengqing.webhooks import Webhooks


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
        self.corpora, self.members, self.jobs = Corpora(send), Members(send), Jobs(send)
        self.sources = Sources(send, self.jobs)
        self.imports = Imports(send, self.jobs, self.sources)
        self.dialogues, self.speakers = Dialogues(send), Speakers(send)
        self.schemes, self.guidelines = Schemes(send), Guidelines(send)
        self.rounds, self.work = Rounds(send), Work(send)
        self.results, self.comments = Results(send), Comments(send)
        self.releases = Releases(send, self.jobs)
        self.experiments, self.runs = Experiments(send, self.jobs), Runs(send, self.jobs)
        self.features = ImportedFeatures(send, self.jobs, self.sources)
        self.models, self.protocols = Models(send), Protocols(send, self.jobs)
        self.webhooks, self.tokens = Webhooks(send), Tokens(send)

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

    def change_account(self, **settings: Any) -> Account:
        """Change `name`, `language`, `theme`, `time_zone`, or `notifications`, the kinds of e-mails
        that you want; whatever is left out stays. Needs the scope `manage`.
        """
        return cast(Account, self.transport.patch("account/", settings))
