"""Studies become experiments, and evaluations name their training run; every row stays."""

import django.db.models.deletion
from django.db import migrations, models

NOUNS = {"study": "experiment"}


def rename_events(apps, schema_editor):
    events = apps.get_model("people", "Event").objects
    for old, new in NOUNS.items():
        events.filter(noun=old).update(noun=new)
    extracted = events.filter(verb="measure", noun__in=["release", "featurepart"])
    extracted.update(verb="extract")


def restore_events(apps, schema_editor):
    events = apps.get_model("people", "Event").objects
    for old, new in NOUNS.items():
        events.filter(noun=new).update(noun=old)
    extracted = events.filter(verb="extract", noun__in=["release", "featurepart"])
    extracted.update(verb="measure")


class Migration(migrations.Migration):
    dependencies = [
        ("modeling", "0007_recipe_choices"),
        ("people", "0001_initial"),
        ("releases", "0006_personal_data_reviews"),
    ]

    operations = [
        migrations.RenameModel("Study", "Experiment"),
        migrations.RenameField("TrainingRun", "study", "experiment"),
        migrations.RenameField("Evaluation", "run", "training_run"),
        migrations.AlterField(
            model_name="experiment",
            name="release",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="experiments",
                to="releases.release",
            ),
        ),
        migrations.AlterField(
            model_name="evaluation",
            name="training_run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="evaluations",
                to="modeling.trainingrun",
            ),
        ),
        migrations.RunPython(rename_events, restore_events),
    ]
