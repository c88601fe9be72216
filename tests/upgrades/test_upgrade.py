"""A backup of 0.1.0 is restored by this version: migrated, with every row.

`0.1.0.sqlite3.xz` is the database of the synthetic demo corpus in the state of that version's
migrations (`STATE`), made from a loaded demo by migrating backwards, without search index and keys.
"""

import lzma
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from django.conf import settings

from backups.manifest import Manifest
from backups.repository import Repository

HERE = Path(__file__).resolve().parent
STATE = {
    "people": "0001_initial",
    "corpus": "0010_blind_adjudication",
    "annotation": "0005_unblinded",
    "releases": "0005_member_access",
    "modeling": "0007_recipe_choices",
}
RENAMED = {"annotation_place": "annotation_rounditem"}
ADDED_TO = {  # by the migrations themselves, and by the restore
    *("auth_permission", "django_content_type", "django_migrations", "people_event"),
    *("corpus_place",),  # of the search index
}


def rows(path):
    """Table -> how many rows, of those that have any."""
    with closing(sqlite3.connect(path)) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        counted = {}
        for (name,) in names:
            if not name.startswith("corpus_grams"):
                counted[name] = database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        return {name: count for name, count in counted.items() if count}


def answers(path):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(
            "SELECT j.id, a.person_id, j.utterance_id, j.task, j.value"
            " FROM annotation_judgement j JOIN annotation_assignment a ON a.id = j.assignment_id"
            " ORDER BY j.id"
        ).fetchall()


def migrations(path):
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()


def schema(path):
    """Table -> its columns, foreign keys and indexes, in no order; indexes without their names."""
    found = {}
    with closing(sqlite3.connect(path)) as database:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (table,) in database.execute(tables).fetchall():
            columns = database.execute(f"PRAGMA table_info('{table}')").fetchall()
            keys = database.execute(f"PRAGMA foreign_key_list('{table}')").fetchall()
            indexes = database.execute(f"PRAGMA index_list('{table}')").fetchall()
            found[table] = (
                {column[1:] for column in columns},
                {key[2:6] for key in keys},
                {(unique, *_index(database, name)) for _n, name, unique, *_rest in indexes},
            )
    return found


def _index(database, name):
    """Its columns with their directions, and the rows that are in it."""
    columns = database.execute(f"PRAGMA index_xinfo('{name}')").fetchall()
    made = database.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone()
    condition = (made[0] if made else "").partition(" WHERE ")[2]
    return tuple((column[2], column[3]) for column in columns if column[5]), condition


def backed_up(folder, database):
    """A folder with a backup of a database and nothing else."""
    repository = Repository.create_or_open(folder)
    digest, size, _new = repository.store([database.read_bytes()])
    head = {
        "version": "0.1.0",
        "made_at": "2026-11-26T00:00:00+00:00",
        "backup_id": 0,
        "migrations": migrations(database),
        "without": [],
        "database": {"engine": "SQLite", "sha256": digest, "size": size},
    }
    repository.publish("1", Manifest(head))


def test_a_backup_of_0_1_0_comes_back_with_every_row(tmp_path):
    old, data = tmp_path / "old.sqlite3", tmp_path / "data"
    old.write_bytes(lzma.decompress((HERE / "0.1.0.sqlite3.xz").read_bytes()))
    applied = dict(sorted(migrations(old)))
    assert {app: applied[app] for app in STATE} == STATE
    backed_up(tmp_path / "backups", old)
    environment = os.environ | {"DATA_DIR": str(data), "SECRET_KEY": "of-a-test"}
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "manage.py", "restore", str(tmp_path / "backups")],
        env=environment, cwd=settings.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    new = data / "shengqing.sqlite3"
    before, after = rows(old), rows(new)
    assert before["annotation_judgement"] > 1000
    for table in before.keys() - ADDED_TO:
        assert after.get(RENAMED.get(table, table), 0) >= before[table], table
    assert answers(new) == answers(old)
    # and whoever begins today has the same tables
    environment["DATA_DIR"] = str(tmp_path / "empty")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0"],
        env=environment, cwd=settings.ROOT, check=True,
    )  # fmt: skip
    assert schema(tmp_path / "empty" / "shengqing.sqlite3") == schema(new)
    with closing(sqlite3.connect(new)) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
