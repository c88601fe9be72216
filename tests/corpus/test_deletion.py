"""Deleting corpora and sources: everything of them goes, nothing of others."""

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from annotation.models import Item, Judgement, Round, TableImport, Tally
from core.errors import UserError
from corpus import deletion
from corpus.models import Corpus, CorpusDeletion, Dialogue, Source, Upload
from jobs.models import JobStatus
from modeling.models import Experiment, FeaturePart, TrainingRun
from people.models import Event
from releases.models import Diff, Download, Share
from tests.factories import items_of, make_corpus, make_judged_round, make_person, make_release

pytestmark = pytest.mark.django_db


def filled(lead, settings, **fields):
    """A corpus with rows in every app, and files in every place."""
    corpus = make_corpus(lead, **fields)
    opened = make_judged_round(corpus, dialogues=2)
    opened.close(lead)
    items_of(opened)
    release = make_release(corpus, [opened], media="none")
    assert release.status == JobStatus.DONE, release.failure_text
    later = make_release(corpus, [opened], "1.1.0", media="none")
    Diff.request(lead, release, later).run()
    Share.objects.create(release=release, person=lead, terms="t")
    experiment = Experiment.objects.create(release=release, name="e", started_by=lead)
    run = TrainingRun.objects.create(release=release, experiment=experiment, status="done")
    repeated = Experiment.objects.create(release=later, name="e", follows=experiment)
    assert repeated.follows == experiment
    FeaturePart.objects.create(release=release, number=1, of=1, status="done")
    run.directory.mkdir(parents=True)
    (run.directory / "events.jsonl").write_text("{}")
    for dialogue in corpus.dialogues.all():
        name = f"clips/{corpus.pk}/{dialogue.source_id}/{dialogue.pk}.mp4"
        dialogue.clip.name = default_storage.save(name, ContentFile(b"clip"))
        dialogue.save()
    source = corpus.sources.first()
    source.media.save("film.mp4", ContentFile(b"film"))
    imported = TableImport.objects.create(corpus=corpus, person=lead, status="done")
    default_storage.save(f"{imported.folder}/labels.csv", ContentFile(b"text"))
    upload = Upload.begin(lead, corpus, "film.mp4", 3)
    upload.path.write_bytes(b"abc")
    corpus.archive(lead)
    return corpus


