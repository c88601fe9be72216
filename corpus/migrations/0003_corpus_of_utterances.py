from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    """Every utterance belongs to the corpus of its dialogue; every source knows its numbers."""
    Dialogue = apps.get_model("corpus", "Dialogue")
    Utterance = apps.get_model("corpus", "Utterance")
    own = Dialogue.objects.filter(pk=OuterRef("dialogue")).values("corpus")
    Utterance.objects.filter(corpus=None).update(corpus=Subquery(own))
    Source = apps.get_model("corpus", "Source")
    for source in Source.objects.all():  # sources keep their numbers from now on
        dialogues = Dialogue.objects.filter(source=source)
        source.counts["dialogues"] = dialogues.count()
        source.counts["published"] = dialogues.filter(publication__isnull=False).count()
        source.counts["utterances"] = Utterance.objects.filter(dialogue__source=source).count()
        source.save(update_fields=["counts"])


class Migration(migrations.Migration):
    dependencies = [("corpus", "0002_editor")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
