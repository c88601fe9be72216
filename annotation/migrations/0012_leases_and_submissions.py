"""Leases expire, people are blocked, and what annotators hand over are submissions."""

from django.db import migrations, models
from django.db.models import Q

VERBS = {  # noun of an event -> its verbs, before -> today
    "participant": {"halt": "block", "let on": "unblock"},
    "round": {"measure": "compute", "settle": "choose consensus"},
    "schemeversion": {"draw up": "create version"},
    "guideline": {"draw up": "create version"},
}


def rename(apps, schema_editor):
    for noun, verbs in VERBS.items():
        events = apps.get_model("people", "Event").objects.filter(noun=noun)
        for old, new in verbs.items():
            events.filter(verb=old).update(verb=new)


def rename_back(apps, schema_editor):
    for noun, verbs in VERBS.items():
        events = apps.get_model("people", "Event").objects.filter(noun=noun)
        for old, new in verbs.items():
            events.filter(verb=new).update(verb=old)


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
        migrations.RunPython(rename, rename_back),
    ]
