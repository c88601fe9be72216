"""Putting a backup back onto an empty installation.

Everything is checked before the first byte is written: that nothing is there, that this version can
read the backup, that each of its files is whole, and that there is room. Files come first, the
database last; a mark in DATA_DIR says meanwhile what is being restored, so that a restore that was
interrupted is done again by the same command and nothing else begins on half of it.
"""

import fcntl
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import QuerySet
from django.utils import timezone

from backups import database_copy
from backups.areas import areas
from backups.manifest import Manifest
from backups.models import ACTIVE, Backup, BackupCheck
from backups.references import share_folders
from backups.repository import Repository, disk_errors
from core.errors import UserError, gettext_noop
from core.shared_folders import in_store
from jobs.models import JobStatus
from people.models import Event
from releases.models import PseudonymKey

MARK = "restoring"
MADE_BY_MIGRATIONS = {"contenttypes", "auth", "sessions", "axes", "socialaccount", "sites"}
OWN_BY_MIGRATIONS = {"corpus.installation"}
ROOM = 200 * 1024**2  # bytes that stay free

Tell = Callable[[str], None]


@dataclass
class Restore:
    """A backup on its way back."""

    repository: Repository
    name: str
    manifest: Manifest

    @classmethod
    def of(cls, repository: Repository, name: str = "") -> "Restore":
        """Of one backup of a folder, the last one by default. Raises UserError."""
        names = repository.names()
        if not names:
            raise UserError(
                gettext_noop(
                    "There is no whole backup in %(folder)s: none was finished. Nothing was"
                    " changed."
                ),
                folder=str(repository.folder),
            )
        name = name or names[-1]
        return cls(repository, name, repository.read(name))

    def check(self, tell: Tell = lambda line: None) -> None:
        """Raises UserError if it cannot be restored here; nothing is written."""
        guard_not_running()
        self._guard_empty()
        self._guard_version()
        self._guard_room()
        tell(f"Checking {len(self.manifest.objects)} files of {self.name} …")
        faulty = self.repository.verify(self.manifest.objects)
        if faulty:
            raise UserError(
                gettext_noop(
                    "%(count)d of %(all)d files of the backup %(name)s are damaged or missing."
                    " Nothing was changed. Take another backup: %(others)s"
                ),
                count=len(faulty),
                all=len(self.manifest.objects),
                name=self.name,
                others=", ".join(each for each in self.repository.names() if each != self.name)
                or "–",
            )

    def run(self, keys: dict[str, Any] | None = None, tell: Tell = lambda line: None) -> list[str]:
        """Put it back, and migrate an older database to this version. Lines that say what was left
        out and what to do.
        """
        self.check(tell)
        keys = keys or self._own_keys()
        with self._database() as database, disk_errors(settings.DATA_DIR):
            database_copy.guard_readable(database)
            _mark_path().write_text(self.name + "\n", encoding="utf-8")
            here = areas()
            tell(f"Writing {len(self.manifest.files)} files …")
            for entry in self.manifest.files:
                area = here[entry.area]
                area.write(entry.name, self.repository.pieces(entry.sha256), entry.mode)
            tell("Writing the database …")
            database_copy.restore(database)
        call_command("migrate", verbosity=0, interactive=False)
        self._adopt(keys)
        if in_store():
            tell("Sharing the folders with other hosts …")
            share_folders()
        _mark_path().unlink()
        return list(self._advice(keys))

    def _guard_empty(self) -> None:
        """Raises UserError unless nothing is here, or only what this restore itself has begun."""
        if _mark_path().exists() and _mark_path().read_text("utf-8").strip() == self.name:
            return
        found = [f"{label} ({count})" for label, count in rows_here()]
        found += [f"{key}/" for key, area in areas().items() if not area.is_empty()]
        if found or _mark_path().exists():
            raise UserError(
                gettext_noop(
                    "This installation is not empty: %(found)s. Nothing was changed. Restore into"
                    " a new DATA_DIR and an empty database (and an empty bucket), then switch over."
                ),
                found=_some(found) or MARK,
            )

    def _guard_version(self) -> None:
        head = self.manifest.head
        if head["database"]["engine"] != database_copy.engine():
            raise UserError(
                gettext_noop(
                    "The backup has a database of %(theirs)s, and DATABASE_URL names one of"
                    " %(ours)s. Nothing was changed. Set DATABASE_URL to %(theirs)s."
                ),
                theirs=head["database"]["engine"],
                ours=database_copy.engine(),
            )
        known = set(MigrationLoader(None).disk_migrations)
        later = [f"{app}.{name}" for app, name in head["migrations"] if (app, name) not in known]
        if later:
            raise UserError(
                gettext_noop(
                    "The backup was made by a later version of Shengqing (%(theirs)s; this is"
                    " %(ours)s): this one does not know %(migrations)s. Nothing was changed."
                    " Install that version, then restore."
                ),
                theirs=head["version"],
                ours=settings.VERSION,
                migrations=", ".join(later[:3]),
            )
        unknown = {entry.area for entry in self.manifest.files} - areas().keys()
        if unknown:
            raise UserError(
                gettext_noop(
                    "The backup has files for %(areas)s, for which no folder is set here. Nothing"
                    " was changed. See ENCODERS_DIR."
                ),
                areas=", ".join(sorted(unknown)),
            )

    def _guard_room(self) -> None:
        needed: dict[str, int] = defaultdict(int)
        for entry in self.manifest.files:
            needed[entry.area] += entry.size
        here = areas()
        for key, size in needed.items():
            free = here[key].free
            if free is not None and free < size + ROOM:
                raise UserError(
                    gettext_noop(
                        "The disk for %(area)s has %(free)d MB left and the backup needs %(size)d"
                        " MB. Nothing was changed."
                    ),
                    area=key,
                    free=free >> 20,
                    size=size >> 20,
                )

    @contextmanager
    def _database(self) -> Iterator[Path]:
        folder = Path(settings.WORK_DIR) / "restore"
        with disk_errors(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            path = folder / "database"
            with disk_errors(folder), path.open("wb") as file:
                for piece in self.repository.pieces(self.manifest.head["database"]["sha256"]):
                    file.write(piece)
            yield path
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _own_keys(self) -> dict[str, Any] | None:
        part = self.manifest.head.get("keys")
        return part and json.loads(b"".join(self.repository.pieces(part["sha256"])))

    @transaction.atomic
    def _adopt(self, keys: dict[str, Any] | None) -> None:
        """What differs from the moment of the backup: its own row, keys, and the Event."""
        now = timezone.now()
        for model in (Backup, BackupCheck):
            left: QuerySet[Any] = QuerySet(model).filter(status__in=ACTIVE)
            left.update(status=JobStatus.STOPPED, finished_at=now)
        own = Backup.objects.filter(pk=self.manifest.head["backup_id"])
        own.update(
            status=JobStatus.DONE,
            name=self.name,
            progress=1.0,
            encrypted=self.repository.cipher is not None,
            files=len(self.manifest.files),
            size=self.manifest.bytes,
        )
        for backup in own:
            Event.record(None, "restore", backup, name=self.name)
        for corpus, key in (keys or {}).get("pseudonym_keys", {}).items():
            if apps.get_model("corpus.corpus").objects.filter(pk=corpus).exists():
                PseudonymKey.objects.update_or_create(corpus_id=corpus, defaults={"key": key})
        if keys and keys.get("secret_key"):
            path = settings.DATA_DIR / "secret_key"
            path.touch(mode=0o600)
            path.write_text(keys["secret_key"])

    def _advice(self, keys: dict[str, Any] | None) -> Iterator[str]:
        if keys is None:
            yield (
                "The backup has no keys. Without the former SECRET_KEY everybody signs in again,"
                " second factors by app have to be set up anew, and links to join stop working;"
                " without the keys of pseudonyms, releases that are frozen from now on call people"
                " and speakers otherwise than earlier ones. With a file that `backup --keys-to`"
                " wrote, restore again with --keys."
            )
        elif os.environ.get("SECRET_KEY") and keys.get("secret_key") != settings.SECRET_KEY:
            yield "SECRET_KEY is set here and differs from that of the backup; remove or change it."
        for area in self.manifest.head["without"]:
            yield f"The backup was made without {area}/."


def guard_not_running() -> None:
    """Raises UserError while `make run` runs on this DATA_DIR."""
    lock = settings.DATA_DIR / "lock"
    if not lock.exists():
        return
    with lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                gettext_noop("Shengqing runs on %(folder)s. Stop it first. Nothing was changed."),
                folder=str(settings.DATA_DIR),
            ) from error


def rows_here() -> Iterator[tuple[str, int]]:
    """(label of a model, how many rows) of what is not made by migrations."""
    try:
        tables = set(connection.introspection.table_names())
    except DatabaseError as error:
        raise UserError(
            gettext_noop("The database does not answer: %(why)s. Nothing was changed."),
            why=str(error).strip().splitlines()[0],
        ) from error
    for model in apps.get_models():
        label = model._meta.label_lower
        if model._meta.app_label in MADE_BY_MIGRATIONS or label in OWN_BY_MIGRATIONS:
            continue
        if model._meta.db_table in tables and (count := QuerySet(model).count()):
            yield label, count


def _some(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def _mark_path() -> Path:
    return Path(settings.DATA_DIR) / MARK
