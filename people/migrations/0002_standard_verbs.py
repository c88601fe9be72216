"""Verbs of events in standard words; every other column of every row stays."""

from django.db import migrations

VERBS = {  # (verb, noun) of before -> verb
    ("found", "corpus"): "create",
    ("recut", "source"): "resegment",
}


def rename(apps, schema_editor):
    events = apps.get_model("people", "Event").objects.using(schema_editor.connection.alias)
    for (old, noun), new in VERBS.items():
        events.filter(verb=old, noun=noun).update(verb=new)


def restore(apps, schema_editor):
    events = apps.get_model("people", "Event").objects.using(schema_editor.connection.alias)
    for (old, noun), new in VERBS.items():
        events.filter(verb=new, noun=noun).update(verb=old)


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]

    operations = [migrations.RunPython(rename, restore)]
