"""Requests to the API: sent again where that is safe, answered by rows or errors.

A GET is sent again after a broken connection, 429, 502, 503 or 504; a POST as well, since each has
an Idempotency-Key under which the server carries it out once. PATCH, PUT and DELETE are sent again
only if the server cannot have seen them.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import httpx2

from shengqing.errors import Problem, ShengqingError, Unreachable, problem_of

AGAIN = {429, 502, 503, 504}
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds
Progress = Callable[[int, int], None]  # done, total


class Row(dict[str, Any]):
    """A thing as the server sent it, with the `etag` of that state."""

    etag = ""


class Transport:
    """A session with a server. `attempts` is how often a request is sent at most."""

    def __init__(
        self,
        url: str,
        token: str,
        language: str = "en",
        attempts: int = 5,
        timeout: float = 60.0,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ShengqingError(f"“{url}” is no address of a server, such as https://example.org.")
        self.url, self.attempts, self.sleep = url.rstrip("/") + "/", max(1, attempts), sleep
        self.session = httpx2.Client(
            headers={"Authorization": f"Token {token}", "Accept-Language": language},
            timeout=timeout,
            transport=transport,
        )

    def close(self) -> None:
        self.session.close()

    def get(self, path: str, **parameters: Any) -> Row:
        """A thing. Raises a Problem, or Unreachable."""
        return self._row(self.send("GET", path, params=_said(parameters)))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Row:
        """Do something, once however often it is sent. Raises a Problem, or Unreachable."""
        return self._row(self.send("POST", path, json=dict(body or {})))

    def patch(self, path: str, body: Mapping[str, Any], match: Row | None = None) -> Row:
        """Change a thing, if it is still as in `match`. Raises a Problem (Overtaken)."""
        return self._row(self.send("PATCH", path, json=dict(body), headers=_matching(match)))

    def put(self, path: str, body: Mapping[str, Any], match: Row | None = None) -> Row:
        """Say anew what a thing is, if it is still as in `match`."""
        return self._row(self.send("PUT", path, json=dict(body), headers=_matching(match)))

    def delete(self, path: str, match: Row | None = None) -> None:
        """Delete a thing, if it is still as in `match`."""
        self.send("DELETE", path, headers=_matching(match))

    def pages(self, path: str, **parameters: Any) -> Iterator[Row]:
        """All rows of a list, page by page as they are wanted."""
        address: str | None = path
        query: dict[str, Any] | None = _said(parameters)
        while address:
            page = self.send("GET", address, params=query).json()
            yield from map(Row, page["results"])
            address, query = page["next"], None
            if address and urlsplit(address).netloc != urlsplit(self.url).netloc:
                raise ShengqingError(f"The next page is on another server: {address}")

    def lines(self, path: str, **parameters: Any) -> Iterator[Row]:
        """The rows of an NDJSON address while they are read from the database.

        Raises a Problem, or Unreachable, also after some rows: begin again then.
        """
        try:
            with self._stream(path, params=_said(parameters)) as response:
                for line in response.iter_lines():
                    if line:
                        yield Row(json.loads(line))
        except httpx2.TransportError as error:
            raise Unreachable(f"{self.url}: {error}") from error

    def download(self, path: str, target: Path, progress: Progress | None = None) -> Path:
        """Save a file. What a broken connection has left in TARGET.partial is gone on with."""
        partial = target.with_name(target.name + ".partial")
        for attempt in range(1, self.attempts + 1):
            try:
                self._fetch(path, partial, progress)
                break
            except httpx2.TransportError as error:
                self._pause(attempt, None, error)
            except Problem as problem:
                if problem.status not in AGAIN or attempt == self.attempts:
                    raise
                self._pause(attempt, problem.wait, problem)
        partial.replace(target)
        return target

    def _fetch(self, path: str, partial: Path, progress: Progress | None) -> None:
        """Get what is not yet in the partial file. Raises TransportError, a Problem."""
        have = partial.stat().st_size if partial.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with self._stream(path, headers=headers, whole=(200, 206, 416)) as response:
            if response.status_code != 416:
                _save(response, partial, have if response.status_code == 206 else 0, progress)
                return
        if response.headers.get("Content-Range") != f"bytes */{have}":  # of another file
            partial.unlink()
            self._fetch(path, partial, progress)

    def send(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """An answer that is no error. Raises a Problem, or Unreachable."""
        headers = dict(more.pop("headers", None) or {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", uuid4().hex)
        for attempt in range(1, self.attempts + 1):
            try:
                response = self.session.request(method, self.address(path), headers=headers, **more)
            except httpx2.TransportError as error:
                if not (method in ("GET", "POST") or _was_unsent(error)):
                    raise Unreachable(f"{self.url}: {error}") from error
                self._pause(attempt, None, error)
                continue
            again = response.status_code in AGAIN and (
                method in ("GET", "POST") or response.status_code == 429
            )
            if not again or attempt == self.attempts:
                return _checked(response)
            self._pause(attempt, response.headers.get("Retry-After"), None)
        raise AssertionError("unreachable")

    def address(self, path: str) -> str:
        """The whole address of a path of the API, such as "corpora/"; whole ones stay."""
        if urlsplit(path).scheme:
            return path
        return urljoin(self.url, path if path.startswith("/") else f"api/{path}")

    @contextmanager
    def _stream(
        self, path: str, whole: tuple[int, ...] = (200,), **more: Any
    ) -> Iterator[httpx2.Response]:
        # to an object store the token does not go along
        request = self.session.stream("GET", self.address(path), follow_redirects=True, **more)
        with request as response:
            if response.status_code not in whole:
                response.read()
                _checked(response)
            yield response

    def _pause(self, attempt: int, wait: str | None, error: Exception | None) -> None:
        """Wait for the next attempt. Raises Unreachable after the last one."""
        if attempt >= self.attempts:
            raise Unreachable(f"{self.url}: {error}") from error
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1)) * random.uniform(0.5, 1)
        self.sleep(float(wait) if wait and wait.isdigit() else pause)

    @staticmethod
    def _row(response: httpx2.Response) -> Row:
        row = Row(response.json() if response.content else {})
        row.etag = response.headers.get("ETag", "")
        return row


def _said(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of an address: without those that are None, true and false as words."""
    words = {True: "true", False: "false"}
    return {
        name: words[value] if isinstance(value, bool) else value
        for name, value in parameters.items()
        if value is not None
    }


def _matching(row: Row | None) -> dict[str, str]:
    return {"If-Match": row.etag} if row is not None and row.etag else {}


def _was_unsent(error: httpx2.TransportError) -> bool:
    return isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)


def _checked(response: httpx2.Response) -> httpx2.Response:
    if response.is_success:
        return response
    try:
        members = response.json()
    except ValueError:
        members = {}
    members = members if isinstance(members, dict) else {}
    raise problem_of(response.status_code, members, response.headers.get("Retry-After", ""))


def _save(response: httpx2.Response, partial: Path, have: int, progress: Progress | None) -> None:
    total = have + int(response.headers.get("Content-Length", 0))
    with partial.open("r+b" if have else "wb") as file:
        file.seek(have)
        for piece in response.iter_raw():
            file.write(piece)
            have += len(piece)
            if progress:
                progress(have, max(have, total))
        file.flush()
        os.fsync(file.fileno())
