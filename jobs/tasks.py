"""The tasks that workers take from the queue: a row's work, or a function of a row."""

from celery import shared_task
from django.apps import apps
from django.utils.module_loading import import_string

from core.logs import job_context


@shared_task
def run_job(label, pk):
    """Do the work that a row is, unless it waits; `label` names its model, as "corpus.source"."""
    job = apps.get_model(label).objects.get(pk=pk)
    if not job.waits:
        with job_context(label, pk):
            job.run()


@shared_task
def call_with_row(function, label, pk):
    """Call the function of a dotted name with a row, for what a worker does beside the jobs."""
    with job_context(label, pk):
        import_string(function)(apps.get_model(label).objects.get(pk=pk))
