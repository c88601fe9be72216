"""Plain: what a process that reads files of strangers may still do, by the means of the system.

Limits of memory and of files that are written hold everywhere. On Linux it also gains no rights,
reaches no network (seccomp), and reads and writes the given files alone (Landlock). None of this
needs rights of its own, so it holds in containers, too.

    python -m core.confinement CONFINEMENT PROGRAM ARGUMENT …

confines itself (a Confinement as JSON) and becomes the program; without one it prints what the
system cannot do.
"""

import ctypes
import json
import os
import platform
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

# of <linux/prctl.h> and <linux/seccomp.h>
PARENT_DEATH_SIGNAL, NO_NEW_PRIVILEGES, SECCOMP, FILTER = 1, 38, 22, 2
# of <linux/filter.h>: load a word, jump if equal or at least, return
LOAD, IF_EQUAL, IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # REFUSE: with EPERM
FIRST_ARGUMENT = 16  # where a filter finds it
LOCAL, ROUTING = 1, 16  # families of sockets: of this machine, and what tells of its interfaces
X32 = 0x40000000  # calls of x86-64's other interface have numbers from here on
# architecture -> its number, and those of its calls that reach other machines or processes: socket,
# ptrace, process_vm_readv, process_vm_writev, unshare, setns, mount, bpf, keyctl, userfaultfd,
# perf_event_open, io_uring_setup, pidfd_getfd
CALLS = {
    "x86_64": (0xC000003E, (41, 101, 310, 311, 272, 308, 165, 321, 250, 323, 298, 425, 438)),
    "aarch64": (0xC00000B7, (198, 117, 270, 271, 97, 268, 40, 280, 219, 282, 241, 425, 438)),
}
# of <linux/landlock.h>: calls, and rights over files by bit
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1, 2, 4, 8, 1 << 14
READ = EXECUTE | READ_FILE | READ_DIR
WRITE = WRITE_FILE | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | TRUNCATE  # remove, make folders and files
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE  # all others are of folders
REFER = 1 << 13  # move from one folder to another
# what changes files, without devices: also links, sockets and pipes with names
CHANGE = WRITE | REFER | 1 << 9 | 1 << 10 | 1 << 12
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # bits that a version has; later ones 16
BY_MOVE, BY_ADDRESS, BY_SCOPE = 2, 4, 6  # versions that know REFER, TCP, signals and sockets
TCP, SIGNALS, SCOPE = 3, 2, 3  # all that later versions know of addresses, and of scope
ROOT = Path(__file__).resolve().parent.parent
SYSTEM = (  # files that programs and their libraries need, beside themselves
    *("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime"),
    *("/dev/urandom", "/dev/zero", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"),
)


@dataclass(frozen=True)
class Confinement:
    """What is allowed: files and folders that are read (None: all), and folders that are written as
    well; bytes of memory and of a written file (0: as many as there are); sockets of this machine.
    """

    readable: tuple[str, ...] | None = None
    writable: tuple[str, ...] = ()
    memory: int = 0
    written: int = 0
    local_sockets: bool = False


def confine(allowed: Confinement, parent: int | None = None) -> list[str]:
    """Confine this process for good; what the system cannot do of "memory", "network" and "files".
    With the id of its `parent` it dies with that, and goes first where memory is scarce.

    Raises RuntimeError if it has threads, which would not be confined.
    """
    missing = []
    _limit(resource.RLIMIT_CORE, 0)
    if allowed.written:
        _limit(resource.RLIMIT_FSIZE, allowed.written)
    if allowed.memory and not _limit(resource.RLIMIT_DATA, allowed.memory):
        missing.append("memory")
    if sys.platform != "linux":
        return [*missing, "network", "files"]
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise RuntimeError("a process that has threads cannot be confined")
    libc = ctypes.CDLL(None, use_errno=True)
    if parent is not None:
        with suppress(OSError):  # where memory is scarce it is ended, not who waits for it
            Path("/proc/self/oom_score_adj").write_text("1000")
        libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before
            os._exit(1)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if not _confine_files(libc, allowed):
        missing.append("files")
    if not _refuse_calls(libc, allowed.local_sockets):
        missing.append("network")
    return missing


def confined_command(allowed: Confinement, command: list[str]) -> list[str]:
    """The command that runs another one confined, from the folder that has this package."""
    return [sys.executable, "-m", "core.confinement", json.dumps(asdict(allowed)), *command]


@lru_cache
def missing_for(allowed: Confinement) -> tuple[str, ...]:
    """What this system cannot do of a Confinement."""
    done = subprocess.run(
        confined_command(allowed, []), cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(json.loads(done.stdout))


def limit_cpu(seconds: float) -> None:
    """End this process when it has used so many more seconds of the processors."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1, hard=False)


def _limit(what: int, most: int, hard: bool = True) -> bool:
    """Whether the limit could be set; a lower one that is there stays."""
    _soft, ceiling = resource.getrlimit(what)
    if ceiling != resource.RLIM_INFINITY:
        most = min(most, ceiling)
    with suppress(ValueError, OSError):
        resource.setrlimit(what, (most, most if hard else ceiling))
        return True
    return False


class _Ruleset(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("files", "addresses", "scope")]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def _confine_files(libc: ctypes.CDLL, allowed: Confinement) -> bool:
    """Restrict this process to the given files by Landlock; whether the kernel has it."""
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < (1 if allowed.readable is not None else BY_MOVE):
        return False
    known = (1 << RIGHTS.get(version, 16)) - 1
    if allowed.readable is None:
        asked = _Ruleset(CHANGE & known, 0, SIGNALS if version >= BY_SCOPE else 0)
    else:
        asked = _Ruleset(
            known, TCP if version >= BY_ADDRESS else 0, SCOPE if version >= BY_SCOPE else 0
        )
    size = 24 if version >= BY_SCOPE else 16 if version >= BY_ADDRESS else 8
    rules = libc.syscall(CREATE_RULESET, ctypes.byref(asked), ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    try:
        if allowed.readable is None:
            for path in allowed.writable:
                _allow(libc, rules, path, CHANGE & known)
            _allow(libc, rules, "/dev", WRITE_FILE)  # graphics cards, and nothing new
            _allow(libc, rules, "/dev/shm", CHANGE & known)  # what processes of it share
        else:
            for path in (*allowed.readable, *_program()):
                _allow(libc, rules, path, READ & known)
            for path in allowed.writable:
                _allow(libc, rules, path, (READ | WRITE) & ~EXECUTE & known)
            _allow(libc, rules, os.devnull, (READ_FILE | WRITE_FILE) & known)
        return bool(libc.syscall(RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _program() -> Iterable[str]:
    """This interpreter, its packages, and this package; no data and no keys."""
    packages = {path for path in sys.path if path and Path(path).resolve() != ROOT}
    return {*SYSTEM, sys.prefix, sys.base_prefix, *packages, f"{ROOT}/core"}


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    """Add rights over a file, or over all beneath a folder; what is not there needs none.

    Raises OSError.
    """
    try:
        place = os.open(path, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        own = rights if Path(path).is_dir() else rights & OF_FILES
        rule = _Beneath(own, place)
        if libc.syscall(ADD_RULE, rules, 1, ctypes.byref(rule), 0):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(place)


class _Step(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Step))]


def _refuse_calls(libc: ctypes.CDLL, local_sockets: bool) -> bool:
    """Refuse the CALLS of this architecture by seccomp; whether that was possible."""
    if platform.machine() not in CALLS:
        return False
    architecture, (socket, *calls) = CALLS[platform.machine()]
    steps = [
        _Step(LOAD, 0, 0, 4),  # the architecture of the call
        _Step(IF_EQUAL, 1, 0, architecture),
        _Step(RETURN, 0, 0, KILL),
        _Step(LOAD, 0, 0, 0),  # its number
        _Step(IF_AT_LEAST, 0, 1, X32),
        _Step(RETURN, 0, 0, KILL),
    ]
    for call in calls:
        steps += [_Step(IF_EQUAL, 0, 1, call), _Step(RETURN, 0, 0, REFUSE)]
    if local_sockets:
        steps += [
            _Step(IF_EQUAL, 0, 4, socket),
            _Step(LOAD, 0, 0, FIRST_ARGUMENT),
            _Step(IF_EQUAL, 2, 0, LOCAL),
            _Step(IF_EQUAL, 1, 0, ROUTING),
            _Step(RETURN, 0, 0, REFUSE),
        ]
    else:
        steps += [_Step(IF_EQUAL, 0, 1, socket), _Step(RETURN, 0, 0, REFUSE)]
    steps.append(_Step(RETURN, 0, 0, ALLOW))
    program = _Program(len(steps), (_Step * len(steps))(*steps))
    return bool(libc.prctl(SECCOMP, FILTER, ctypes.byref(program), 0, 0) == 0)


def main(arguments: list[str]) -> None:
    missing = confine(Confinement(**json.loads(arguments[0])))
    if not arguments[1:]:
        print(json.dumps(missing))  # noqa: T201
        return
    os.execvp(arguments[1], arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
