"""What the images' HEALTHCHECK asks, `container_health.py web|worker`: status 1 where it fails.

The web process answers /health/ready/; a worker has announced itself in the queue's Redis, where
its entry expires when it says nothing more (jobs/workers.py).
"""

import os
import socket
import sys
import urllib.error
import urllib.request

import redis

READY = "http://127.0.0.1:8000/health/ready/"
ENTRIES = "shengqing:worker:{}:*"  # of one host: jobs/workers.py
PATIENCE = 5.0  # seconds


def web_fault(address: str = READY) -> str:
    """Why the web process is not ready; empty if it is."""
    try:
        urllib.request.urlopen(address, timeout=PATIENCE).close()
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace")
    except OSError as error:
        return str(error)
    return ""


def worker_fault(url: str, host: str) -> str:
    """Why no worker of this host is known; empty if there is one."""
    options = {} if url.startswith("unix") else {"socket_connect_timeout": PATIENCE}
    client = redis.Redis.from_url(url, socket_timeout=PATIENCE, **options)
    try:
        found = any(True for _ in client.scan_iter(ENTRIES.format(host)))
    except redis.RedisError as error:
        return str(error)
    return "" if found else f"no worker of {host} has announced itself"


def main() -> None:
    if sys.argv[1:] == ["web"]:
        fault = web_fault()
    elif sys.argv[1:] == ["worker"]:
        fault = worker_fault(os.environ["REDIS_URL"], socket.gethostname())
    else:
        sys.exit("usage: container_health.py web|worker")
    sys.exit(fault or 0)


if __name__ == "__main__":
    main()
