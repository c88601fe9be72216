from celery import shared_task

from modeling.models import Evaluation, FeaturePart, TrainingRun


@shared_task
def train_run(pk):
    """Where clips are still being measured the last part of them sends it again."""
    run = TrainingRun.objects.get(pk=pk)
    if not run.waits:
        run.train()


@shared_task
def evaluate_run(pk):
    Evaluation.objects.get(pk=pk).evaluate()


@shared_task
def measure_part(pk):
    FeaturePart.objects.get(pk=pk).measure()
