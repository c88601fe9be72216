"""The nginx configuration that deployment uses, with a real nginx."""

import socket
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.files import File
from django.urls import reverse

from tests.factories import make_corpus, make_person
from tests.hosts import nginx_process
from tests.ports import free_port
from tests.waiting import wait_until


@pytest.fixture
def nginx(tmp_path, settings, live_server):
    """nginx in front of the live server; its address."""
    settings.X_ACCEL = "/protected/"
    host, port = live_server.thread.host, live_server.thread.port
    app = f"{socket.gethostbyname(host)}:{port}"
    with nginx_process(tmp_path, app, media=settings.MEDIA_ROOT) as address:
        yield address


def get(address, client, **headers):
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    asked = urllib.request.Request(address, headers={"Cookie": cookie} | headers)
    with urllib.request.urlopen(asked) as response:
        return response.status, dict(response.headers), response.read()


@pytest.mark.django_db(transaction=True)
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


class NameServer(threading.Thread):
    """Answers every question with one IPv4 address, as Docker's does for the name of a service."""

    def __init__(self):
        super().__init__(daemon=True)
        self.address = "127.0.0.1"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.start()

    def run(self):
        while True:
            try:
                question, asker = self.socket.recvfrom(512)
            except OSError:  # closed
                return
            end = question.index(b"\0", 12) + 5
            answer = question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question[12:end]
            answer += b"\xc0\x0c\0\1\0\1" + (600).to_bytes(4, "big") + b"\0\4"
            self.socket.sendto(answer + socket.inet_aton(self.address), asker)


class Greeting(BaseHTTPRequestHandler):
    """A web container that says its own address."""

    def do_GET(self):
        body = self.connection.getsockname()[0].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def body_of(address):
    try:
        with urllib.request.urlopen(address) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_nginx_finds_a_web_container_that_was_created_anew_and_says_when_there_is_none(tmp_path):
    names = NameServer()
    port = free_port()

    def web_at(address):
        server = ThreadingHTTPServer((address, port), Greeting)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    first = web_at("127.0.0.1")
    with nginx_process(tmp_path, f"web.internal:{port}", names.place) as address:
        assert body_of(address) == (200, "127.0.0.1")
        first.shutdown()
        first.server_close()
        status, page = body_of(address)
        assert status == 503 and "tries again by itself" in page and "自动重试" in page
        second = web_at("127.0.0.2")
        names.address = "127.0.0.2"
        wait_until(lambda: body_of(address) == (200, "127.0.0.2"), "nginx to look again")
        second.shutdown()
        second.server_close()
    names.socket.close()
