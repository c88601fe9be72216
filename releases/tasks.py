from celery import shared_task

from releases.models import Release


@shared_task
def freeze_release(pk):
    Release.objects.get(pk=pk).freeze()
