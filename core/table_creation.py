"""Migrations that create tables and nothing else."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class TableCreation(migrations.Migration):
    """Its models are added to the state first, and their tables created then. Django's way, one
    after the other, renders every model that is related to the new one anew for each: seconds.
    """

    def apply(
        self,
        project_state: ProjectState,
        schema_editor: BaseDatabaseSchemaEditor,
        collect_sql: bool = False,
    ) -> ProjectState:
        """See Migration.apply. All `operations` must be CreateModel."""
        before = project_state.clone()
        project_state.__dict__.pop("apps", None)  # rendered again when it is asked for
        for operation in self.operations:
            operation.state_forwards(self.app_label, project_state)
        for operation in self.operations:
            operation.database_forwards(self.app_label, schema_editor, before, project_state)
        return project_state
