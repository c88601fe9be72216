"""Features from elsewhere and language models as judges, by the API."""

import io

import numpy as np
import pytest

from modeling.learner.release_checks import open_release
from modeling.models import FeatureImport, ImportedFeatures
from people.models import Event
from tests.factories import make_judged_round, make_member, make_release
from tests.scripts import rows, script_of, send, uploaded

pytestmark = pytest.mark.django_db


@pytest.fixture
def release(corpus):
    return make_release(corpus, [make_judged_round(corpus, 1)], media="none")


@pytest.fixture
def script(lead):
    return script_of(lead)


def array(release, dims=3):
    found = open_release(release.directory).dialogues
    ids = [utterance.id for dialogue in found for utterance in dialogue.utterances]
    file = io.BytesIO()
    np.savez(file, ids=ids, audio=np.ones((len(ids), dims)))
    return file.getvalue()


def test_features_are_read_confirmed_and_removed(script, corpus, release):
    here = f"/api/corpora/{corpus.pk}/feature-imports/"
    body = {"release": release.pk, "modality": "audio", "name": "mine", "uploads": ["none"]}
    missing = send(script, here, body)
    assert missing.status_code == 400 and "uploads" in missing.json()["detail"]
    body["uploads"] = [uploaded(script, corpus, "audio.npz", array(release))]
    made = send(script, here, body)
    assert made.status_code == 201, made.content
    address = made.headers["Location"]
    early = send(script, f"{address}confirmation/")
    assert early.status_code == 409 and not ImportedFeatures.objects.exists()
    FeatureImport.objects.get().run()
    read = script.get(address).json()
    assert read["state"] == "draft" and read["tables"][0]["dims"] == 3
    [features] = send(script, f"{address}confirmation/").json()["features"]
    assert (features["name"], features["dims"]) == ("mine", 3)
    assert send(script, f"{address}confirmation/").json() == {"features": []}
    assert script.delete(address).status_code == 409
    assert rows(script, f"/api/corpora/{corpus.pk}/features/") == [features]
    member = script_of(make_member(corpus))
    own = f"/api/features/{features['id']}/"
    assert member.delete(own).status_code == 404 and member.get(here).status_code == 404
    assert script.delete(own).status_code == 204 and not ImportedFeatures.objects.exists()
    assert Event.objects.filter(verb="remove features").exists()


def test_features_that_were_read_can_be_forgotten(script, corpus, release):
    token = uploaded(script, corpus, "audio.npz", array(release))
    body = {"release": release.pk, "modality": "audio", "uploads": [token]}
    made = send(script, f"/api/corpora/{corpus.pk}/feature-imports/", body)
    FeatureImport.objects.get().run()
    assert script.delete(made.headers["Location"]).status_code == 204
    assert not FeatureImport.objects.exists()


def test_a_language_model_that_is_not_installed_is_not_asked(script, corpus, release):
    body = {"release": release.pk, "encoder": "none", "language": "zh"}
    refused = send(script, f"/api/corpora/{corpus.pk}/language-model-judges/", body)
    assert refused.status_code == 400 and "encoder" in refused.json()["detail"]
