"""Addresses of before, which people may have kept."""

import pytest
from django.urls import reverse


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/studies/7/", "/experiments/7/"),
        ("/studies/7/study.csv", "/experiments/7/results.csv"),
        ("/studies/7/tensorboard.zip", "/experiments/7/tensorboard.zip"),
        ("/corpora/7/sightings/?from=3", "/corpora/7/personal-data/?from=3"),
    ],
)
def test_an_address_of_before_leads_to_the_new_one_for_good(old, new, lead, client_of):
    answer = client_of(lead).get(old)
    assert answer.status_code == 301 and answer["Location"] == new


@pytest.mark.django_db
def test_words_of_before_in_an_address_still_choose(lead, corpus, client_of):
    address = reverse("compare_runs", args=[corpus.pk])
    answers = [client_of(lead).get(address, {name: 7}) for name in ("experiment", "study")]
    assert [answer.status_code for answer in answers] == [200, 200]
