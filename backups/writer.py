"""Making a backup while people work, and checking one.

In which order, and why rows and files of a backup fit together:

1. All files are copied, which takes long; what a former backup has is not read again.
2. The files are listed, and what came or changed since 1 is copied, which takes seconds. Then a
   snapshot of the database is taken: first the names that its rows have and the newest of these
   files, then all rows. The files are listed again.
3. What came or changed since 2 is copied. Files are stored before the rows that
   name them, and deleted after them: what the snapshot names was there when it was taken.
   - A file that came during 2 and that no row of the snapshot names is left out.
   - A file that went during or after 2 is taken from what was copied before.
   - If a named file or folder was changed or deleted before it was copied, 2 and 3 are done again.
     If the very same are missing twice, they were missing before, and the backup says so.
4. Everything is read back, then the manifest is written: only now the backup is there.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from backups import database_copy
from backups.areas import Area, Folder, Look, Vanished, areas, chunks_of
from backups.manifest import FileEntry, Manifest
from backups.models import Backup, BackupCheck
from backups.passphrase import configured_passphrase
from backups.references import References, references
from backups.repository import Repository, disk_errors
from core.errors import UserError, gettext_noop
from core.snapshot import database_snapshot
from releases.models import PseudonymKey

log = logging.getLogger(__name__)

MOST_ROUNDS = 20
COPIED = 0.6  # share of the progress at which everything is copied; then it is read back
LISTED = 100  # missing files that are kept by name

Listings = dict[str, dict[str, Look]]
Tell = Callable[[float], None]


def back_up(job: Backup) -> None:
    """Make the backup of a claimed row. Raises UserError; then nothing of it counts."""
    here = {key: area for key, area in areas().items() if key not in job.without}
    target = Path(job.target).resolve()
    guard_target(target, here)
    database_copy.guard_tools()
    given = configured_passphrase() if job.passphrase is None else job.passphrase
    if job.with_keys and not given:
        raise UserError(
            gettext_noop(
                "Keys are only put into encrypted backups. Give a passphrase, or leave them out."
            )
        )
    repository = Repository.create_or_open(target, given)
    with repository.locked():
        _Writing(job, repository, here).run()


def check(job: BackupCheck) -> None:
    """Read a backup again. Raises UserError if something of it is damaged."""
    repository = Repository.open(Path(job.backup.target), configured_passphrase())
    tell = Pace(job.report_progress)
    with repository.locked(shared=True):
        manifest = repository.read(job.backup.name)
        faulty = repository.verify(manifest.objects, lambda done, of: tell(done / of))
    BackupCheck.objects.filter(pk=job.pk).update(faulty=len(faulty))
    if faulty:
        raise UserError(
            gettext_noop(
                "%(count)d of %(all)d files of the backup %(name)s are damaged or missing. Make a"
                " new backup on another disk, and find out what is wrong with this one."
            ),
            count=len(faulty),
            all=len(manifest.objects),
            name=job.backup.name,
        )


def guard_target(target: Path, here: dict[str, Area]) -> None:
    """Raises UserError where a backup would be a part of what it copies."""
    for area in here.values():
        root = area.root.resolve() if isinstance(area, Folder) else None
        if root and (target.is_relative_to(root) or root.is_relative_to(target)):
            raise UserError(
                gettext_noop(
                    "%(target)s and %(folder)s lie in one another. Name a folder for backups that"
                    " lies outside of what is backed up, on another disk."
                ),
                target=str(target),
                folder=str(root),
            )


class Pace:
    """Reports progress, but not more than once a second."""

    def __init__(self, report: Tell) -> None:
        self.report, self.last = report, 0.0

    def __call__(self, share: float) -> None:
        if time.monotonic() - self.last > 1:
            self.report(share)
            self.last = time.monotonic()


@dataclass
class _Moment:
    """The database of one moment, as a file, and what its rows name."""

    names: References
    migrations: list[list[str]]
    keys: dict[str, str]


class _Writing:
    """One backup while it is made; its target is locked."""

    def __init__(self, job: Backup, repository: Repository, here: dict[str, Area]) -> None:
        self.job, self.repository, self.areas = job, repository, here
        self.tell = Pace(job.report_progress)
        self.known = self._known()  # what was copied before, by area and name
        self.seen: set[tuple[str, str]] = set()  # what was there since this round began
        self.new_bytes = 0
        self.work = Path(settings.WORK_DIR) / f"backup-{job.pk}"

    def run(self) -> None:
        with disk_errors(self.work):
            self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._copy_all(self._list(), self.tell)
            manifest, missing = self._whole()
        finally:
            shutil.rmtree(self.work, ignore_errors=True)
        name = self._free_name()
        self.repository.publish(name, manifest)
        self.repository.read(name)
        gone = self.repository.prune(self.job.keep)
        with transaction.atomic():
            same = Backup.objects.filter(target=self.job.target)
            same.filter(name__in=gone).update(removed=True)
            Backup.objects.filter(pk=self.job.pk, attempt=self.job.attempt).update(
                name=name,
                encrypted=self.repository.cipher is not None,
                files=len(manifest.files),
                size=manifest.bytes,
                new_bytes=self.new_bytes,
                missing=missing[:LISTED],
            )
            self.job.finish()

    def _whole(self) -> tuple[Manifest, list[str]]:
        """A manifest of which everything was read back, and which files were missing before. What
        a former backup left damaged is copied anew, once.
        """
        share = 1 - COPIED
        for _attempt in range(2):
            moment, files, missing = self._consistent()
            manifest = Manifest(self._head(moment), files)
            faulty = self.repository.verify(
                manifest.objects, lambda done, of: self.tell(COPIED + share * done / of)
            )
            if not faulty:
                return manifest, missing
            log.error("%s objects of %s are damaged", len(faulty), self.job.target)
            self.repository.drop(faulty)
        raise UserError(
            gettext_noop(
                "%(count)d files could not be read back as they were written to %(target)s."
                " This backup was not made. The disk may be failing: check it, then try again."
            ),
            count=len(faulty),
            target=self.job.target,
        )

    def _known(self) -> dict[tuple[str, str], FileEntry]:
        """Of the last backup: what it has need not be read again while it looks the same."""
        for name in reversed(self.repository.names()):
            try:
                files = self.repository.read(name).files
            except UserError as error:
                log.warning("everything is read again: %s", error)
                continue
            return {(entry.area, entry.name): entry for entry in files}
        return {}

    def _list(self) -> Listings:
        return {key: area.listing() for key, area in self.areas.items()}

    def _copy_all(self, listings: Listings, tell: Tell = lambda share: None) -> None:
        total = sum(look.size for files in listings.values() for look in files.values()) or 1
        done = 0
        for key, files in listings.items():
            for name, look in files.items():
                self._take(key, name, look)
                done += look.size
                tell(COPIED * done / total)

    def _consistent(self) -> tuple[_Moment, list[FileEntry], list[str]]:
        """A snapshot and the files that fit it; and which were missing before."""
        before_that: set[str] | None = None
        for _round in range(MOST_ROUNDS):
            self.tell(COPIED)
            self.seen.clear()
            before = self._list()
            self._copy_all(before)
            moment = self._snapshot()
            after = self._list()
            files, wrong = self._gather(moment.names, before, after)
            if not wrong or wrong == before_that:
                here = {entry.name for entry in files if entry.area == "media"}
                return moment, files, sorted(moment.names.files - here)
            log.info("files changed during the backup, the database is read again: %s", len(wrong))
            before_that = wrong
        raise UserError(
            gettext_noop(
                "Files were deleted again and again while they were copied. This backup was not"
                " made. Try again when less is going on."
            )
        )

    def _snapshot(self) -> _Moment:
        copy = self.work / "database"
        with database_snapshot(), disk_errors(self.work):
            names = references(self.areas)
            self._copy_new(names)
            database_copy.copy(copy)
            applied = MigrationRecorder.Migration.objects.order_by("pk")
            return _Moment(
                names,
                [list(pair) for pair in applied.values_list("app", "name")],
                {str(pk): key for pk, key in PseudonymKey.objects.values_list("corpus_id", "key")},
            )

    def _copy_new(self, names: References) -> None:
        """Copy at once what rows name and was stored a moment ago: it may be deleted the next."""
        media = self.areas["media"]
        for name in names.files:
            look = None if ("media", name) in self.known else media.look(name)
            if look:
                self._take("media", name, look)

    def _gather(
        self, names: References, before: Listings, after: Listings
    ) -> tuple[list[FileEntry], set[str]]:
        """The files of a snapshot, and the names for which they do not fit it."""
        files: list[FileEntry] = []
        wrong: set[str] = set()
        for key in self.areas:
            found = {entry.name: entry for entry in self._copied(key, names, before, after)}
            files += found.values()
            wrong |= self._changed(key, names, before[key], found)
            wrong |= self._folders_gone(key, names, after[key])
        here = {entry.name for entry in files if entry.area == "media"}
        return files, wrong | (names.files - here)

    def _copied(
        self, key: str, names: References, before: Listings, after: Listings
    ) -> Iterator[FileEntry]:
        for name, look in after[key].items():
            if name in before[key] or names.names(key, name):
                entry = self._take(key, name, look) or self._earlier(key, name, before)
                if entry:
                    yield entry
        gone = names.files - after[key].keys() if key == "media" else set()
        for name in gone:
            entry = self._earlier(key, name, before)
            if entry:
                yield entry

    def _changed(
        self, key: str, names: References, before: dict[str, Look], found: dict[str, FileEntry]
    ) -> set[str]:
        """Files with a row of their own that are not as they were before the snapshot."""
        if key != "media":
            return set()
        both = (name for name in before.keys() & found.keys() if name in names.files)
        return {name for name in both if before[name].signature != found[name].signature}

    def _folders_gone(self, key: str, names: References, after: dict[str, Look]) -> set[str]:
        """What rows name and was deleted while it was copied."""
        area, places = self.areas[key], names.places[key]
        seen = {
            "/".join(parts[:end])
            for parts in (name.split("/") for name in after)
            for end in range(1, len(parts) + 1)
        }
        return {
            f"{key}/{place}"
            for place in places & seen
            if not area.holds_folder(place) and area.look(place) is None
        }

    def _earlier(self, key: str, name: str, before: Listings) -> FileEntry | None:
        """A file that is gone, as it was copied in this round."""
        entry, look = self.known.get((key, name)), before[key].get(name)
        if entry is None or (key, name) not in self.seen:
            return None
        return None if look and entry.signature != look.signature else entry

    def _take(self, key: str, name: str, look: Look) -> FileEntry | None:
        """Copy a file unless the target has it; None if it was deleted before."""
        self.seen.add((key, name))
        known = self.known.get((key, name))
        if known and known.signature == look.signature and self.repository.has(known.sha256):
            return replace(known, mode=look.mode)
        area = self.areas[key]
        for _attempt in range(3):
            try:
                digest, size, new = self.repository.store(area.pieces(name))
            except Vanished:
                self.seen.discard((key, name))
                return None
            self.new_bytes += new
            now = area.look(name)
            if now is None or now.signature == look.signature:
                break
            look = now
        else:  # written to all the time, as a log is: read as far as it went, and next time again
            look = replace(look, signature="")
        entry = FileEntry(key, name, size, digest, look.signature, look.mode)
        self.known[key, name] = entry
        return entry

    def _head(self, moment: _Moment) -> dict[str, Any]:
        head: dict[str, Any] = {
            "version": settings.VERSION,
            "made_at": timezone.now().isoformat(),
            "backup_id": self.job.pk,
            "migrations": moment.migrations,
            "without": self.job.without,
        }
        with (self.work / "database").open("rb") as file:
            head["database"] = {"engine": database_copy.engine(), **self._part(chunks_of(file))}
        if self.job.with_keys:
            keys = {"secret_key": settings.SECRET_KEY, "pseudonym_keys": moment.keys}
            head["keys"] = self._part(iter([json.dumps(keys).encode()]))
        return head

    def _part(self, pieces: Iterator[bytes]) -> dict[str, Any]:
        digest, size, new = self.repository.store(pieces)
        self.new_bytes += new
        return {"sha256": digest, "size": size}

    def _free_name(self) -> str:
        """A name for the backup: when it was made, in UTC."""
        name = timezone.now().strftime("%Y%m%dT%H%M%SZ")
        taken = sum(each.startswith(name) for each in self.repository.names())
        return f"{name}-{taken + 1}" if taken else name
