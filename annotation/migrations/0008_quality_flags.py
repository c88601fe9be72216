"""What looks careless is a QualityFlag with reviews, and no Oddity with answers."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def rename_events(old, new):
    def rename(apps, schema_editor):
        events = apps.get_model("people", "Event").objects
        (noun, verb), (new_noun, new_verb) = old, new
        events.filter(noun=noun, verb=verb).update(verb=new_verb)
        events.filter(noun=noun).update(noun=new_noun)

    return rename


OLD, NEW = ("oddity", "answer"), ("qualityflag", "review")


class Migration(migrations.Migration):
    dependencies = [("annotation", "0007_comments")]

    operations = [
        migrations.RemoveConstraint("Oddity", "one_oddity_a_key"),
        migrations.AlterModelOptions("Oddity", options={}),
        migrations.RenameModel("Oddity", "QualityFlag"),
        migrations.RenameModel("OddityAnswer", "QualityFlagReview"),
        migrations.RenameField("QualityFlag", "surprise", "neg_log10_p"),
        migrations.RenameField("QualityFlagReview", "oddity", "flag"),
        migrations.AlterModelOptions("QualityFlag", options={"ordering": ["-neg_log10_p", "pk"]}),
        migrations.AddConstraint(
            "QualityFlag",
            models.UniqueConstraint(fields=("round", "key"), name="one_quality_flag_a_key"),
        ),
        migrations.AlterField(
            "QualityFlag",
            "round",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="quality_flags",
                to="annotation.round",
            ),
        ),
        migrations.AlterField(
            "QualityFlag",
            "person",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="quality_flags",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            "QualityFlagReview",
            "flag",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reviews",
                to="annotation.qualityflag",
            ),
        ),
        migrations.RunPython(rename_events(OLD, NEW), rename_events(NEW, OLD)),
    ]
