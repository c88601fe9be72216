"""Folders that all hosts have, such as releases, runs and encoders.

Without an object store they are folders of this disk, which hosts may mount together, and nothing
here does anything. With S3_BUCKET each host has copies of its own of what the store holds:

    shared/FOLDER/manifest.json      of each file its digest, its size, the object with its content
    shared/FOLDER/SHA-256.RANDOM     contents; an object never changes
    shared/deleted/FOLDER            of what was deleted, so that copies of it go: of what is only
                                     missing, as in a bucket that was lost, they stay

Contents are stored first and the manifest last, so whoever reads finds a folder as it was before
or after, never half of it. What this host has of a folder, and how its files looked when they were
fetched or published, is kept under WORK_DIR/copies.

Of two attempts of the same work, as when its worker was taken for dead, the later one wins; of two
works that write different files of a folder at once, both are kept. Hosts that do mount a folder
together are noticed by a mark in it: then it is published, but nothing is fetched into it.
"""

import errno
import fcntl
import hashlib
import json
import logging
import shutil
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from os import stat_result
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction

from core import storage
from core.errors import UserError, gettext_noop

log = logging.getLogger(__name__)

PREFIX = "shared"  # of all objects; media have others
DELETED = f"{PREFIX}/deleted"
MANIFEST = "manifest.json"
NOTHING = ("*",)  # `but` nothing: what there is, without the files themselves
WHOLE = "."  # the name of a single file within itself
FRESH = 2.0  # seconds for which a process does not ask again whether a folder is another by now
EVERY = 5.0  # seconds between two times that a folder is published while it is written
LARGE = 4 * 1024**2  # bytes from which on a file is published less often
LARGE_EVERY = 30.0  # seconds at least; ten times as long as it takes
PATIENCE = 600.0  # seconds that work waits for a store that does not answer
SWEEP_EVERY = 3600.0  # seconds between two times that copies of what was deleted are looked for
BLOCK = 1 << 18
AT_ONCE = 8  # files that are fetched at the same time
TRIES = 5  # at a folder that changes while it is fetched or published

Attempt = tuple[str, int]  # which work writes a folder, and for the how manieth time
Entry = list[Any]  # SHA-256, bytes, name of the object; of a file that is here, its signature
Heartbeat = Callable[[], AbstractContextManager[Any]]
Result = TypeVar("Result")

_seen: dict[tuple[Path, tuple[str, ...]], float] = {}  # when this process fetched what
_writing: Counter[Path] = Counter()  # what this process writes
_listed: dict[str, tuple[float, dict[str, str]]] = {}  # when and with what an area was listed


class StoreAway(UserError):
    """The object store does not answer; what was asked for can be tried again."""


class Overtaken(UserError):
    """A folder that a later attempt writes by now, or that was deleted."""


class Damaged(UserError):
    """What the store holds is not what was put there."""


class _Missing(Exception):
    """An object that is not there."""


class _Same(Exception):
    """An object that is what it was."""


def in_store() -> bool:
    """Whether hosts share by an object store."""
    return getattr(default_storage, "bucket_name", None) is not None


# --- For those who read --------------------------------------------------------------------------


def fetch(
    folder: Path, but: tuple[str, ...] = (), *, strict: bool = False, frozen: bool = False
) -> None:
    """Bring the copy of a folder, or of a single file, up to date, without the files whose names
    match one of the patterns `but`; `frozen`: what is here once never changes.

    Where the store does not answer, what is here has to do, unless `strict`. Raises StoreAway where
    it does not do; Damaged.
    """
    name = name_of(folder)
    if not in_store() or name is None or folder in _writing:
        return
    key, here = (folder, but), but == NOTHING or folder.exists()
    if here and not strict and time.monotonic() - _seen.get(key, -FRESH) < FRESH:
        return
    if here and frozen and (key in _seen or but in _Copy.read(name).complete):
        _seen[key] = time.monotonic()
        return
    _sweep_sometimes()
    try:
        with store_errors(), _locked(name):
            _update(name, folder, but)
    except StoreAway:
        if strict or not here:
            raise
        log.warning("the object store does not answer; %s is taken as it is here", name)
    _seen[key] = time.monotonic()


