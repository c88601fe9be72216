"""Labelled tables and features that were made elsewhere, read and imported by the client."""

import pytest

import shengqing
from annotation.models import Judgement
from tests.annotation.api.test_round_verbs import LABELS, mapping
from tests.factories import make_judged_round, make_release
from tests.modeling.api.test_features import array

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(lead, client_for):
    return client_for(lead)


def test_a_labelled_table_is_mapped(client, corpus, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(LABELS, "utf-8")
    read = client.imports.read(corpus.pk, [path])
    assert [column["name"] for column in client.imports.mapping(read["id"])["columns"]][
        -1
    ] == "mood"
    mapped = client.imports.map(read["id"], mapping())
    assert mapped["state"] == "draft" and mapped["counts"]["labels"] == 2
    assert client.imports.confirm(read["id"], labels="published")["stored"]
    assert {*Judgement.objects.values_list("value", flat=True)} == {"joy", "sadness"}


def test_a_table_is_read_in_another_format(client, corpus, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(LABELS, "utf-8")
    read = client.imports.read(corpus.pk, [path])
    with pytest.raises(shengqing.JobFailed):
        client.imports.read_as(read["id"], "cmma")
    again = client.imports.read_as(read["id"], read["format"])
    assert again["state"] == "draft" and again["format"] == read["format"]


def test_features_are_read_confirmed_and_removed(client, corpus, tmp_path):
    release = make_release(corpus, [make_judged_round(corpus, 1)], media="none")
    path = tmp_path / "audio.npz"
    path.write_bytes(array(release))
    read = client.features.read(corpus.pk, release.pk, [path], modality="audio", name="mine")
    assert read["state"] == "draft" and read["tables"][0]["dims"] == 3
    (features,) = client.features.confirm(read["id"])
    assert [*client.features.list(corpus.pk)] == [features] and features["name"] == "mine"
    client.features.delete(features["id"])
    assert [*client.features.list(corpus.pk)] == []
