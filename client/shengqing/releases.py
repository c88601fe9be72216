"""Releases: frozen, downloaded, checked, compared, given away."""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import quote

from shengqing.errors import Damaged, JobFailed
from shengqing.jobs import ENDED, Jobs
from shengqing.local_release import MANIFEST, MEDIA, LocalRelease, is_as_listed
from shengqing.rows import Diff, Job, Link, Release, ReleaseFile, State
from shengqing.tables import split_of, to_dataset_dict, to_flat_pandas
from shengqing.transport import Progress, Row, Transport

if TYPE_CHECKING:
    import datasets
    import pandas

Split = Literal["train", "valid", "test"]


class Releases:
    """The releases that you may know of; those of corpora that you lead are yours to change."""

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        self.transport, self.jobs = transport, jobs

    def list(
        self, corpus: int, *, state: State | None = None, version: str | None = None
    ) -> Iterator[Release]:
        """Those of a corpus, the newest first."""
        path = f"corpora/{corpus}/releases/"
        return cast("Iterator[Release]", self.transport.pages(path, state=state, version=version))

    def get(self, release: int) -> Release:
        """A release."""
        return cast(Release, self.transport.get(f"releases/{release}/"))

    def freeze(
        self, corpus: int, *, progress: Callable[[Job], None] | None = None, **settings: Any
    ) -> Release:
        """Freeze a release, and wait for it. Settings are those of the API's reference, such as
        `version`, `rounds`, `licence`, `media`, `shares`, `seed`; what is left out is as the last
        release was made.

        Raises Conflict where errors of the integrity check are undecided (`decisions`), JobFailed.
        """
        job = cast(Job, self.transport.post(f"corpora/{corpus}/releases/", settings))
        self.jobs.wait(job, progress=progress)
        return self.get(job["id"])

    def delete(self, release: int) -> None:
        """Delete one that was never frozen, so that its version is free again."""
        self.transport.delete(f"releases/{release}/")

    def verify(self, release: int) -> Sequence[str]:
        """What is wrong with its files on the server; LocalRelease.verify checks those here."""
        found = self.transport.post(f"releases/{release}/verification/")
        return cast("Sequence[str]", found["faults"])

    def files(self, release: int) -> Iterator[ReleaseFile]:
        """Its files with sizes and SHA-256, by name."""
        return cast("Iterator[ReleaseFile]", self.transport.pages(f"releases/{release}/files/"))

    def utterances(
        self, release: int, *, split: Split | None = None, dialogue: str | None = None
    ) -> Iterator[Row]:
        """Its utterances with gold labels, votes and soft labels, while they are read."""
        path = f"releases/{release}/utterances.ndjson"
        return self.transport.lines(path, split=split, dialogue=dialogue)

    def table(self, release: int, *, split: Split | None = None) -> "pandas.DataFrame":
        """The same as a table of pandas; the gold label of a task is the column `gold.TASK`."""
        return to_flat_pandas(self.utterances(release, split=split))

    def datasets(self, release: int) -> "datasets.DatasetDict":
        """Its utterances as a DatasetDict of Hugging Face: "train", "validation" and "test" with
        class labels, votes and soft labels.
        """
        tables = {split_of(entry["path"]): entry["path"] for entry in self.files(release)}
        found = {split: path for split, path in tables.items() if split}
        return to_dataset_dict(
            {split: BytesIO(self._content(release, path)) for split, path in found.items()}
        )

    def pull(
        self,
        release: int,
        folder: Path | str,
        *,
        media: bool = True,
        progress: Progress | None = None,
    ) -> LocalRelease:
        """Download its files, or those without clips and features, and check each against its
        SHA-256. What is there already is not sent again, also of a file that broke off.

        Raises Damaged for a file that is not as it was frozen, and where the folder holds another
        release.
        """
        known, local = self.get(release), LocalRelease(Path(folder))
        self._pull_manifest(known, local)
        wanted = [
            entry for entry in local.files if media or entry["path"].split("/")[0] not in MEDIA
        ]
        total, done = sum(entry["bytes"] for entry in wanted), 0
        for entry in wanted:
            self._pull_file(release, local.path, entry, _further(progress, done, total))
            done += entry["bytes"]
        return local

    def archive(self, release: int, target: Path | str, progress: Progress | None = None) -> Path:
        """Download all of it as a zip; goes on where a broken connection left it."""
        return self.transport.download(f"releases/{release}/archive.zip", Path(target), progress)

    def file(
        self, release: int, path: str, target: Path | str, progress: Progress | None = None
    ) -> Path:
        """Download one of its files; goes on where a broken connection left it."""
        return self.transport.download(_address(release, path), Path(target), progress)

    def layout(self, release: int, name: str, target: Path | str) -> Path:
        """Download it as a zip for another tool: cmma, mmsa, labelstudio, elan, webdataset."""
        return self.transport.download(f"releases/{release}/as/{name}.zip", Path(target))

    def label_studio(self, release: int, target: Path | str) -> Path:
        """Download its utterances with everybody's answers as Label Studio's tasks."""
        return self.transport.download(f"releases/{release}/label-studio.json", Path(target))

    def retract(
        self,
        release: int,
        kind: Literal["withdrawn", "superseded"],
        reason: str,
        *,
        by: int | None = None,
    ) -> None:
        """Say for good that it should not be used any more; `by` takes its place."""
        self.transport.post(
            f"releases/{release}/retractions/", {"kind": kind, "reason": reason, "by": by}
        )

    def allow_members(self, release: int) -> None:
        """Let the members of the corpus read it."""
        self.transport.post(f"releases/{release}/member-access/")

    def disallow_members(self, release: int) -> None:
        """Let leads alone read it again."""
        self.transport.delete(f"releases/{release}/member-access/")

    def links(self, release: int) -> Iterator[Link]:
        """The links to it, the latest first."""
        return cast("Iterator[Link]", self.transport.pages(f"releases/{release}/links/"))

    def create_link(self, release: int, *, terms: str, expires_at: str, label: str = "") -> Link:
        """Give it to people without an account who accept the terms; `expires_at` (YYYY-MM-DD) is
        the last day.
        """
        body = {"terms": terms, "expires_at": expires_at, "label": label}
        return cast(Link, self.transport.post(f"releases/{release}/links/", body))

    def grants(self, link: int) -> Iterator[Row]:
        """Who accepted its terms: `name`, `affiliation`, `email`, `at`; the latest first."""
        return self.transport.pages(f"links/{link}/grants/")

    def revoke_link(self, link: int) -> None:
        """Close a link, and whatever was got with it."""
        self.transport.post(f"links/{link}/revocation/")

    def personal_data(self, corpus: int) -> Iterator[Row]:
        """Words in the transcripts of a corpus that may be personal data, with what was decided.
        What is not cleared is masked in every release.
        """
        return self.transport.lines(f"corpora/{corpus}/personal-data.ndjson")

    def review_personal_data(
        self, utterance: int, words: str, outcome: Literal["keep", "mask"]
    ) -> None:
        """Say whether words of an utterance stay or are masked."""
        body = {"words": words, "outcome": outcome}
        self.transport.post(f"utterances/{utterance}/personal-data-reviews/", body)

    def diff(
        self,
        one: int,
        other: int,
        *,
        match: Literal["auto", "id", "content"] = "auto",
        timeout: float | None = None,
    ) -> Diff:
        """What is different from one release to another, once a worker has computed it.

        Raises JobFailed where it could not, TimeoutError after `timeout` seconds.
        """
        body = {"one": one, "other": other, "match": match}
        number = self.transport.post("diffs/", body)["id"]
        for found in cast("Iterator[Diff]", self.jobs.looks(f"diffs/{number}/", timeout)):
            if found["state"] == "done":
                return found
            if found["state"] in ENDED:
                raise JobFailed({**found, "name": f"Difference {number}"})
        raise AssertionError("unreachable")

    def changes(self, diff: int, *, what: str | None = None) -> Iterator[Row]:
        """Every change between two releases, or those of a kind, such as "text"."""
        return self.transport.lines(f"diffs/{diff}/changes.ndjson", what=what)

    def _content(self, release: int, path: str) -> bytes:
        return self.transport.send("GET", _address(release, path)).content

    def _pull_manifest(self, release: Release, local: LocalRelease) -> None:
        local.path.mkdir(parents=True, exist_ok=True)
        manifest = local.path / MANIFEST
        if not manifest.exists():
            self.transport.download(_address(release["id"], MANIFEST), manifest)
        if local.digest != release["digest"]:
            raise Damaged(f"{local.path} holds another release than {release['version']}.")

    def _pull_file(
        self, release: int, folder: Path, entry: ReleaseFile, progress: Progress | None
    ) -> None:
        path = folder / entry["path"]
        if path.is_file() and is_as_listed(path, entry):
            if progress:
                progress(entry["bytes"], entry["bytes"])
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        for _attempt in range(2):  # once more where what was gone on with is not the beginning
            self.transport.download(_address(release, entry["path"]), path, progress)
            if is_as_listed(path, entry):
                return
        raise Damaged(f"{entry['path']} does not have the SHA-256 that the release lists.")


def _address(release: int, path: str) -> str:
    return f"releases/{release}/files/{quote(path)}"


def _further(progress: Progress | None, before: int, whole: int) -> Progress | None:
    """Progress of a file as that of all files."""
    if progress is None:
        return None
    return lambda done, _total: progress(before + done, whole)