def fetch_all(root: Path) -> list[str]:
    """Have the copies of all folders right below `root`, as of encoders, brought up to date by
    threads, for a page that cannot wait for gigabytes: names of those that are not here yet.
    """
    area = name_of(root)
    if not in_store() or area is None or not _is_own(area):
        return []
    try:
        there = _etags(area)
        for record in _copies().glob(f"{area}/*/copy.json"):
            if record.parent.name not in there:
                fetch(root / record.parent.name)  # deleted on another host
    except StoreAway:
        log.warning("the object store does not answer; %s are taken as they are here", area)
        return []
    lacking = []
    for name, etag in sorted(there.items()):
        copy = _Copy.read(f"{area}/{name}")
        if copy.etag == etag and () in copy.complete and (root / name).exists():
            continue
        lacking.append(name)
        label = f"fetch {root / name}"
        if all(thread.name != label for thread in threading.enumerate()):
            threading.Thread(
                target=_fetch_now, args=(root / name,), name=label, daemon=True
            ).start()
    return lacking


def _etags(area: str) -> dict[str, str]:
    """Name of each folder right below an area in the store -> the ETag of its manifest; asked for
    as seldom as a page fetches a folder.
    """
    asked, found = _listed.get(area, (-FRESH, {}))
    if time.monotonic() - asked < FRESH:
        return found
    prefix, found = f"{PREFIX}/{area}/", {}
    with store_errors():
        for each in bucket().objects.filter(Prefix=prefix):
            name, _slash, last = each.key.removeprefix(prefix).rpartition("/")
            if last == MANIFEST and "/" not in name:
                found[name] = each.e_tag
    _listed[area] = time.monotonic(), found
    return found


def _fetch_now(folder: Path) -> None:
    """A thread's work for a page that does not wait."""
    with _logged(f"{folder} is not fetched now"):
        fetch(folder, strict=True)


def holds(folder: Path, name: str) -> bool:
    """Whether a folder has a file, on this host or on another one."""
    return (folder / name).exists() or (in_store() and name in sizes(folder))


def sizes(folder: Path) -> dict[str, int]:
    """Name -> bytes of every file of a folder, also of those that are not on this host."""
    name = name_of(folder)
    if in_store() and name is not None and folder not in _writing:
        fetch(folder, NOTHING)
        if _is_own(name) and (files := _Copy.read(name).files):
            return {each: entry[1] for each, entry in files.items()}
    return {each: look.st_size for each, look in _scan(folder).items()}


def blocks(folder: Path, name: str, first: int, stop: int) -> Iterator[bytes]:
    """Bytes `first` to `stop` (excluded) of a file of a folder that was fetched, from here or, if
    the file is not here, from the store. Raises FileNotFoundError, StoreAway.
    """
    path, shared = folder / name, name_of(folder)
    entry = None
    if in_store() and shared is not None and not path.exists():
        entry = _Copy.read(shared).files.get(name)
    if entry is not None and shared is not None and first < stop:
        with store_errors():
            wanted = f"bytes={first}-{stop - 1}"
            yield from _content(shared, entry[2], Range=wanted)
        return
    with path.open("rb") as file:
        file.seek(first)
        left = stop - first
        while left > 0 and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block


# --- For those who write -------------------------------------------------------------------------


@contextmanager
def writing(
    folder: Path,
    attempt: Attempt,
    heartbeat: Heartbeat = nullcontext,
    every: float = EVERY,
    patience: float = PATIENCE,
) -> Iterator[None]:
    """For work that writes a folder: fetched before, published every few seconds and at the end.

    `heartbeat` is entered while the work itself stands still. Raises StoreAway, Overtaken.
    """
    name = name_of(folder)
    if not in_store() or name is None:
        yield
        return
    with heartbeat():
        patiently(lambda: fetch(folder, strict=True), patience)
        patiently(lambda: publish(folder, attempt, announce=True), patience)
    over = threading.Event()
    publisher = threading.Thread(
        target=_publish_now_and_then, args=(folder, attempt, over, every), daemon=True
    )
    with _writers_lock(name):
        _writing[folder] += 1
        publisher.start()
        try:
            yield
        finally:
            over.set()
            with heartbeat():
                publisher.join()
                try:
                    patiently(lambda: publish(folder, attempt), patience)
                finally:
                    _writing[folder] -= 1
                    if not _writing[folder]:
                        del _writing[folder]


