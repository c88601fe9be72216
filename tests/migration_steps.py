"""The migrations one by one, as an installation meets them that was there before the squashed."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


class _Steps(MigrationLoader):
    def load_disk(self):
        super().load_disk()
        kept = {key: step for key, step in self.disk_migrations.items() if not step.replaces}
        self.disk_migrations = kept


def migration_steps() -> MigrationExecutor:
    """An executor that knows each step by its name and may go back to it."""
    executor = MigrationExecutor(connection)
    executor.loader = _Steps(connection)
    return executor
