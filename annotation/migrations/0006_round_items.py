"""A dialogue in a round is a RoundItem, and no Place."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


def rename_events(old, new):
    def rename(apps, schema_editor):
        apps.get_model("people", "Event").objects.filter(noun=old).update(noun=new)

    return rename


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0005_unblinded"),
        ("corpus", "0010_blind_adjudication"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.RenameModel("Place", "RoundItem"),
        migrations.RenameField("Withdrawal", "place", "round_item"),
        migrations.AlterField(
            "RoundItem",
            "round",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="round_items",
                to="annotation.round",
            ),
        ),
        migrations.AlterField(
            "RoundItem",
            "dialogue",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="round_items",
                to="corpus.dialogue",
            ),
        ),
        migrations.RenameIndex("RoundItem", "open_round_items", "open_places"),
        migrations.RenameIndex("RoundItem", "returned_round_items", "returned_places"),
        migrations.RenameIndex("RoundItem", "gold_round_items", "gold_places"),
        migrations.RemoveConstraint("RoundItem", "one_place_a_dialogue"),
        migrations.AddConstraint(
            "RoundItem",
            models.UniqueConstraint(
                fields=("round", "dialogue"), name="one_round_item_a_dialogue"
            ),
        ),
        migrations.RunPython(
            rename_events("place", "rounditem"), rename_events("rounditem", "place")
        ),
    ]
