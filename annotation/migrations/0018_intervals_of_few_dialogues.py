from django.db import migrations


def forget(apps, schema_editor):
    """Intervals and tests could rest on as few as two dialogues, and do not say on how many: they
    are computed again when somebody asks for them.
    """
    reports = apps.get_model("annotation", "Report").objects
    kept = reports.filter(kind__in=["agreement", "comparison"]).exclude(computed_at=None)
    kept.update(result={}, computed_at=None)


class Migration(migrations.Migration):

    dependencies = [
        ("annotation", "0017_daily_work"),
    ]

    operations = [
        migrations.RunPython(forget, migrations.RunPython.noop),
    ]
