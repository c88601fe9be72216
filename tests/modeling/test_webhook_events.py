"""What webhooks hear of runs."""

import pytest

from corpus.models import Webhook
from jobs.models import JobStatus
from modeling.models import Experiment
from tests.factories import make_judged_round, make_release

pytestmark = pytest.mark.django_db


def test_a_run_that_is_done_is_announced_without_results(lead, corpus, learner_here):
    webhook = Webhook.create(
        lead, corpus, address="https://example.org/hook", kinds=["run.completed"]
    )
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)], media="none")
    options = {"epochs": 1, "width": 32}
    run = Experiment.request(lead, release, ["hard-text"], [1], options=options).runs.get().run()
    assert run.status == JobStatus.DONE, run.failure_text
    (delivery,) = webhook.deliveries.all()
    assert delivery.data["run"] == {
        "id": run.pk,
        "recipe": "hard-text",
        "seed": 1,
        "experiment": run.experiment_id,
        "url": f"/api/runs/{run.pk}/",
    }
    assert {*delivery.data} == {"corpus", "release", "run"}