def patiently(work: Callable[[], Result], patience: float = PATIENCE) -> Result:
    """What it gives; for work without a person who waits: done again while the store does not
    answer, for so many seconds. Raises StoreAway after that.
    """
    deadline, pause = time.monotonic() + patience, 0.5
    while True:
        try:
            return work()
        except StoreAway:
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 30.0)


def publish(
    folder: Path,
    attempt: Attempt | None = None,
    *,
    at: Path | None = None,
    largest: int | None = None,
    announce: bool = False,
) -> None:
    """Let the other hosts have a folder, or a single file, as it is here by now.

    `at`: where its files lie as yet; what the store has of it is replaced. Files of more than
    `largest` bytes wait for another time. `announce` stores the attempt even where nothing is new,
    so that earlier ones store nothing more, and all of it where the store has lost it. Raises
    StoreAway, Overtaken.
    """
    name = name_of(folder)
    if not in_store() or name is None:
        return
    with store_errors(), _locked(name):
        for _try in range(TRIES):
            copy = _Copy(name) if at else _Copy.read(name)
            if _publish_once(copy, at or folder, attempt, largest, announce, anew=bool(at)):
                return
    log.info("%s changes all the time and is published later", name)


def remove(place: Path) -> None:
    """Delete a folder or file here and in the store, with all folders in it, if it is there."""
    name = name_of(place)
    if in_store() and name is not None:
        _remove_from_store(name)
    storage.remove(place)


def remove_with_row(place: Path) -> None:
    """Delete a folder with its row, in the transaction that deletes that: in the store at once, so
    that a store that does not answer keeps both, and here when the transaction is over.
    """
    name = name_of(place)
    if in_store() and name is not None:
        _remove_from_store(name)
    transaction.on_commit(lambda: _remove_here(place))


def _remove_from_store(name: str) -> None:
    """Delete all objects of a folder and of those in it, manifests first."""
    with store_errors():
        if not name.startswith("uploads/"):  # of which there are no copies
            bucket().put_object(Key=f"{DELETED}/{name}", Body=b"")
        found = bucket().objects.filter(Prefix=f"{PREFIX}/{name}/")
        for each in found:
            if each.key.endswith(f"/{MANIFEST}"):
                each.delete()
        found.delete()
    shutil.rmtree(_copies() / name, ignore_errors=True)


def _remove_here(place: Path) -> None:
    """Delete as much of it as can be: work that was stopped may write yet."""
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def size_of(place: Path) -> int:
    """Bytes of a file, or of all files below a folder, also of what is not on this host."""
    name = name_of(place)
    if in_store() and name is not None:
        with store_errors():
            found = bucket().objects.filter(Prefix=f"{PREFIX}/{name}/")
            size = sum(each.size for each in found if not each.key.endswith(f"/{MANIFEST}"))
        if size:
            return size
    return storage.size_of(place)


def sweep() -> int:
    """Delete the copies of what was deleted on another host; how many."""
    count = 0
    for record in sorted(_copies().rglob("copy.json")):
        name = record.parent.relative_to(_copies()).as_posix()
        if name.partition("/")[0] not in _roots():
            continue
        path = _path(name)
        with store_errors(), _locked(name):
            if _Copy.read(name).etag and _is_own(name) and _is_deleted(name):
                _forget(name, path)
                count += 1
    return count


# --- All of it, for backups and moves ------------------------------------------------------------


def stored_files(area: str) -> dict[str, Entry]:
    """Every file below the folder `area` ("releases", "runs") in the store, by its name there."""
    found: dict[str, Entry] = {}
    with store_errors():
        for each in bucket().objects.filter(Prefix=f"{PREFIX}/{area}/"):
            folder, _slash, last = each.key.removeprefix(f"{PREFIX}/").rpartition("/")
            manifest = _read_manifest(folder, "") if last == MANIFEST else None
            inner = folder.removeprefix(f"{area}/")
            for name, (sha256, size, key) in (manifest.files if manifest else {}).items():
                whole = inner if name == WHOLE else f"{inner}/{name}"
                found[whole] = [sha256, size, f"{folder}/{key}"]
    return found


