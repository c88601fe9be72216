import django.db.models.deletion
from django.db import migrations, models

LOCKS = "An index is dropped, which takes no time in a table of any size."
TABLE, COLUMN = "annotation_judgement", "assignment_id"


def drop_index(apps, schema_editor):
    """Drop the index of the assignment alone, which `newest_answer` begins with, too. It is found
    by its column, because its name can differ; AlterField would have SQLite write the whole table
    again.
    """
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, TABLE)
    for name, about in found.items():
        if about["index"] and not about["unique"] and about["columns"] == [COLUMN]:
            schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")


def create_index(apps, schema_editor):
    schema_editor.execute(f'CREATE INDEX "{TABLE}_{COLUMN}" ON "{TABLE}" ("{COLUMN}")')


class Migration(migrations.Migration):

    dependencies = [
        ("annotation", "0019_item_counts"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(drop_index, create_index)],
            state_operations=[
                migrations.AlterField(
                    model_name="judgement",
                    name="assignment",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="judgements",
                        to="annotation.assignment",
                    ),
                ),
            ],
        ),
    ]
