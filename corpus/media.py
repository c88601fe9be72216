"""Plain: what a media file holds, the poster of a sound, and the peaks of a waveform."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import ffmpeg
import imageio_ffmpeg
import numpy as np

from corpus.complaints import Complaint, gettext_noop

RATE = 16_000  # Hz of the mono audio kept beside each clip
PEAKS_PER_SECOND = 50
MAX_HEIGHT = 720
SAFE_INPUT = {"protocol_whitelist": "file,pipe"}  # a playlist must not make us open other things
PLAYLISTS = {"hls", "concat", "dash", "applehttp", "sdp", "rtsp", "image2", "tty"}


class MediaError(Complaint):
    """A file that is not usable media; the message is one sentence for a person."""


@dataclass(frozen=True)
class Probe:
    """What a file holds: seconds, and width and height in pixels (0 without a picture)."""

    duration: float
    width: int
    height: int
    fps: float
    has_audio: bool

    @property
    def has_video(self) -> bool:
        return self.width > 0


@cache
def ffmpeg_path() -> str:
    """FFMPEG_BINARY if set, else the machine's ffmpeg, else the one that imageio-ffmpeg carries."""
    return (
        os.environ.get("FFMPEG_BINARY") or shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
    )


def probe(path: Path) -> Probe:
    """Read the headers of `path`. Raises MediaError if it is not playable video or audio."""
    if path.stat().st_size == 0:
        raise MediaError(
            gettext_noop("%(name)s is empty (0 bytes). Upload it again."), name=path.name
        )
    try:
        with av.open(str(path), options=SAFE_INPUT, metadata_errors="replace") as container:
            if PLAYLISTS & set(container.format.name.split(",")):
                raise MediaError(
                    gettext_noop("%(name)s is a list of other files, not media itself."),
                    name=path.name,
                )
            return _probed(path, container)
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(
            gettext_noop(
                "%(name)s is not video or audio that can be read. Export it as MP4 and try again."
            ),
            name=path.name,
        ) from error


def _probed(path: Path, container: av.container.InputContainer) -> Probe:
    video = next((s for s in container.streams.video if s.average_rate), None)
    audio = next(iter(container.streams.audio), None)
    if video is None and audio is None:
        raise MediaError(gettext_noop("%(name)s holds neither picture nor sound."), name=path.name)
    duration = (container.duration or 0) / av.time_base
    if duration <= 0:
        raise MediaError(
            gettext_noop("%(name)s does not say how long it is. Export it again as MP4."),
            name=path.name,
        )
    return Probe(
        duration=duration,
        width=video.width if video else 0,
        height=video.height if video else 0,
        fps=float(video.average_rate or 0) if video else 0.0,
        has_audio=audio is not None,
    )


def _run(stream: object) -> None:
    command = ffmpeg.compile(stream, cmd=ffmpeg_path(), overwrite_output=True)
    quiet = [command[0], "-nostdin", "-hide_banner", "-loglevel", "error", *command[1:]]
    done = subprocess.run(quiet, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        if "No space left" in done.stderr.decode(errors="replace"):
            raise MediaError(gettext_noop("The disk is full. Free some space and start again."))
        raise MediaError(
            gettext_noop("ffmpeg could not convert the file: %(why)s"), why=last[0][:300]
        )


def sound_poster(clip: Path, image: Path) -> None:
    """Write one JPEG for a clip without a picture: its waveform."""
    source = ffmpeg.input(str(clip), **SAFE_INPUT)
    stream = source.audio.filter("showwavespic", s="640x360", colors="#0f766e")
    _run(ffmpeg.output(stream, str(image), vframes=1, **{"qscale:v": 4}))


def peaks(wave: np.ndarray) -> list[float]:
    """The loudest sample of each 20 ms of `wave` (n,), in [0, 1], rounded to two digits."""
    size = RATE // PEAKS_PER_SECOND
    padded = np.pad(np.abs(wave), (0, -len(wave) % size))
    return [round(float(p), 2) for p in padded.reshape(-1, size).max(axis=1)] if len(wave) else []
