"""Plain: what a media file holds, the poster of a sound, and the peaks of a waveform."""

import re
import subprocess
from pathlib import Path
from typing import Any

import av
import ffmpeg
import numpy as np

from core.errors import gettext_noop
from corpus.ffmpeg_binary import ffmpeg_path
from corpus.frame_conversion import square_size
from corpus.media_info import RATE, UNKNOWN, MediaError, Probe, Track
from corpus.stream_reader import (
    SAFE_INPUT,
    Clock,
    Ends,
    Pictures,
    every_packet,
    frame_rate_of,
    is_picture,
    open_media,
    start_time_of,
)

PEAKS_PER_SECOND = 50
INDEXED = {"mov", "matroska"}  # formats in which the end can be sought
TAIL = 15.0  # seconds before the stated end from which the last packets are read
TEXT_SUBTITLES = {"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"}
ASIDE = re.compile(r"\bcommentary|audio description|评论音轨|口述影像", re.IGNORECASE)
SPOKEN_OF = {  # codec -> units of its stream that may hold captions or other words, beside pictures
    "h264": "6",
    "hevc": "39|40",
    "av1": "5",
    "mpeg2video": "178",
}
PLAYLISTS = {"hls", "concat", "dash", "applehttp", "sdp", "rtsp", "image2", "tty"}


def probe(path: Path, quick: bool = False) -> Probe:
    """Read what `path` holds. Raises MediaError if it is not playable video or audio.

    `quick` leaves the duration 0 where the whole file would have to be read for it.
    """
    if path.stat().st_size == 0:
        raise MediaError(
            gettext_noop("%(name)s is empty (0 bytes). Upload it again."), name=path.name
        )
    try:
        with open_media(path) as container:
            if PLAYLISTS & set(container.format.name.split(",")):
                raise MediaError(
                    gettext_noop("%(name)s is a list of other files, not media itself."),
                    name=path.name,
                )
            return _probed(path, container, quick)
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(
            gettext_noop(
                "%(name)s is not video or audio that can be read. Export it as MP4 and try again."
            ),
            name=path.name,
        ) from error


def _probed(path: Path, container: Any, quick: bool) -> Probe:
    video = main_video_stream(container)
    if video is None and not container.streams.audio:
        raise MediaError(gettext_noop("%(name)s holds neither picture nor sound."), name=path.name)
    duration = measured_duration(path, quick)
    if duration <= 0 and not quick:
        raise MediaError(
            gettext_noop(
                "%(name)s does not say when its sound or picture comes. Export it again as MP4."
            ),
            name=path.name,
        )
    width, height = display_size(path, video.index) if video else (0, 0)
    return Probe(
        duration=round(duration, 6),
        width=width,
        height=height,
        fps=float(frame_rate_of(video)) if video else 0.0,
        has_audio=any(stream.codec_context for stream in container.streams.audio),
        audio=tuple(_track(stream) for stream in container.streams.audio),
        subtitles=tuple(_track(stream) for stream in container.streams.subtitles),
        video=video.index if video else None,
    )


def main_video_stream(container: Any) -> Any:
    """The video stream that is shown: the one flagged as default, else the first; None if none."""
    films = [s for s in container.streams.video if is_picture(s) and s.codec_context]
    shown = [s for s in films if s.codec_context.width]
    shown.sort(key=lambda s: not s.disposition & av.stream.Disposition.default)
    return shown[0] if shown else None


def _track(stream: Any) -> Track:
    flags, kinds = stream.disposition, av.stream.Disposition
    aside = kinds.comment | kinds.descriptions | kinds.visual_impaired
    if stream.type == "audio":
        aside |= kinds.hearing_impaired | kinds.karaoke | kinds.clean_effects
    context = stream.codec_context
    codec = context.name if context else UNKNOWN
    title = stream.metadata.get("title", "") or _handler(stream)
    return Track(
        index=stream.index,
        codec=codec,
        language="" if stream.language == "und" else stream.language or "",
        title=title,
        default=bool(flags & kinds.default),
        comment=bool(flags & aside or ASIDE.search(title)),
        channels=context.channels if context and stream.type == "audio" else 0,
        text=stream.type == "subtitle" and codec in TEXT_SUBTITLES,
    )


