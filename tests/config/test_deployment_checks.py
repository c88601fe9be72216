"""What Django's own checks say of a deployment, and what HTTPS changes by default."""

import json
import os
import subprocess
import sys

from django.conf import settings

PROGRAM = """
import json, django
from django.conf import settings
django.setup()
from django.core.checks import run_checks
found = [str(m) for m in run_checks(include_deployment_checks=True) if not m.is_silenced()]
names = ("SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SESSION_COOKIE_SECURE", "DEBUG")
print(json.dumps([found, [getattr(settings, name) for name in names]]))
"""


def checked(tmp_path, **environment):
    """(messages, values) of a new process with these settings."""
    own = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(tmp_path / "data")}
    own |= {"SECRET_KEY": "a-key-of-a-deployment-" + "0123456789abcdefghij" * 2}
    names = ("PATH", "HOME", "VIRTUAL_ENV")
    inherited = {name: os.environ[name] for name in names if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=inherited | own | environment, cwd=settings.ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_with_https_nothing_is_left_to_say(tmp_path):
    found, values = checked(tmp_path, HTTPS="true", ALLOWED_HOSTS="annotate.example.org")
    assert found == [] and values == [True, 31_536_000, True, False]
