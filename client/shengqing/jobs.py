"""Jobs: what workers do, followed to its end."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, cast

from shengqing.errors import JobFailed
from shengqing.rows import Job
from shengqing.transport import Row, Transport

ENDED = ("done", "failed", "stopped")
FIRST_LOOK, SLOWEST_LOOK = 0.5, 10.0  # seconds between two looks at a job


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
        until: Collection[str] = ("done",),
    ) -> Job:
        """The job once it is done, or in another state of `until`; `progress` hears of it at each
        look.

        Raises JobFailed where it failed or was stopped, TimeoutError after `timeout` seconds.
        """
        for found in cast("Iterator[Job]", self.looks(job["url"], timeout)):
            if progress:
                progress(found)
            if found["state"] in until:
                return found
            if found["state"] in ENDED:
                raise JobFailed(found)
        raise AssertionError("unreachable")

    def looks(self, path: str, timeout: float | None = None) -> Iterator[Row]:
        """What is at a path of the API, again and again, ever more slowly.

        Raises TimeoutError after `timeout` seconds.
        """
        ends = None if timeout is None else time.monotonic() + timeout
        pause = FIRST_LOOK
        while True:
            yield self.transport.get(path)
            if ends is not None and time.monotonic() + pause > ends:
                raise TimeoutError(f"{path} has not ended after {timeout:g} s.")
            self.transport.sleep(pause)
            pause = min(SLOWEST_LOOK, pause * 1.5)
