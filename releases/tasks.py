from celery import shared_task

from releases.models import Diff, Release


@shared_task
def freeze_release(pk):
    Release.objects.get(pk=pk).freeze()


@shared_task
def diff_releases(pk):
    Diff.objects.get(pk=pk).compare()
