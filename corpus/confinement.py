"""Plain: what a process that reads files of strangers may still do, by the means of the system.

Limits of memory and of files that are written hold everywhere. On Linux it also dies with its
parent, gains no rights, opens no sockets (seccomp), and reads and writes the given files alone
(Landlock). None of this needs rights of its own, so it holds in containers, too.
"""

import ctypes
import os
import platform
import resource
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# of <linux/prctl.h> and <linux/seccomp.h>
PARENT_DEATH_SIGNAL, NO_NEW_PRIVILEGES, SECCOMP, FILTER = 1, 38, 22, 2
# of <linux/filter.h>: load a word, jump if equal or at least, return
LOAD, IF_EQUAL, IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # REFUSE: with EPERM
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
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # bits that a version has; later ones 16
BY_ADDRESS, BY_SCOPE = 4, 6  # versions that know TCP, and signals and sockets without a name
SYSTEM = (  # files that programs and their libraries need, beside themselves
    *("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime"),
    *("/dev/urandom", "/dev/zero", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"),
)


@dataclass(frozen=True)
class Confinement:
    """What is allowed: bytes of memory and of a written file, files and folders that are read, and
    folders that are written as well.
    """

    memory: int
    written: int
    readable: tuple[str, ...]
    writable: tuple[str, ...] = ()


def confine(allowed: Confinement, parent: int) -> list[str]:
    """Confine this process, whose parent has the id `parent`, for good; what the system cannot do
    of "memory", "network" and "files".

    Raises RuntimeError if it has threads, which would not be confined.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, allowed.written)
    missing = [] if _limit(resource.RLIMIT_DATA, allowed.memory) else ["memory"]
    if sys.platform != "linux":
        return [*missing, "network", "files"]
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise RuntimeError("a process that has threads cannot be confined")
    with suppress(OSError):  # where memory is scarce it is ended, not who waits for it
        Path("/proc/self/oom_score_adj").write_text("1000")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before
        os._exit(1)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if not _confine_files(libc, allowed):
        missing.append("files")
    if not _refuse_calls(libc):
        missing.append("network")
    return missing


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
    if version < 1:
        return False
    known = (1 << RIGHTS.get(version, 16)) - 1
    asked = _Ruleset(known, 3 if version >= BY_ADDRESS else 0, 3 if version >= BY_SCOPE else 0)
    size = 24 if version >= BY_SCOPE else 16 if version >= BY_ADDRESS else 8
    rules = libc.syscall(CREATE_RULESET, ctypes.byref(asked), ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    try:
        for path in (*allowed.readable, *_program()):
            _allow(libc, rules, path, READ & known)
        for path in allowed.writable:
            _allow(libc, rules, path, (READ | WRITE) & ~EXECUTE & known)
        _allow(libc, rules, os.devnull, (READ_FILE | WRITE_FILE) & known)
        return bool(libc.syscall(RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _program() -> Iterable[str]:
    """This interpreter, its packages, and our own code that reads media; no data and no keys."""
    root = Path(__file__).resolve().parent.parent
    packages = {path for path in sys.path if path and Path(path).resolve() != root}
    return {*SYSTEM, sys.prefix, sys.base_prefix, *packages, f"{root}/core", f"{root}/corpus"}


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


def _refuse_calls(libc: ctypes.CDLL) -> bool:
    """Refuse the CALLS of this architecture by seccomp; whether that was possible."""
    if platform.machine() not in CALLS:
        return False
    architecture, calls = CALLS[platform.machine()]
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
    steps.append(_Step(RETURN, 0, 0, ALLOW))
    program = _Program(len(steps), (_Step * len(steps))(*steps))
    return bool(libc.prctl(SECCOMP, FILTER, ctypes.byref(program), 0, 0) == 0)
