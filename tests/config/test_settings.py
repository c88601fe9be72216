"""Settings that cannot be are named when the program starts."""

import json
import math
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.settings import at_least


@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_a_setting_that_is_too_small_is_named(value):
    with pytest.raises(ImproperlyConfigured, match="TRAIN_THREADS must be at least 1, not"):
        at_least("TRAIN_THREADS", value, 1)
    assert at_least("TRAIN_THREADS", 1, 1) == 1


def test_a_database_by_its_parts_with_any_password_also_from_a_file(tmp_path):
    password = "p/a@s:s#w%r?d $x\"'&"
    (tmp_path / "password").write_text(f"{password}\n")
    (tmp_path / "key").write_text("a key of its own")
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {"DATA_DIR": str(tmp_path / "data"), "SECRET_KEY_FILE": str(tmp_path / "key")}
    environment |= {"DATABASE_HOST": "database", "DATABASE_PORT": "5433", "DATABASE_URL": ""}
    environment |= {"DATABASE_PASSWORD_FILE": str(tmp_path / "password")}
    code = "import json; from config import settings as s;" + (
        "print(json.dumps([s.SECRET_KEY, s.DATABASES['default']], default=str))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    key, database = json.loads(done.stdout)
    assert key == "a key of its own" and database["PASSWORD"] == password
    place = {name: database[name] for name in ("HOST", "PORT", "NAME", "USER")}
    assert place == {"HOST": "database", "PORT": "5433", "NAME": "shengqing", "USER": "shengqing"}
    assert database["ENGINE"] == "core.databases.postgresql"
