"""How far people differ on an item is its disagreement, and no hardness."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("annotation", "0009_expert_labels")]

    operations = [
        migrations.RemoveIndex("Item", "hardest_first"),
        migrations.RemoveIndex("Item", "open_items"),
        migrations.AlterModelOptions("Item", options={}),
        migrations.RenameField("Item", "hardness", "disagreement"),
        migrations.AlterModelOptions(
            "Item", options={"ordering": ["-disagreement", "utterance_id"]}
        ),
        migrations.AddIndex(
            "Item",
            models.Index(
                fields=["round", "task", "-disagreement", "utterance"],
                name="most_disputed_first",
            ),
        ),
        migrations.AddIndex(
            "Item",
            models.Index(
                condition=Q(open=True),
                fields=["round", "-disagreement", "utterance"],
                name="open_items",
            ),
        ),
    ]
