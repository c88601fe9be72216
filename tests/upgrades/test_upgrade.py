"""A filled database of 0.1.0 keeps every row, under its name of today. On SQLite a backup of it is
restored, on PostgreSQL the same rows stand in the tables of that version.

`0.1.0.sqlite3.xz` is the database of the synthetic demo corpus in the state of that version's
migrations (`STATE`), made from a loaded demo by migrating backwards, without search index and keys.
"""

import datetime
import lzma
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.apps import apps as apps_of_today
from django.conf import settings
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from backups.manifest import Manifest
from backups.repository import Repository
from corpus.models import Corpus, Invitation, Membership, SourceInspection
from people.access_tokens import digest_of
from people.models import AccessToken, Person
from tests.upgrades.old_rows import KEY, VERBS, fill

pytestmark = pytest.mark.django_db
HERE = Path(__file__).resolve().parent
STATE = {
    "people": "0001_initial",
    "corpus": "0010_blind_adjudication",
    "annotation": "0005_unblinded",
    "releases": "0005_member_access",
    "modeling": "0007_recipe_choices",
}
NAMES = {  # of a model -> of today
    "annotation.Place": "annotation.RoundItem",
    "annotation.Remark": "annotation.Comment",
    "annotation.Oddity": "annotation.QualityFlag",
    "annotation.OddityAnswer": "annotation.QualityFlagReview",
    "annotation.GoldAnswer": "annotation.ExpertLabel",
    "annotation.Warned": "annotation.RuleWarning",
    "corpus.Finding": "corpus.ImportProblem",
    "modeling.Study": "modeling.Experiment",
    "people.Invitation": "corpus.Invitation",
    "releases.Inspection": "releases.PersonalDataReview",
}
COLUMNS = {  # of a model of today: name of a column -> of today
    "annotation.Assignment": {"until": "expires_at"},
    "annotation.Item": {"hardness": "disagreement"},
    "annotation.Participant": {"halted_at": "blocked_at"},
    "annotation.QualityFlag": {"surprise": "neg_log10_p"},
    "annotation.QualityFlagReview": {"oddity_id": "flag_id"},
    "annotation.Reply": {"remark_id": "comment_id"},
    "annotation.Report": {"hand_ins": "submissions"},
    "annotation.Resolution": {"remark_id": "comment_id"},
    "annotation.Tally": {"hand_ins": "submissions"},
    "annotation.Withdrawal": {"place_id": "round_item_id"},
    "corpus.ClipRecut": {"since": "requested_at", "changed": "recut_count", "left": "skipped"},
    "corpus.Dialogue": {"cutter": "cutter_version", "shown": "published_revision"},
    "corpus.IntegrityCheck": {"since": "requested_at"},
    "corpus.Invitation": {"token": "token_hash"},
    "corpus.Source": {
        "looked": "inspection", "brought": "uploaded_transcript", "reading": "read_options"
    },
    "modeling.Evaluation": {"run_id": "training_run_id"},
    "modeling.TrainingRun": {"study_id": "experiment_id"},
    "releases.Release": {"apart": "split_unit"},
}  # fmt: skip
OTHER_VALUES = {  # columns in which today stands something else; tests below say what
    "annotation.Report": {"result", "computed_at"},
    "corpus.Invitation": {"token_hash"},
    "people.Event": {"noun", "verb"},
}
OURS = {"annotation", "corpus", "modeling", "people", "releases"}


@dataclass
class Upgrade:
    """The rows of before and of today: name of a model of today -> id -> columns, as of today; and
    the database that the other tests began with.
    """

    before: dict
    after: dict
    beginning: str


