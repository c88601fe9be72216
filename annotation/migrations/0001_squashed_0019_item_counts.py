"""The tables of an empty database at once, instead of the steps that led to them."""

import annotation.models.items
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from core.table_creation import TableCreation
from django.db import migrations, models


class Migration(TableCreation):

    replaces = [('annotation', '0001_initial'), ('annotation', '0002_queue'), ('annotation', '0003_places'), ('annotation', '0004_agreement'), ('annotation', '0005_unblinded'), ('annotation', '0006_round_items'), ('annotation', '0007_comments'), ('annotation', '0008_quality_flags'), ('annotation', '0009_expert_labels'), ('annotation', '0010_disagreement'), ('annotation', '0011_rule_warnings'), ('annotation', '0012_leases_and_submissions'), ('annotation', '0013_labels'), ('annotation', '0014_imports'), ('annotation', '0015_job_deaths'), ('annotation', '0016_reopening'), ('annotation', '0017_daily_work'), ('annotation', '0018_intervals_of_few_dialogues'), ('annotation', '0019_item_counts')]

    initial = True

    dependencies = [
        ('corpus', '0001_squashed_0019_integrity_reports'),
        ('people', '0001_squashed_0006_idempotency_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExpertLabel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('utterance', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='expert_labels', to='corpus.utterance')),
                ('task', models.CharField(max_length=40)),
                ('value', models.CharField(blank=True, max_length=40)),
                ('why', models.TextField(blank=True)),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['utterance', 'task'], name='expert_labels_of_a_question')],
            },
        ),
        migrations.CreateModel(
            name='Guideline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('corpus', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='guidelines', to='corpus.corpus')),
                ('number', models.PositiveIntegerField()),
                ('text', models.TextField(verbose_name='guideline')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='what is new')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['corpus_id', '-number'],
                'constraints': [models.UniqueConstraint(fields=('corpus', 'number'), name='one_guideline_a_number')],
            },
        ),
        migrations.CreateModel(
            name='SchemeVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('corpus', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='schemes', to='corpus.corpus')),
                ('number', models.PositiveIntegerField()),
                ('tasks', models.JSONField()),
                ('rules', models.JSONField(default=list)),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='what is new')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['corpus_id', '-number'],
                'constraints': [models.UniqueConstraint(fields=('corpus', 'number'), name='one_scheme_a_number')],
            },
        ),
        migrations.CreateModel(
            name='Suggestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('utterance', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='suggestions', to='corpus.utterance')),
                ('task', models.CharField(max_length=40)),
                ('value', models.CharField(max_length=40)),
                ('probability', models.FloatField()),
                ('origin', models.CharField(max_length=120)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['utterance', 'task', '-id'], name='newest_suggestion')],
                'constraints': [models.CheckConstraint(condition=models.Q(('probability__gte', 0), ('probability__lte', 1)), name='a_probability')],
            },
        ),
        migrations.CreateModel(
            name='TableImport',
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
                ('corpus', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='table_imports', to='corpus.corpus')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('phase', models.CharField(choices=[('read', 'reading'), ('store', 'importing'), ('undo', 'undoing')], default='read', max_length=5)),
                ('files', models.JSONField(default=list)),
                ('format', models.CharField(blank=True, max_length=20)),
                ('mapping', models.JSONField(default=dict)),
                ('labels', models.CharField(choices=[('published', 'as a published round'), ('annotator', "as one annotator's round"), ('gold', 'as expert labels'), ('none', 'not at all: text only')], default='published', max_length=9, verbose_name='labels come in')),
                ('annotator', models.CharField(blank=True, max_length=80, verbose_name='annotator')),
                ('round_name', models.CharField(blank=True, max_length=80, verbose_name='name of the round')),
                ('report', models.JSONField(default=dict)),
                ('created', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('undone_at', models.DateTimeField(null=True)),
                ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Round',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('corpus', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rounds', to='corpus.corpus')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('kind', models.CharField(choices=[('judging', 'annotation'), ('practice', 'practice with explanations'), ('test', 'qualification test')], default='judging', max_length=8, verbose_name='kind')),
                ('scheme_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rounds', to='annotation.schemeversion')),
                ('guideline', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rounds', to='annotation.guideline')),
                ('overlap', models.PositiveIntegerField(default=3, verbose_name='annotators per dialogue')),
                ('view', models.CharField(choices=[('full', 'video, audio and text'), ('text', 'text only'), ('audio', 'audio only'), ('silent', 'video without audio')], default='full', max_length=6, verbose_name='view')),
                ('order', models.CharField(choices=[('sequential', 'as in the episodes'), ('shuffled', 'random, different for each annotator'), ('uncertain', 'least certain first')], default='sequential', max_length=10, verbose_name='order')),
                ('lease_minutes', models.PositiveIntegerField(default=60, verbose_name='inactivity limit (minutes)')),
                ('suggestions', models.CharField(choices=[('never', 'no suggestions'), ('after', 'suggestions after annotation'), ('before', 'suggestions before annotation')], default='never', max_length=6, verbose_name='suggestions')),
                ('confidence', models.BooleanField(default=False, verbose_name='ask for confidence')),
                ('cannot_tell', models.BooleanField(default=False, verbose_name='allow “cannot tell”')),
                ('break_minutes', models.PositiveIntegerField(default=60, verbose_name='break reminder (minutes)')),
                ('qualification', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='qualifies_for', to='annotation.round')),
                ('gold_percent', models.PositiveIntegerField(default=0, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='percentage with expert labels')),
                ('attention_every', models.PositiveIntegerField(default=0, verbose_name='attention check every')),
                ('marks', models.JSONField(default=dict, verbose_name='passing marks per task')),
                ('below', models.CharField(choices=[('warn', 'warn the annotator'), ('pause', 'block until the lead unblocks'), ('tell', 'notify only the lead')], default='tell', max_length=5, verbose_name='below the passing mark')),
                ('gold_feedback', models.BooleanField(default=False, verbose_name='annotators see their accuracy')),
                ('reopen_hours', models.PositiveIntegerField(db_default=0, default=0, verbose_name='reopening after submission (hours)')),
                ('corrections', models.BooleanField(db_default=False, default=False, verbose_name='annotators see corrections')),
                ('consensus', models.CharField(choices=[('majority', 'majority of annotators'), ('weighted', 'majority weighted by reliability'), ('dawid_skene', 'most probable value (Dawid-Skene)')], default='majority', max_length=11, verbose_name='gold label rule')),
                ('due', models.DateField(blank=True, null=True, verbose_name='deadline')),
                ('published', models.BooleanField(default=False, editable=False)),
                ('seed', models.PositiveIntegerField(default=0, editable=False)),
                ('opened_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('opened_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(fields=('corpus', 'name'), name='one_round_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Adjudication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='adjudications', to='annotation.round')),
                ('utterance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='adjudications', to='corpus.utterance')),
                ('task', models.CharField(max_length=40)),
                ('verdict', models.CharField(choices=[('value', 'value decided'), ('ambiguous', 'ambiguous: several values are correct'), ('again', 'another annotation requested'), ('none', 'decision undone')], default='value', max_length=9)),
                ('value', models.CharField(blank=True, max_length=40)),
                ('reason', models.TextField(blank=True, max_length=2000, verbose_name='why')),
                ('error', models.CharField(blank=True, choices=[('', 'no error, close call'), ('guideline', 'guideline unclear or incomplete'), ('context', 'context, tone or irony missed'), ('slip', 'slip'), ('material', 'wrong segmentation or text')], max_length=9, verbose_name='cause of the disagreement')),
                ('size', models.PositiveIntegerField(default=0)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['round', 'utterance', 'task'], name='rulings_of_an_item')],
            },
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='annotation.round')),
                ('dialogue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='corpus.dialogue')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to=settings.AUTH_USER_MODEL)),
                ('state', models.CharField(choices=[('held', 'in progress'), ('freed', 'released after inactivity'), ('skipped', 'skipped'), ('submitted', 'submitted'), ('withdrawn', 'dialogue withdrawn')], default='held', max_length=9)),
                ('expires_at', models.DateTimeField(null=True)),
                ('gold', models.BooleanField(default=False)),
                ('attention', models.JSONField(default=dict)),
                ('given_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('counted', models.BooleanField(db_default=False, default=False)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['held', 'freed'])), fields=['round', 'person'], name='unfinished_work'), models.Index(condition=models.Q(('state', 'held')), fields=['round', 'expires_at'], name='leases'), models.Index(condition=models.Q(('state', 'skipped')), fields=['round'], name='skips'), models.Index(condition=models.Q(('counted', False), ('gold', False), ('state', 'submitted')), fields=['round'], name='submissions_to_count')],
                'constraints': [models.UniqueConstraint(fields=('round', 'dialogue', 'person'), name='nobody_twice_on_a_dialogue')],
            },
        ),
        migrations.CreateModel(
            name='Closure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='closure', to='annotation.round')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='DailyWork',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='daily_work', to='annotation.round')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='daily_work', to=settings.AUTH_USER_MODEL)),
                ('day', models.DateField()),
                ('submissions', models.IntegerField(default=0)),
                ('utterances', models.IntegerField(default=0)),
                ('seconds', models.FloatField(default=0.0)),
            ],
            options={
                'ordering': ['day', 'pk'],
                'indexes': [models.Index(fields=['person', 'day'], name='days_of_a_person')],
                'constraints': [models.UniqueConstraint(fields=('round', 'person', 'day'), name='one_row_a_day')],
            },
        ),
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='annotation.round')),
                ('utterance', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='corpus.utterance')),
                ('task', models.CharField(max_length=40)),
                ('answers', models.JSONField()),
                ('size', models.PositiveIntegerField()),
                ('disagreement', models.FloatField()),
                ('kind', models.CharField(choices=[('single', 'single annotation'), ('unanimous', 'unanimous'), ('majority', 'majority'), ('weighted', 'weighted majority'), ('dawid_skene', 'most probable (Dawid-Skene)'), ('contested', 'contested')], max_length=11)),
                ('value', models.CharField(blank=True, max_length=40)),
                ('soft', models.JSONField(default=dict)),
                ('verdict', models.CharField(blank=True, max_length=9)),
                ('ruling', models.CharField(blank=True, max_length=40)),
                ('open', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['-disagreement', 'utterance_id'],
                'indexes': [models.Index(fields=['round', 'task', '-disagreement', 'utterance', 'size'], name='disputed_by_task'), models.Index(condition=models.Q(('open', True)), fields=['round', '-disagreement', 'utterance', 'task'], name='open_items'), models.Index(condition=models.Q(('open', True)), fields=['round', 'task'], name='open_items_of_task'), models.Index(condition=models.Q(('kind', 'contested'), ('open', False)), fields=['round', 'task'], name='decided_items')],
                'constraints': [models.UniqueConstraint(fields=('round', 'utterance', 'task'), name='one_item_a_task')],
            },
            bases=(annotation.models.items.Outcome, models.Model),
        ),
        migrations.CreateModel(
            name='Participant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='participants', to='annotation.round')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='participations', to=settings.AUTH_USER_MODEL)),
                ('quota', models.PositiveIntegerField(blank=True, null=True)),
                ('reached', models.PositiveIntegerField(default=0)),
                ('admitted_at', models.DateTimeField(auto_now_add=True)),
                ('left_at', models.DateTimeField(null=True)),
                ('blocked_at', models.DateTimeField(null=True)),
                ('unblinded', models.BooleanField(db_default=False, default=False)),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('round', 'person'), name='one_participant_a_person')],
            },
        ),
        migrations.CreateModel(
            name='Pause',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pauses', to='annotation.round')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('lifted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('lifted_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Qualification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='qualifications', to='annotation.round')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='qualifications', to=settings.AUTH_USER_MODEL)),
                ('passed', models.BooleanField()),
                ('scores', models.JSONField(default=dict)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='QualityFlag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='quality_flags', to='annotation.round')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='quality_flags', to=settings.AUTH_USER_MODEL)),
                ('kind', models.CharField(choices=[('copied', 'copied block or repeated pattern'), ('monotone', 'same answer repeated'), ('fast', 'faster than the clip'), ('drift', 'drift over time'), ('gold', 'low accuracy on expert labels'), ('rules', 'guideline rules broken'), ('detached', 'correlation independent of its tasks')], max_length=8)),
                ('task', models.CharField(blank=True, max_length=40)),
                ('key', models.CharField(max_length=120)),
                ('evidence', models.JSONField(default=dict)),
                ('rows', models.JSONField(default=list)),
                ('count', models.PositiveIntegerField(default=0)),
                ('neg_log10_p', models.FloatField()),
                ('gone', models.BooleanField(default=False)),
                ('at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'ordering': ['-neg_log10_p', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('round', 'key'), name='one_quality_flag_a_key')],
            },
        ),
        migrations.CreateModel(
            name='Report',
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
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reports', to='annotation.round')),
                ('other', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='compared_in', to='annotation.round')),
                ('kind', models.CharField(choices=[('agreement', 'agreement intervals'), ('reliability', 'annotator models'), ('quality', 'quality flags'), ('comparison', 'round comparison')], max_length=11)),
                ('options', models.JSONField(default=dict)),
                ('result', models.JSONField(default=dict)),
                ('submissions', models.PositiveIntegerField(default=0)),
                ('computed_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('other', None)), fields=('round', 'kind'), name='one_report_a_kind'), models.UniqueConstraint(fields=('round', 'kind', 'other'), name='one_report_a_pair')],
            },
        ),
        migrations.CreateModel(
            name='RoundItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='round_items', to='annotation.round')),
                ('dialogue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='round_items', to='corpus.dialogue')),
                ('position', models.PositiveIntegerField()),
                ('given', models.PositiveIntegerField(default=0)),
                ('open', models.BooleanField(default=True)),
                ('returned', models.BooleanField(default=False)),
                ('gold', models.BooleanField(default=False)),
                ('withdrawn', models.BooleanField(default=False)),
                ('extra', models.PositiveIntegerField(db_default=0, default=0)),
            ],
            options={
                'ordering': ['position'],
                'indexes': [models.Index(condition=models.Q(('open', True)), fields=['round', 'position'], name='open_round_items'), models.Index(condition=models.Q(('open', True), ('returned', True)), fields=['round', 'position'], name='returned_round_items'), models.Index(condition=models.Q(('gold', True)), fields=['round', 'position'], name='gold_round_items')],
                'constraints': [models.UniqueConstraint(fields=('round', 'dialogue'), name='one_round_item_a_dialogue')],
            },
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tally', to='annotation.round')),
                ('part', models.CharField(blank=True, max_length=40)),
                ('counts', models.JSONField(default=dict)),
                ('submissions', models.PositiveIntegerField(default=0)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('round', 'part'), name='one_tally_a_part')],
            },
        ),
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='annotation.assignment')),
                ('utterance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comments', to='corpus.utterance')),
                ('kind', models.CharField(choices=[('comment', 'comment'), ('bad_cut', 'wrong segmentation'), ('wrong_text', 'wrong text'), ('cannot_judge', 'cannot judge')], max_length=12, verbose_name='kind')),
                ('words', models.TextField(blank=True, max_length=2000, verbose_name='text')),
                ('taken_back', models.BooleanField(default=False)),
                ('client_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Judgement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='judgements', to='annotation.assignment')),
                ('utterance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judgements', to='corpus.utterance')),
                ('task', models.CharField(max_length=40)),
                ('value', models.CharField(blank=True, max_length=40)),
                ('confidence', models.PositiveSmallIntegerField(null=True)),
                ('seconds', models.FloatField(default=0.0)),
                ('client_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['assignment', 'utterance', 'task', '-id'], name='newest_answer')],
            },
        ),
        migrations.CreateModel(
            name='QualityFlagReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('flag', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reviews', to='annotation.qualityflag')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('outcome', models.CharField(choices=[('explained', 'explained: answers are valid'), ('talked', 'discussed with the annotator'), ('fault', 'confirmed: exclude these answers')], max_length=9)),
                ('words', models.CharField(blank=True, max_length=1000, verbose_name='details')),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Reopening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reopenings', to='annotation.assignment')),
                ('submitted_at', models.DateTimeField()),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='RuleWarning',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='warnings', to='annotation.assignment')),
                ('utterance', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='warnings', to='corpus.utterance')),
                ('rule', models.CharField(max_length=40)),
                ('outcome', models.CharField(choices=[('raised', 'shown'), ('kept', 'answers kept'), ('changed', 'answers changed')], max_length=7)),
                ('client_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Skip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('assignment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='skipped', to='annotation.assignment')),
                ('reason', models.CharField(choices=[('bad_clip', 'video or audio is broken'), ('wrong_text', 'the text does not match the speech'), ('language', 'I do not understand the language or dialect'), ('known', 'I know the people or worked on the production'), ('upsetting', 'the content is upsetting'), ('other', 'another reason')], max_length=10, verbose_name='reason')),
                ('words', models.CharField(blank=True, max_length=300, verbose_name='details')),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('assignment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='submission', to='annotation.assignment')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('utterances', models.PositiveIntegerField(db_default=0, default=0)),
                ('seconds', models.FloatField(db_default=0.0, default=0.0)),
            ],
        ),
        migrations.CreateModel(
            name='Withdrawal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round_item', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='withdrawal', to='annotation.rounditem')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='Reply',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='replies', to='annotation.comment')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('words', models.TextField(verbose_name='text')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Resolution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('comment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='resolution', to='annotation.comment')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
    ]
