"""The learner as a program of its own: started on a leash, watched, stopped cleanly."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

from django.conf import settings

from core.errors import UserError, gettext_noop
from jobs.models import Stopped

PAUSE = 0.5  # seconds between two looks at what it reported
PATIENCE = 20  # seconds that it has to write its checkpoint when it is asked to stop
LAST_WORDS = 4000  # characters of standard error that are kept
RESUMABLE, REFUSED = 75, 2


@contextmanager
def written(directory):
    """Raises Refused in place of an OSError: the disk is full, or the directory cannot be made."""
    try:
        yield
    except OSError as error:
        raise UserError(
            gettext_noop("%(directory)s cannot be written: %(why)s."),
            directory=str(directory),
            why=error.strerror or str(error),
        ) from error


def supervise(arguments, directory, beat):
    """Run `python -m modeling.learner` with its words in `directory`; what it printed.

    `beat()` is called as long as it works and may raise Stopped, which ends it with a checkpoint.
    Raises Refused with the learner's own sentence, or with how it died; Stopped if it was stopped.
    """
    with written(directory):
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("stderr.txt", "stdout.txt"):
            (directory / name).touch()
    threads = str(settings.TRAIN_THREADS)
    command = [sys.executable, "-m", "modeling.learner", *map(str, arguments), "--leashed"]
    with (
        (directory / "stderr.txt").open("wb") as errors,
        (directory / "stdout.txt").open("wb") as output,
        subprocess.Popen(
            command,
            cwd=settings.ROOT,
            env=os.environ | {"OMP_NUM_THREADS": threads},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        ) as learner,
    ):
        try:
            while learner.poll() is None:
                beat()
                time.sleep(PAUSE)
        finally:
            if learner.poll() is None:
                learner.terminate()
                try:
                    learner.wait(timeout=PATIENCE)
                except subprocess.TimeoutExpired:
                    learner.kill()
    _check(learner.returncode, directory)
    return (directory / "stdout.txt").read_text("utf-8")


def _check(status, directory):
    if status == RESUMABLE:
        raise Stopped
    words = (directory / "stderr.txt").read_text("utf-8", errors="replace").strip()
    last = (words or "–").split("\n")[-1][-LAST_WORDS:]
    if status == REFUSED:
        raise UserError("%(reason)s", reason=last)
    if status in (-9, 137):
        raise UserError(
            gettext_noop("The training process was killed, probably for lack of memory.")
        )
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
