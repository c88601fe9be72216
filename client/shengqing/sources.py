"""Sources: episodes that are sent piece by piece, confirmed and published."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, cast

from shengqing.errors import Conflict, JobFailed, ShengqingError, Unreachable
from shengqing.jobs import ENDED, Jobs
from shengqing.rows import Job, Source, State, Upload
from shengqing.transport import Progress, Row, Transport

PIECE = 16 << 20  # bytes, the largest that the server takes
KIND = "application/offset+octet-stream"


class Sources:
    """The sources of corpora that you lead."""

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        self.transport, self.jobs = transport, jobs

    def list(self, corpus: int, *, state: State | None = None) -> Iterator[Source]:
        """Those of a corpus, the latest first."""
        path = f"corpora/{corpus}/sources/"
        return cast("Iterator[Source]", self.transport.pages(path, state=state))

    def get(self, source: int) -> Source:
        """A source."""
        return cast(Source, self.transport.get(f"sources/{source}/"))

    def push(
        self,
        corpus: int,
        *,
        media: Path | None = None,
        transcript: Path | None = None,
        title: str = "",
        progress: Progress | None = None,
    ) -> Source:
        """A draft of a film, its transcript, or both, once a worker has looked into it.

        Raises ShengqingError for neither, a Problem for what the server does not take, JobFailed
        for what it cannot read.
        """
        sent = self._sent(corpus, media, transcript, progress)
        body = {"title": title, **sent}
        made = cast(Source, self.transport.post(f"corpora/{corpus}/sources/", body))
        return self._inspected(made)

    def replace(
        self,
        source: int,
        *,
        media: Path | None = None,
        transcript: Path | None = None,
        progress: Progress | None = None,
    ) -> Source:
        """Give a source another film, another transcript, or both: it is a draft again, looked into
        by a worker, and its dialogues are deleted.

        Raises what `push` raises, Conflict where its dialogues were judged.
        """
        sent = self._sent(self.get(source)["corpus"], media, transcript, progress)
        made = cast(Source, self.transport.post(f"sources/{source}/replacement/", sent))
        return self._inspected(made)

    def file(
        self,
        source: int,
        name: Literal["media", "transcript"],
        target: Path | str,
        progress: Progress | None = None,
    ) -> Path:
        """Download what was uploaded, of a corpus that you lead."""
        path = f"sources/{source}/files/{name}/"
        return self.transport.download(path, Path(target), progress)

    def problems(self, source: int, *, outcome: str | None = None) -> Iterator[Row]:
        """What was repaired, left out or is doubtful in its transcript, once it is imported."""
        return self.transport.lines(f"sources/{source}/problems.ndjson", outcome=outcome)

    def reading(self, source: int, **reading: Any) -> Row:
        """What would come of a draft that is read like this: its `dialogues`, `speakers` and
        `problems`; `obstacle` says why it cannot be confirmed, if it cannot. Nothing is stored.
        """
        return self.transport.post(f"sources/{source}/reading/", reading)

    def confirm(self, source: int, **reading: Any) -> Job:
        """Accept how a draft is read, other than as it was recognised where `reading` says so; the
        job that cuts it.
        """
        return cast(Job, self.transport.post(f"sources/{source}/confirmation/", reading))

    def resegment(self, source: int, **parting: Any) -> Job:
        """Divide an episode that was cut anew (`gap` in seconds, `scene`); what was corrected
        stays. The job.
        """
        return cast(Job, self.transport.post(f"sources/{source}/segmentation/", parting))

    def publish(self, source: int) -> int:
        """Make its dialogues ready for annotators; how many were not."""
        return int(self.transport.post(f"sources/{source}/publication/")["published"])

    def delete(self, source: int, *, title: str = "") -> None:
        """Delete it with all that was made of it; where judgements are lost, say its title."""
        self.transport.post(f"sources/{source}/deletion/", {"title": title})

    def upload(self, corpus: int, path: Path, *, progress: Progress | None = None) -> Upload:
        """Send a file in pieces, each with its digest; after a broken connection from where the
        server has it.
        """
        size = path.stat().st_size
        upload = cast(
            Upload,
            self.transport.post(f"corpora/{corpus}/uploads/", {"name": path.name, "size": size}),
        )
        failures = 0
        with path.open("rb") as file:
            while upload["offset"] < size:
                file.seek(upload["offset"])
                try:
                    upload, failures = self._append(upload, file.read(PIECE)), 0
                except (Unreachable, Conflict):
                    failures += 1
                    if failures >= self.transport.attempts:
                        raise
                    upload = cast(Upload, self.transport.get(upload["url"]))
                if progress:
                    progress(upload["offset"], size)
        return upload

    def _sent(
        self, corpus: int, media: Path | None, transcript: Path | None, progress: Progress | None
    ) -> dict[str, str]:
        """What is given of a film and a transcript -> the token of its upload."""
        files = {"media": media, "transcript": transcript}
        sent = {
            name: self.upload(corpus, path, progress=progress)["token"]
            for name, path in files.items()
            if path is not None
        }
        if not sent:
            raise ShengqingError("A source is a film, a transcript, or both: name one at least.")
        return sent

    def _inspected(self, source: Source) -> Source:
        """A draft once a worker has looked into it. Raises JobFailed for what it cannot read."""
        if not source["job"]:
            return source
        ended = self.jobs.wait({"url": source["job"]}, until=ENDED)
        found = self.get(source["id"])
        if not found["inspected"]:
            raise JobFailed(ended)
        return found

    def _append(self, upload: Upload, piece: bytes) -> Upload:
        digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        headers = {
            "Content-Type": KIND,
            "Upload-Offset": str(upload["offset"]),
            "Upload-Checksum": f"sha256 {digest}",
        }
        answer = self.transport.send("PATCH", upload["url"], content=piece, headers=headers)
        return cast(Upload, answer.json())
