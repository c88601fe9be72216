"""Plain: one pass over an episode writes every dialogue's clip, sound, poster and peaks (PyAV).

Frames are taken whole, on the episode's own frame grid: a clip starts with the last frame that is
shown at or before its start and ends before the first frame at or after its end, so that times in
the clip are the episode's times minus `Clip.start`, to the frame. Sound is cut to the sample.
Picture and sound are read on the file's common clock (`corpus.stream_reader`).

Where the picture stands still for longer than HELD (a screen recording, slides), or has ended while
the sound goes on, a clip starts exactly at its start and holds the last frame. Where the picture
begins after the clip does, its first frame is shown until then, or black if that is longer than
LATE.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from core.errors import gettext_noop
from corpus.clip_format import VERSION, picture_bits
from corpus.frame_conversion import CLOCK, Upright
from corpus.media import main_video_stream, peaks
from corpus.media_info import MAX_HEIGHT, RATE, Clip, Loss, MediaError, Probe
from corpus.stream_reader import Pictures, Sound, frame_rate_of, open_media

KEY_INTERVAL = 0.5  # seconds
MOST_MISSING = 1.0  # seconds by which the file may end before a dialogue does
HELD = 0.25  # seconds: a frame that was shown for longer does not move a clip's start
MOST_LOST = 0.5  # of the sound of a dialogue: more that cannot be decoded is refused
LATE = 1.0  # seconds for which a picture's first frame stands before it begins
SLOWEST, FASTEST = 5, 120  # frames a second that an encoder is told of
SOUND_RATE = 48_000
LAYOUTS = {1: "mono", 2: "stereo"}
BLOCK = 1024  # samples an AAC frame holds
BUFFERED = 2  # seconds of it that may come in a burst


def cut(
    path: Path,
    probed: Probe,
    spans: Sequence[tuple[float, float]],
    target: Callable[[int], Path],
    done: Callable[[int], None],
    track: int | None = None,
    exact: bool = False,
) -> list[Clip]:
    """Write `target(i)` with .mp4, .flac, .jpg and .json for each of the ordered `spans`.

    `done(i)` hears when clip i is whole; files appear under their names only then, and `.cut`
    last of all: a clip that has it, left by an attempt that was killed, is not cut again (if it
    was made by this version, from the same span and track). `track` is the index of the stream
    of the sound, else `probed.track`. With `exact`, clips start at their start to the sample, with
    the frame that is shown then. Raises MediaError if the episode cannot be decoded there.
    """
    clips: list[Clip] = []
    sound_index = probed.track if track is None else track
    pictures = samples = None
    try:
        picture_index = _picture_index(path, probed)
        pictures = None if picture_index is None else Pictures(path, picture_index)
        samples = _sound_of(path, probed, sound_index)
        for index, (start, end) in enumerate(spans):
            mark = target(index).with_suffix(".cut")
            key = [VERSION, start, end, sound_index, exact]
            clip = _finished_clip(mark, key)
            if clip is None:
                clip = _one(pictures, samples, (start, end), exact, target(index))
                _write_atomically(mark, json.dumps({"key": key, "clip": asdict(clip)}))
            clips.append(clip)
            done(index)
    except (av.FFmpegError, OSError) as error:
        raise MediaError(
            gettext_noop("The file cannot be decoded after %(clips)d dialogues: %(why)s"),
            clips=len(clips),
            why=str(error)[:200],
        ) from error
    finally:
        for reader in (pictures, samples):
            if reader:
                reader.close()
    return clips


def _picture_index(path: Path, probed: Probe) -> int | None:
    """The stream of the picture, which probes of earlier versions do not name."""
    if probed.video is not None or not probed.has_video:
        return probed.video
    with open_media(path) as container:
        picture = main_video_stream(container)
        return int(picture.index) if picture else None


def _sound_of(path: Path, probed: Probe, track: int | None) -> Sound | None:
    if not probed.has_audio:
        return None
    with open_media(path) as container:
        known = [stream.index for stream in container.streams.audio if stream.codec_context]
    if track is None:
        track = known[0]
    if track not in known:
        raise MediaError(
            gettext_noop("The file has no sound as its stream %(track)d. Choose another track."),
            track=track,
        )
    return Sound(path, track, SOUND_RATE)


def _finished_clip(mark: Path, key: list[Any]) -> Clip | None:
    """The clip that an earlier attempt finished, if it is the same."""
    if not mark.exists():
        return None
    stored = json.loads(mark.read_text())
    return Clip.from_json(stored["clip"]) if stored.get("key") == key else None


def _write_atomically(path: Path, text: str) -> None:
    partial = path.with_suffix(".writing")
    partial.write_text(text)
    partial.replace(path)


def _one(
    pictures: Pictures | None,
    samples: Sound | None,
    span: tuple[float, float],
    exact: bool,
    stem: Path,
) -> Clip:
    start, end = span
    if end - start <= 0:
        raise MediaError(
            gettext_noop(
                "A dialogue lasts from %(start).3f to %(end).3f s, which is no time at all."
            ),
            start=start,
            end=end,
        )
    partial = stem.with_suffix(".partial")
    first, wave = start, np.zeros((2, 0), np.float32)
    picture = None
    with av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        if pictures:
            picture = _Picture(out, pictures, stem)
        sound = None
        if samples:
            sound = out.add_stream(
                "aac", rate=SOUND_RATE, layout=samples.layout, bit_rate=48_000 * samples.channels
            )
        if picture:
            first = picture.write(start, end, exact)
        if samples:
            wave = samples.span(first, end)
        _check_missing_material(pictures, samples, start, end)
        if samples:
            _encode(out, sound, wave)
    if samples:
        _write_sound(stem, wave)
    partial.replace(stem.with_suffix(".mp4"))
    return Clip(
        start=first,
        end=end,
        frames=picture.count if picture else 0,
        samples=wave.shape[1],
        picture=(0.0, round(picture.last, 6)) if picture else None,
        level=round(float(np.sqrt(np.mean(wave**2))), 6) if wave.size else None,
        losses=tuple(
            _losses(pictures, first, end)
            + _losses(samples, first, end)
            + _jumps(pictures or samples, first, end)
        ),
    )


def _losses(reader: Pictures | Sound | None, start: float, end: float) -> list[Loss]:
    if reader is None:
        return []
    return [one for one in reader.losses if one.time < end and one.time + one.seconds > start]


def _jumps(reader: Pictures | Sound | None, start: float, end: float) -> list[Loss]:
    if reader is None:
        return []
    jumps = reader.packets.clock.jumps
    return [Loss(*one, reader.index, "jump") for one in jumps if start <= one[0] < end]


def _check_missing_material(
    pictures: Pictures | None, samples: Sound | None, start: float, end: float
) -> None:
    """Raises MediaError if the file ends before the span does, or all of its sound is damaged."""
    readers = [reader for reader in (pictures, samples) if reader]
    open_end = not all(reader.ended for reader in readers)
    reached = max(reader.packets.ends.end for reader in readers)
    if not open_end and reached < end - MOST_MISSING:
        if pictures:
            raise MediaError(
                gettext_noop(
                    "The picture ends at %(last).1f s, but a dialogue lasts from %(start).1f to"
                    " %(end).1f s. Is the file broken off? Export it again."
                ),
                last=reached,
                start=start,
                end=end,
            )
        raise MediaError(
            gettext_noop(
                "The sound ends at %(last).1f s, but a dialogue lasts from %(start).1f to"
                " %(end).1f s. Is the file broken off? Export it again."
            ),
            last=reached,
            start=start,
            end=end,
        )
    if samples:
        _check_lost_sound(samples, start, end)


def _check_lost_sound(samples: Sound, start: float, end: float) -> None:
    damaged = [one for one in _losses(samples, start, end) if one.kind == "damaged"]
    lost = sum(min(one.time + one.seconds, end) - max(one.time, start) for one in damaged)
    if lost > MOST_LOST * (end - start):
        raise MediaError(
            gettext_noop(
                "Of the sound between %(start).1f and %(end).1f s, %(lost).1f s cannot be decoded."
                " Export the file again, or choose another sound track."
            ),
            start=start,
            end=end,
            lost=lost,
        )


class _Picture:
    """The video stream of a clip: upright, at most MAX_HEIGHT high, 8 bit; and its poster."""

    def __init__(self, out: Any, source: Pictures, stem: Path) -> None:
        self.out, self.stem, self.source = out, stem, source
        self.upright = Upright(stem.parent, MAX_HEIGHT)
        rate = frame_rate_of(source.stream)
        if rate < SLOWEST:  # pictures that stand still now and then
            rate = max(Fraction(source.stream.guessed_rate or 0), Fraction(SLOWEST))
        self.rate = min(rate, Fraction(FASTEST)).limit_denominator(1001)
        self.lasts = 1 / float(self.rate)  # seconds of a frame
        self.stream: Any = None
        self.shown: Any = None  # the latest frame, as it was encoded
        self.last = 0.0  # its time in the clip
        self.key = 0.0  # time of the latest key frame
        self.count = 0

    def write(self, start: float, end: float, exact: bool) -> float:
        """Encode what is shown from `start` to `end`; where the clip starts in the episode.

        Raises MediaError if there is no picture at all.
        """
        origin: float | None = None
        for time, frame in self.source.span(start, end):
            if origin is None:
                keeps_grid = not exact and 0 <= start - time <= HELD
                origin, late = (time if keeps_grid else start), time - start > LATE
                self._add(0.0, _black(frame) if late else frame)
                if not late or time >= end - 1e-4:
                    continue
            self._add(time - origin, frame)
        if origin is None:
            raise MediaError(
                gettext_noop(
                    "The picture cannot be decoded between %(start).1f and %(end).1f s. Export the"
                    " file again."
                ),
                start=start,
                end=end,
            )
        for at, shown in self.upright.finish():
            self._encode(at, shown)
        self._hold(end - origin)
        self.lasts = end - origin - self.last
        self._mux(self.stream.encode())
        return origin

    def _add(self, at: float, frame: Any) -> None:
        for time, shown in self.upright.add(at, frame, self.source.ratio):
            self._encode(time, shown)

    def _hold(self, length: float) -> None:
        """Show the last frame until the clip ends, however a player counts its time."""
        last = length - float(1 / self.rate)
        if last - self.last > 0.5 / float(self.rate) + 1e-3:
            self._fill(last)
            self._write(last, self.shown)

    def _fill(self, until: float) -> None:
        """Repeat the last frame where nothing else is shown for longer than KEY_INTERVAL."""
        step = float(1 / self.rate)
        if until - self.last > KEY_INTERVAL + 1e-3:
            while until - self.last > 1.5 * step:
                self._write(self.last + step, self.shown)

    def _encode(self, at: float, shown: Any) -> None:
        if self.stream is None:
            self._begin(shown)
        else:
            self._fill(at)
        self._write(at, shown)

    def _write(self, at: float, shown: Any) -> None:
        shown.pts, shown.time_base = round(at / CLOCK), CLOCK
        due = self.count == 0 or at - self.key >= KEY_INTERVAL - 1e-3
        shown.pict_type = av.video.frame.PictureType.I if due else av.video.frame.PictureType.NONE
        self.key = at if due else self.key
        self._mux(self.stream.encode(shown))
        self.count, self.last, self.shown = self.count + 1, at, shown

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            packet.duration = round(self.lasts / CLOCK)  # counts for the last one
            self.out.mux(packet)

    def _begin(self, shown: Any) -> None:
        self.stream = self.out.add_stream("libx264", rate=self.rate)
        self.stream.width, self.stream.height = shown.width, shown.height
        self.stream.pix_fmt = "yuv420p"
        self.stream.codec_context.time_base = CLOCK
        self.stream.codec_context.gop_size = FASTEST
        bits = picture_bits(shown.width, shown.height)
        limits = {"maxrate": str(bits), "bufsize": str(BUFFERED * bits)}
        self.stream.options = {"preset": "veryfast", "crf": "23"} | limits
        _write_poster(self.stem.with_suffix(".jpg"), shown)


def _black(frame: Any) -> Any:
    """A black frame of the size of another."""
    black = av.VideoFrame(frame.width, frame.height, "yuv420p")
    for plane, level in zip(black.planes, (16, 128, 128), strict=True):
        plane.update(bytes([level]) * plane.buffer_size)
    return black


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
    waveform = peaks(mono.astype(np.float32) / 32768)
    stem.with_suffix(".json").write_text(json.dumps(waveform, separators=(",", ":")))


def _write_poster(path: Path, shown: Any) -> None:
    with av.open(str(path), "w", format="image2") as out:
        stream = out.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = shown.width, shown.height, "yuvj420p"
        still = shown.reformat(format="yuvj420p")
        still.pts, still.time_base = 0, Fraction(1, 1)
        out.mux(stream.encode(still))
        out.mux(stream.encode())


def derive(clip: Path, probed: Probe) -> None:
    """Write poster, 16 kHz sound and peaks beside a clip that is whole already.

    Raises MediaError if it cannot be decoded.
    """
    try:
        index = _picture_index(clip, probed)
        if index is not None:
            _write_poster(clip.with_suffix(".jpg"), _first_shown(clip, index))
        samples = _sound_of(clip, probed, probed.track)
        if samples:
            try:
                _write_sound(clip, samples.span(0.0, probed.duration))
            finally:
                samples.close()
    except (av.FFmpegError, OSError) as error:
        raise MediaError(
            gettext_noop("The clip %(name)s cannot be decoded: %(why)s"),
            name=clip.name,
            why=str(error)[:200],
        ) from error


def _first_shown(clip: Path, index: int) -> Any:
    """The first frame of a clip, upright and in square pixels."""
    pictures, upright = Pictures(clip, index), Upright(clip.parent, MAX_HEIGHT)
    try:
        for _time, frame in pictures.span(0.0, 1e-3):
            ready = upright.add(0.0, frame, pictures.ratio) or upright.finish()
            return ready[0][1]
    finally:
        pictures.close()
    raise MediaError(gettext_noop("The picture of %(name)s cannot be decoded."), name=clip.name)
