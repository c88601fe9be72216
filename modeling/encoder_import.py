"""What a worker does for an EncoderImport."""

import time

from django.db import transaction

from core import pieces, shared_folders
from core.errors import UserError, gettext_noop
from jobs.models import Stopped
from modeling import encoder_storage
from modeling.learner_process import written

PAUSE = 1.0  # seconds between two reports


def add(job):
    """Download or unpack an encoder. Raises UserError with what is wrong; Stopped, with what was
    collected deleted.
    """
    try:
        with written(encoder_storage.directory()):
            origin = _downloaded(job) if job.repo else _unpacked(job)
            encoder = shared_folders.patiently(lambda: encoder_storage.establish(job.name, origin))
    except (Stopped, UserError) as error:
        if job.archive or isinstance(error, Stopped):  # a download goes on where it was
            encoder_storage.discard_partial(job.name)
        _forget_archive(job)
        raise
    job.info = encoder.origin | job.info
    _forget_archive(job)
    with transaction.atomic():
        job.save(update_fields=["info", "archive"])
        job.finish()


def _downloaded(job):
    # only workers and the command that downloads need the hub's client
    from modeling.encoder_download import download, look_up

    remote = look_up(job.repo, job.revision)
    job.info = {"licence": remote.licence, "bytes": remote.bytes, "revision": remote.revision}
    job.revision = remote.revision
    job.save(update_fields=["info", "revision"])
    reported = 0.0

    def progress(done):
        nonlocal reported
        now = time.monotonic()
        if now - reported >= PAUSE:
            reported = now
            job.report_progress(0.98 * done / max(1, remote.bytes))

    job.report_progress(0.0)
    download(remote, job.name, progress)
    return remote.origin


def _unpacked(job):
    if job.archive and shared_folders.in_store():
        shared_folders.patiently(lambda: pieces.assemble(job.archive_path))
    if not job.archive or not job.archive_path.is_file():
        raise UserError(gettext_noop("The uploaded archive is gone. Upload it once more."))
    job.report_progress(0.0)
    left_out = encoder_storage.take_archive(job.archive_path, job.name)
    job.info = {"left_out": left_out[:50]}
    return {"archive": job.archive_name}


def _forget_archive(job):
    if job.archive:
        shared_folders.remove(job.archive_path)
        job.archive = ""
        job.save(update_fields=["archive"])
