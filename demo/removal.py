"""Removes the demo corpus with everything that hangs on it, and the demo accounts; nothing else."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models, transaction

from annotation.models import Round
from core import shared_folders
from core.storage import names_under
from corpus.models import Corpus, Dialogue
from demo import people
from demo.models import DemoJob
from modeling.learner.run_directory import RunDirectory
from modeling.models import Evaluation, Experiment, FeaturePart, RegisteredModel, TrainingRun
from people.models import Event, Person
from releases.models import Diff, Release, Retraction

LONGEST_STOP = 60.0  # seconds that a training which is stopped may go on


def remove(job: DemoJob) -> None:
    """Remove the demo corpus and its accounts. What has been removed already is no fault."""
    corpus = find_corpus()
    if corpus:
        stop_runs(job, corpus)
        remove_all(job, corpus)
    delete_files(job)
    with transaction.atomic():
        for key in people.PEOPLE:
            if person := people.find_account(key):
                remove_account(person)
        job.finish()
    people.password_path().unlink(missing_ok=True)


def find_corpus() -> Corpus | None:
    """The demo corpus, also while it is being made."""
    return Corpus.objects.filter(name=people.NAME, synthetic=True).first()


def stop_runs(job: DemoJob, corpus: Corpus) -> None:
    """Stop the trainings on its releases, and wait until they no longer write."""
    runs = list(TrainingRun.objects.filter(release__corpus=corpus))
    for run in runs:
        run.stop()
    deadline = time.monotonic() + LONGEST_STOP
    while time.monotonic() < deadline and any(RunDirectory(run.folder).busy for run in runs):
        job.report_progress(0.1)
        time.sleep(0.5)


def remove_all(job: DemoJob, corpus: Corpus) -> None:
    """Rows, then files; the job keeps the list, so that a second attempt finds what is left."""
    files = files_of(corpus)
    with transaction.atomic():
        job.files = files
        job.save(update_fields=["files"])
        remove_rows(corpus)
    job.report_progress(0.5)
    delete_files(job)


def files_of(corpus: Corpus) -> dict[str, list[str]]:
    """What the corpus has on disk: folders in the storage, folders and files beside it."""
    runs = TrainingRun.objects.filter(release__corpus=corpus)
    diffs = Diff.objects.filter(one__corpus=corpus)
    here = [settings.RELEASES_DIR / str(corpus.pk)]
    here += [run.folder for run in runs] + [diff.place for diff in diffs]
    here += [upload.place for upload in corpus.uploads.all()]
    here += _features_of(corpus)
    return {
        "stored": [f"{kind}/{corpus.pk}" for kind in ("sources", "clips", "renditions")],
        "here": [str(path) for path in here],
    }


def _features_of(corpus: Corpus) -> Iterator[Path]:
    """What was extracted of its clips, which lies under their digests, and of its releases."""
    others = Dialogue.objects.exclude(corpus=corpus).values("clip_sha256")
    clips = corpus.dialogues.exclude(clip_sha256="").exclude(clip_sha256__in=others)
    for digest in clips.values_list("clip_sha256", flat=True):
        yield from FeaturePart.cache().glob(f"*/{digest}*")
    for part in FeaturePart.objects.filter(release__corpus=corpus):
        yield part.directory


def delete_files(job: DemoJob) -> None:
    for folder in job.files.get("stored", []):
        for name in list(names_under(folder)):
            default_storage.delete(name)
        _remove_tree(settings.MEDIA_ROOT / folder)
    for path in map(Path, job.files.get("here", [])):
        _remove_tree(path)
        shared_folders.remove(path)


def _remove_tree(path: Path) -> None:
    if path.is_dir():
        for folder in (path, *(each for each in path.rglob("*") if each.is_dir())):
            folder.chmod(0o700)  # those of a release are read only
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_rows(corpus: Corpus) -> None:
    """Delete the corpus and every row about it, from what nothing refers to up to itself."""
    releases = Release.objects.filter(corpus=corpus)
    runs = TrainingRun.objects.filter(release__in=releases)
    experiments = Experiment.objects.filter(release__in=releases)
    rounds = Round.objects.filter(corpus=corpus)
    RegisteredModel.objects.filter(run__in=runs).delete()
    Evaluation.objects.filter(training_run__in=runs).delete()
    runs.delete()
    experiments.update(follows=None)
    experiments.delete()
    Retraction.objects.filter(release__in=releases).delete()
    frozen = models.QuerySet(Release).filter(corpus=corpus)  # whose own manager refuses
    frozen.update(follows=None)
    frozen.delete()
    rounds.update(qualification=None)
    rounds.delete()
    Dialogue.objects.filter(corpus=corpus).delete()
    Event.objects.filter(corpus_id=corpus.pk).delete()
    corpus.delete()


def remove_account(person: Person) -> None:
    """Delete a demo account with its events; one that did something elsewhere is switched off."""
    try:
        with transaction.atomic():
            if person.memberships.exists() or person.is_superuser:
                raise models.ProtectedError("belongs elsewhere", set())
            Event.objects.filter(person=person, corpus_id=None).delete()
            person.delete()
    except models.ProtectedError:
        if not person.is_superuser:
            person.set_unusable_password()
            person.is_active = False
            person.save(update_fields=["password", "is_active"])
