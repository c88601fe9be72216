"""The page of backups, and the schedule."""

import datetime

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils import timezone

from backups import schedule
from backups.models import Backup
from jobs.models import JobStatus
from people.models import Event
from tests.factories import make_person

pytestmark = pytest.mark.django_db
PAGE = "/installation/backups/"


@pytest.fixture
def administrator(db):
    return make_person("admin", is_superuser=True)


@pytest.fixture
def target(settings, tmp_path):
    settings.BACKUP_DIR = str(tmp_path / "backups")
    return settings.BACKUP_DIR


@pytest.fixture(autouse=True)
def _not_sent(monkeypatch):
    monkeypatch.setattr(Backup, "later", lambda job: None)


def make_backup(days=0, **values):
    values = {"status": JobStatus.DONE, "target": "x", "name": f"of {days}"} | values
    at = timezone.now() - datetime.timedelta(days=days)
    return Backup.objects.create(finished_at=at, queued_at=at, **values)


def test_nobody_but_administrators_finds_it(administrator, client_of, lead, target):
    backup = make_backup()
    check = backup.checks.create(status=JobStatus.DONE)
    for name, pk in (
        ("installation_backups", None),
        ("backup_progress", backup.pk),
        ("backup_check_progress", check.pk),
    ):
        address = reverse(name, args=[pk] if pk else [])
        assert client_of(lead).get(address).status_code == 404
        assert client_of(administrator).get(address).status_code == 200
    for address in (PAGE, reverse("new_backup_check", args=[backup.pk])):
        assert client_of(lead).post(address).status_code == 404
    assert Backup.objects.count() == 1


def test_what_the_page_says(administrator, client_of, settings, target):
    client = client_of(administrator)

    def page():
        return client.get(PAGE).content.decode()

    assert "There is no good backup yet" in page() and "Back up now" in page()
    make_backup(days=3, size=5 * 1024**2, files=7, missing=["clips/1.mp4"])
    assert "too old" in page() and "5.0\xa0MB" in page() and "clips/1.mp4" in page()
    assert "The last good backup is too old" in client.get("/").content.decode()
    failed = make_backup(
        status=JobStatus.FAILED, failure={"template": "It is full.", "values": {}}, name=""
    )
    assert "The last backup failed. It is full." in " ".join(page().split())
    failed.delete()
    make_backup()
    assert "too old" not in page() and "too old" not in client.get("/").content.decode()
    settings.BACKUP_DIR = ""
    assert "BACKUP_DIR is not set" in page()


def test_back_up_now_and_check(administrator, client_of, target):
    client = client_of(administrator)
    client.post(PAGE)
    [job] = Backup.objects.all()
    assert (job.person, job.target, job.keep) == (administrator, target, 14)
    assert "A backup is being made" in client.get(PAGE).content.decode()
    answer = client.post(PAGE, follow=True)
    assert "Wait until it has ended" in answer.content.decode() and Backup.objects.count() == 1
    Backup.objects.update(status=JobStatus.DONE, finished_at=timezone.now())
    client.post(reverse("new_backup_check", args=[job.pk]))
    client.post(reverse("new_backup_check", args=[job.pk]))
    assert job.checks.count() == 1
    assert [event.verb for event in Event.objects.all()[:2]] == ["check backup", "back up"]
    assert client.get("/installation/audit-log/").status_code == 200


def test_without_a_place_for_backups(administrator, client_of, settings):
    settings.BACKUP_DIR = ""
    answer = client_of(administrator).post(PAGE, follow=True)
    assert "Set BACKUP_DIR" in answer.content.decode() and not Backup.objects.exists()


def test_the_schedule(settings, target):
    settings.BACKUP_AT = ["03:00", "15:30"]
    zone = timezone.get_default_timezone()
    noon = datetime.datetime(2026, 5, 4, 12, tzinfo=zone)
    assert schedule.last_due(noon) == noon.replace(hour=3)
    assert schedule.last_due(noon.replace(hour=2)) == noon.replace(day=3, hour=15, minute=30)
    assert schedule.next_due() > timezone.now()
    make_backup(days=2)
    assert [schedule.request_due() for _worker in range(3)] == [1, 0, 0]
    job = Backup.objects.first()
    assert job.scheduled_for == schedule.last_due() and job.person is None
    Backup.objects.all().delete()
    make_backup(days=2, scheduled_for=schedule.last_due())  # another worker was first
    assert schedule.request_due() == 0
    settings.BACKUP_AT = []
    assert schedule.request_due() == 0 and schedule.next_due() is None
    with pytest.raises(ImproperlyConfigured, match="BACKUP_AT"):
        schedule.times_of_day(["3 o'clock"])