def rows(apps):
    """Model -> id -> its columns, by their names of today."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in OURS:
            name = NAMES.get(model._meta.label, model._meta.label)
            names = COLUMNS.get(name, {})
            found[name] = {
                row["id"]: {names.get(column, column): value for column, value in row.items()}
                for row in model._base_manager.values()
            }
    return found


def use(name):
    """Let the connection lead to another database."""
    connection.close()
    connection.settings_dict["NAME"] = name


class Steps(MigrationLoader):
    """The migrations one by one: Django forgets those that a squashed one replaces."""

    def load_disk(self):
        super().load_disk()
        kept = {key: step for key, step in self.disk_migrations.items() if not step.replaces}
        self.disk_migrations = kept


def old_models(old):
    """The models of that version."""
    return Steps(connection).project_state(migrations(old)).apps


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory, django_db_setup, django_db_blocker):
    """An Upgrade; the connection leads to its database."""
    folder, tests = tmp_path_factory.mktemp("upgrade"), connection.settings_dict["NAME"]
    old = folder / "old.sqlite3"
    old.write_bytes(lzma.decompress((HERE / "0.1.0.sqlite3.xz").read_bytes()))
    applied = dict(sorted(migrations(old)))
    assert {app: applied[app] for app in STATE} == STATE
    upgrade = restore if connection.vendor == "sqlite" else migrate
    with django_db_blocker.unblock():
        try:
            before = upgrade(folder, old)
            yield Upgrade(before, rows(apps_of_today), tests)
        finally:
            use(tests)


def restore(folder, old):
    """A backup of the filled database; its rows."""
    use(old)
    apps = old_models(old)
    fill(apps)
    before = rows(apps)
    connection.close()
    backed_up(folder / "backups", old)
    data = folder / "data"
    environment = os.environ | {"DATA_DIR": str(data), "SECRET_KEY": "of-a-test"}
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "manage.py", "restore", str(folder / "backups")],
        env=environment, cwd=settings.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    use(data / "shengqing.sqlite3")
    return before


def migrate(folder, old):
    """The tables of 0.1.0 with the rows of the other database, filled; its rows."""
    name = f"{connection.settings_dict['NAME']}_0_1_0"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    use(name)
    apps = old_models(old)
    models = apps.get_models(include_auto_created=True)
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            editor.create_model(model)
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    for step in migrations(old):
        recorder.record_applied(*step)
    connections.settings["0.1.0"] = connections.settings["default"] | {
        "ENGINE": "django.db.backends.sqlite3", "NAME": old, "OPTIONS": {},
    }  # fmt: skip
    with transaction.atomic():
        for model in models:
            model._base_manager.bulk_create(model._base_manager.using("0.1.0"))
    connections["0.1.0"].close()
    del connections["0.1.0"], connections.settings["0.1.0"]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
    fill(apps)
    before = rows(apps)
    call_command("migrate", verbosity=0)
    return before


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
    condition = (made and made[0] or "").partition(" WHERE ")[2]
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


def test_every_row_stands_under_the_names_of_today(upgraded):
    filled = {name for name, found in upgraded.before.items() if found}
    assert set(NAMES.values()) | set(COLUMNS) <= filled
    assert len(upgraded.before["annotation.Judgement"]) > 1000
    for name, found in upgraded.before.items():
        for pk, row in found.items():
            kept = upgraded.after[name][pk]
            others = OTHER_VALUES.get(name, set())
            expected = {column: value for column, value in row.items() if column not in others}
            assert {column: kept.get(column) for column in expected} == expected, (name, pk)


def test_events_speak_as_today(upgraded):
    before, after = upgraded.before["people.Event"], upgraded.after["people.Event"]
    said = {(row["noun"], row["verb"]) for row in before.values()}
    assert said >= set(VERBS)
    for pk, row in before.items():
        old = row["noun"], row["verb"]
        assert (after[pk]["noun"], after[pk]["verb"]) == VERBS.get(old, old)


def test_intervals_are_computed_again_and_other_reports_stay(upgraded):
    kept = {row["kind"]: row for row in upgraded.after["annotation.Report"].values()}
    assert (kept["agreement"]["result"], kept["agreement"]["computed_at"]) == ({}, None)
    assert kept["reliability"]["result"] == {"alpha": 1} and kept["reliability"]["computed_at"]


def test_daily_work_is_added_up(upgraded):
    days = upgraded.after["annotation.DailyWork"].values()
    assert sum(day["submissions"] for day in days) == len(upgraded.before["annotation.Submission"])


def test_a_waiting_upload_is_inspected_by_a_job(upgraded):
    assert SourceInspection.objects.get().source.title == "waiting"


def test_the_first_lead_is_the_owner(upgraded):
    led = Corpus.objects.get(name="led")
    lead = Membership.objects.filter(corpus=led, role="lead").order_by("pk").first()
    assert led.owner == lead.person and Membership.objects.filter(corpus=led).count() == 3
    assert Corpus.objects.get(name="led by nobody").owner is None


def test_an_open_invitation_can_be_accepted(upgraded):
    kept = Invitation.objects.with_token("the-open-one").get()
    assert (kept.corpus, kept.token) == (None, "")
    assert kept.expires_at - kept.created_at == datetime.timedelta(days=14)
    lead = kept.invited_by
    assert Invitation.objects.create(invited_by=lead).pk > max(upgraded.before["corpus.Invitation"])
    form = {"username": "new", "password1": "an odd pass phrase", "password2": "an odd pass phrase"}
    assert "password1" in Client().get("/invitations/the-open-one/").content.decode()
    assert Client().post("/invitations/the-open-one/", form).url == "/"
    assert Client().get("/invitations/the-open-one/").status_code == 410
    assert Person.objects.filter(username="new").exists()


def test_a_token_goes_on(upgraded):
    assert "authtoken_token" not in connection.introspection.table_names()
    token = AccessToken.objects.get()
    assert (token.name, token.digest, token.expires_at) == ("earlier token", digest_of(KEY), None)
    assert token.scopes.split() == ["read", "annotate"] and token.created_at.year == 2026
    header = {"Authorization": f"Token {KEY}"}
    answer = Client().get("/api/rounds/999/agreement/", headers=header)
    assert answer.status_code == 404  # who it is is known, and the round is not there


def test_whoever_begins_today_has_the_same_tables(upgraded):
    if connection.vendor != "sqlite":
        pytest.skip("on PostgreSQL this was compared once")
    today = connection.settings_dict["NAME"]
    assert schema(upgraded.beginning) == schema(today)
    with closing(sqlite3.connect(today)) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
