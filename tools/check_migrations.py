"""Refuse migrations that hold a lock on a large table for long: python tools/check_migrations.py

While a migration builds an index, validates a constraint or rewrites a table, PostgreSQL lets
nobody write to it, for minutes where it has millions of rows. Which operations do:

    an index or a constraint            AddIndexConcurrently (django.contrib.postgres), in a
                                        migration of its own with atomic = False
    a new foreign key, unique or index  the column without it, then the index as above
    a column that becomes NOT NULL,     a new column, filled in batches, then used instead
    or changes its type
    RunSQL                              say why below

A migration that may hold its lock says why: LOCKS = "…" at the top of its file. Those that were
there before this check are in ACCEPTED. No library: django-migration-linter reads the SQL of a
running PostgreSQL, which `make lint` does not have, and does not know which tables are large.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LARGE = {
    *("annotation.assignment", "annotation.comment", "annotation.item", "annotation.judgement"),
    *("annotation.rounditem", "annotation.submission", "annotation.suggestion", "annotation.tally"),
    *("corpus.dialogue", "corpus.importproblem", "corpus.publication", "corpus.revision"),
    *("corpus.speaker", "corpus.utterance", "people.event", "releases.download"),
}
ACCEPTED = {  # app -> the last migration that was there before
    "annotation": "0018_intervals_of_few_dialogues",
    "backups": "0001_initial",
    "corpus": "0017_proposed_speakers",
    "demo": "0002_job_deaths",
    "modeling": "0020_language_model_judges",
    "people": "0006_idempotency_keys",
    "releases": "0008_job_deaths",
}


def faults(migrations: list[tuple[str, str, Any]], state: Any) -> Iterator[str]:
    """A sentence for each operation that locks a large table; `migrations` are (app, name,
    migration) in the order in which they are applied, `state` is that before the first one.
    """
    for app, name, migration in migrations:
        accepted = name <= ACCEPTED.get(app, "") or getattr(
            sys.modules.get(type(migration).__module__), "LOCKS", ""
        )
        there = {f"{owner}.{model}" for owner, model in state.models}
        for operation in migration.operations:
            why = "" if accepted else why_locked(app, operation, state, there & LARGE)
            if why:
                yield f"{app}/migrations/{name}.py: {type(operation).__name__} {why}"
            operation.state_forwards(app, state)


def why_locked(app: str, operation: Any, state: Any, large: set[str]) -> str:
    """Why an operation locks one of the large tables; empty if it does not."""
    kind = type(operation).__name__
    if kind == "RunSQL":
        return "may lock anything"
    if kind == "SeparateDatabaseAndState":
        inner = (why_locked(app, each, state, large) for each in operation.database_operations)
        return next(filter(None, inner), "")
    model = f"{app}.{getattr(operation, 'model_name', getattr(operation, 'name', ''))}".lower()
    if model not in large:
        return ""
    if kind in ("AddIndex", "AddConstraint"):
        return f"locks {model} while it is built or validated"
    if kind in ("AlterUniqueTogether", "AlterIndexTogether"):
        return f"locks {model} while an index is built"
    if kind == "AddField" and _indexed(operation.field):
        return f"locks {model} while the index of {operation.name} is built"
    if kind == "AlterField":
        fields = state.models[app, operation.model_name_lower].fields
        return _why_altered(model, operation.name, fields[operation.name], operation.field)
    return ""


def _indexed(field: Any) -> bool:
    return bool(field.unique or field.db_index or field.remote_field)


def _why_altered(model: str, name: str, before: Any, after: Any) -> str:
    if before.null and not after.null:
        return f"reads all of {model} to see that {name} is never NULL"
    if _indexed(after) and not _indexed(before):
        return f"locks {model} while the index of {name} is built"
    if type(before) is not type(after) or (before.max_length or 0) > (after.max_length or 1 << 31):
        return f"rewrites {model} for the new type of {name}"
    return ""


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    sys.path.insert(0, str(ROOT))
    import django
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    django.setup()
    loader = MigrationLoader(None, ignore_no_migrations=True)
    plan: dict[tuple[str, str], None] = {}
    for leaf in loader.graph.leaf_nodes():
        plan |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    own = {path.parent.name for path in ROOT.glob("*/migrations")}
    found = [
        line
        for line in faults([(*key, loader.graph.nodes[key]) for key in plan], ProjectState())
        if line.split("/")[0] in own
    ]
    print("\n".join(found), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
