"""A whole application with the rich world, in a directory of its own: made once, served by the
launcher.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MADE = "world"  # the file that says that the world in a directory is whole

PASSWORD = "a long pass phrase of 2026"
ROLES = {  # who signs in as what, by user name
    "annotator": "anno1",
    "adjudicator": "judge",
    "lead": "lead",
    "administrator": "admin",
    "newcomer": "newcomer",
}


def settings_of(data: Path) -> dict[str, str]:
    return os.environ | {
        "DATA_DIR": str(data),
        "DEMO": "0",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_CONSOLE_LEVEL": "ERROR",
    }


def make(data: Path) -> None:
    """Make the world in an empty directory, unless it is there."""
    if (data / MADE).exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    code = "from tests.screenshots.installation import fill; fill()"
    environment = settings_of(data) | {"CELERY_TASK_ALWAYS_EAGER": "1"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    (data / MADE).touch()


def fill() -> None:
    """In a process of its own: the settings are those of the directory."""
    import django

    django.setup()
    from django.core.management import call_command

    from tests.screenshots import world

    call_command("migrate", verbosity=0)
    world.make(lambda words: sys.stderr.write(f"· {words}\n"))


@contextlib.contextmanager
def serve(data: Path, port: int) -> Iterator[str]:
    """The application as the launcher starts it; its address."""
    address = f"http://localhost:{port}/"
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "tools" / "launch.py")],
        cwd=ROOT,
        env=settings_of(data) | {"PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        if not any(address in line for line in server.stdout):
            raise SystemExit("the application did not start")
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
