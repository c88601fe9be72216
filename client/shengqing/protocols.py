"""Protocols: experiments from one file, with their report."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

from shengqing.errors import JobFailed
from shengqing.jobs import ENDED, Jobs
from shengqing.rows import Plan, Protocol
from shengqing.transport import Transport


class Protocols:
    """The protocols of corpora that you lead."""

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        self.transport, self.jobs = transport, jobs

    def list(self, corpus: int, *, release: int | None = None) -> Iterator[Protocol]:
        """Those of a corpus, the newest first."""
        path = f"corpora/{corpus}/protocols/"
        return cast("Iterator[Protocol]", self.transport.pages(path, release=release))

    def get(self, protocol: int) -> Protocol:
        """A protocol."""
        return cast(Protocol, self.transport.get(f"protocols/{protocol}/"))

    def plan(self, corpus: int, text: str, **more: Any) -> Plan:
        """What the text of a protocol's file (TOML) would train; nothing is started."""
        path = f"corpora/{corpus}/protocols/plans/"
        return cast(Plan, self.transport.post(path, {"text": text, **more}))

    def start(self, corpus: int, text: str, **more: Any) -> Protocol:
        """Start it, with so many parts `at_once`, on a `device`."""
        path = f"corpora/{corpus}/protocols/"
        return cast(Protocol, self.transport.post(path, {"text": text, **more}))

    def wait(
        self,
        protocol: int,
        *,
        timeout: float | None = None,
        progress: Callable[[Protocol], None] | None = None,
    ) -> Protocol:
        """A protocol once it is done; `progress` hears of it at each look.

        Raises JobFailed where it failed or was stopped, TimeoutError after `timeout` seconds.
        """
        path = f"protocols/{protocol}/"
        for found in cast("Iterator[Protocol]", self.jobs.looks(path, timeout)):
            if progress:
                progress(found)
            if found["state"] == "done":
                return found
            if found["state"] in ENDED:
                raise JobFailed({**found, "failure": ""})
        raise AssertionError("unreachable")

    def stop(self, protocol: int) -> Protocol:
        """Stop every part; each keeps its checkpoint."""
        return cast(Protocol, self.transport.post(f"protocols/{protocol}/stop/"))

    def resume(self, protocol: int) -> Protocol:
        """Go on with what is not done, also with runs that failed."""
        return cast(Protocol, self.transport.post(f"protocols/{protocol}/attempts/"))

    def report(self, protocol: int) -> Protocol:
        """Write the report of what is done so far."""
        return cast(Protocol, self.transport.post(f"protocols/{protocol}/report/"))

    def file(self, protocol: int, name: str, target: Path | str) -> Path:
        """Download one of its `files`, such as "report.html"."""
        return self.transport.download(f"protocols/{protocol}/files/{name}", Path(target))

    def delete(self, protocol: int) -> None:
        """Delete it with its files; not one whose runs were tested."""
        self.transport.delete(f"protocols/{protocol}/")
