from celery import shared_task
from django.apps import apps


@shared_task
def run_job(label, pk):
    """Do the work that a row is, unless it waits; `label` names its model, as "corpus.source"."""
    job = apps.get_model(label).objects.get(pk=pk)
    if not job.waits:
        job.run()
