"""Tokens of rest_framework.authtoken go on as access tokens, of which only the digest is kept."""

import datetime
import hashlib

from django.db import migrations
from django.db.migrations.recorder import MigrationRecorder

OLD_TABLE = "authtoken_token"
SCOPES = "read annotate"  # all that there were


def take_over(apps, schema_editor):
    connection = schema_editor.connection
    if OLD_TABLE not in connection.introspection.table_names():
        return
    tokens = apps.get_model("people", "AccessToken").objects.using(connection.alias)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT key, user_id, created FROM {OLD_TABLE}")
        rows = cursor.fetchall()
    for key, person, created in rows:
        tokens.create(
            person_id=person,
            name="earlier token",
            digest=hashlib.sha256(key.encode()).hexdigest(),
            scopes=SCOPES,
            created_at=created_at(created),
        )
    schema_editor.execute(f"DROP TABLE {OLD_TABLE}")
    MigrationRecorder(connection).migration_qs.filter(app="authtoken").delete()


def created_at(value):
    """A time as this database gives it to a plain query."""
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)


class Migration(migrations.Migration):
    dependencies = [("people", "0003_preferences")]

    # No way back for the tokens: a digest tells no token. The rows stay until their table goes.
    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]
