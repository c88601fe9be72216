"""Invitations into a corpus with role and round, and join links; every earlier invitation stays."""

import datetime
import hashlib

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import corpus.models.invitations


def hash_tokens(apps, schema_editor):
    """The links go on; what stands in the database opens nothing any more."""
    invitations = apps.get_model("corpus", "Invitation").objects
    for invitation in invitations.using(schema_editor.connection.alias).iterator():
        invitation.token_hash = hashlib.sha256(invitation.token_hash.encode()).hexdigest()
        invitation.save(update_fields=["token_hash"])


def date_rows(apps, schema_editor):
    """They were valid for 14 days; who accepted made the account with it."""
    invitations = apps.get_model("corpus", "Invitation").objects
    rows = invitations.using(schema_editor.connection.alias).select_related("accepted_by")
    for invitation in rows.iterator():
        invitation.created_at = invitation.expires_at - datetime.timedelta(days=14)
        if invitation.accepted_by:
            invitation.accepted_at = invitation.accepted_by.date_joined
        invitation.save(update_fields=["created_at", "accepted_at"])
    check_constraints(schema_editor)


def check_constraints(schema_editor):
    """Now, or PostgreSQL makes no index in this transaction ("pending trigger events")."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("corpus", "0011_standard_names"),
        ("people", "0005_invitations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Invitation",
                    fields=[
                        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                        ("token", models.CharField(max_length=64, unique=True)),
                        ("email", models.EmailField(blank=True, max_length=254)),
                        ("expires_at", models.DateTimeField()),
                        ("accepted_by", models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="invitation", to=settings.AUTH_USER_MODEL)),
                        ("invited_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="invitations", to=settings.AUTH_USER_MODEL)),
                    ],
                ),
            ],
        ),
        migrations.RenameField("invitation", "token", "token_hash"),
        migrations.AlterModelOptions(
            name='invitation',
            options={'ordering': ['-pk']},
        ),
        migrations.AddField(
            model_name='invitation',
            name='accepted_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='batch',
            field=models.CharField(blank=True, db_index=True, max_length=32),
        ),
        migrations.AddField(
            model_name='invitation',
            name='corpus',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='corpus.corpus'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='created_at',
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name='invitation',
            name='declined_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='message',
            field=models.TextField(blank=True, max_length=1000, verbose_name='message'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='name',
            field=models.CharField(blank=True, max_length=80, verbose_name='name'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='nonce',
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name='invitation',
            name='opened_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='person',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='invitations_received', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='invitation',
            name='revoked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='role',
            field=models.CharField(choices=[('lead', 'lead'), ('adjudicator', 'adjudicator'), ('annotator', 'annotator')], default='annotator', max_length=12, verbose_name='role'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='round_id',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='sent_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='invitation',
            name='accepted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invitations_accepted', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='invitation',
            name='email',
            field=models.EmailField(blank=True, max_length=254, verbose_name='email'),
        ),
        migrations.AlterField(
            model_name='invitation',
            name='expires_at',
            field=models.DateTimeField(default=corpus.models.invitations.invitation_expiry),
        ),
        migrations.AlterField(
            model_name='invitation',
            name='token_hash',
            field=models.CharField(editable=False, max_length=64, unique=True),
        ),
        migrations.CreateModel(
            name='InvitationEmail',
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
                ('site', models.CharField(max_length=300)),
                ('language', models.CharField(max_length=20)),
                ('invitation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='delivery', to='corpus.invitation')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='JoinLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('nonce', models.CharField(blank=True, editable=False, max_length=32)),
                ('token_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('most', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='maximum number of requests')),
                ('email_domain', models.CharField(blank=True, max_length=120, verbose_name='e-mail domain')),
                ('opened_at', models.DateTimeField(auto_now_add=True)),
                ('closed_at', models.DateTimeField(editable=False, null=True)),
                ('corpus', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='join_links', to='corpus.corpus')),
                ('opened_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='JoinRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('approved', models.BooleanField(editable=False, null=True)),
                ('decided_at', models.DateTimeField(editable=False, null=True)),
                ('corpus', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='join_requests', to='corpus.corpus')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='requests', to='corpus.joinlink')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='join_requests', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='joinlink',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('corpus',), name='one_join_link_a_corpus'),
        ),
        migrations.AddConstraint(
            model_name='joinrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('decided_at', None)), fields=('corpus', 'person'), name='one_waiting_request_a_person'),
        ),
        # rows last: PostgreSQL alters no table that has changes waiting
        migrations.RunPython(hash_tokens, migrations.RunPython.noop),  # a hash tells no token
        migrations.RunPython(date_rows, migrations.RunPython.noop),
    ]
