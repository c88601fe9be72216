"""The demo corpus by a click, and its removal, which touches nothing else."""

import pytest
from django.urls import reverse

from annotation.models import Report
from corpus.models import Corpus
from demo.load import load
from demo.models import DemoJob
from demo.people import PEOPLE, password_path
from jobs.models import JobStatus
from modeling.models import TrainingRun
from people.models import Event, Person
from releases.models import Release
from tests.factories import make_corpus, make_judged_round, make_person, make_release

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    for model in (TrainingRun, Report):  # they take long and are not what is asked here
        monkeypatch.setattr(model, "later", lambda job: None)
    return make_person("admin", is_superuser=True)


def rows_of_others():
    return {
        model: set(model.objects.values_list("pk", flat=True))
        for model in (Corpus, Person, Release, TrainingRun)
    }


POSTED = {("load_demo", "get"), ("remove_demo", "get")}  # which nobody reads


def test_only_the_administrator_meets_it(admin, client_of, lead):
    make_corpus(lead)
    names = ("demo", "demo_progress", "load_demo", "remove_demo")
    for name in names:
        for method in ("get", "post"):
            answer = getattr(client_of(lead), method)(reverse(name))
            assert answer.status_code == (405 if (name, method) in POSTED else 404)
    assert client_of(admin).get(reverse("demo")).status_code == 200


def files_of(settings):
    places = (settings.RELEASES_DIR, settings.MEDIA_ROOT, settings.RUNS_DIR)
    return {path for place in places for path in place.rglob("*") if path.is_file()}


@pytest.mark.one_database
def test_load_and_remove(admin, client_of, settings, django_capture_on_commit_callbacks):
    taken = make_person("anno2", name="a real one")
    mine = make_corpus(taken)
    make_release(mine, [make_judged_round(mine)])
    before, client = rows_of_others(), client_of(admin)
    files = files_of(settings)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("load_demo"))
    job = DemoJob.objects.get()
    assert job.status == JobStatus.DONE, job.failure_text
    demo = Corpus.objects.get(synthetic=True)
    assert demo.role_of(admin) == "lead" and demo.releases.count() == 1
    page = client.get(reverse("demo")).content.decode()
    assert "<code>demo-anno2</code>" in page and "Remove the demo corpus" in page
    assert "Load the demo" not in page
    assert load() == demo  # what is there already
    elsewhere = Person.objects.get(username="judge")
    mine.memberships.create(person=elsewhere, role="annotator")

    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("remove_demo"))
    job = DemoJob.objects.first()
    assert job.status == JobStatus.DONE, job.failure_text
    elsewhere.refresh_from_db()
    assert not elsewhere.is_active and not elsewhere.has_usable_password()
    before[Person].add(elsewhere.pk)
    assert rows_of_others() == before
    assert files_of(settings) == files
    assert not password_path().exists()
    assert not Event.objects.filter(corpus_id=demo.pk).exists()
    verbs = Event.objects.filter(person=admin).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["load demo", "remove demo"]
    assert load() is None  # removed on purpose: the next start does not bring it back
    assert set(PEOPLE) & set(Person.objects.values_list("username", flat=True)) == {
        "anno2",
        "judge",
    }
