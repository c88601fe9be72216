"""Invitations belong to a corpus: their table goes to the corpus app, with every row."""

from django.db import migrations


def rename(apps, schema_editor):
    events = apps.get_model("people", "Event").objects.using(schema_editor.connection.alias)
    events.filter(verb="accept", noun="invitation").update(verb="accept invitation")


def restore(apps, schema_editor):
    events = apps.get_model("people", "Event").objects.using(schema_editor.connection.alias)
    events.filter(verb="accept invitation", noun="invitation").update(verb="accept")


class Migration(migrations.Migration):
    dependencies = [("people", "0004_tokens_hashed")]

    operations = [
        migrations.RunPython(rename, restore),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.AlterModelTable("invitation", "corpus_invitation")],
            state_operations=[migrations.DeleteModel("invitation")],
        ),
    ]
