"""The nginx configuration that deployment uses, with a real nginx."""

import shutil
import socket
import string
import subprocess
import urllib.error
import urllib.request

import pytest
from django.conf import settings as django_settings
from django.core.files import File
from django.urls import reverse

from tests.factories import make_corpus, make_person
from tests.ports import free_port
from tests.waiting import LIMIT, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@pytest.fixture
def nginx(tmp_path, settings, live_server):
    """nginx before the application, by the template; its address."""
    if not shutil.which("nginx"):
        pytest.skip("no nginx on this machine (bash tools/debian.sh services)")
    settings.X_ACCEL = "/protected/"
    port = free_port()
    template = (django_settings.ROOT / "tools/nginx.conf.template").read_text()
    server = string.Template(template).safe_substitute(
        LISTEN=f"127.0.0.1:{port}", APP=live_server.url.split("//")[1], MEDIA=settings.MEDIA_ROOT
    )
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        "daemon off; user root; worker_processes 1; pid nginx.pid; error_log stderr;\n"
        "events {}\nhttp { access_log off; include /etc/nginx/mime.types;\n"
        + "".join(f"{kind}_temp_path {tmp_path};\n" for kind in ("client_body", "proxy"))
        + server
        + "}\n"
    )
    process = subprocess.Popen(["nginx", "-p", str(tmp_path), "-c", str(whole)])
    wait_until(lambda: process.poll() is not None or listens(port), "nginx to listen")
    assert process.returncode is None, f"nginx ended with {process.returncode}"
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(LIMIT)


def get(address, client, **headers):
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    asked = urllib.request.Request(address, headers={"Cookie": cookie} | headers)
    with urllib.request.urlopen(asked) as response:
        return response.status, dict(response.headers), response.read()


def test_nginx_sends_media_to_members_only(nginx, client_of, film, settings):
    lead = make_person("lead")
    corpus = make_corpus(lead)
    source = corpus.sources.create(title="film")
    with film.open("rb") as media:
        source.media.save("电影 film.mp4", File(media))
    source.run()
    dialogue = source.dialogues.get()
    address = nginx + reverse("dialogue_media", args=[dialogue.pk, "clip"])
    status, headers, body = get(address, client_of(lead), Range="bytes=10-19")
    clip = (settings.MEDIA_ROOT / dialogue.clip.name).read_bytes()
    assert (status, body) == (206, clip[10:20])
    assert headers["Content-Type"] == "video/mp4" and "X-Accel-Redirect" not in headers
    assert get(address, client_of(lead))[2] == clip
    for other in (address, f"{nginx}/protected/{dialogue.clip.name}"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(other, client_of(make_person()))
