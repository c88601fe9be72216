"""Inspections become reviews of personal data, and `apart` the split unit; every row stays."""

import django.db.models.deletion
from django.db import migrations, models

VERBS = [("inspect", "utterance", "review"), ("accept", "share", "accept terms")]


def rename_events(apps, schema_editor):
    events = apps.get_model("people", "Event").objects
    for old, noun, new in VERBS:
        events.filter(verb=old, noun=noun).update(verb=new)


def restore_events(apps, schema_editor):
    events = apps.get_model("people", "Event").objects
    for old, noun, new in VERBS:
        events.filter(verb=new, noun=noun).update(verb=old)


class Migration(migrations.Migration):
    dependencies = [
        ("corpus", "0010_blind_adjudication"),
        ("people", "0001_initial"),
        ("releases", "0005_member_access"),
    ]

    operations = [
        migrations.RenameModel("Inspection", "PersonalDataReview"),
        migrations.AlterField(
            model_name="personaldatareview",
            name="utterance",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="personal_data_reviews",
                to="corpus.utterance",
            ),
        ),
        migrations.RenameField("Release", "apart", "split_unit"),
        migrations.RunPython(rename_events, restore_events),
    ]
