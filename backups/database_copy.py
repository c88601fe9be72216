"""The database as one file: written from a snapshot while people work, and put back.

SQLite is copied by its backup API, PostgreSQL by pg_dump. The keys of pseudonyms are left out: a
copy of the database alone does not say who an annotator is.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from core.errors import UserError, gettext_noop
from releases.models import PseudonymKey

KEY_TABLE = PseudonymKey._meta.db_table
PAGES = 4096  # of SQLite copied at a time


def engine() -> str:
    """The kind of database, as a backup has it."""
    return "PostgreSQL" if connection.vendor == "postgresql" else "SQLite"


def guard_tools() -> None:
    """Raises UserError where a program is missing that copies the database."""
    if connection.vendor == "postgresql":
        _tool("pg_dump")


def copy(target: Path) -> None:
    """Write the rows that the present snapshot sees (`core.snapshot`) into a file."""
    if connection.vendor == "postgresql":
        _dump_postgresql(target)
    else:
        _copy_sqlite(target)


def restore(source: Path) -> None:
    """Make the database what the file holds. Raises UserError, and then has changed nothing."""
    if connection.vendor == "postgresql":
        _restore_postgresql(source)
    else:
        _restore_sqlite(source)
    connection.close()


def guard_readable(source: Path) -> None:
    """Raises UserError if the file is no database that can be restored here."""
    if connection.vendor == "postgresql":
        _run([_tool("pg_restore"), "--list", str(source)])
        return
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro&immutable=1", uri=True)) as copied:
            answer = copied.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer != "ok":
        raise UserError(
            gettext_noop("The database of the backup is damaged: %(why)s. Nothing was changed."),
            why=answer,
        )


def _copy_sqlite(target: Path) -> None:
    target.unlink(missing_ok=True)
    connection.ensure_connection()
    source: Any = connection.connection
    with closing(sqlite3.connect(target)) as copied:
        target.chmod(0o600)
        source.backup(copied, pages=PAGES)
        copied.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        copied.execute("PRAGMA secure_delete = ON")
        copied.execute(f"DELETE FROM {KEY_TABLE}")
        copied.commit()


def _restore_sqlite(source: Path) -> None:
    connection.close()
    place = Path(settings.DATABASES["default"]["NAME"])
    beside = place.with_name(f"{place.name}.restored")
    shutil.copyfile(source, beside)
    beside.chmod(0o600)
    for left in ("-wal", "-shm", "-journal"):
        place.with_name(f"{place.name}{left}").unlink(missing_ok=True)
    beside.replace(place)


def _dump_postgresql(target: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
    command = [_tool("pg_dump"), "--format=custom", "--no-owner", "--no-privileges"]
    command += [f"--snapshot={snapshot}", f"--exclude-table-data=*.{KEY_TABLE}"]
    target.touch(mode=0o600)
    _run([*command, f"--file={target}"])


def _restore_postgresql(source: Path) -> None:
    command = [_tool("pg_restore"), "--clean", "--if-exists", "--no-owner", "--no-privileges"]
    name = str(connection.settings_dict["NAME"])
    connection.close()
    _run([*command, "--single-transaction", "--exit-on-error", f"--dbname={name}", str(source)])


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise UserError(
            gettext_noop(
                "%(tool)s is not installed here. Install the client programs of PostgreSQL (Debian:"
                " postgresql-client), in a version not older than the server's. Nothing was done."
            ),
            tool=name,
        )
    return path


def _run(command: list[str]) -> None:
    """Run a program of PostgreSQL on our database. Its password is in the environment alone."""
    values = connection.settings_dict
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    given = {name: str(values[key]) for name, key in names.items() if values.get(key)}
    given |= {"PGDATABASE": str(values["NAME"])}
    done = subprocess.run(
        command, env=os.environ | given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise UserError(
            gettext_noop("%(tool)s failed: %(why)s. Nothing was changed."),
            tool=Path(command[0]).name,
            why=said[-1].rstrip("."),
        )
