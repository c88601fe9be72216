from celery import shared_task

from modeling.models import Evaluation, FeaturePart, TrainingRun

AGAIN = 5  # seconds until a run asks again whether its clips are measured


@shared_task(bind=True, max_retries=None)
def train_run(self, pk):
    run = TrainingRun.objects.get(pk=pk)
    if run.waits:
        raise self.retry(countdown=AGAIN)
    run.train()


@shared_task
def evaluate_run(pk):
    Evaluation.objects.get(pk=pk).evaluate()


@shared_task
def measure_part(pk):
    FeaturePart.objects.get(pk=pk).measure()
