from celery import shared_task

from annotation.models import Report


@shared_task
def measure_round(pk):
    Report.objects.get(pk=pk).measure()
