"""Imports of published corpora and labelled tables: read, confirmed, stored, undone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, cast

from shengqing.errors import JobFailed
from shengqing.jobs import Jobs
from shengqing.rows import TableImport
from shengqing.sources import Sources
from shengqing.transport import Progress, Transport

SUGGESTIONS_AT_ONCE = 5_000
Labels = Literal["published", "annotator", "gold", "none"]


class Imports:
    """The imports into corpora that you lead."""

    def __init__(self, transport: Transport, jobs: Jobs, sources: Sources) -> None:
        self.transport, self.jobs, self.sources = transport, jobs, sources

    def list(self, corpus: int) -> Iterator[TableImport]:
        """Those into a corpus, the latest first."""
        return cast("Iterator[TableImport]", self.transport.pages(f"corpora/{corpus}/imports/"))

    def get(self, number: int) -> TableImport:
        """An import."""
        return cast(TableImport, self.transport.get(f"imports/{number}/"))

    def read(
        self,
        corpus: int,
        paths: Sequence[Path],
        *,
        format: str | None = None,
        progress: Progress | None = None,
    ) -> TableImport:
        """Send files, and have a worker read them; nothing is stored before that is confirmed.

        Raises JobFailed for what it cannot read.
        """
        tokens = [self.sources.upload(corpus, path, progress=progress)["token"] for path in paths]
        body = {"uploads": tokens, **({"format": format} if format else {})}
        made = cast(TableImport, self.transport.post(f"corpora/{corpus}/imports/", body))
        return self._ended(made["id"], "draft")

    def read_tasks(self, corpus: int, tasks: Sequence[Mapping[str, Any]]) -> TableImport:
        """Have Label Studio's tasks read (JSON or JSON-MIN, up to 2 MB; larger ones are files).
        Predictions with a score become suggestions. Raises JobFailed.
        """
        made = self.transport.send("POST", f"corpora/{corpus}/label-studio/", json=[*tasks])
        return self._ended(made.json()["id"], "draft")

    def read_as(self, number: int, format: str) -> TableImport:
        """Have the files read again, in another format. Raises JobFailed."""
        self.transport.post(f"imports/{number}/reading/", {"format": format})
        return self._ended(number, "draft")

    def map(self, number: int, mapping: Mapping[str, Any]) -> TableImport:
        """Say what the columns of a labelled table are, and have it read so. Raises JobFailed."""
        self.transport.post(f"imports/{number}/mapping/", mapping)
        return self._ended(number, "draft")

    def mapping(self, number: int) -> Mapping[str, Any]:
        """The `columns` of a labelled table, what was said of them, and what an earlier import of
        such columns said.
        """
        return self.transport.get(f"imports/{number}/mapping/")

    def problems(self, number: int) -> Iterator[Mapping[str, Any]]:
        """What was repaired, left out or is doubtful."""
        return self.transport.lines(f"imports/{number}/problems.ndjson")

    def delete(self, number: int) -> None:
        """Forget one that stored nothing."""
        self.transport.delete(f"imports/{number}/")

    def confirm(
        self, number: int, *, labels: Labels, annotator: str = "", round_name: str = ""
    ) -> TableImport:
        """Store what was read, all or nothing, its labels as a published round, one `annotator`'s
        round, expert labels, or not at all. Raises JobFailed.
        """
        body = {"labels": labels, "annotator": annotator, "round_name": round_name}
        self.transport.post(f"imports/{number}/confirmation/", body)
        return self._ended(number, "done")

    def undo(self, number: int) -> TableImport:
        """Remove everything that it made, unless people have worked on it. Raises JobFailed."""
        self.transport.post(f"imports/{number}/undo/")
        return self._ended(number, "done")

    def suggest(self, corpus: int, origin: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Store what a machine, `origin`, would answer as suggestions for annotators; how many.

        A row has `utterance` (its `uid`), `task`, `value` and the `probability` of that value.
        Raises Invalid for a row that does not fit the corpus; of so many rows (5,000) as are sent
        at once none is stored then.
        """
        path, stored, rest = f"corpora/{corpus}/suggestions/", 0, iter(rows)
        while part := [*islice(rest, SUGGESTIONS_AT_ONCE)]:
            body = {"origin": origin, "suggestions": part}
            stored += self.transport.post(path, body)["stored"]
        return stored

    def _ended(self, number: int, state: str) -> TableImport:
        """An import once its worker is done with it."""
        for found in cast("Iterator[TableImport]", self.jobs.looks(f"imports/{number}/")):
            if found["state"] == state:
                return found
            if found["state"] not in ("queued", "running"):
                raise JobFailed(self.transport.get(found["job"]))
        raise AssertionError("unreachable")