def _handler(stream: Any) -> str:
    """What MP4 and MOV call a track, unless it is the name that a program gives to all of them."""
    name = str(stream.metadata.get("handler_name", ""))
    return "" if re.search(r"handler|media|gpac|apple", name, re.IGNORECASE) else name


def measured_duration(path: Path, quick: bool = False) -> float:
    """Seconds on the common clock to the end of the last packet of sound or picture.

    Read from the last packets where the format has an index, else from all of them: what headers
    say is missing, estimated from a bit rate, or left by a recording that was broken off. 0 where
    all of them would have to be read and it should be `quick`.
    """
    zero = start_time_of(path)
    with open_media(path) as container:
        stated = (container.duration or 0) / av.time_base
        names = set(container.format.name.split(","))
        if names & INDEXED and stated > 2 * TAIL:
            found = _end_from(container, zero, stated - TAIL)
            if abs(found - stated) < 1.0:
                return found
    if quick:
        return 0.0
    with open_media(path) as container:
        return _end_from(container, zero, None)


def _end_from(container: Any, zero: float, start: float | None) -> float:
    """The end of the last packet, read from about `start` seconds on; 0 if there is none."""
    clock, ends = Clock(container, zero), Ends()
    if start is not None:
        try:
            container.seek(round((start + clock.zero) * av.time_base))
        except av.FFmpegError:
            return 0.0
    for packet in every_packet(container):
        if packet.stream.type != "audio" and not is_picture(packet.stream):
            continue
        clock.place(packet)
        ends.add(packet)
    return ends.end


def display_size(path: Path, index: int) -> tuple[int, int]:
    """Width and height of a video stream's first frame as it is shown, in square pixels."""
    pictures = Pictures(path, index)
    try:
        frame = next((frame for _time, frame in pictures.frames), None)
        if frame is None:
            return pictures.stream.codec_context.width, pictures.stream.codec_context.height
        return square_size(frame, pictures.ratio)
    finally:
        pictures.close()


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


def extract_picture(clip: Path, target: Path) -> None:
    """Write the picture of a clip as MP4: its stream, copied at the clip's own times.

    No sound, subtitles, captions, chapters or names come along. Raises MediaError if the clip has
    no picture, or one that MP4 cannot hold.
    """
    index = probe(clip, quick=True).video
    if index is None:
        raise MediaError(gettext_noop("This clip has no picture."))
    with open_media(clip) as container:
        codec = container.streams[index].codec_context.codec.name
    units = SPOKEN_OF.get("av1" if "av1" in codec else codec)  # decoders have names of their own
    bare = {"bsf:v": f"filter_units=remove_types={units}"} if units else {}
    _copy_stream(clip, index, target, bare)


def extract_sound(clip: Path, target: Path) -> None:
    """Write the sound of a clip as MP4 (.m4a): its stream, copied at the clip's own times.

    Nothing else comes along. Raises MediaError if the clip has no sound, or one that MP4 cannot
    hold.
    """
    index = probe(clip, quick=True).track
    if index is None:
        raise MediaError(gettext_noop("This clip has no sound."))
    _copy_stream(clip, index, target, {})


def _copy_stream(clip: Path, index: int, target: Path, more: dict[str, Any]) -> None:
    """One stream into an MP4 of its own, to the bit as before at every call."""
    nameless = {"map_metadata": -1, "map_metadata:s": -1, "map_chapters": -1}
    kept = {"c": "copy", "copyts": None, "fflags": "+bitexact", "movflags": "+faststart"}
    source = ffmpeg.input(str(clip), **SAFE_INPUT)
    _run(ffmpeg.output(source[str(index)], str(target), f="mp4", **kept, **nameless, **more))


def extract_span(sound: Path, start: float, end: float, target: Path) -> None:
    """Write the span (seconds) of a dialogue's sound as WAV, 16 bit, without names.

    Raises MediaError if it cannot be read.
    """
    source = ffmpeg.input(str(sound), ss=start, t=end - start, **SAFE_INPUT)
    nameless = {"map_metadata": -1, "fflags": "+bitexact", "acodec": "pcm_s16le"}
    _run(ffmpeg.output(source.audio, str(target), f="wav", **nameless))


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
