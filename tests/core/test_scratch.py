"""Temporary folders of processes that were killed are deleted, and no others."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from core.scratch import NEW, ScratchFolder, remove_abandoned
from jobs.recovery import run_steps

HOLDS = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from django.conf import settings
settings.configure(WORK_DIR=Path(sys.argv[2]))
from core.scratch import ScratchFolder
print(ScratchFolder("learning").name, flush=True)
sys.stdin.read()
"""


def age(folder):
    """Make a folder seem older than one that is being made."""
    before = Path(folder).stat().st_mtime - 2 * NEW
    os.utime(folder, (before, before))


def test_what_a_killed_process_left_is_deleted(settings, tmp_path, db):
    settings.WORK_DIR = tmp_path / "work"
    assert remove_abandoned() == 0
    command = [sys.executable, "-c", HOLDS, str(settings.ROOT), str(settings.WORK_DIR)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        left = other.stdout.readline().strip()
        (settings.WORK_DIR / "uploads").mkdir()
        with ScratchFolder("reading") as mine:
            for folder in (left, mine.name, settings.WORK_DIR / "uploads"):
                age(folder)
            assert remove_abandoned() == 0  # both are held
            other.send_signal(signal.SIGKILL)
            other.wait()
            new = settings.WORK_DIR / "reading-new"
            new.mkdir()
            run_steps()
            assert not Path(left).exists() and Path(mine.name).exists() and new.exists()
        assert {path.name for path in settings.WORK_DIR.iterdir()} == {"uploads", "reading-new"}
