from celery import shared_task

from modeling.models import TrainingRun


@shared_task
def train_run(pk):
    TrainingRun.objects.get(pk=pk).train()
