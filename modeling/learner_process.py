"""The learner as a program of its own: started confined, watched, stopped cleanly."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from django.conf import settings

from core import shared_folders
from core.confinement import Confinement, confined_command
from core.errors import UserError, gettext_noop
from core.full_disk import NOT_DONE, FullDisk
from core.scratch import ScratchFolder
from jobs.models import JobStatus, Stopped
from modeling import encoders

PATIENCE = 60  # seconds that it has to write its checkpoint when it is asked to stop
LAST_LINE = 4000  # characters of standard error that are kept
RESUMABLE, INVALID = 75, 2  # exit statuses of the learner
OUT, CACHE = "--out", "--cache"  # options of the learner that name what it writes
SECRET = re.compile("SECRET|PASSWORD|TOKEN|_KEY|_URL|_DSN")  # in the names of variables


@contextmanager
def written(directory):
    """Raises UserError in place of an OSError, as when the disk is full."""
    try:
        yield
    except OSError as error:
        raise UserError(
            gettext_noop("%(directory)s cannot be written: %(why)s."),
            directory=str(directory),
            why=error.strerror or str(error),
        ) from error


@contextmanager
def writing(job, folder):
    """For work of a claimed job that writes a folder which other hosts have to see: see
    core/shared_folders.py. Raises UserError in place of an OSError, too; StoreAway, Overtaken.
    """
    attempt = f"{job._meta.model_name}-{job.pk}", job.attempt
    with written(folder), shared_folders.writing(folder, attempt, job.heartbeat_thread):
        yield


def fetched(job, release, chosen=()):
    """The directory of a release with all its files on this host, and with what is named in the
    `chosen` settings: encoders, and imported features by their digests; extracted features in any
    case. Raises StoreAway, Damaged.
    """
    named = json.dumps(chosen)
    if not shared_folders.in_store():
        return release.folder

    def fetch():
        for part in release.feature_parts.filter(status=JobStatus.DONE):
            part.fetch_extracted()
        for row in release.imported_features.all():
            if row.digest in named:
                shared_folders.fetch(row.directory, strict=True)
        encoders.fetch(chosen)
        return release.directory_with_media

    with job.heartbeat_thread():
        return shared_folders.patiently(fetch)


def environment(scratch):
    """What the learner finds in its environment: all but keys, passwords and addresses of servers,
    since it reads releases and encoders that may be strangers'; and where it may put things aside,
    for itself in `scratch`, compiled programs for those after it.
    """
    kept = {name: value for name, value in os.environ.items() if not SECRET.search(name)}
    names = ("CUDA_CACHE_PATH", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
    caches = {name: str(_compiled() / name.lower()) for name in names}
    return kept | caches | {"TMPDIR": scratch, "OMP_NUM_THREADS": str(settings.TRAIN_THREADS)}


def _compiled():
    return settings.WORK_DIR / "compiled"


def _confined(command, folders):
    """The command with which the learner is started: without a network, and only the folders are
    written. What needs rights that it will not have is done before.
    """
    if not settings.CONFINE_LEARNER:
        return command
    lacks_device = not Path("/dev/nvidia-uvm").exists() and Path("/proc/driver/nvidia").exists()
    if lacks_device and (program := shutil.which("nvidia-modprobe")):
        subprocess.run([program, "-u", "-c=0"], check=False)  # as CUDA would do
    writable = tuple(str(Path(folder).absolute()) for folder in folders)  # as far as they exist
    return confined_command(Confinement(writable=writable, local_sockets=True), command)


def supervise(arguments, directory, beat):
    """Run `python -m modeling.learner` with its output in `directory`; its standard output.

    `beat()` is called as long as it works and may raise Stopped, which ends it with a checkpoint.
    Raises UserError with the learner's own sentence, or with how it died; Stopped.
    """
    arguments = [str(argument) for argument in arguments]
    options = dict(pairwise(arguments))
    folders = [directory, *(Path(options[name]) for name in (OUT, CACHE) if name in options)]
    with written(directory):
        for folder in (directory, _compiled(), *(folders[-1:] if CACHE in options else ())):
            folder.mkdir(parents=True, exist_ok=True)
        for name in ("stderr.txt", "stdout.txt"):
            (directory / name).touch()
    command = [sys.executable, "-m", "modeling.learner", *arguments, "--exit-with-parent"]
    with (
        ScratchFolder("learning") as scratch,
        (directory / "stderr.txt").open("wb") as errors,
        (directory / "stdout.txt").open("wb") as output,
        subprocess.Popen(
            _confined(command, [*folders, _compiled(), scratch.name]),
            cwd=settings.ROOT,
            env=environment(scratch.name),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        ) as learner,
    ):
        try:
            while learner.poll() is None:
                beat()
                time.sleep(settings.HEARTBEAT_EVERY)
        finally:
            if learner.poll() is None:
                learner.terminate()
                try:
                    learner.wait(timeout=PATIENCE)
                except subprocess.TimeoutExpired:
                    learner.kill()
    check_exit_status(learner.returncode, directory)
    return (directory / "stdout.txt").read_text("utf-8")


def check_exit_status(status, directory):
    """Raises UserError or Stopped for an exit status other than 0, with the last line it wrote."""
    if status == RESUMABLE:
        raise Stopped
    errors = (directory / "stderr.txt").read_text("utf-8", errors="replace").strip()
    last = (errors or "–").split("\n")[-1][-LAST_LINE:]
    if status == INVALID:
        raise UserError("%(reason)s", reason=last)
    if status in (-9, 137):
        raise UserError(
            gettext_noop("The training process was killed, probably for lack of memory.")
        )
    if status and os.strerror(errno.ENOSPC) in errors:
        raise FullDisk(NOT_DONE)
    if status:
        raise UserError(
            gettext_noop("The training process ended with status %(status)s: %(words)s"),
            status=status,
            words=last,
        )


def lines_of(path):
    """The whole JSON lines of a file that somebody may be writing, one after the other."""
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.endswith("\n"))
