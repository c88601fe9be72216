from celery import shared_task

from annotation.agreement.item_counts import recompute_consensus
from annotation.models import Round


@shared_task
def settle_round(pk):
    recompute_consensus(Round.objects.get(pk=pk))
