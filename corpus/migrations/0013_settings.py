"""Owners, archives, settings of corpora and of the installation; the owner of a corpus that is there
is the lead who has been it for longest. Every row stays.
"""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def appoint_owners(apps, schema_editor):
    alias = schema_editor.connection.alias
    leads = apps.get_model("corpus", "Membership").objects.using(alias).filter(role="lead")
    first = {}
    for corpus, person in leads.order_by("pk").values_list("corpus", "person"):
        first.setdefault(corpus, person)
    corpora = apps.get_model("corpus", "Corpus").objects.using(alias)
    for corpus, person in first.items():
        corpora.filter(pk=corpus).update(owner=person)


class Migration(migrations.Migration):

    dependencies = [
        ('corpus', '0012_invitations'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='corpus',
            name='default_licence',
            field=models.CharField(blank=True, db_default='', default='', max_length=20),
        ),
        migrations.AddField(
            model_name='corpus',
            name='default_scheme',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='corpus',
            name='media_policy',
            field=models.CharField(choices=[('leads', 'leads only'), ('members', 'all members who may watch them')], db_default='leads', default='leads', max_length=8, verbose_name='who may download clips'),
        ),
        migrations.AddField(
            model_name='corpus',
            name='members_read_releases',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='corpus',
            name='owner',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='owned_corpora', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunPython(appoint_owners, migrations.RunPython.noop),
        migrations.AddField(
            model_name='corpus',
            name='storage',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='corpus',
            name='storage_quota',
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name='Archival',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('corpus', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='archival', to='corpus.corpus')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='CorpusDeletion',
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
                ('corpus_id', models.BigIntegerField(unique=True)),
                ('name', models.CharField(max_length=120)),
                ('lost', models.JSONField(default=dict)),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corpus_deletions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Installation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('creation', models.CharField(choices=[('everybody', 'everybody'), ('chosen', 'administrators and the people chosen below'), ('administrators', 'administrators only')], default='everybody', max_length=14, verbose_name='who may create corpora')),
                ('storage_quota', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000)], verbose_name='storage of a corpus (GB)')),
                ('runs_at_once', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000)], verbose_name='runs of a corpus that wait or train at once')),
                ('hours_a_month', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000)], verbose_name='hours that a corpus may train in a month')),
                ('creators', models.ManyToManyField(blank=True, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='chosen people')),
            ],
        ),
        migrations.CreateModel(
            name='OwnershipOffer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('corpus', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='offer', to='corpus.corpus')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='offered_corpora', to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
