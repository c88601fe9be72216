"""Features that were computed elsewhere, for the utterances of a release."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from shengqing.errors import JobFailed
from shengqing.jobs import ENDED, Jobs
from shengqing.rows import FeatureImport, Features
from shengqing.sources import Sources
from shengqing.transport import Progress, Transport


class ImportedFeatures:
    """The imported features of releases of corpora that you lead."""

    def __init__(self, transport: Transport, jobs: Jobs, sources: Sources) -> None:
        self.transport, self.jobs, self.sources = transport, jobs, sources

    def list(self, corpus: int) -> Iterator[Features]:
        """Those of a corpus, the latest first."""
        return cast("Iterator[Features]", self.transport.pages(f"corpora/{corpus}/features/"))

    def read(
        self,
        corpus: int,
        release: int,
        paths: Sequence[Path],
        *,
        progress: Progress | None = None,
        **about: Any,
    ) -> FeatureImport:
        """Send a file of features, and a list of ids where it names no utterances, and have a
        worker read them: `modality`, `name`, `rate` (frames a second). Nothing is imported before
        that is confirmed. Raises JobFailed.
        """
        tokens = [self.sources.upload(corpus, path, progress=progress)["token"] for path in paths]
        body = {"release": release, "uploads": tokens, **about}
        made = self.transport.post(f"corpora/{corpus}/feature-imports/", body)
        path = f"feature-imports/{made['id']}/"
        for found in cast("Iterator[FeatureImport]", self.jobs.looks(path)):
            if found["state"] == "draft":
                return found
            if found["state"] in ENDED:
                raise JobFailed(self.transport.get(found["job"]))
        raise AssertionError("unreachable")

    def confirm(self, number: int) -> Sequence[Features]:
        """Import what was read; nothing where it had been confirmed before."""
        found = self.transport.post(f"feature-imports/{number}/confirmation/")
        return cast("Sequence[Features]", found["features"])

    def delete(self, features: int) -> None:
        """Remove features; not those that a run needs which waits or trains."""
        self.transport.delete(f"features/{features}/")
