"""Plain: a release directory to a folder or an S3 bucket: resumable, and verified there.

What is there already, whole, is not sent again. The manifest goes last, so that a push that broke
off is never taken for a release.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.errors import UserError, gettext_noop
from releases import verify

BLOCK = 1 << 20
Report = Callable[[str], None]


class PushError(UserError):
    """A push that cannot be, or a copy that is not what was sent."""


class Target(Protocol):
    """Somewhere to push to."""

    def has(self, name: str, size: int, sha256: str) -> bool:
        """Whether the file is there already, byte for byte."""

    def send(self, path: Path, name: str, sha256: str) -> None:
        """Put the file there; it appears under its name only when it is whole."""


def push(root: Path, target: Target, report: Report = lambda line: None) -> tuple[int, int]:
    """Send every file of the release that is not there; how many were sent, and how many in all.

    Raises PushError if the release itself is not whole, or a copy is not what was sent.
    """
    fault = next(verify.faults(root), None)
    if fault:
        raise PushError(
            gettext_noop("Not pushed, because the release is not complete: %(why)s"), why=fault
        )
    sent = 0
    manifest = root / "manifest.json"
    files = json.loads(manifest.read_text("utf-8"))["files"]
    rows = [(entry["path"], entry["bytes"], entry["sha256"]) for entry in files]
    rows.append((manifest.name, manifest.stat().st_size, verify.digest(manifest)))
    for name, size, sha256 in rows:
        if target.has(name, size, sha256):
            continue
        report(f"{name} ({size} bytes)")
        target.send(root / name, name, sha256)
        if not target.has(name, size, sha256):
            raise PushError(gettext_noop("%(file)s was not stored as it was sent."), file=name)
        sent += 1
    return sent, len(rows)


@dataclass(frozen=True)
class Folder:
    """A folder of this machine, or of whatever is mounted there."""

    root: Path

    def has(self, name: str, size: int, sha256: str) -> bool:
        path = self.root / name
        if not path.is_file() or path.stat().st_size != size:
            return False
        return verify.digest(path) == sha256

    def send(self, path: Path, name: str, sha256: str) -> None:
        """Goes on with what an earlier push left of this very file."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{sha256[:12]}.part")
        with path.open("rb") as source, part.open("ab") as copy:
            copy.truncate(min(part.stat().st_size, path.stat().st_size))
            source.seek(part.stat().st_size)
            shutil.copyfileobj(source, copy, BLOCK)
        if verify.digest(part) != sha256:  # what was left was something else
            part.unlink()
            shutil.copyfile(path, part)
        part.replace(target)


@dataclass(frozen=True)
class Bucket:
    """A prefix of an S3 bucket; `client` is boto3's."""

    client: Any
    bucket: str
    prefix: str

    def has(self, name: str, size: int, sha256: str) -> bool:
        from botocore.exceptions import ClientError  # heavy, and only for buckets

        try:
            head = self.client.head_object(Bucket=self.bucket, Key=self._key(name))
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
                return False
            raise PushError(
                gettext_noop("The bucket %(bucket)s cannot be read: %(why)s"),
                bucket=self.bucket,
                why=str(error)[:200],
            ) from error
        metadata: dict[str, str] = head.get("Metadata", {})
        return bool(head["ContentLength"] == size and metadata.get("sha256") == sha256)

    def send(self, path: Path, name: str, sha256: str) -> None:
        """The store itself checks each part against its SHA-256 as it comes in."""
        extra = {"Metadata": {"sha256": sha256}, "ChecksumAlgorithm": "SHA256"}
        self.client.upload_file(str(path), self.bucket, self._key(name), ExtraArgs=extra)

    def read_back(self, name: str) -> Iterator[bytes]:
        """The bytes that lie there, in blocks."""
        body = self.client.get_object(Bucket=self.bucket, Key=self._key(name))["Body"]
        yield from body.iter_chunks(BLOCK)

    def _key(self, name: str) -> str:
        return f"{self.prefix.strip('/')}/{name}".lstrip("/")


def target_of(address: str, **options: Any) -> Target:
    """`s3://bucket/prefix`, or the path of a folder. Raises PushError for another address."""
    if address.startswith("s3://"):
        import boto3  # heavy, and only for buckets

        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        if not bucket:
            raise PushError(gettext_noop("Name a bucket: s3://BUCKET/PREFIX."))
        return Bucket(boto3.client("s3", **options), bucket, prefix)
    if "://" in address:
        raise PushError(
            gettext_noop("%(address)s: expected a folder, or s3://BUCKET/PREFIX."), address=address
        )
    return Folder(Path(address))
