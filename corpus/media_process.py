"""Media of others are read and written by a process of its own, confined by core/confinement.py.

It knows no secrets, reaches no network, reads the given files alone and writes one folder, within
limits of memory, time and size; `corpus.media_child` is what runs in it. If a file ends it, or
would need more, people read a sentence that names the file, and whoever asked goes on.
"""

import json
import logging
import os
import selectors
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from django.conf import settings

from core import storage
from core.confinement import Confinement
from core.errors import UserError, gettext_noop
from core.scratch import ScratchFolder
from corpus.clip_format import estimated_bytes
from corpus.ffmpeg_binary import ffmpeg_path
from corpus.media_info import Clip, MediaError, Probe, Shot, Track
from corpus.problems import Problem
from corpus.transcripts import Cue

log = logging.getLogger(__name__)

CRASHED = gettext_noop(
    "Reading %(name)s made the program that reads media crash. Export it as MP4 with another"
    " program and try again."
)
TOO_LARGE = gettext_noop(
    "Reading %(name)s takes more than the %(limit)d MB of memory that it may take. Export it with a"
    " smaller picture and try again, or have the administrator raise MEDIA_MEMORY_MB."
)
KILLED = gettext_noop(
    "The program that reads %(name)s was killed, probably because the machine lacks memory. Try"
    " again when it does less, or give it more memory."
)
TOO_SLOW = gettext_noop(
    "Reading %(name)s took longer than %(minutes)d min and was ended. Export it as MP4 and try"
    " again, or have the administrator raise MEDIA_TIME_FACTOR."
)
PROGRAM = ("-m", "corpus.media_child")
OUR_CODE = Path(__file__).parent  # that it runs, beside core
KEPT = (
    *("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "OMP_NUM_THREADS"),
    *("FFMPEG_BINARY", "IMAGEIO_FFMPEG_EXE"),
)
LEAST_SECONDS = 300  # that any step may take, beside MEDIA_TIME_FACTOR times the length
START_SECONDS = 120  # in which its process begins
QUICK_SECONDS = 60  # that somebody waits for a page
MOST_SECONDS = 48 * 3600
SLOWEST = 1_000_000  # bytes a second that a disk gives at least
LEAST_BYTES = 256 * 1024**2  # that a file may have which it writes
MODEL_MEMORY = 3  # times as large as its files is a model at work
MOST_ANSWER = 256 * 1024**2  # bytes of one answer

Report = Callable[[float], None]


def unheard(share: float) -> None:
    """Hears progress that nobody follows."""


class MediaProcess:
    """Reads the files and folders `readable`, the media first, and writes in `folder`.

    Its process begins with the first thing that is asked of it, and again after one that ended it.
    `length` is the seconds of media it is about, if they are known, `most_bytes` the largest file
    that it writes, `models` are directories of models that it loads. What is asked of it raises
    MediaError where the media are at fault.
    """

    def __init__(
        self,
        *readable: Path,
        folder: Path | None = None,
        length: float = 0.0,
        most_bytes: int = LEAST_BYTES,
        models: Sequence[str] = (),
    ) -> None:
        self.folder, self.length = folder, length
        self.size = readable[0].stat().st_size if readable and readable[0].is_file() else 0
        self.memory = settings.MEDIA_MEMORY_MB * 1024**2
        given = [Path(model) for model in models if model]
        self.memory += MODEL_MEMORY * sum(map(storage.size_of, given))
        # a hub's cache has links in a model's folder, which lead to the files
        links = {file.resolve().parent for model in given for file in model.rglob("*")}
        programs = [Path(ffmpeg_path()).resolve().parent]
        self.allowed = Confinement(
            memory=self.memory,
            written=max(most_bytes, LEAST_BYTES),
            readable=tuple(map(_absolute, (*readable, *programs, *given, *links, OUR_CODE))),
            writable=(_absolute(folder),) if folder else (),
        )
        self.child: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self.child:
            self.child.end()
            self.child = None

    def probe(self, path: Path, quick: bool = False) -> Probe:
        """`media.probe`."""
        probed = Probe.from_json(
            self._ask("probe", path, quick, most=QUICK_SECONDS if quick else None)
        )
        self.length = max(self.length, probed.duration)
        return probed

    def shots(self, path: Path, report_progress: Report = unheard) -> list[Shot]:
        """`shot_detection.shots`."""
        return [Shot(**row) for row in self._ask("shots", path, report_progress=report_progress)]

    def extract_subtitles(self, path: Path, track: Track) -> tuple[str, bytes]:
        """`subtitle_tracks.extract_subtitles`."""
        suffix, words = self._ask("extract_subtitles", path, asdict(track))
        return suffix, words.encode()

    def recognise_speech(
        self, path: Path, listening: Any, report_progress: Report, track: int | None
    ) -> list[Cue]:
        """`speech.recognise_speech`, with its Listening."""
        values = asdict(listening)
        rows = self._ask("recognise_speech", path, values, track, report_progress=report_progress)
        return [Cue(**row) for row in rows]

    def cut(
        self,
        path: Path,
        probed: Probe,
        spans: Sequence[tuple[float, float]],
        targets: Sequence[Path],
        report_progress: Report = unheard,
        track: int | None = None,
        exact: bool = False,
    ) -> list[Clip]:
        """`clip_writer.cut`, with a target each span."""
        more = [asdict(probed), spans, [_absolute(one) for one in targets], track, exact]
        rows = self._ask("cut", path, *more, report_progress=report_progress)
        return [Clip.from_json(row) for row in rows]

    def derive(self, clip: Path, probed: Probe) -> None:
        """`clip_writer.derive`."""
        self._ask("derive", clip, asdict(probed))

    def sound_poster(self, clip: Path, image: Path) -> None:
        """`media.sound_poster`."""
        self._ask("sound_poster", clip, _absolute(image))

    def extract_picture(self, clip: Path, target: Path) -> None:
        """`media.extract_picture`."""
        self._ask("extract_picture", clip, _absolute(target))

    def extract_sound(self, clip: Path, target: Path) -> None:
        """`media.extract_sound`."""
        self._ask("extract_sound", clip, _absolute(target))

    def extract_span(self, sound: Path, start: float, end: float, target: Path) -> None:
        """`media.extract_span`."""
        self._ask("extract_span", sound, start, end, _absolute(target))

    def measure(self, path: Path, track: int | None, report_progress: Report = unheard) -> float:
        """Measure a source for `check_clip`; seconds at which its picture begins, 0 without one."""
        return float(self._ask("measure", path, track, report_progress=report_progress))

    def check_clip(
        self, path: Path, track: int | None, clip: Path, start: float, end: float
    ) -> list[Problem]:
        """`clip_comparison.check_clip` beside the source at `path`."""
        rows = self._ask("check_clip", path, track, _absolute(clip), start, end, about=clip)
        return [Problem(**row) for row in rows]

    def _ask(
        self,
        work: str,
        path: Path,
        *arguments: Any,
        report_progress: Report = unheard,
        about: Path | None = None,
        most: float | None = None,
    ) -> Any:
        """What a function of the child returns; `about` is the file that is named as at fault.

        Raises UserError, and whatever `report_progress` raises.
        """
        file, whole = about or path, [_absolute(path), *arguments]
        if settings.MEDIA_IN_PROCESS:
            from corpus import media_child  # PyAV takes 17 MB, which web processes rarely need

            return json.loads(json.dumps(media_child.WORK[work](report_progress, *whole)))
        seconds = most or min(
            LEAST_SECONDS + settings.MEDIA_TIME_FACTOR * self.length + self.size / SLOWEST,
            MOST_SECONDS,
        )
        try:
            if self.child is None:
                self.child = _Child(self.allowed)
            for answer in self.child.ask(work, whole, seconds):
                if "progress" not in answer:
                    break
                report_progress(float(answer["progress"]))
        except _TooSlow as error:
            self.close()
            raise MediaError(TOO_SLOW, name=file.name, minutes=seconds // 60) from error
        except _Crash as error:
            self.close()
            log.warning("The process that read %s ended with %s", file.name, error)
            killed = str(error) == signal.SIGKILL.name
            raise MediaError(KILLED if killed else CRASHED, name=file.name) from error
        except BaseException:  # it would go on with what nobody waits for
            self.close()
            raise
        if "error" in answer:
            raise self._error(answer["error"], file)
        if self.folder and "files" in self.child.missing:
            _refuse_links(self.folder)
        return answer["result"]

    def _error(self, error: dict[str, Any], file: Path) -> Exception:
        """The error that an answer describes."""
        if error["kind"] == "memory":
            return MediaError(TOO_LARGE, name=file.name, limit=self.memory // 1024**2)
        if error["kind"] == "fault":
            return RuntimeError(error["what"])
        kind = MediaError if error["kind"] == "MediaError" else UserError
        described = kind(error["template"], **error["values"])
        if error["errno"]:
            described.__cause__ = OSError(error["errno"], os.strerror(error["errno"]))
        return described


class _Crash(Exception):
    """The child ended without an answer."""


class _TooSlow(Exception):
    """The child was not ready in time."""


class _Child:
    """A running child, its answers and the folder for what its libraries put aside."""

    def __init__(self, allowed: Confinement) -> None:
        self.scratch = ScratchFolder("reading")
        allowed_here = asdict(allowed) | {"writable": [*allowed.writable, self.scratch.name]}
        self.errors = (Path(self.scratch.name) / "stderr.txt").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, *PROGRAM],
            cwd=settings.ROOT,
            env=_environment(self.scratch.name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            start_new_session=True,
        )
        assert self.process.stdin and self.process.stdout  # they are pipes
        self.input, self.output = self.process.stdin, self.process.stdout
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.output, selectors.EVENT_READ)
        self.buffer = b""
        self._send({"allowed": allowed_here, "parent": os.getpid()})
        try:
            self.missing = tuple(self._line(time.monotonic() + START_SECONDS)["missing"])
        except BaseException:
            self.end()
            raise
        _record(self.missing)

    def ask(self, work: str, arguments: list[Any], seconds: float) -> Iterator[dict[str, Any]]:
        """Its answers, the last one with a result or an error. Raises _TooSlow and _Crash."""
        deadline = time.monotonic() + seconds
        cpu_seconds = seconds * (os.cpu_count() or 1)
        self._send({"work": work, "arguments": arguments, "cpu_seconds": cpu_seconds})
        while True:
            yield self._line(deadline)

    def _send(self, message: dict[str, Any]) -> None:
        with suppress(BrokenPipeError):  # reading its answer says what is wrong
            self.input.write(json.dumps(message).encode() + b"\n")
            self.input.flush()

    def _line(self, deadline: float) -> dict[str, Any]:
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not self.selector.select(left):
                raise _TooSlow
            part = os.read(self.output.fileno(), 1 << 20)
            self.buffer += part
            if not part:
                raise self._end_without_answer()
            if len(self.buffer) > MOST_ANSWER:
                raise _Crash("an answer without an end")
        line, _, self.buffer = self.buffer.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise _Crash("an answer that is no JSON") from error
        if not isinstance(answer, dict):
            raise _Crash("an answer that is no object")
        return answer

    def _end_without_answer(self) -> Exception:
        status = self.process.wait()
        if status == -signal.SIGXCPU:
            return _TooSlow()
        if status < 0:
            return _Crash(signal.Signals(-status).name)
        self.errors.seek(0)
        words = self.errors.read()[-4000:].decode(errors="replace")
        return RuntimeError(f"corpus.media_child ended with status {status}: {words}")

    def end(self) -> None:
        """End it, also where it does not want to, with all that it has started."""
        with suppress(OSError):
            self.input.close()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.selector.close()
        self.output.close()
        self.errors.close()
        self.scratch.close()


def _environment(scratch: str) -> dict[str, str]:
    """All that the child finds in its environment: no keys, no addresses of servers."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    own = {"HOME": scratch, "TMPDIR": scratch, "LANG": "C.UTF-8", "HF_HUB_OFFLINE": "1"}
    return kept | own | {"OPENBLAS_NUM_THREADS": "1"}  # a process with threads is not confined


def _absolute(path: Path) -> str:
    return str(path.absolute())


@lru_cache
def _record(missing: tuple[str, ...]) -> None:
    """Say once in the log what this system cannot confine."""
    if missing:
        log.warning("Processes that read media are not confined in: %s", ", ".join(missing))


def _refuse_links(folder: Path) -> None:
    """Raises RuntimeError for what is neither a file of its own nor a folder."""
    for file in folder.rglob("*"):
        state = file.lstat()
        own = stat.S_ISREG(state.st_mode) and state.st_nlink == 1
        if not own and not stat.S_ISDIR(state.st_mode):
            raise RuntimeError(f"{file.name}, which was written for media, is no file of its own")


def probe(path: Path, quick: bool = False) -> Probe:
    """What a media file holds, as `media.probe`."""
    with MediaProcess(path) as process:
        return process.probe(path, quick)


def folders_of(names: Iterable[str]) -> set[Path]:
    """The folders in which stored files lie, or their copies as `storage.local` fetches them."""
    places = {storage.local_path(name) for name in names}
    return {place.parent if place else settings.WORK_DIR for place in places}


def bytes_of(probed: Probe, spans: Sequence[tuple[float, float]]) -> int:
    """Bytes that the largest file of these clips has at most."""
    return max((estimated_bytes(probed, [span]) for span in spans), default=0)


def missing_confinement() -> tuple[str, ...]:
    """What this system cannot confine of "memory", "network" and "files"."""
    with MediaProcess() as process:
        process.child = _Child(process.allowed)
        return process.child.missing
