"""What an expert wrote down beforehand is an ExpertLabel, and no GoldAnswer."""

import django.db.models.deletion
from django.db import migrations, models


def rename_events(old, new):
    def rename(apps, schema_editor):
        events = apps.get_model("people", "Event").objects
        events.filter(noun="dialogue", verb=old).update(verb=new)

    return rename


class Migration(migrations.Migration):
    dependencies = [("annotation", "0008_quality_flags")]

    operations = [
        migrations.RenameModel("GoldAnswer", "ExpertLabel"),
        migrations.AlterField(
            "ExpertLabel",
            "utterance",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="expert_labels",
                to="corpus.utterance",
            ),
        ),
        migrations.RenameIndex(
            "ExpertLabel", "expert_labels_of_a_question", "gold_of_a_question"
        ),
        migrations.RunPython(
            rename_events("key", "set expert labels"), rename_events("set expert labels", "key")
        ),
    ]
