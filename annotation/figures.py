"""What Prometheus is told of annotation."""

from django.db.models import Max
from prometheus_client.core import CounterMetricFamily

from annotation.models import Judgement


def figures():
    newest = Judgement.objects.order_by().aggregate(newest=Max("pk"))["newest"]
    yield CounterMetricFamily(
        "shengqing_judgements",
        "Judgements saved since the beginning, by the highest id, as counting takes too long.",
        newest or 0,
    )
