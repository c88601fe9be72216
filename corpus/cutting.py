"""Plain: one pass over an episode writes every dialogue's clip, sound, poster and peaks (PyAV).

Frames are taken whole, on the episode's own frame grid: a clip starts with the last frame that is
shown at or before its start and ends before the first frame at or after its end, so that times in
the clip are the episode's times minus `Clip.start`, to the frame. Sound is cut to the sample.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from corpus.complaints import gettext_noop
from corpus.media import MAX_HEIGHT, RATE, SAFE_INPUT, MediaError, Probe, peaks
from corpus.tonemapping import HLG, PQ, cube

KEY_INTERVAL = 0.5  # seconds
FAR = 8.0  # seconds ahead from which seeking is cheaper than decoding on
MOST_MISSING = 1.0  # seconds by which the picture may end before a dialogue does
CLOCK = Fraction(1, 90_000)
SOUND_RATE = 48_000
LAYOUTS = {1: "mono", 2: "stereo"}
BLOCK = 1024  # samples an AAC frame holds
SOUND_BITS = 110_000 + 300_000  # bits a second of AAC, and of FLAC at its worst
BUFFERED = 2  # seconds of it that may come in a burst
CLIP_BYTES = 1_400_000  # of a poster, peaks, headers, and what a buffer may hold


@dataclass(frozen=True)
class Clip:
    """What was written: start and end in the episode, seconds, on its frame grid."""

    start: float
    end: float
    frames: int
    samples: int


def cut(
    path: Path,
    found: Probe,
    spans: Sequence[tuple[float, float]],
    target: Callable[[int], Path],
    done: Callable[[int], None],
) -> list[Clip]:
    """Write `target(i)` with .mp4, .flac, .jpg and .json for each of the ordered `spans`.

    `done(i)` hears when clip i is whole; files appear under their names only then, and `.cut`
    last of all: a clip that has it, left by an attempt that was killed, is not cut again.
    Raises MediaError if the episode cannot be decoded there.
    """
    clips: list[Clip] = []
    try:
        with av.open(str(path), options=SAFE_INPUT, metadata_errors="replace") as picture:
            frames = _Frames(picture) if found.has_video else None
            with av.open(str(path), options=SAFE_INPUT, metadata_errors="replace") as sound:
                samples = _Samples(sound) if found.has_audio else None
                for index, (start, end) in enumerate(spans):
                    mark = target(index).with_suffix(".cut")
                    if mark.exists():
                        clips.append(Clip(**json.loads(mark.read_text())))
                    else:
                        clips.append(_one(frames, samples, start, end, target(index)))
                        _write_whole(mark, json.dumps(asdict(clips[-1])))
                    done(index)
    except (av.FFmpegError, OSError) as error:
        raise MediaError(
            gettext_noop("The file cannot be decoded after %(clips)d dialogues: %(why)s"),
            clips=len(clips),
            why=str(error)[:200],
        ) from error
    return clips


def most_bytes(found: Probe, spans: Sequence[tuple[float, float]]) -> int:
    """Bytes that the files of `spans` take at most."""
    seconds = sum(end - start for start, end in spans)
    rate = (_bits(found.width, found.height) if found.has_video else 0) + SOUND_BITS
    return int(seconds * rate / 8 * 1.05) + len(spans) * CLIP_BYTES


def _bits(width: int, height: int) -> int:
    """Bits a second that the picture of a clip may have: 3 million at 720p."""
    shrink = min(1.0, MAX_HEIGHT / height)
    return max(int(3_000_000 * width * height * shrink**2 / (1280 * 720)), 600_000)


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_suffix(".writing")
    partial.write_text(text)
    partial.replace(path)


def _decoded(frames: Iterator[Any]) -> Any:
    """The next frame; None at the end, which a broken tail is taken for."""
    try:
        return next(frames, None)
    except av.FFmpegError:
        return None


class _Frames:
    """The pictures of an episode in order, with the ability to skip ahead."""

    def __init__(self, container: Any) -> None:
        self.container = container
        self.stream = container.streams.video[0]
        self.stream.thread_type = "AUTO"
        self.zero = float((self.stream.start_time or 0) * self.stream.time_base)
        self.decoded = container.decode(self.stream)
        self.ahead: Any = None  # a decoded frame that was not taken yet
        self.now = 0.0

    def span(self, start: float, end: float) -> Iterator[tuple[float, Any]]:
        """(time, frame) from the frame shown at `start` to the last one before `end`."""
        if start - self.now > FAR:
            offset = int((max(start - 0.5, 0.0) + self.zero) / self.stream.time_base)
            self.container.seek(offset, stream=self.stream, backward=True)
            self.decoded, self.ahead = self.container.decode(self.stream), None
        shown: tuple[float, Any] | None = None
        while (item := self._next()) is not None:
            time, frame = item
            if time >= end - 1e-4:
                self.ahead = frame
                break
            if time <= start + 1e-4:
                shown = item
                continue
            if shown is not None:
                yield shown
                shown = None
            yield item
        if shown is not None:
            yield shown

    def _next(self) -> tuple[float, Any] | None:
        frame, self.ahead = self.ahead or _decoded(self.decoded), None
        if frame is None:
            return None
        self.now = float(frame.time or 0.0) - self.zero
        return self.now, frame


class _Samples:
    """The sound of an episode as float at SOUND_RATE, mono as it is or else stereo, by time."""

    def __init__(self, container: Any) -> None:
        self.container = container
        self.stream = container.streams.audio[0]
        self.zero = float((self.stream.start_time or 0) * self.stream.time_base)
        self.layout = "mono" if self.stream.channels == 1 else "stereo"
        self.channels = 1 if self.layout == "mono" else 2
        self._restart()

    def _restart(self) -> None:
        self.resampler = av.AudioResampler(format="fltp", layout=self.layout, rate=SOUND_RATE)
        self.decoded = self.container.decode(self.stream)
        self.buffer = np.zeros((self.channels, 0), np.float32)
        self.first: int | None = None  # number of the buffer's first sample in the episode

    def span(self, start: float, end: float) -> NDArray[np.float32]:
        """Samples (channels, n) from `start` to `end`; silence where the episode has none."""
        begin, finish = round(start * SOUND_RATE), round(end * SOUND_RATE)
        held = -1 if self.first is None else self.first + self.buffer.shape[1]
        if begin - max(held, 0) > FAR * SOUND_RATE:
            offset = int((max(start - 0.5, 0.0) + self.zero) / self.stream.time_base)
            self.container.seek(offset, stream=self.stream, backward=True)
            self._restart()
        pieces = [self.buffer] if self.first is not None else []
        reached = held if self.first is not None else -1
        while reached < finish and (frame := _decoded(self.decoded)) is not None:
            if self.first is None:
                self.first = round((float(frame.time or 0.0) - self.zero) * SOUND_RATE)
                reached = self.first
            for piece in self.resampler.resample(frame):
                pieces.append(piece.to_ndarray().astype(np.float32, copy=False))
                reached += pieces[-1].shape[1]
            if reached < begin:  # nothing of this is wanted: do not hold it
                pieces, self.first = [], reached
        whole = np.concatenate(pieces, axis=1) if pieces else self.buffer[:, :0]
        origin = self.first or 0
        wanted = np.zeros((self.channels, finish - begin), np.float32)
        left, right = max(begin, origin), min(finish, origin + whole.shape[1])
        if right > left:
            wanted[:, left - begin : right - begin] = whole[:, left - origin : right - origin]
        keep = max(min(finish - origin, whole.shape[1]), 0)
        self.buffer, self.first = whole[:, keep:], origin + keep
        return wanted


def _one(
    frames: _Frames | None, samples: _Samples | None, start: float, end: float, stem: Path
) -> Clip:
    partial = stem.with_suffix(".partial")
    first, count, wave = start, 0, np.zeros((2, 0), np.float32)
    with av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        picture = _Picture(out, frames.stream, stem) if frames else None
        sound = None
        if samples:
            sound = out.add_stream(
                "aac", rate=SOUND_RATE, layout=samples.layout, bit_rate=48_000 * samples.channels
            )
        if frames and picture:
            for time, frame in frames.span(start, end):
                picture.add(time, frame)
            first, count = picture.finish(start, end), picture.count
        if samples:
            wave = samples.span(first, end)
            _encode(out, sound, wave)
    if samples:
        _write_sound(stem, wave)
    partial.replace(stem.with_suffix(".mp4"))
    return Clip(first, end, count, wave.shape[1])


class _Picture:
    """The video stream of a clip: upright, at most MAX_HEIGHT high, 8 bit; and its poster."""

    def __init__(self, out: Any, source: Any, stem: Path) -> None:
        self.out, self.stem, self.source = out, stem, source
        self.first: float | None = None
        self.last = 0.0
        self.count = 0
        self.graph: Any = None
        self.stream: Any = None
        self.rate = Fraction(source.average_rate or 25).limit_denominator(1001)

    def add(self, time: float, frame: Any) -> None:
        if self.stream is None:
            self.first = time
            self.graph = None if _fits(frame) else _upright(frame, self.stem.parent)
            shown = self._through(frame)
            self.stream = self.out.add_stream("libx264", rate=self.rate)
            self.stream.width, self.stream.height = shown.width, shown.height
            self.stream.pix_fmt = "yuv420p"
            self.stream.codec_context.time_base = CLOCK
            self.stream.codec_context.gop_size = max(round(float(self.rate) * KEY_INTERVAL), 1)
            bits = _bits(shown.width, shown.height)
            limits = {"maxrate": str(bits), "bufsize": str(BUFFERED * bits)}
            self.stream.options = {"preset": "veryfast", "crf": "23"} | limits
            _write_poster(self.stem.with_suffix(".jpg"), shown)
        else:
            shown = self._through(frame)
        assert self.first is not None
        shown.pts, shown.time_base = round((time - self.first) / CLOCK), CLOCK
        shown.pict_type = 0
        self.out.mux(self.stream.encode(shown))
        self.count, self.last = self.count + 1, time

    def _through(self, frame: Any) -> Any:
        if self.graph is None:
            return frame
        self.graph.push(frame)
        return self.graph.pull()

    def finish(self, start: float, end: float) -> float:
        """Write what is left; the time of the first frame. Raises MediaError if it ends early."""
        if self.first is None or self.last < end - MOST_MISSING:
            raise MediaError(
                gettext_noop(
                    "The picture ends at %(last).1f s, but a dialogue lasts from %(start).1f to"
                    " %(end).1f s. Is the file broken off? Export it again."
                ),
                last=self.last,
                start=start,
                end=end,
            )
        self.out.mux(self.stream.encode())
        return self.first


def _fits(frame: Any) -> bool:
    """True if the frame can be encoded as it is, which saves a copy of every frame."""
    even = frame.width % 2 == 0 and frame.height % 2 == 0
    plain = frame.format.name == "yuv420p" and not getattr(frame, "rotation", 0)
    return bool(even and plain and frame.height <= MAX_HEIGHT and not _is_hdr(frame))


def _is_hdr(frame: Any) -> bool:
    return frame.color_trc in (PQ, HLG)


def _upright(frame: Any, folder: Path) -> Any:
    """A filter graph that turns a phone's picture upright, scales it down, makes it 8 bit BT.709.

    `folder` takes the table that HDR is mapped by.
    """
    graph = av.filter.Graph()
    last = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=CLOCK
    )
    turns = {90: ["transpose=cclock"], 180: ["hflip", "vflip"], 270: ["transpose=clock"]}
    steps = turns.get(round(getattr(frame, "rotation", 0)) % 360, [])
    scale = f"scale=-2:'min({MAX_HEIGHT},trunc(ih/2)*2)'"
    if _is_hdr(frame):
        table = cube(frame.color_trc, folder)
        steps += [f"{scale}:in_color_matrix=bt2020", "format=gbrp10le", f"lut3d=file='{table}'"]
        steps += ["scale=out_color_matrix=bt709:out_range=tv", "format=yuv420p"]
    else:
        steps += [scale, "format=yuv420p"]
    for step in [*steps, "buffersink"]:
        name, _, arguments = step.partition("=")
        node = graph.add(name, arguments or None)
        last.link_to(node)
        last = node
    graph.configure()
    return graph


def _encode(out: Any, stream: Any, wave: NDArray[np.float32]) -> None:
    for at in range(0, wave.shape[1], BLOCK):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(wave[:, at : at + BLOCK]), format="fltp", layout=LAYOUTS[len(wave)]
        )
        frame.sample_rate, frame.pts = SOUND_RATE, at
        frame.time_base = Fraction(1, SOUND_RATE)
        out.mux(stream.encode(frame))
    out.mux(stream.encode())


def _write_sound(stem: Path, wave: NDArray[np.float32]) -> None:
    """The clip's sound as 16 kHz mono FLAC, and its peaks as JSON."""
    whole = np.ascontiguousarray(wave)
    frame = av.AudioFrame.from_ndarray(whole, format="fltp", layout=LAYOUTS[len(wave)])
    frame.sample_rate = SOUND_RATE
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces = [*resampler.resample(frame), *resampler.resample(None)]
    mono = np.concatenate([piece.to_ndarray()[0] for piece in pieces])
    with av.open(str(stem.with_suffix(".flac")), "w", format="flac") as out:
        stream = out.add_stream("flac", rate=RATE, layout="mono")
        at = 0
        for piece in pieces:
            piece.pts, piece.time_base = at, Fraction(1, RATE)
            at += piece.samples
            out.mux(stream.encode(piece))
        out.mux(stream.encode())
    found = peaks(mono.astype(np.float32) / 32768)
    stem.with_suffix(".json").write_text(json.dumps(found, separators=(",", ":")))


def _write_poster(path: Path, shown: Any) -> None:
    with av.open(str(path), "w", format="image2") as out:
        stream = out.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = shown.width, shown.height, "yuvj420p"
        still = shown.reformat(format="yuvj420p")
        still.pts, still.time_base = 0, Fraction(1, 1)
        out.mux(stream.encode(still))
        out.mux(stream.encode())


def derive(clip: Path, found: Probe) -> None:
    """Write poster, 16 kHz sound and peaks beside a clip that is whole already."""
    with av.open(str(clip), options=SAFE_INPUT, metadata_errors="replace") as container:
        if found.has_video:
            frame = next(container.decode(container.streams.video[0]))
            _write_poster(clip.with_suffix(".jpg"), frame)
    with av.open(str(clip), options=SAFE_INPUT, metadata_errors="replace") as container:
        if found.has_audio:
            _write_sound(clip, _Samples(container).span(0.0, found.duration))
