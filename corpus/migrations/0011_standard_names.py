"""Names in standard words; no row changes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("corpus", "0010_blind_adjudication")]

    operations = [
        migrations.RenameModel("Finding", "ImportProblem"),
        migrations.RenameField("source", "looked", "inspection"),
        migrations.RenameField("source", "brought", "uploaded_transcript"),
        migrations.RenameField("source", "reading", "read_options"),
        migrations.RenameField("dialogue", "cutter", "cutter_version"),
        migrations.RenameField("dialogue", "shown", "published_revision"),
        migrations.RenameField("integritycheck", "since", "requested_at"),
        migrations.RenameField("cliprecut", "since", "requested_at"),
        migrations.RenameField("cliprecut", "changed", "recut_count"),
        migrations.RenameField("cliprecut", "left", "skipped"),
        migrations.AlterField(
            "importproblem",
            "source",
            models.ForeignKey(to="corpus.source", on_delete=django.db.models.deletion.CASCADE, related_name="import_problems"),
        ),
    ]
