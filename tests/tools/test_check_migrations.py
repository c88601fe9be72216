"""The check of migrations: what locks a large table is found, what does not is let through."""

import pytest
from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState

from tools.check_migrations import faults


def state():
    fields = [("id", models.BigAutoField(primary_key=True)), ("text", models.TextField(null=True))]
    found = ProjectState()
    for name in ("Utterance", "Small"):
        found.add_model(ModelState("corpus", name, list(fields)))
    return found


def found(*operations, name="9999_new"):
    migration = type("Migration", (migrations.Migration,), {"operations": list(operations)})
    return list(faults([("corpus", name, migration(name, "corpus"))], state()))


INDEX = models.Index(fields=["text"], name="a")
UNIQUE = models.UniqueConstraint(fields=["text"], name="b")
LOCKING = {
    "AddIndex": migrations.AddIndex("utterance", INDEX),
    "AddConstraint": migrations.AddConstraint("utterance", UNIQUE),
    "AddField": migrations.AddField(
        "utterance", "a", models.IntegerField(db_index=True, null=True)
    ),
    "AlterField": migrations.AlterField("utterance", "text", models.TextField(default="")),
    "AlterField rewrites": migrations.AlterField("utterance", "text", models.DateField(null=True)),
    "RunSQL": migrations.RunSQL("SELECT 1"),
}


@pytest.mark.parametrize("name", LOCKING)
def test_what_locks_a_large_table_is_refused(name):
    [line] = found(LOCKING[name])
    assert line.startswith("corpus/migrations/9999_new.py: ")
    assert all(word in line for word in name.split())


def test_what_does_not_is_let_through():
    small = [migrations.AddIndex("small", INDEX), migrations.AddConstraint("small", UNIQUE)]
    column = migrations.AddField("utterance", "b", models.IntegerField(default=0))
    wider = migrations.AlterField("utterance", "text", models.TextField(null=True, blank=True))
    assert found(*small, column, wider) == []
    assert found(LOCKING["AddIndex"], name="0001_initial") == []  # was there before the check


def test_a_table_that_is_made_in_the_same_migration_is_empty():
    fields = [("id", models.BigAutoField(primary_key=True)), ("text", models.TextField())]
    made = migrations.CreateModel("Dialogue", fields)
    assert found(made, migrations.AddIndex("dialogue", INDEX)) == []


def test_a_migration_may_say_why(monkeypatch):
    monkeypatch.setitem(globals(), "LOCKS", "the table is small where this matters")
    migration = type("Migration", (migrations.Migration,), {"operations": [LOCKING["AddIndex"]]})
    migration.__module__ = __name__
    assert list(faults([("corpus", "9999_new", migration("9999_new", "corpus"))], state())) == []
