from celery import shared_task

from corpus.models import ClipRecut, IntegrityCheck, Source

ON_CLIPS = {model._meta.model_name: model for model in (IntegrityCheck, ClipRecut)}


@shared_task
def ingest_source(pk):
    Source.objects.get(pk=pk).ingest()


@shared_task
def look_at_source(pk):
    Source.objects.get(pk=pk).look()


@shared_task
def work_on_clips(name, pk):
    ON_CLIPS[name].objects.get(pk=pk).work()
