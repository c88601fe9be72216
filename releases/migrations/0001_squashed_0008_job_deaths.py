"""The tables of an empty database at once, instead of the steps that led to them."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import releases.models.pseudonyms
import releases.models.sharing
import secrets
from django.conf import settings
from core.table_creation import TableCreation
from django.db import migrations, models


class Migration(TableCreation):

    replaces = [('releases', '0001_initial'), ('releases', '0002_publishing'), ('releases', '0003_match_of_diffs'), ('releases', '0004_decisions'), ('releases', '0005_member_access'), ('releases', '0006_personal_data_reviews'), ('releases', '0007_labels'), ('releases', '0008_job_deaths')]

    initial = True

    dependencies = [
        ('annotation', '0001_squashed_0019_item_counts'),
        ('corpus', '0001_squashed_0019_integrity_reports'),
        ('people', '0001_squashed_0006_idempotency_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='PersonalDataReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('utterance', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='personal_data_reviews', to='corpus.utterance')),
                ('words', models.CharField(max_length=200)),
                ('kind', models.CharField(max_length=10)),
                ('outcome', models.CharField(choices=[('keep', 'not private: publish as it is'), ('mask', 'private: mask')], max_length=4)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='PseudonymKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('corpus', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='pseudonym_key', to='corpus.corpus')),
                ('key', models.CharField(default=releases.models.pseudonyms._new_key, editable=False, max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Release',
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
                ('corpus', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='corpus.corpus')),
                ('version', models.CharField(max_length=20, validators=[django.core.validators.RegexValidator('^(0|[1-9]\\d{0,4})\\.(0|[1-9]\\d{0,4})\\.(0|[1-9]\\d{0,4})$', 'A version has three numbers, such as 1.0.0.')], verbose_name='version')),
                ('licence', models.CharField(choices=[('cc-by-4.0', 'CC BY 4.0'), ('cc-by-sa-4.0', 'CC BY-SA 4.0'), ('cc-by-nc-4.0', 'CC BY-NC 4.0'), ('cc-by-nc-sa-4.0', 'CC BY-NC-SA 4.0'), ('cc-by-nc-nd-4.0', 'CC BY-NC-ND 4.0'), ('cc0-1.0', 'CC0 1.0'), ('other', 'other')], default='cc-by-nc-4.0', max_length=20, verbose_name='licence')),
                ('media', models.CharField(choices=[('dialogues', 'the clip of each dialogue'), ('utterances', 'a clip of each utterance'), ('features', 'no clips, only extracted features of sound and picture'), ('none', 'no media: text and labels only')], default='dialogues', max_length=10, verbose_name='media')),
                ('speakers', models.CharField(choices=[('names', 'by their names'), ('pseudonyms', 'by pseudonyms')], default='names', max_length=10, verbose_name='speakers appear')),
                ('split_unit', models.CharField(choices=[('dialogue', 'dialogues'), ('source', 'dialogues and sources'), ('speaker', 'dialogues and speakers'), ('both', 'dialogues, sources and speakers')], default='dialogue', max_length=8, verbose_name='split unit')),
                ('shares', models.CharField(default='70/15/15', max_length=11, validators=[django.core.validators.RegexValidator('^\\d{1,3}/\\d{1,3}/\\d{1,3}$', 'Three whole percentages for train, valid and test, such as 70/15/15.')], verbose_name='train / valid / test')),
                ('keep_splits', models.BooleanField(default=True, verbose_name='dialogues keep the split they had')),
                ('seed', models.PositiveIntegerField(default=1, verbose_name='seed of the splits')),
                ('authors', models.TextField(blank=True, max_length=4000, verbose_name='authors')),
                ('description', models.TextField(blank=True, max_length=20000, verbose_name='motivation and collection')),
                ('notes', models.TextField(blank=True, max_length=20000, verbose_name='what is new')),
                ('follows', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='releases.release')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('digest', models.CharField(blank=True, editable=False, max_length=64)),
                ('contents', models.CharField(blank=True, editable=False, max_length=64)),
                ('summary', models.JSONField(default=dict, editable=False)),
                ('decisions', models.JSONField(default=list, editable=False)),
                ('rounds', models.ManyToManyField(related_name='releases', to='annotation.round', verbose_name='rounds')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(fields=('corpus', 'version'), name='one_release_a_version')],
            },
        ),
        migrations.CreateModel(
            name='Diff',
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
                ('one', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='releases.release')),
                ('other', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='releases.release')),
                ('match', models.CharField(blank=True, choices=[('auto', 'by id, where the texts agree, else by content'), ('id', 'by id alone'), ('content', 'by text, speaker and place')], max_length=7)),
                ('result', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(fields=('one', 'other', 'match'), name='one_diff_a_pair')],
            },
        ),
        migrations.CreateModel(
            name='MemberAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('release', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='member_access', to='releases.release')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='Retraction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='retractions', to='releases.release')),
                ('kind', models.CharField(choices=[('superseded', 'superseded'), ('withdrawn', 'withdrawn')], max_length=10)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='supersedes', to='releases.release')),
                ('reason', models.TextField(max_length=4000, verbose_name='why')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Share',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='releases.release')),
                ('token', models.CharField(default=secrets.token_urlsafe, max_length=64, unique=True)),
                ('label', models.CharField(blank=True, max_length=80, verbose_name='for whom')),
                ('terms', models.TextField(max_length=20000, verbose_name='terms to accept')),
                ('expires_at', models.DateTimeField(default=releases.models.sharing.in_a_month, verbose_name='expires')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('revoked_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Download',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='downloads', to='releases.release')),
                ('share', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='downloads', to='releases.share')),
                ('what', models.CharField(max_length=300)),
                ('count', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ['what'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('share', None)), fields=('release', 'what'), name='one_count_a_thing'), models.UniqueConstraint(fields=('release', 'share', 'what'), name='one_count_a_thing_and_link')],
            },
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('share', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='releases.share')),
                ('token', models.CharField(default=secrets.token_urlsafe, max_length=64, unique=True)),
                ('name', models.CharField(max_length=80, verbose_name='your name')),
                ('affiliation', models.CharField(max_length=120, verbose_name='your institution')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='your e-mail')),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
    ]
