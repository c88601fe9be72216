from celery import shared_task

from corpus.models import Source


@shared_task
def ingest_source(pk):
    Source.objects.get(pk=pk).ingest()


@shared_task
def look_at_source(pk):
    Source.objects.get(pk=pk).look()