def stored_content(entry: Entry) -> Iterator[bytes]:
    """The content of one of `stored_files`. Raises FileNotFoundError, StoreAway."""
    folder, _slash, key = entry[2].rpartition("/")
    with store_errors():
        yield from _content(folder, key)


# --- Manifests and contents ----------------------------------------------------------------------


@dataclass
class _Manifest:
    """What the store holds of a folder."""

    files: dict[str, Entry] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    etag: str = ""


@dataclass
class _Copy:
    """What this host has of a folder: `files` as the store had them at `etag`; `here` those that
    lie here, with the signature that they had then; and without which ones it is complete.
    """

    name: str
    etag: str = ""
    files: dict[str, Entry] = field(default_factory=dict)
    here: dict[str, Entry] = field(default_factory=dict)
    complete: list[tuple[str, ...]] = field(default_factory=list)

    @classmethod
    def read(cls, name: str) -> "_Copy":
        try:
            values = json.loads((_copies() / name / "copy.json").read_text("utf-8"))
        except FileNotFoundError:
            return cls(name)
        return cls(**values | {"complete": [tuple(each) for each in values["complete"]]})

    def write(self) -> None:
        path = _copies() / self.name / "copy.json"
        draft = path.with_name(f"{uuid.uuid4()}.draft")
        draft.write_text(json.dumps(asdict(self)), "utf-8")
        draft.replace(path)


def _update(name: str, folder: Path, but: tuple[str, ...]) -> None:
    """`fetch`, while this host's lock of the folder is held."""
    if not _is_own(name):
        return
    copy = _Copy.read(name)
    if copy.here and not folder.exists():  # somebody made room
        copy = _Copy(name)
    manifest = _read_manifest(name, copy.etag if but in copy.complete else "")
    if manifest is None:
        if copy.etag and _is_deleted(name):
            _forget(name, folder)
        return
    for _try in range(TRIES):
        if manifest.etag == copy.etag and but in copy.complete:
            return
        try:
            return _bring(copy, folder, manifest, but)
        except _Missing:  # the folder was published again meanwhile
            manifest = _read_manifest(name, "") or _Manifest()
    raise Damaged(gettext_noop("Files of %(folder)s are missing in the object store."), folder=name)


def _bring(copy: _Copy, folder: Path, manifest: _Manifest, but: tuple[str, ...]) -> None:
    """Make the folder what the manifest says. What this host has written since stays; where another
    host has published meanwhile, only while work here goes on: what dead work has left goes.
    """
    known = copy.complete if copy.etag == manifest.etag else []
    if but == NOTHING:  # what is here stays until somebody reads it
        copy.etag, copy.files, copy.complete = manifest.etag, manifest.files, [*known, but]
        return copy.write()
    looks = _scan(folder)
    ours = set()
    if copy.etag == manifest.etag or _is_written(copy.name):
        ours = {each for each, look in looks.items() if not _is_known(copy, each, look)}
    lacking = []
    for name, entry in manifest.files.items():
        if name in ours or _is_here(copy, folder, name, entry, looks):
            continue
        if not any(fnmatchcase(name, pattern) for pattern in but):
            lacking.append(name)
    staged = _copies() / copy.name / "new"
    shutil.rmtree(staged, ignore_errors=True)
    client = _client()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(
            pool.map(
                lambda name: _download(client, copy.name, name, manifest.files[name], staged),
                lacking,
            )
        )
    for name in looks.keys() - ours - copy.here.keys():
        (folder / name).unlink(missing_ok=True)
    for name in copy.here.keys() - manifest.files.keys() - ours:
        (folder / name).unlink(missing_ok=True)
        del copy.here[name]
    if lacking and not folder.exists() and WHOLE not in lacking:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(staged, folder)
        staged = folder
    for name in lacking:
        target = folder / name
        if staged != folder:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(staged / _staged(name), target)
        copy.here[name] = [*manifest.files[name], _signature(target.stat())]
    copy.etag, copy.files, copy.complete = manifest.etag, manifest.files, [*known, but]
    copy.write()


