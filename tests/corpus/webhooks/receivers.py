"""Receivers of webhooks on this machine: real servers that keep what they were sent."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from types import SimpleNamespace

LOOPBACK = [ip_network("127.0.0.0/8")]


@contextmanager
def receiver(answer=None, context=None):
    """A server whose `received` grows by (path, headers, body) with each POST, and its `address`.

    `answer(handler, number)` answers instead of 204, the first time with number 1.
    """
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, dict(self.headers), body))
            if answer:
                return answer(self, len(received))
            respond(self, 204)

        def log_message(self, *words):
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    scheme = "https" if context else "http"
    try:
        yield SimpleNamespace(
            received=received,
            port=server.server_port,
            address=f"{scheme}://127.0.0.1:{server.server_port}/hook",
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def respond(handler, status, body=b"", **headers):
    """Answer with a status, a body and headers (`Retry_After` is Retry-After)."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
