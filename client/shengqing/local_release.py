"""A release on this machine: checked against its checksums, read as tables."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from shengqing.errors import Damaged
from shengqing.rows import ReleaseFile
from shengqing.tables import split_of, to_dataset_dict, to_flat_pandas

if TYPE_CHECKING:
    import datasets
    import pandas

BLOCK = 1 << 20  # bytes
MANIFEST = "manifest.json"
MEDIA = ("media", "features")  # folders of clips, and of what was extracted from them


class LocalRelease:
    """The directory of a release, whole or without its clips."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """Corpus, version, licence, counts, and all files. Raises Damaged."""
        try:
            found = json.loads((self.path / MANIFEST).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise Damaged(f"{self.path} holds no release: {MANIFEST} cannot be read.") from error
        if not (isinstance(found, dict) and isinstance(found.get("files"), list)):
            raise Damaged(f"{self.path} holds no release: {MANIFEST} lists no files.")
        return found

    @property
    def digest(self) -> str:
        """The SHA-256 of the manifest, by which the release is known. Raises Damaged."""
        if not (self.path / MANIFEST).is_file():
            raise Damaged(f"{self.path} holds no release: there is no {MANIFEST}.")
        return sha256_of(self.path / MANIFEST)

    @property
    def files(self) -> list[ReleaseFile]:
        """The files that the manifest lists, which are all but itself. Raises Damaged for a path
        that leaves the directory.
        """
        listed = cast("list[ReleaseFile]", self.manifest["files"])
        for entry in listed:
            path = PurePosixPath(entry["path"])
            if path.is_absolute() or ".." in path.parts or "\\" in entry["path"]:
                raise Damaged(f"{MANIFEST} names {entry['path']}, which is no file of a release.")
        return listed

    def verify(self, digest: str = "", *, without: Collection[str] = ()) -> list[str]:
        """What is wrong with the files, a sentence each; nothing where they are as they were
        frozen. With the published `digest` it is this very release. Folders of `without` may lack
        files. The release's own `verify.py` counts its tables and certificate again, too.
        """
        faults = []
        if digest and digest != self.digest:
            faults.append(f"{MANIFEST} is not that of the release {digest}.")
        for entry in self.files:
            path = self.path / entry["path"]
            if not path.is_file():
                if entry["path"].split("/")[0] not in without:
                    faults.append(f"{entry['path']} is missing.")
            elif not is_as_listed(path, entry):
                faults.append(f"{entry['path']} is not as it was frozen.")
        return faults

    def rows(self, split: str | None = None) -> Iterator[dict[str, Any]]:
        """The utterances with gold labels, votes and soft labels; of a split ("train", "valid",
        "test") those alone.
        """
        with (self.path / "utterances.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if split in (None, row["split"]):
                    yield row

    def table(self, split: str | None = None) -> "pandas.DataFrame":
        """The same as a table of pandas; the gold label of a task is the column `gold.TASK`."""
        return to_flat_pandas(self.rows(split))

    def datasets(self) -> "datasets.DatasetDict":
        """The utterances as a DatasetDict of Hugging Face: "train", "validation" and "test" with
        class labels, votes and soft labels.
        """
        listed = {split_of(entry["path"]): entry["path"] for entry in self.files}
        return to_dataset_dict(
            {split: str(self.path / path) for split, path in listed.items() if split}
        )


def is_as_listed(path: Path, entry: ReleaseFile) -> bool:
    """Whether a file has the size and the SHA-256 that its release lists."""
    return path.stat().st_size == entry["bytes"] and sha256_of(path) == entry["sha256"]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()