def _download(client: Any, name: str, file: str, entry: Entry, staged: Path) -> None:
    sha256, size, key = entry[:3]
    target = staged / _staged(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, count = hashlib.sha256(), 0
    with target.open("wb") as out:
        for block in _get(client, name, key)["Body"].iter_chunks(1 << 20):
            digest.update(block)
            count += len(block)
            out.write(block)
    target.chmod(settings.FILE_UPLOAD_PERMISSIONS)
    if (digest.hexdigest(), count) != (sha256, size):
        raise Damaged(
            gettext_noop(
                "%(file)s of %(folder)s in the object store is not what was put there. Restore it"
                " from a backup."
            ),
            file=file,
            folder=name,
        )


def _publish_once(
    copy: _Copy,
    place: Path,
    attempt: Attempt | None,
    largest: int | None,
    announce: bool,
    anew: bool,
) -> bool:
    """`publish`; whether no large file changed meanwhile."""
    looks, client = _scan(place), _client()
    changed = {
        each: look
        for each, look in looks.items()
        if not _is_known(copy, each, look) and (largest is None or look.st_size <= largest)
    }
    gone = copy.here.keys() - looks.keys()
    if not changed and not gone and copy.etag and not announce:
        return True
    stored: dict[str, Entry] = {}
    for each in sorted(changed, key=lambda each: -looks[each].st_size):  # those that grow come last
        try:
            stored[each] = _store(client, copy, place, each, looks[each])
        except FileNotFoundError:  # deleted meanwhile
            gone.add(each)
    now = _scan(place)
    if any(
        look.st_size > LARGE and _signature(look) != _signature(now.get(each, look))
        for each, look in changed.items()
    ):
        return False
    new = {
        each: entry[:3]
        for each, entry in stored.items()
        if copy.here.get(each, [])[:3] != entry[:3]
    }
    with _manifest_lock(copy.name):
        found = _read_manifest(copy.name, "")
        _guard_attempt(copy, found, attempt)
        if found is None and copy.etag:  # lost in the store: all of it is stored again
            (_copies() / copy.name / "copy.json").unlink()
            return False
        before = found or _Manifest()
        if found is None:
            bucket().Object(f"{DELETED}/{copy.name}").delete()  # there is one of this name again
        kept = {} if anew else before.files
        files = {each: entry for each, entry in kept.items() if each not in gone} | new
        attempts = before.attempts | (dict([attempt]) if attempt else {})
        etag = _write_manifest(client, copy.name, _Manifest(files, attempts))
        used = {entry[2] for entry in files.values()}
        for entry in before.files.values():
            if entry[2] not in used:
                _delete_object(client, copy.name, entry[2])
    copy.here = {each: entry for each, entry in copy.here.items() if each not in gone} | stored
    if anew or before.etag == copy.etag:  # all else is here as it was
        copy.etag, copy.files, copy.complete = etag, files, copy.complete or [()]
    else:
        copy.etag, copy.complete = "", []
    copy.write()
    return True


def _write_manifest(client: Any, name: str, manifest: _Manifest) -> str:
    body = json.dumps({"files": manifest.files, "attempts": manifest.attempts}).encode()
    key = f"{PREFIX}/{name}/{MANIFEST}"
    put = client.put_object(Bucket=_storage().bucket_name, Key=key, Body=body)
    return str(put["ETag"])


def _guard_attempt(copy: _Copy, found: _Manifest | None, attempt: Attempt | None) -> None:
    """Raises Overtaken where a later attempt has stored the folder, or somebody deleted it."""
    later = attempt and found and found.attempts.get(attempt[0], 0) > attempt[1]
    if later or (found is None and copy.etag and _is_deleted(copy.name)):
        raise Overtaken(
            gettext_noop("%(folder)s is written by another worker by now, or was deleted."),
            folder=copy.name,
        )


def _store(client: Any, copy: _Copy, place: Path, name: str, look: stat_result) -> Entry:
    """Store the content of a file under a name of its own; its entry with its signature."""
    path = place / name
    if look.st_size > LARGE:
        sha256, size, data = storage.digest(path), look.st_size, None
    else:
        data = path.read_bytes()
        sha256, size = hashlib.sha256(data).hexdigest(), len(data)
    signature = f"{size}-{look.st_mtime_ns}"
    known = copy.here.get(name)
    if known and known[:2] == [sha256, size]:  # only touched
        return [*known[:3], signature]
    key = f"{sha256}.{uuid.uuid4().hex[:12]}"
    place_there = f"{PREFIX}/{copy.name}/{key}"
    if data is None:
        client.upload_file(str(path), _storage().bucket_name, place_there)
    else:
        client.put_object(Bucket=_storage().bucket_name, Key=place_there, Body=data)
    return [sha256, size, key, signature]


def _read_manifest(name: str, etag: str) -> _Manifest | None:
    """The manifest of a folder, only with its etag where that is still `etag`; None where the store
    has no such folder.
    """
    known = {"IfNoneMatch": etag} if etag else {}
    try:
        answer = _get(_client(), name, MANIFEST, **known)
    except _Missing:
        return None
    except _Same:
        return _Manifest(etag=etag)
    values = json.loads(answer["Body"].read())
    return _Manifest(values["files"], values["attempts"], answer["ETag"])


def _get(client: Any, name: str, key: str, **how: Any) -> Any:
    """An object of a folder. Raises _Missing, _Same."""
    from botocore.exceptions import ClientError  # heavy, and only for stores

    try:
        return client.get_object(Bucket=_storage().bucket_name, Key=f"{PREFIX}/{name}/{key}", **how)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchKey", "404", "NotFound"):
            raise _Missing(key) from error
        if code in ("304", "NotModified"):
            raise _Same from error
        raise


def _content(name: str, key: str, **how: Any) -> Iterator[bytes]:
    """The bytes of an object in blocks. Raises FileNotFoundError."""
    try:
        body = _get(_client(), name, key, **how)["Body"]
    except _Missing as error:
        raise FileNotFoundError(f"{name}/{key}") from error
    yield from body.iter_chunks(BLOCK)


def _delete_object(client: Any, name: str, key: str) -> None:
    client.delete_object(Bucket=_storage().bucket_name, Key=f"{PREFIX}/{name}/{key}")


def _is_deleted(name: str) -> bool:
    """Whether a folder, or one in which it lies, was deleted."""
    parts = name.split("/")
    for end in range(2, len(parts) + 1):
        with suppress(_Missing):
            _get(_client(), "deleted", "/".join(parts[:end]))
            return True
    return False


def bucket() -> Any:
    """The bucket of the store; of a thread of its own each."""
    return _storage().connection.Bucket(_storage().bucket_name)


def _client() -> Any:
    return _storage().connection.meta.client


def _storage() -> Any:
    return default_storage


@contextmanager
def store_errors() -> Iterator[None]:
    """Raises StoreAway in place of the errors of the store's client."""
    from boto3.exceptions import Boto3Error  # heavy, and only for stores
    from botocore.exceptions import BotoCoreError, ClientError  # as above

    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise StoreAway(
            gettext_noop(
                "The object store does not answer: %(why)s. Nothing is lost; try again in a minute."
            ),
            why=str(error)[:300],
        ) from error


@contextmanager
def _logged(failure: str) -> Iterator[None]:
    """What a thread does whose errors nobody waits for; its connection is closed after it."""
    try:
        yield
    except UserError as error:
        log.warning("%s: %s", failure, error)
    except Exception:
        log.exception(failure)
    finally:
        connection.close()


def _publish_now_and_then(
    folder: Path, attempt: Attempt, over: threading.Event, every: float
) -> None:
    """A thread's work: publish what is new, large files more seldom."""
    next_large = time.monotonic() + LARGE_EVERY
    while not over.wait(every):
        began = time.monotonic()
        large = began >= next_large
        with _logged(f"{folder} is not published now"):
            publish(folder, attempt, largest=None if large else LARGE)
        if large:
            took = time.monotonic() - began
            next_large = time.monotonic() + max(LARGE_EVERY, 10 * took)


def _sweep_sometimes() -> None:
    """Sweep in a thread, where this host has not done so for a while."""
    mark = _copies() / "swept"
    if mark.exists() and abs(time.time() - mark.stat().st_mtime) < SWEEP_EVERY:
        return
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()

    def work() -> None:
        try:
            sweep()
        except Exception:
            log.exception("copies of deleted folders were not looked for")
        finally:
            connection.close()

    threading.Thread(target=work, name="sweep", daemon=True).start()


# --- This host -----------------------------------------------------------------------------------


def _roots() -> dict[str, Path]:
    roots = {
        "releases": settings.RELEASES_DIR,
        "runs": settings.RUNS_DIR,
        "uploads": Path(settings.WORK_DIR) / "uploads",
        "encoders": settings.ENCODERS_DIR,
    }
    return {key: Path(root) for key, root in roots.items() if root}


def name_of(place: Path) -> str | None:
    """What a folder is called in the store; None for one that hosts do not share."""
    for key, root in _roots().items():
        if place.is_relative_to(root):
            return "/".join((key, *place.relative_to(root).parts))
    return None


def _path(name: str) -> Path:
    key, _slash, inner = name.partition("/")
    return _roots()[key] / inner


def _copies() -> Path:
    return Path(settings.WORK_DIR) / "copies"


def _forget(name: str, folder: Path) -> None:
    """Delete the copy of what was deleted in the store."""
    storage.remove(folder)
    (_copies() / name / "copy.json").unlink(missing_ok=True)


def _is_own(name: str) -> bool:
    """Whether this host alone has the folder in which a copy lies: hosts that mount it together
    find each other's mark, and say so in it; one that may not be written is nobody's.
    """
    root = _roots()[name.partition("/")[0]]
    ours, mark = _copies() / "host", root / ".host"
    _write_once(ours, uuid.uuid4().hex)
    try:
        _write_once(mark, ours.read_text())
        if mark.read_text() == ours.read_text():
            return True
        mark.write_text("several")
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES):
            raise
    return False