@pytest.fixture
def folders(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.RELEASES_DIR, settings.RUNS_DIR = tmp_path / "releases", tmp_path / "runs"
    settings.WORK_DIR = tmp_path / "work"
    return tmp_path


def rows():
    """Label -> ids of every row but of events and deletions."""
    return {
        model._meta.label: set(model._base_manager.values_list("pk", flat=True))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label not in ("people.Event", "corpus.CorpusDeletion")
    }


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def deleted(lead, corpus):
    return deletion.request_corpus_deletion(lead, corpus).run()


def test_no_row_and_no_file_of_it_stays_and_everything_of_another_does(folders, settings):
    lead = make_person("lead")
    kept = filled(lead, settings, name="kept")
    rows_before, files_before = rows(), files(folders)
    corpus = filled(lead, settings, name="gone")
    Event.record(lead, "note", corpus)
    own = {label: ids - rows_before[label] for label, ids in rows().items()}
    people = own["people.Person"]
    done = deleted(lead, corpus)
    assert done.status == JobStatus.DONE, done.failure_text
    after = rows()
    assert after == rows_before | {"people.Person": rows_before["people.Person"] | people}
    assert files(folders) == files_before
    assert Corpus.objects.get() == kept
    assert done.lost["annotation.judgement"] and done.lost["releases.release"] == 2
    gone = Event.objects.filter(corpus_id=done.corpus_id)
    assert gone.filter(verb="delete", noun="corpus", detail__name="gone").exists()
    assert gone.filter(verb="note").exists()


def test_a_deletion_that_was_interrupted_goes_on(folders, settings, monkeypatch):
    lead = make_person("lead")
    corpus = filled(lead, settings)
    monkeypatch.setattr(deletion, "BATCH", 3)
    beats = iter(range(4))
    monkeypatch.setattr(
        CorpusDeletion, "report_progress", lambda self, share=None: 1 / (3 - next(beats))
    )
    begun = deleted(lead, corpus)
    assert begun.status == JobStatus.FAILED
    assert Corpus.objects.filter(pk=corpus.pk).exists()
    assert not Corpus.objects.of(lead).exists()  # nobody meets what is half deleted
    monkeypatch.undo()
    settings.MEDIA_ROOT = folders / "media"
    begun.retry_by(lead)
    assert begun.run().status == JobStatus.DONE
    assert not Corpus.objects.exists() and not Judgement.objects.exists()


def test_every_key_is_deleted_before_what_it_points_to():
    order = [each.model for each in deletion.hanging_on(Corpus)]
    assert len(order) == len(set(order)) > 30
    for place, each in enumerate(deletion.hanging_on(Corpus)):
        for key in each.model._meta.concrete_fields:
            if key.remote_field and key.related_model in order and key.related_model != each.model:
                assert order.index(key.related_model) > place, key
    assert apps.get_model("people", "Person") not in order


def test_nothing_is_deleted_without_the_name_and_copies_of_releases(folders, settings, client_of):
    lead = make_person("lead")
    corpus = filled(lead, settings, name="灯火")
    client, address = client_of(lead), reverse("delete_corpus", args=[corpus.pk])
    assert client.post(address, {"name": "灯"}).status_code == 422
    refused = client.post(address, {"name": "灯火"})
    assert "灯火 1.0.0, 灯火 1.1.0" in refused.content.decode()
    first, second = corpus.releases.order_by("pk")
    Download.add(first, "archive")
    refused = client.post(address, {"name": "灯火"}).content.decode()
    assert "a copy: 灯火 1.1.0." in refused
    sent = client.post(address, {"name": "灯火", "copy": [f"release-{second.pk}"]}, follow=True)
    assert "“灯火” is being deleted." in sent.content.decode()
    assert CorpusDeletion.objects.get().name == "灯火"
    assert client.get(reverse("corpus", args=[corpus.pk])).status_code == 404


def test_nothing_is_deleted_while_work_goes_on(lead, corpus):
    corpus.sources.create(title="waits", status=JobStatus.QUEUED)
    with pytest.raises(UserError, match="1 jobs of this corpus"):
        deletion.request_corpus_deletion(lead, corpus)
    assert Corpus.objects.of(lead).exists()


def test_a_source_goes_with_its_judgements_and_agreement_is_of_what_stays(
    lead, corpus, client_of, django_capture_on_commit_callbacks
):
    opened = make_judged_round(corpus, dialogues=2)
    items_of(opened)
    first, second = Source.objects.filter(corpus=corpus).order_by("pk")
    name = default_storage.save(f"clips/{corpus.pk}/{first.pk}/1.mp4", ContentFile(b"clip"))
    client, address = client_of(lead), reverse("delete_source", args=[first.pk])
    refused = client.post(address, {"title": first.title})
    assert refused.status_code == 422 and opened.name in refused.content.decode()
    opened.close(lead)
    assert client.post(address, {"title": "other"}).status_code == 422
    before = Tally.objects.get(round=opened, part="").submissions
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address, {"title": first.title})
    assert list(Source.objects.all()) == [second] and not default_storage.exists(name)
    assert Dialogue.objects.get().source == second
    assert Tally.objects.get(round=opened, part="").submissions == before / 2
    assert set(Item.objects.values_list("utterance__dialogue__source", flat=True)) == {second.pk}
    assert Judgement.objects.exists() and Round.objects.get() == opened
    assert Event.objects.get(verb="delete", noun="source").corpus_id == corpus.pk
