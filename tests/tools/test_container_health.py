"""What the images' HEALTHCHECK asks, of real servers."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from jobs import workers
from tests.ports import free_port
from tests.waiting import wait_until
from tests.workers import start_broker
from tools.container_health import web_fault, worker_fault


class Ready(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"the disk is nearly full")

    def log_message(self, *_):
        pass


def test_a_web_process_is_healthy_when_it_is_ready():
    assert "refused" in web_fault(f"http://127.0.0.1:{free_port()}/")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ready)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    try:
        assert web_fault(address) == ""
        Ready.status = 503
        assert web_fault(address) == "the disk is nearly full"
    finally:
        Ready.status = 200
        server.shutdown()
        server.server_close()


def test_a_worker_is_healthy_while_it_announces_itself(settings):
    assert worker_fault(f"redis://127.0.0.1:{free_port()}/0", "host")
    broker = start_broker(settings)
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://")
    host = socket.gethostname()
    try:
        assert worker_fault(url, host) == f"no worker of {host} has announced itself"
        end = workers.announce(["work"])
        wait_until(lambda: worker_fault(url, host) == "", "the announcement")
        assert worker_fault(url, "another") != ""
        end()
        assert worker_fault(url, host) != ""
    finally:
        if broker:
            broker.terminate()
            broker.wait()
