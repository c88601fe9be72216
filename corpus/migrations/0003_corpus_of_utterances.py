from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    """Every utterance belongs to the corpus of its dialogue."""
    Dialogue = apps.get_model("corpus", "Dialogue")
    Utterance = apps.get_model("corpus", "Utterance")
    own = Dialogue.objects.filter(pk=OuterRef("dialogue")).values("corpus")
    Utterance.objects.filter(corpus=None).update(corpus=Subquery(own))


class Migration(migrations.Migration):
    dependencies = [("corpus", "0002_editor")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