def _write_once(path: Path, text: str) -> None:
    """Write a file unless somebody else has: never half of it."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{uuid.uuid4()}.draft")
    draft.write_text(text)
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()


def _scan(folder: Path) -> dict[str, stat_result]:
    """The files of a folder and how they look; without locks and what is not whole yet."""
    if folder.is_file():
        return {WHOLE: folder.stat()}
    found = {}
    for path in folder.rglob("*"):
        if path.name == "lock" or path.suffix in (".partial", ".draft"):
            continue
        try:
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.stat()
        except FileNotFoundError:  # deleted meanwhile
            continue
    return found


def _signature(look: stat_result) -> str:
    return f"{look.st_size}-{look.st_mtime_ns}"


def _staged(name: str) -> str:
    return "file" if name == WHOLE else name


def _is_known(copy: _Copy, name: str, look: stat_result) -> bool:
    """Whether a file looks as when it was fetched or published."""
    return name in copy.here and copy.here[name][3] == _signature(look)


def _is_here(
    copy: _Copy, folder: Path, name: str, entry: Entry, looks: dict[str, stat_result]
) -> bool:
    """Whether a file lies here with the content of the entry; then it is known to."""
    look = looks.get(name)
    if look is None or look.st_size != entry[1]:
        return False
    if _is_known(copy, name, look):
        same = copy.here[name][0] == entry[0]
    else:
        same = storage.digest(folder / name) == entry[0]
    if same:
        copy.here[name] = [*entry[:3], _signature(look)]
    return same


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """One process of this host at a time fetches or publishes a folder."""
    with _lock_file(name, "lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _writers_lock(name: str) -> Iterator[None]:
    """Held by all works of this host that write a folder."""
    with _lock_file(name, "writers") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _is_written(name: str) -> bool:
    """Whether work on this host writes the folder now."""
    with _lock_file(name, "writers") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _lock_file(name: str, kind: str) -> Any:
    place = _copies() / name
    place.mkdir(parents=True, exist_ok=True)
    return (place / kind).open("a")


@contextmanager
def _manifest_lock(name: str) -> Iterator[None]:
    """One process of all hosts at a time replaces a manifest."""
    with transaction.atomic():  # of SQLite it is the lock
        if connection.vendor == "postgresql":
            key = hashlib.sha256(f"shared folder {name}".encode()).digest()[:8]
            with connection.cursor() as cursor:
                number = int.from_bytes(key, signed=True)
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
        yield
