"""The processes of a deployment, by the commands of its image and compose file: hosts with folders
of their own, and nginx in front of them.
"""

import base64
import json
import os
import re
import shutil
import signal
import socket
import string
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml
from django.conf import settings as django_settings

from tests.ports import free_port
from tests.waiting import LIMIT, wait_until
from tests.workers import end_of

ROOT = django_settings.ROOT
BIN = Path(sys.executable).parent
OF_ALL = ("media", "releases", "runs", "encoders", "cache")
OF_WEB = (*OF_ALL, "work/uploads", "throttle")


def image_command(target):
    """The CMD of a target of the Dockerfile."""
    stage = (ROOT / "Dockerfile").read_text().split(f" AS {target}\n")[1].split("\nFROM ")[0]
    return json.loads(re.search(r"^CMD (\[.*?\])$", stage.replace("\\\n", ""), re.M).group(1))


def compose_command(service):
    """The command of a service, with the defaults of its variables."""
    command = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][service][
        "command"
    ]
    return [re.sub(r"\$\{\w+:-(.*?)\}", r"\1", word) for word in command]


class Host:
    """Processes with a DATA_DIR of their own, in which only some folders are those of all hosts, as
    docs/deployment.md has it; and with the same database and queue. `place`: its network namespace
    and its address there.
    """

    def __init__(self, folder, common, shared, place=("", "127.0.0.1"), **settings):
        self.folder = folder
        self.namespace, self.address = place
        (folder / "data/tmp").mkdir(parents=True)
        for name in shared:
            (common / name).mkdir(parents=True, exist_ok=True)
            (folder / "data" / name).parent.mkdir(exist_ok=True)
            (folder / "data" / name).symlink_to(common / name)
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(folder / "data"),
            "STATIC_ROOT": str(folder / "static"),
            "TMPDIR": str(folder / "data/tmp"),
            "HOME": str(folder),
            "ALLOWED_HOSTS": self.address,
            "X_ACCEL": "/protected/",
            "TRUSTED_PROXIES": "1",
            "WEB_THREADS": "8",
            "WORKER_NICENESS": "0",
            "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
        }
        self.environment |= settings

    def start(self, name, command):
        program = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        program += [sys.executable] if command[0] == "python" else [str(BIN / command[0])]
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                program + command[1:], cwd=ROOT, env=self.environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def web(self, port, workers=1):
        command = image_command("web")
        command[command.index("0.0.0.0:8000")] = f"{self.address}:{port}"
        command[command.index("--workers") + 1] = str(workers)
        process = self.start(f"web-{port}", command)
        wait_until(
            lambda: process.poll() is not None or is_ready(port, self.address), "the web process",
            state=lambda: self.log(f"web-{port}"),
        )  # fmt: skip
        assert process.returncode is None, self.log(f"web-{port}")
        return process

    def log(self, name):
        return end_of(self.folder / f"{name}.log")


def places(count):
    """A network namespace and an address for each of so many hosts, as tools/hosts_apart.sh has
    made them; without it all are where the tests are.
    """
    made = [tuple(each.split("=")) for each in os.environ.get("NAMESPACES", "").split()]
    return made or count * [("", "127.0.0.1")]


def is_ready(port, address="127.0.0.1"):
    return listens(port, address) and requests.get(f"http://{address}:{port}/health/live/").ok


def kill(process):
    """As a machine that loses power."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def ended(process):
    try:
        yield process
    finally:
        kill(process)


def listens(port, address="127.0.0.1"):
    try:
        socket.create_connection((address, port)).close()
    except OSError:
        return False
    return True


@contextmanager
def nginx_process(folder, app, resolver="127.0.0.1", media=None):
    """nginx in front of `app`, a host with its port, by the template; its address."""
    if not shutil.which("nginx"):
        pytest.skip("no nginx on this machine (bash tools/debian.sh services)")
    port = free_port()
    template = (django_settings.ROOT / "tools/nginx.conf.template").read_text()
    server = string.Template(template).safe_substitute(
        LISTEN=f"127.0.0.1:{port}", APP=app, MEDIA=media, RESOLVER=resolver
    )
    whole = folder / "nginx.conf"
    whole.write_text(
        "daemon off; user root; worker_processes 1; pid nginx.pid; error_log stderr;\n"
        "events {}\nhttp { access_log off; include /etc/nginx/mime.types;\n"
        + "".join(f"{kind}_temp_path {folder};\n" for kind in ("client_body", "proxy"))
        + server
        + "}\n"
    )
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(whole)])
    try:
        wait_until(lambda: process.poll() is not None or listens(port), "nginx to listen")
        assert process.returncode is None, f"nginx ended with {process.returncode}"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(LIMIT)


class Browser(requests.Session):
    """Somebody at one address, which may lead to several hosts: all of them get the cookies."""

    def __init__(self, address):
        super().__init__()
        self.address = address

    def request(self, *arguments, **named):
        response = super().request(*arguments, **named)
        known = self.cookies.get_dict()  # the newest of each name comes last
        self.cookies.clear()
        for name, value in known.items():
            self.cookies.set(name, value)
        return response

    def page(self, path, address=None, **form):
        """GET, or POST of a form with its CSRF token."""
        where = (address or self.address) + path
        if not form:
            return self.get(where)
        form["csrfmiddlewaretoken"] = self.cookies["csrftoken"]
        return self.post(where, form, headers={"Referer": where}, allow_redirects=False)

    def new_upload(self, path, name, data):
        """Say that a file of this name comes; where its pieces go."""
        coded = base64.b64encode(name.encode()).decode()
        headers = {"Upload-Length": str(len(data)), "Upload-Metadata": f"filename {coded}"}
        headers |= {"Tus-Resumable": "1.0.0", "X-CSRFToken": self.cookies["csrftoken"]}
        return self.post(self.address + path, headers=headers).headers["Location"]

    def piece(self, path, offset, data, address=None):
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "X-CSRFToken": self.cookies["csrftoken"],
        }
        return self.patch((address or self.address) + path, data, headers=headers)
