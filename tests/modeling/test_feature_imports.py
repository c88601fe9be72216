"""Features from elsewhere on the pages: uploaded, read, shown, confirmed, chosen, removed."""

import io
import pickle

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core.errors import UserError
from core.shared_folders import stored_files
from jobs.models import JobStatus
from modeling.learner.features.imported import ImportedFeatures as Directory
from modeling.learner.release_checks import open_release
from modeling.models import (
    Experiment,
    FeatureImport,
    ImportedFeatures,
    RegisteredModel,
    TrainingRun,
)
from modeling.run_configuration import configuration_of
from people.models import Event
from tests.factories import make_judged_round, make_release
from tests.object_store import be_host


@pytest.fixture
def release(corpus, settings, tmp_path):
    settings.RUNS_DIR = tmp_path / "runs"
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)], media="none")


def ids_of(release):
    opened = open_release(release.directory)
    return [u.id for dialogue in opened.dialogues for u in dialogue.utterances]


def npz(ids, name="egemaps.npz", **arrays):
    stream = io.BytesIO()
    np.savez(stream, ids=ids, **({"audio": np.ones((len(ids), 3))} | arrays))
    return SimpleUploadedFile(name, stream.getvalue())


def uploaded(client, release, *files, modality="audio", **more):
    data = {"release": release.pk, "modality": modality, "files": list(files), **more}
    return client.post(reverse("imported_features", args=[release.corpus_id]), data)


def imported(client, lead, release, *files, **more):
    uploaded(client, release, *files, **more)
    job = FeatureImport.objects.latest("pk").run()
    assert job.status == JobStatus.DRAFT, job.failure_text
    client.post(reverse("confirm_feature_import", args=[job.pk]))
    return ImportedFeatures.objects.latest("pk")


def test_what_matches_is_shown_before_it_is_stored(release, lead, client_of):
    client, ids = client_of(lead), ids_of(release)
    page = reverse("imported_features", args=[release.corpus_id])
    assert "None yet" in client.get(page).content.decode()
    answer = uploaded(client, release, npz([*ids[1:], "stranger"]), name="eGeMAPS")
    job = FeatureImport.objects.get()
    assert answer.url == reverse("feature_import", args=[job.pk])
    assert "progress-feature-import" in client.get(answer.url).content.decode()
    assert job.run().status == JobStatus.DRAFT and not ImportedFeatures.objects.exists()
    shown = client.get(answer.url).content.decode()
    assert f"{len(ids) - 1} of {len(ids)}" in shown
    assert "stranger" in shown and ids[0] in shown and "one vector each" in shown
    assert "to be confirmed" in client.get(page).content.decode()
    for _ in range(2):  # twice changes nothing
        client.post(reverse("confirm_feature_import", args=[job.pk]))
    row = ImportedFeatures.objects.get()
    assert (row.name, row.modality, row.dims, row.pooled) == ("eGeMAPS", "audio", 3, True)
    assert (row.utterances, row.source_name, row.person) == (len(ids) - 1, "egemaps.npz", lead)
    assert Directory(row.directory).digest == row.digest
    assert not any(path.suffix in (".pkl", ".npz") for path in row.directory.iterdir())
    verbs = list(Event.objects.filter(verb__endswith="features").values_list("verb", flat=True))
    assert sorted(verbs) == ["import features", "read features"]
    shown = client.get(page).content.decode()
    assert "eGeMAPS" in shown and row.digest[:12] in shown
    assert client.get(reverse("feature_import", args=[job.pk])).status_code == 200


