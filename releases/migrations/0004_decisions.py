from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("releases", "0003_match_of_diffs"),
    ]

    operations = [
        migrations.AddField(
            model_name="release",
            name="decisions",
            field=models.JSONField(default=list, editable=False),
        ),
    ]
