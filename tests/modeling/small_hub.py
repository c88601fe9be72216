"""The few addresses of a hub that a download needs, on loopback."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "a" * 40


@contextmanager
def small_hub(repos, gated=(), licence="apache-2.0", cut=(), spoiled=()):
    """Serve directories by the names of their repositories; the address and the paths asked for.

    Files of `cut` end early once, those of `spoiled` have other content than the hub says.
    """
    asked, cut = [], set(cut)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            path = self.path.split("?")[0]
            asked.append((path, self.headers.get("Range"), self.headers.get("Authorization")))
            for repo, root in repos.items():
                about, _, revision = path.partition("/revision/")
                if about == f"/api/models/{repo}":
                    revision = revision or "main"
                    if revision not in ("main", COMMIT, "v1"):
                        return self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
                    return self._info(repo, root)
                start = f"/{repo}/resolve/{COMMIT}/"
                if path.startswith(start) and (root / path.removeprefix(start)).is_file():
                    return self._file(root / path.removeprefix(start))
            return self._answer(404, b"", {"X-Error-Code": "RepoNotFound"})

        def _info(self, repo, root):
            siblings = []
            for file in sorted(p for p in root.rglob("*") if p.is_file()):
                data = file.read_bytes()
                row = {"rfilename": str(file.relative_to(root)), "size": len(data)}
                row["blobId"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324
                if file.suffix in (".safetensors", ".bin"):
                    row["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data),
                                  "pointerSize": 130}  # fmt: skip
                siblings.append(row)
            body = {
                "id": repo, "modelId": repo, "sha": COMMIT, "gated": repo in gated,
                "private": False, "siblings": siblings,
                "cardData": {"license": licence} if licence else None, "tags": [],
            }  # fmt: skip
            self._answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

        def _file(self, file):
            data, status, more = file.read_bytes(), 200, {}
            if wanted := self.headers.get("Range"):
                first = int(wanted.removeprefix("bytes=").split("-")[0])
                more = {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"}
                data, status = data[first:], 206
            if file.name in spoiled:
                data = bytes(len(data))
            if file.name in cut:
                cut.discard(file.name)
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
                return
            self._answer(status, data, more)

        def _answer(self, status, body, headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")  # sets close_connection: no thread stays behind
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False  # they are waited for
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()
