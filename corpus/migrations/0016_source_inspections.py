"""Looking into an upload is a job, as all work; drafts that wait for it are queued."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def queue_waiting_drafts(apps, schema_editor):
    alias = schema_editor.connection.alias
    sources = apps.get_model("corpus", "Source").objects.using(alias)
    inspections = apps.get_model("corpus", "SourceInspection").objects.using(alias)
    waiting = sources.filter(status="draft", inspection__isnull=True)
    for pk in waiting.values_list("pk", flat=True):
        inspections.create(source_id=pk)


class Migration(migrations.Migration):

    dependencies = [
        ('corpus', '0015_checklist_dismissals'),
    ]

    operations = [
        migrations.CreateModel(
            name='SourceInspection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('draft', 'to be confirmed'), ('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('stopped', 'stopped')], default='queued', max_length=8)),
                ('failure', models.JSONField(blank=True, default=dict, editable=False)),
                ('progress', models.FloatField(default=0.0)),
                ('attempt', models.PositiveIntegerField(default=0)),
                ('queued_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(editable=False, null=True)),
                ('finished_at', models.DateTimeField(editable=False, null=True)),
                ('heartbeat', models.DateTimeField(editable=False, null=True)),
                ('deaths', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('source', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='inspection_job', to='corpus.source')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.RunPython(queue_waiting_drafts, migrations.RunPython.noop),
    ]
