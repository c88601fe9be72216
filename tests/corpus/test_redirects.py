"""Addresses of earlier versions lead to the same page, with what was asked."""

import pytest

from tests.factories import make_source


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/corpora/{corpus}/people/", "/corpora/{corpus}/members/"),
        ("/corpora/{corpus}/events/", "/corpora/{corpus}/audit-log/"),
        ("/corpora/{corpus}/health/", "/corpora/{corpus}/integrity/"),
        ("/corpora/{corpus}/recut/", "/corpora/{corpus}/integrity/recuts/"),
        ("/sources/{source}/parts/", "/sources/{source}/segmentation/"),
        ("/sources/{source}/findings/", "/sources/{source}/problems/"),
        ("/sources/{source}/findings.csv", "/sources/{source}/problems.csv"),
    ],
)
def test_an_old_address_leads_to_the_new_one(corpus, lead, client_of, old, new):
    arguments = {"corpus": corpus.pk, "source": make_source(corpus).pk}
    answer = client_of(lead).get(old.format(**arguments) + "?kind=missing&page=2")
    assert answer.status_code == 301
    assert answer["Location"] == new.format(**arguments) + "?kind=missing&page=2"
