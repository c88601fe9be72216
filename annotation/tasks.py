from celery import shared_task

from annotation.counting import catch_up
from annotation.models import Report, Round


@shared_task
def measure_round(pk):
    Report.objects.get(pk=pk).measure()


@shared_task
def count_round(pk):
    catch_up(Round.objects.get(pk=pk))
