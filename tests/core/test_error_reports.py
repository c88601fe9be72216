"""Errors reach a service that speaks Sentry's protocol: here a small one of the test."""

import gzip
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.core.test_logs import TOKEN

CODE = """
import django; django.setup()
import logging
from unittest import mock
import sentry_sdk
from django.test import Client

def broken(*_, **__):
    password = "geheim-im-rahmen"
    raise ZeroDivisionError("nothing to divide")

with mock.patch("core.middleware._check_head", broken):
    answer = Client(raise_request_exception=False).post(
        "/invitations/TOKEN/?token=TOKEN",
        {"password": "geheim"},
        headers={"Cookie": "sessionid=TOKEN"},
    )
print(answer.content.decode().split("<code>")[1].split("</code>")[0])
try:
    broken()
except ZeroDivisionError:
    logging.getLogger("jobs.models").exception("source 7 failed", extra={"error_id": "JOBERROR"})
sentry_sdk.flush(20)
""".replace("TOKEN", TOKEN)


def test_an_error_of_a_page_and_of_a_job_is_reported_with_its_id_and_no_secret(tmp_path):
    received = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            received.append(body.decode())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        environment = os.environ | {
            "SENTRY_DSN": f"http://public@127.0.0.1:{server.server_port}/1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(tmp_path / "data"),
            "ALLOWED_HOSTS": "testserver",
            "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
            "no_proxy": "*",
        }
        run = subprocess.run(
            [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True
        )
    finally:
        server.shutdown()
        server.server_close()
    assert run.returncode == 0, run.stderr
    shown = run.stdout.split()[-1]
    events = [
        json.loads(line)
        for body in received
        for line in body.splitlines()
        if '"exception"' in line and '"values"' in line
    ]
    assert {event["tags"]["error_id"] for event in events} == {shown, "JOBERROR"}
    for event in events:
        assert event["exception"]["values"][-1]["type"] == "ZeroDivisionError"
    whole = "".join(received)
    assert TOKEN not in whole and "geheim" not in whole
