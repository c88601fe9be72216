"""What an annotator says beside the answers is a Comment, and no Remark."""

import django.db.models.deletion
from django.db import migrations, models


def rename_events(old, new):
    def rename(apps, schema_editor):
        events = apps.get_model("people", "Event").objects
        events.filter(noun=old, verb=old).update(verb=new)
        events.filter(noun=old).update(noun=new)

    return rename


class Migration(migrations.Migration):
    dependencies = [("annotation", "0006_round_items")]

    operations = [
        migrations.RenameModel("Remark", "Comment"),
        migrations.RenameField("Reply", "remark", "comment"),
        migrations.RenameField("Resolution", "remark", "comment"),
        migrations.AlterField(
            "Comment",
            "assignment",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="comments",
                to="annotation.assignment",
            ),
        ),
        migrations.AlterField(
            "Comment",
            "utterance",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="comments",
                to="corpus.utterance",
            ),
        ),
        migrations.RunPython(
            rename_events("remark", "comment"), rename_events("comment", "remark")
        ),
    ]
