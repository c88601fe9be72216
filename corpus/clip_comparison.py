"""Plain: a clip measured beside its source: length, first and last frame, sound, key frames.

It shares with the clip writer only the clock of the packets (`corpus.stream_reader.Packets`): sound
is laid into bins of HOP seconds by its timestamps alone, without resampling, and key frames are
decoded one by one. One straight read of a source (`measure`) serves all of its clips.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from core.errors import gettext_noop
from corpus.frame_conversion import is_hdr, pixel_shape, turns
from corpus.media import probe
from corpus.media_info import MediaError, Probe
from corpus.problems import Problem
from corpus.stream_reader import Packets, packet_duration

PULSE = 2.0  # seconds between two beats
HOP = 0.005  # seconds of a bin of the sound
STEP = 4  # bins that are compared as one: 20 ms
WINDOW = 10.0  # seconds of sound that are compared at a time
FARTHEST = 30.0  # seconds by which sound may be shifted and be found
QUIET = 0.002  # root mean square below which sound is not compared
SILENCE = 0.5  # seconds for which a clip must not be silent alone
LIKE = 0.85  # correlation from which two envelopes are the same sound
UNLIKE = 0.6  # and below which they are not
KEY_DISTANCE = 2.0  # seconds between the key frames that are kept of a source
KEYS = 3  # of them are compared, of each clip
THUMB = 16  # pixels a side
SAME_PICTURE, OTHER_PICTURE = 6.0, 14.0  # mean difference of brightness, 0 to 255
SLACK = 0.15  # seconds by which lengths and ends may differ
LONGEST_STEP = 0.6  # seconds from one frame of a clip to the next, and from the last to the end


@dataclass(frozen=True)
class Key:
    """A picture, small: its time, brightness (THUMB, THUMB), and its shape, width by height."""

    time: float
    thumb: NDArray[np.float32]
    shape: float


@dataclass
class Measure:
    """What a file holds, on the common clock in seconds; power is the mean square of the sound in
    each HOP, (n,), empty without sound.
    """

    duration: float = 0.0
    power: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    channels: int = 0
    frames: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # times, in order
    keys: list[Key] = field(default_factory=list)
    hdr: bool = False


def measure(
    path: Path,
    track: int | None = None,
    keys: bool = True,
    report_progress: Callable[[float], None] = lambda share: None,
) -> Measure:
    """Measure a file in one straight read of its sound and one of its pictures.

    `track` is the stream of the sound, else `Probe.track`; `report_progress` gets the share done
    every few seconds. Raises MediaError.
    """
    try:
        probed = probe(path)
        measured = Measure(duration=probed.duration)
        pulse = _Pulse(probed.duration, report_progress)
        _measure_sound(path, probed.track if track is None else track, measured, pulse)
        pulse.begin = 0.5
        _measure_pictures(path, probed, measured, keys, pulse)
    except (av.FFmpegError, OSError) as error:
        raise MediaError(
            gettext_noop("%(name)s cannot be measured: %(why)s"),
            name=path.name,
            why=str(error)[:200],
        ) from error
    return measured


class _Pulse:
    """Tells a worker that a long read lives and how far it is, each few seconds."""

    def __init__(self, duration: float, report_progress: Callable[[float], None]) -> None:
        self.duration, self.report_progress = max(duration, 1e-3), report_progress
        self.begin = 0.0  # share that is done already; this read is half of it all
        self.latest = time.monotonic()

    def at(self, place: float) -> None:
        now = time.monotonic()
        if now - self.latest > PULSE:
            self.latest = now
            self.report_progress(self.begin + 0.5 * min(max(place / self.duration, 0.0), 1.0))


def _measure_sound(path: Path, track: int | None, measured: Measure, pulse: _Pulse) -> None:
    if track is None:
        return
    packets = Packets(path, track)
    total, count = np.zeros(1024), np.zeros(1024)
    try:
        expected, rate = None, 0
        for frame, own in _sound_frames(packets):
            begins = expected if own is None else own
            pulse.at(begins or 0.0)
            squares = np.mean(_as_float(frame) ** 2, axis=0)
            measured.channels = max(measured.channels, frame.layout.nb_channels)
            rate = frame.sample_rate
            places = np.floor(((begins or 0.0) + np.arange(len(squares)) / rate) / HOP).astype(int)
            expected = (begins or 0.0) + len(squares) / rate
            squares, places = squares[places >= 0], places[places >= 0]
            if not len(places):
                continue
            if places[-1] >= len(total):
                more = max(places[-1] + 1 - len(total), len(total))
                total, count = np.pad(total, (0, more)), np.pad(count, (0, more))
            first, last = places[0], places[-1] + 1
            total[first:last] += np.bincount(places - first, squares, last - first)
            count[first:last] += np.bincount(places - first, minlength=last - first)
    finally:
        packets.close()
    used = int(np.flatnonzero(count)[-1]) + 1 if count.any() else 0
    measured.power = total[:used] / np.maximum(count[:used], max(rate * HOP, 1.0))


def _sound_frames(packets: Packets) -> Iterator[tuple[Any, float | None]]:
    """(frame, its time if it has one of its own); packets that cannot be decoded are left out."""
    codec, before = packets.stream.codec_context, None
    for packet in (*packets, None):
        try:
            frames = codec.decode(packet)
        except MemoryError:
            raise
        except (av.FFmpegError, EOFError):
            continue
        for frame in frames:
            own = frame.pts if frame.pts != before else None
            before = frame.pts
            yield frame, None if own is None else float(own * packets.stream.time_base)


def _as_float(frame: Any) -> NDArray[np.float64]:
    """Samples (channels, n), full scale is 1."""
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    if values.dtype == np.uint8:
        return (values.astype(np.float64) - 128) / 128
    if np.issubdtype(values.dtype, np.integer):
        return values / -float(np.iinfo(values.dtype).min)
    return values.astype(np.float64)


def _measure_pictures(
    path: Path, probed: Probe, measured: Measure, keys: bool, pulse: _Pulse
) -> None:
    if probed.video is None:
        return
    packets = Packets(path, probed.video)
    times: list[float] = []
    kept = -KEY_DISTANCE
    try:
        for packet in packets:
            own = packet.pts if packet.pts is not None else packet.dts
            if own is None or packet.is_discard:
                continue
            times.append(float(own * packet.time_base))
            pulse.at(times[-1])
            if keys and packet.is_keyframe and times[-1] >= kept + KEY_DISTANCE:
                kept = times[-1]
                for frame in _alone(packets.stream, [packet]):
                    measured.hdr = measured.hdr or is_hdr(frame)
                    measured.keys.append(_key(times[-1], frame, packets.stream))
    finally:
        packets.close()
    measured.frames = np.sort(np.array(times))


def _alone(stream: Any, group: list[Any]) -> list[Any]:
    """The frames of some packets from a key frame on, decoded apart from what was before."""
    codec, frames = stream.codec_context, []
    for packet in [*group, None]:
        try:
            frames += codec.decode(packet)
        except MemoryError:
            raise
        except (av.FFmpegError, EOFError):
            continue
    codec.flush_buffers()
    return frames


def _key(time: float, frame: Any, stream: Any) -> Key:
    ratio = pixel_shape(stream.sample_aspect_ratio)
    small = frame.reformat(THUMB, THUMB, format="gray").to_ndarray().astype(np.float32)
    shape = frame.width * ratio / frame.height
    for turn in turns(frame):
        small, shape = _rotated(small, shape, turn)
    return Key(time, small, shape)


def _rotated(
    small: NDArray[np.float32], shape: float, turn: str
) -> tuple[NDArray[np.float32], float]:
    ways = {
        "hflip": small[:, ::-1],
        "vflip": small[::-1],
        "transpose=cclock_flip": small.T,
        "transpose=clock": np.rot90(small, -1),
        "transpose=cclock": np.rot90(small),
        "transpose=clock_flip": np.rot90(small, 2).T,
    }
    return ways[turn], 1 / shape if turn.startswith("transpose") else shape


def check_clip(source: Measure, clip: Path, start: float, end: float) -> list[Problem]:
    """What is wrong with a clip that should show its source from `start` to `end`; mostly nothing.

    Each problem's `column` is the part that it is of: "clip", "picture" or "sound". Raises
    MediaError if the clip cannot be read at all.
    """
    own = measure(clip, keys=False)
    problems = [*_length_faults(source, own, end - start), *_sound_faults(source, own, start, end)]
    if len(source.keys) and len(own.frames):
        problems += _picture_faults(source, clip, start, end)
    return problems


def _fault(part: str, reason: str, **details: Any) -> Problem:
    rounded = {
        name: round(value, 2) if isinstance(value, float) else value
        for name, value in details.items()
    }
    return Problem(0, part, "", "rejected", reason, rounded)


def _length_faults(source: Measure, own: Measure, length: float) -> Iterator[Problem]:
    if abs(own.duration - length) > SLACK:
        yield _fault(
            "clip",
            gettext_noop("The clip lasts %(lasts).2f s and its span %(length).2f s."),
            lasts=own.duration,
            length=length,
        )
    if len(source.frames) and not len(own.frames):
        yield _fault("picture", gettext_noop("The source has a picture and the clip has none."))
    elif len(own.frames):
        if own.frames[0] > SLACK:
            yield _fault(
                "picture",
                gettext_noop("The picture of the clip begins at %(first).2f s."),
                first=float(own.frames[0]),
            )
        if own.frames[-1] < length - LONGEST_STEP:
            yield _fault(
                "picture",
                gettext_noop("The picture of the clip ends at %(last).2f s of %(length).2f s."),
                last=float(own.frames[-1]),
                length=length,
            )
    if len(source.power) and not len(own.power):
        yield _fault("sound", gettext_noop("The source has sound and the clip has none."))


def _sound_faults(source: Measure, own: Measure, start: float, end: float) -> list[Problem]:
    """At most one problem of the sound, of the first place where there is one."""
    if not len(source.power) or not len(own.power):
        return []
    span = end - start
    size = span / max(round(span / WINDOW), 1)
    at = 0.0
    while at < span - HOP * STEP:
        problem = _window_fault(source, own, start, at, min(size, span - at))
        if problem:
            return [problem]
        at += size
    return []


def _window_fault(
    source: Measure, own: Measure, start: float, at: float, size: float
) -> Problem | None:
    ours = _envelope(own.power, at, size)
    theirs = _envelope(source.power, start + at, size)
    loud, expected = _rms(ours), _rms(theirs)
    place = {"time": start + at, "until": start + at + size}
    if max(loud, expected) < QUIET:
        return None
    factor = 16.0 if source.channels > 2 else 4.0
    same = _rms(ours - theirs) / max(expected, 1e-9)
    alike, lag = _best_lag(source.power, ours, start + at, size)
    if alike[1] >= LIKE and alike[1] - alike[0] > 0.1 and abs(lag) > 2 * HOP * STEP:
        return _fault(
            "sound",
            gettext_noop(
                "From %(time).2f to %(until).2f s the sound of the clip is that of %(lag).2f s"
                " later (earlier if negative)."
            ),
            **place,
            lag=lag,
        )
    silent = _silent_from(ours, theirs, 2 * factor)
    if silent is not None:
        place["time"] += silent
        return _fault(
            "sound",
            gettext_noop(
                "From %(time).2f to %(until).2f s the clip is silent and its source is not."
            ),
            **place,
        )
    if same < 0.3 or alike[0] >= LIKE:
        if loud < expected / factor or loud > expected * factor:
            return _fault(
                "sound",
                gettext_noop(
                    "From %(time).2f to %(until).2f s the sound of the clip has a level of"
                    " %(loud).4f, its source %(expected).4f."
                ),
                **place,
                loud=round(loud, 4) * 1.0,
                expected=expected,
            )
        return None
    if alike[0] < UNLIKE and same > 0.7:
        return _fault(
            "sound",
            gettext_noop(
                "From %(time).2f to %(until).2f s the sound of the clip is not that of its source."
            ),
            **place,
        )
    return None


def _silent_from(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], factor: float
) -> float | None:
    """Seconds from where on the clip is silent for SILENCE and its source is not; None if never."""
    bins, edge = round(SILENCE / HOP / STEP), 2  # a sound at the border may be in either part
    sums = [np.cumsum(np.pad(part**2, (1, 0))) for part in (ours, theirs)]
    for first in range(0, len(ours) - bins + 1, bins):
        wide = sums[0][min(first + bins + edge, len(ours))] - sums[0][max(first - edge, 0)]
        clip, source = (
            np.sqrt(wide / bins),
            np.sqrt((sums[1][first + bins] - sums[1][first]) / bins),
        )
        if source > 2 * QUIET and clip < min(source / factor, QUIET):
            return first * HOP * STEP
    return None


def _envelope(power: NDArray[np.float64], start: float, length: float) -> NDArray[np.float64]:
    """Root mean square of each 20 ms, (n,), silent outside the file."""
    first, bins = round(start / HOP), max(round(length / HOP / STEP), 1)
    wanted = np.zeros(bins * STEP)
    left, right = max(first, 0), min(first + len(wanted), len(power))
    if right > left:
        wanted[left - first : right - first] = power[left:right]
    return np.sqrt(wanted.reshape(bins, STEP).mean(axis=1))


def _rms(envelope: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(envelope**2)))


def _best_lag(
    power: NDArray[np.float64], ours: NDArray[np.float64], start: float, size: float
) -> tuple[tuple[float, float], float]:
    """((correlation where the sound should be, the best one), seconds to the best place)."""
    wide = _envelope(power, start - FARTHEST, size + 2 * FARTHEST)
    n = len(ours)
    centred = ours - ours.mean()
    length = len(wide) + n
    product = np.fft.irfft(
        np.fft.rfft(wide, length) * np.conj(np.fft.rfft(centred, length)), length
    )[: len(wide) - n + 1]
    sums = np.cumsum(np.pad(wide, (1, 0)))
    squares = np.cumsum(np.pad(wide**2, (1, 0)))
    mean = (sums[n:] - sums[:-n]) / n
    spread = np.sqrt(np.maximum((squares[n:] - squares[:-n]) - n * mean**2, 0.0))
    norm = spread * np.linalg.norm(centred)
    steady = 0.02 * np.sqrt(n) * max(float(ours.mean()), 1e-4)
    alike = np.where(spread > steady, product / np.maximum(norm, 1e-12), 0.0)
    middle = round(FARTHEST / HOP / STEP)
    near = float(alike[max(middle - 1, 0) : middle + 2].max())
    likely = np.flatnonzero(alike >= alike.max() - 0.02)  # of places that sound alike, the nearest
    best = int(likely[np.abs(likely - middle).argmin()])
    return (near, float(alike[best])), (best - middle) * HOP * STEP


def _picture_faults(source: Measure, clip: Path, start: float, end: float) -> list[Problem]:
    """At most one problem of the picture: key frames of the source are looked for in the clip."""
    inside = [key for key in source.keys if start + 0.2 <= key.time <= end - 0.2]
    if not inside:
        return []
    places = sorted({round(n) for n in np.linspace(0, len(inside) - 1, KEYS)})
    wanted = [inside[place] for place in places]
    seen = _thumbs(clip, [key.time - start for key in wanted])
    shape = seen[0].shape if seen else 0.0
    if shape and not any(_same_shape(key.shape, shape) for key in source.keys):
        return [
            _fault(
                "picture",
                gettext_noop(
                    "The picture of the clip is %(shape).2f times as wide as high, its source"
                    " %(expected).2f times."
                ),
                shape=shape,
                expected=wanted[0].shape,
            )
        ]
    wanted = [key for key in wanted if _same_shape(key.shape, shape)]
    off = [key for key in wanted if _nearest(key, seen, start, source.hdr) > OTHER_PICTURE]
    if len(off) * 2 <= len(wanted):
        return []
    every = _thumbs(clip, None)
    lags = []
    for key in off:
        gaps = [_difference(key, other, source.hdr) for other in every]
        best = int(np.argmin(gaps))
        if gaps[best] < SAME_PICTURE:
            lags.append(key.time - start - every[best].time)
    if lags:
        return [
            _fault(
                "picture",
                gettext_noop(
                    "At %(time).2f s the picture of the clip is that of %(lag).2f s later (earlier"
                    " if negative)."
                ),
                time=off[0].time,
                lag=float(np.median(lags)),
            )
        ]
    return [
        _fault(
            "picture",
            gettext_noop("At %(time).2f s the picture of the clip is not that of its source."),
            time=off[0].time,
        )
    ]


def _same_shape(one: float, other: float) -> bool:
    return bool(abs(one - other) < 0.06 * one)


def _nearest(key: Key, seen: list[Key], start: float, hdr: bool) -> float:
    near = [other for other in seen if abs(other.time + start - key.time) < SLACK]
    return min((_difference(key, other, hdr) for other in near), default=0.0)


def _difference(one: Key, other: Key, hdr: bool) -> float:
    """Mean difference of brightness; of HDR, whose brightness is mapped, after normalisation."""
    if not hdr:
        return float(np.abs(one.thumb - other.thumb).mean())
    return float(np.abs(_normal(one.thumb) - _normal(other.thumb)).mean())


def _normal(thumb: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = max(float(thumb.std()), 4.0)
    return np.asarray((thumb - float(thumb.mean())) / spread * 32, np.float32)


def _thumbs(clip: Path, wanted: list[float] | None) -> list[Key]:
    """The frames of a clip near the `wanted` times, or all of them."""
    index = probe(clip).video
    assert index is not None  # a clip with frames
    packets = Packets(clip, index)
    seen: list[Key] = []
    group: list[Any] = []

    def close_group() -> None:
        if not group:
            return
        first = float(group[0].pts * packets.stream.time_base)
        last = max(float(p.pts * packets.stream.time_base) + packet_duration(p) for p in group)
        near = [time for time in wanted or () if first - SLACK < time < last + SLACK]
        if wanted is None or near:
            for frame in _alone(packets.stream, group):
                time = float(frame.pts * packets.stream.time_base)
                if wanted is None or any(abs(time - one) < SLACK for one in near):
                    seen.append(_key(time, frame, packets.stream))

    try:
        for packet in packets:
            if packet.is_keyframe:
                close_group()
                group = []
            group.append(packet)
        close_group()
    finally:
        packets.close()
    return seen
