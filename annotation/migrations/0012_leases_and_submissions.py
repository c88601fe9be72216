"""Leases expire, people are blocked, and what annotators hand over are submissions."""

from django.db import migrations, models
from django.db.models import Q

VERBS = {"halt": "block", "let on": "unblock"}  # of a participant
REPORT = {"measure": "compute"}  # of a round


def rename_events(verbs, report):
    def rename(apps, schema_editor):
        events = apps.get_model("people", "Event").objects
        for old, new in verbs.items():
            events.filter(noun="participant", verb=old).update(verb=new)
        for old, new in report.items():
            events.filter(noun="round", verb=old).update(verb=new)

    return rename


def reverse(names):
    return {new: old for old, new in names.items()}


class Migration(migrations.Migration):
    dependencies = [("annotation", "0011_rule_warnings")]

    operations = [
        migrations.RemoveIndex("Assignment", "leases"),
        migrations.RenameField("Assignment", "until", "expires_at"),
        migrations.AddIndex(
            "Assignment",
            models.Index(
                condition=Q(state="held"), fields=["round", "expires_at"], name="leases"
            ),
        ),
        migrations.RenameIndex("Assignment", "submissions_to_count", "hand_ins_to_count"),
        migrations.RenameField("Participant", "halted_at", "blocked_at"),
        migrations.RenameField("Tally", "hand_ins", "submissions"),
        migrations.RenameField("Report", "hand_ins", "submissions"),
        migrations.RunPython(
            rename_events(VERBS, REPORT), rename_events(reverse(VERBS), reverse(REPORT))
        ),
    ]
