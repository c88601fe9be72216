"""Temporary folders of processes, below WORK_DIR: what killed ones leave, others delete."""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Self

from django.conf import settings

KINDS = ("reading", "learning")
NEW = 60.0  # seconds for which a folder may not be held yet by who makes it


class ScratchFolder:
    """A folder of one of the KINDS, held until it is closed or the process ends."""

    def __init__(self, kind: str) -> None:
        settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
        self.name = tempfile.mkdtemp(dir=settings.WORK_DIR, prefix=f"{kind}-")
        self.held = os.open(self.name, os.O_RDONLY)
        fcntl.flock(self.held, fcntl.LOCK_EX)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete it with all that is in it."""
        shutil.rmtree(self.name, ignore_errors=True)
        os.close(self.held)


def remove_abandoned() -> int:
    """Delete the folders that no process of this host holds; how many."""
    count = 0
    for folder in (found for kind in KINDS for found in settings.WORK_DIR.glob(f"{kind}-*")):
        try:
            if time.time() - folder.stat().st_mtime > NEW and not _is_held(folder):
                shutil.rmtree(folder)
                count += 1
        except FileNotFoundError:  # its process, or another one, was quicker
            continue
    return count


def _is_held(folder: Path) -> bool:
    place = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(place)
    return False
