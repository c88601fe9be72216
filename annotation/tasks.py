from celery import shared_task

from annotation.agreement.item_counts import resettle
from annotation.models import Report, Round


@shared_task
def measure_round(pk):
    Report.objects.get(pk=pk).measure()


@shared_task
def settle_round(pk):
    resettle(Round.objects.get(pk=pk))
