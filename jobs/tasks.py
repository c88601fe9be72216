from celery import shared_task
from django.apps import apps


@shared_task
def run_job(label, pk):
    """Do the work that a row is; `label` names its model, as "corpus.source"."""
    apps.get_model(label).objects.get(pk=pk).run()
