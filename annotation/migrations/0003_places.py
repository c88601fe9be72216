from django.db import migrations
from django.db.models import Count


def fill(apps, schema_editor):
    """Rounds from before the queue get places and participants out of their assignments."""
    Round = apps.get_model("annotation", "Round")
    Place = apps.get_model("annotation", "Place")
    Participant = apps.get_model("annotation", "Participant")
    Assignment = apps.get_model("annotation", "Assignment")
    Assignment.objects.filter(submission__isnull=False).update(state="submitted")
    for found in Round.objects.filter(published=False):
        given = Assignment.objects.filter(round=found)
        counted = given.order_by().values_list("dialogue").annotate(n=Count("pk"))
        Place.objects.bulk_create(
            (
                Place(
                    round=found, dialogue_id=dialogue, position=position, given=n,
                    open=n < found.overlap,
                )
                for position, (dialogue, n) in enumerate(
                    counted.order_by("dialogue__source_id", "dialogue__number"), 1
                )
            ),
            batch_size=2000,
        )
        people = given.order_by().values_list("person", flat=True).distinct()
        Participant.objects.bulk_create(Participant(round=found, person_id=pk) for pk in people)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0002_queue")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
