"""What webhooks hear of releases."""

import pytest

from corpus.models import Webhook
from tests.factories import make_judged_round, make_release

pytestmark = pytest.mark.django_db


def test_a_frozen_release_is_announced_with_its_digest_and_nothing_in_it(lead, corpus):
    webhook = Webhook.create(
        lead, corpus, address="https://example.org/hook", kinds=["release.frozen"]
    )
    release = make_release(corpus, [make_judged_round(corpus)], media="none")
    (delivery,) = webhook.deliveries.all()
    assert delivery.payload["type"] == "release.frozen"
    assert delivery.data["release"] == {
        "id": release.pk,
        "version": "1.0.0",
        "digest": release.digest,
        "url": f"/api/releases/{release.pk}/",
    }
    assert {*delivery.data} == {"corpus", "release"}