def test_a_pickle_of_mmsa_gives_each_modality(release, lead, client_of):
    ids = ids_of(release)
    n = len(ids)
    part = {"id": ids, "audio": np.ones((n, 2, 3)), "vision": np.ones((n, 4)), "labels": [1] * n}
    data = {"train": part}
    file = SimpleUploadedFile("unaligned.pkl", pickle.dumps(data))
    imported(client_of(lead), lead, release, file, modality="")
    rows = ImportedFeatures.objects.order_by("modality")
    assert [(row.modality, row.dims, row.pooled) for row in rows] == [
        ("audio", 3, False), ("vision", 4, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "modality", "words"),
    [
        ([("a.npz", b"x")], "", "Say which modality"),
        ([("a.npy", b"x")], "audio", "add the list of their ids"),
        ([("a.csv", b"x")], "audio", "files of this kind are not read"),
        ([("a.npz", b"x"), ("b.npz", b"x")], "audio", "Choose one file of features"),
        ([("a.pkl", b"x"), ("b.txt", b"x")], "", "leave the list out"),
        ([], "audio", "Choose one file of features"),
    ],
)
def test_files_that_do_not_fit_are_refused_at_once(
    release, lead, client_of, files, modality, words
):
    sent = [SimpleUploadedFile(name, content) for name, content in files]
    answer = uploaded(client_of(lead), release, *sent, modality=modality)
    assert words in answer.content.decode() and not FeatureImport.objects.exists()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (lambda ids: npz(["x", "y"]), "No id of the file is an utterance of release"),
        (lambda ids: npz([ids[0], ids[0]]), "is there twice, in the rows 1 and 2"),
        (lambda ids: npz(ids[:2], audio=np.array([[1.0], [np.nan]])), "row 2) holds NaN"),
        (
            lambda ids: SimpleUploadedFile("bad.pkl", b"cos\nsystem\n(Vls\ntR."),
            "it wants os.system",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_on_its_page(release, lead, client_of, file, words):
    client = client_of(lead)
    sent = file(ids_of(release))
    uploaded(client, release, sent, modality="" if sent.name == "bad.pkl" else "audio")
    job = FeatureImport.objects.get().run()
    assert job.status == JobStatus.FAILED and words in job.failure_text
    assert "0.npz" not in job.failure_text and "0.pkl" not in job.failure_text
    assert client.get(reverse("feature_import", args=[job.pk])).status_code == 200
    client.post(reverse("confirm_feature_import", args=[job.pk]))
    client.post(reverse("discard_feature_import", args=[job.pk]))
    assert not FeatureImport.objects.exists() and not ImportedFeatures.objects.exists()


def test_imported_features_are_chosen_in_the_form_of_a_run(release, corpus, lead, client_of):
    client, address = client_of(lead), reverse("new_run", args=[corpus.pk])
    assert "audio_features" not in client.get(address).content.decode()
    row = imported(client, lead, release, npz(ids_of(release)), name="eGeMAPS")
    assert "eGeMAPS: 3 dimensions, release" in client.get(address).content.decode()
    other = make_release(
        corpus, [make_judged_round(corpus, dialogues=2)], version="2.0.0", media="none"
    )
    data = {"recipes": ["hard-small"], "seeds": 1, "on_failure": "fail", "release": other.pk,
            "audio_features": row.digest}  # fmt: skip
    answer = client.post(address, data)
    assert "These features are of another release" in answer.content.decode()
    client.post(address, {**data, "release": release.pk})
    run = TrainingRun.objects.get()
    assert run.options == {"audio_features": row.digest} and run.reads_imported
    assert run.whole_recipe().audio_features == str(row.directory)
    assert {} in run.extracted_features or run.extracted_features == []
    settings = {s.key: s.value for group in configuration_of(run, {}) for s in group.settings}
    assert settings["audio_features"] == row.digest[:12]
    with pytest.raises(UserError, match="are not there for release"):
        TrainingRun.request(lead, other, own={"audio_features": row.digest})
    with pytest.raises(UserError, match="is not repeated"):
        Experiment.objects.get().repeat_by(lead, True)
    # removed while a run needs them, and afterwards
    removal = reverse("remove_features", args=[row.pk])
    assert "need eGeMAPS" in client.post(removal, follow=True).content.decode()
    run.stop()
    client.post(removal)
    assert not ImportedFeatures.objects.exists()
    assert Event.objects.filter(verb="remove features").exists()


def test_a_model_of_imported_features_says_what_it_cannot_do(release, lead, client_of):
    run = TrainingRun.objects.create(
        release=release, recipe="hard-small", status=JobStatus.DONE,
        options={"audio_features": "a" * 64},
        results={"split": "valid", "best_epoch": 1, "parameters": 9, "tasks": {}},
    )  # fmt: skip
    client = client_of(lead)
    words = "cannot classify utterances outside"
    assert words in client.get(reverse("register_model", args=[run.pk])).content.decode()
    model = RegisteredModel.objects.create(
        run=run, name="m", use="u", limits="l", registered_by=lead
    )
    assert words in client.get(reverse("model_card", args=[model.pk])).content.decode()


def test_only_leads_see_them(release, lead, client_of):
    client = client_of(lead)
    row = imported(client, lead, release, npz(ids_of(release)))
    release.corpus.memberships.filter(person=lead).update(role="annotator")
    job = FeatureImport.objects.get()
    assert client.get(reverse("feature_import", args=[job.pk])).status_code == 404
    assert client.post(reverse("remove_features", args=[row.pk])).status_code == 404


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_they_are_read_and_confirmed_at_other_hosts(
    object_store, corpus, lead, client_of, settings, tmp_path
):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)], media="none")
    client, ids = client_of(lead), ids_of(release)
    uploaded(client, release, npz(ids))
    be_host(settings, tmp_path / "worker")
    job = FeatureImport.objects.get().run()
    assert job.status == JobStatus.DRAFT, job.failure_text
    be_host(settings, tmp_path / "web")
    client.post(reverse("confirm_feature_import", args=[job.pk]))
    row = ImportedFeatures.objects.get()
    be_host(settings, tmp_path / "trainer")
    own = {"modalities": ["audio"], "audio_features": row.digest, "epochs": 1}
    run = TrainingRun.request(lead, release, "hard-small", own=own).run()
    assert run.status == JobStatus.DONE, run.failure_text
    assert Directory(row.directory).digest == row.digest
    run.delete_by(lead)
    row.remove_by(lead)
    assert not stored_files("runs") and not row.directory.exists()
