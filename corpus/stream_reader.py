"""Plain: the packets, pictures and sound of a file, every stream on one clock (PyAV).

The clock's zero is the earliest start of the file's pictures and sounds, as ffmpeg and players
count. Files are read straight through, never by seeking: what is not wanted is not decoded, so a
seek that lands late, or whose timestamps are guessed, cannot misplace anything. Each packet is
decoded by itself: a damaged one costs itself, and its loss is kept with its time. Lack of memory is
no damage: it ends the reading.

Timestamps that jump are handled as by ffmpeg's command line (`dts_delta_threshold`): in formats
whose clock may restart (MPEG-TS, MPEG-PS, Ogg) every stream is moved so that the new part follows
the old one; elsewhere time that runs backwards is refused with a sentence.
"""

import heapq
import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from core.errors import gettext_noop
from corpus.media_info import Loss, MediaError

SAFE_INPUT = {"protocol_whitelist": "file,pipe"}  # a playlist must not make us open other things
LOOK_AHEAD = {"analyzeduration": "60000000", "probesize": "50000000"}  # µs and bytes, in which a
# stream may begin late: ffmpeg's own five seconds overlook it in MPEG-TS and MPEG-PS
MAY_RESTART = 0x0200  # AVFMT_TS_DISCONT: a format whose clock may restart
SOME_TIMES = "mpeg"  # MPEG-PS: only some packets have times, and ffmpeg guesses the rest wrongly
WRONG_STARTS = "asf"  # where one stream starts late, ffmpeg says that all of them do
FIRST_PACKETS = 200
NO_DISPLAY_TIMES = {"avi", "h264", "hevc", "m4v", "mpegvideo"}  # formats that store decode order
JUMP = 10.0  # seconds forwards that are a new clock and not a gap, ffmpeg's dts_delta_threshold
BACK = 0.1  # seconds backwards that are a new clock, in ffmpeg
MOST_BACK = 1.0  # seconds backwards that a format without new clocks may have; more is refused
FAR_OFF = 1.0  # seconds ahead at which a single time of MPEG-PS is believed
MOST_FRAMES = 1000  # a second, that a header may speak of
FAR = 8.0  # seconds ahead from which packets are passed over instead of decoded
PREROLL = 0.5  # seconds that a decoder of sound is given before what is wanted
MOST_HELD = 128 * 1024**2  # bytes of packets that may wait for a key frame
DEVIATION = 0.03  # seconds by which timestamps may leave the count of samples
CONFIRMED = 3  # frames that must leave it before it is believed
MOST_APART = 16  # frames that may wait for one that has a timestamp
SURELY = 0.25  # seconds after which one frame is believed
SHORTEST_GAP = 0.1  # seconds without packets that are reported
LOOSE = {"wmav1", "wmav2", "wmapro", "wmavoice"}  # packets hold parts of frames: times are rough
LOOSE_DEVIATION = 0.2
READING_ERRORS = 200  # one after another, after which the rest is given up


def open_media(path: Path, **options: str) -> Any:
    """A container of PyAV. Raises av.FFmpegError or OSError."""
    return av.open(str(path), options=SAFE_INPUT | LOOK_AHEAD | options, metadata_errors="replace")


def is_picture(stream: Any) -> bool:
    """True for moving pictures; cover art and thumbnails are none."""
    still = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    return stream.type == "video" and not stream.disposition & still


def start_time_of(path: Path) -> float:
    """Where the common clock starts on the file's own: the earliest sound or picture, seconds."""
    with open_media(path) as container:
        shown = {s.index for s in container.streams if s.type == "audio" or is_picture(s)}
        starts = [
            float(stream.start_time * stream.time_base)
            for stream in container.streams
            if stream.index in shown and stream.start_time is not None
        ]
        if container.format.name == WRONG_STARTS:
            for packet in islice(every_packet(container), FIRST_PACKETS):
                if packet.stream_index in shown and packet.pts is not None:
                    starts.append(float(packet.pts * packet.time_base))
        return min(starts, default=(container.start_time or 0) / av.time_base)


class Clock:
    """Moves the packets of a container onto the common clock, in the order they are read in."""

    def __init__(self, container: Any, zero: float) -> None:
        self.zero = zero
        self.restarts = bool(container.format.flags & MAY_RESTART)
        self.moved = -self.zero  # seconds that are added to timestamps
        self.before: dict[int, float] = {}  # of each stream: decode time of its latest packet
        self.expected: dict[int, float] = {}  # of each stream: where its next packet should start
        self.latest: float | None = None  # decode time of the packet before, of any stream
        self.jumps: list[tuple[float, float]] = []  # (time, seconds that were taken out)

    def place(self, packet: Any) -> None:
        """Rewrite `packet.pts` and `packet.dts`. Raises MediaError if time runs backwards."""
        stream = packet.stream
        base = float(packet.time_base)
        own = packet.dts if packet.dts is not None else packet.pts
        if own is not None and stream.type in ("audio", "video"):
            self._follow(stream, own * base)
            time = own * base + self.moved
            self.latest = self.before[stream.index] = time
            self.expected[stream.index] = time + packet_duration(packet)
        elif stream.index in self.expected:
            self.expected[stream.index] += packet_duration(packet)
        both = self.restarts and packet.pts is not None and packet.dts is not None
        if both and abs(packet.pts - packet.dts) * base > JUMP:  # one is of the clock before
            packet.pts = packet.dts
        shift = round(self.moved / base)
        if packet.pts is not None:
            packet.pts += shift
        if packet.dts is not None:
            packet.dts += shift

    def _follow(self, stream: Any, own: float) -> None:
        """Move the clock if the packet of a stream at `own` seconds does not follow."""
        index = stream.index
        time, before = own + self.moved, self.before.get(index)
        far = self.latest is not None and abs(time - self.latest) > JUMP
        if not self.restarts:
            if before is not None and time < before - MOST_BACK:
                raise MediaError(
                    gettext_noop(
                        "The clock of the file runs backwards at %(time).1f s, to %(back).1f s, as"
                        " where recordings were joined without new times. Export it again as MP4,"
                        " or remux its parts one after another (ffmpeg -f concat)."
                    ),
                    time=before,
                    back=time,
                )
        elif before is None:
            start = stream.start_time
            stated = start is not None and abs(own - float(start * stream.time_base)) < 1.0
            if far and self.latest is not None and not stated:
                self._move(time, self.latest)
        elif (far and time > before + JUMP) or time < before - BACK:
            self._move(time, self.expected[index])

    def _move(self, time: float, expected: float) -> None:
        self.moved -= time - expected
        self.jumps.append((round(expected, 3), round(time - expected, 3)))


def packet_duration(packet: Any) -> float:
    """Seconds that a packet lasts, from what is known without decoding it."""
    stream = packet.stream
    if packet.duration:
        return float(packet.duration * packet.time_base)
    if stream.type == "video":
        return min(float(1 / frame_rate_of(stream)), 1.0)
    return 0.0


def frame_rate_of(stream: Any) -> Fraction:
    """Frames a second of a video stream; 25 where what its header says cannot be."""
    own = stream.codec_context.framerate if stream.codec_context else None
    for rate in (stream.average_rate, own, stream.guessed_rate):
        if rate and rate <= MOST_FRAMES:
            return Fraction(rate)
    return Fraction(25)


class Ends:
    """Where the streams whose packets are added end, seconds on the common clock.

    A picture ends with the frame that is shown last: by decode order, the time that formats give
    to a packet may be that of another frame.
    """

    def __init__(self) -> None:
        self.last: dict[int, tuple[float, float]] = {}  # of each stream: last start, and end

    def add(self, packet: Any) -> None:
        own = packet.pts if packet.pts is not None else packet.dts
        before = self.last.get(packet.stream_index)
        if own is None and before is not None:  # it follows, whenever that is
            self.last[packet.stream_index] = before[0], before[1] + packet_duration(packet)
        if own is None or packet.is_discard:
            return
        start = float(own * packet.time_base)
        if before is None or start > before[0]:
            self.last[packet.stream_index] = start, start + packet_duration(packet)

    @property
    def end(self) -> float:
        return max((end for _start, end in self.last.values()), default=0.0)


class Packets:
    """The packets of one stream of a file on the common clock, from the first to the last."""

    def __init__(self, path: Path, index: int, guessed: bool = False) -> None:
        """With `guessed`, packets of MPEG-PS have the times that ffmpeg guesses."""
        self.container = open_media(path)
        if self.container.format.name == SOME_TIMES and not guessed:
            self.container.close()
            self.container = open_media(path, fflags="+nofillin")
        self.stream = self.container.streams[index]
        self.clock = Clock(self.container, start_time_of(path))
        self.ends = Ends()  # of the packets that were read so far
        for other in self.container.streams:  # a clock that may restart is told by all streams
            wanted = other is self.stream or (
                self.clock.restarts and other.type in ("audio", "video")
            )
            if not wanted:
                other.discard = av.stream.Discard.all

    def close(self) -> None:
        self.container.close()

    def __iter__(self) -> Iterator[Any]:
        for packet in every_packet(self.container):
            self.clock.place(packet)
            if packet.stream_index == self.stream.index:
                self.ends.add(packet)
                yield packet


def every_packet(container: Any) -> Iterator[Any]:
    """The packets of a container; where it is damaged, reading goes on behind the place."""
    errors = 0
    while errors < READING_ERRORS:
        try:
            for packet in container.demux():
                if packet.size:  # an empty one would be taken for the end by decoders
                    errors = 0
                    yield packet
            return
        except av.FFmpegError:
            errors += 1


class Pictures:
    """The frames of a video stream in order, with their times on the common clock."""

    def __init__(self, path: Path, index: int, keys_only: bool = False) -> None:
        """With `keys_only`, no frames but key frames are decoded."""
        self.path, self.index, self.keys_only = path, index, keys_only
        self._open(may_pass=True)

    def _open(self, may_pass: bool) -> None:
        self.packets = Packets(self.path, self.index, guessed=self.keys_only)
        self.stream = self.packets.stream
        self.losses: list[Loss] = []  # of what is read so far
        self.stream.thread_type = "AUTO"
        if self.keys_only:
            self.stream.codec_context.skip_frame = "NONKEY"
        names = set(self.packets.container.format.name.split(","))
        self.by_order = bool(NO_DISPLAY_TIMES & names)
        self.by_count = SOME_TIMES in names and not self.keys_only
        self.doubt: float | None = None  # seconds by which the latest timestamp was off
        self.may_pass = may_pass and not self.by_order and not self.by_count
        self.order: list[float] = []  # decode times that no frame has taken yet, smallest first
        self.delay: float | None = None  # seconds from such a time to that of display
        self.began: float | None = None  # decode time of the first packet, until the second
        self.step = float(1 / frame_rate_of(self.stream))
        self.first_ratio: Fraction | None = None
        self.wanted = 0.0  # packets that are needed only for frames before this may be passed over
        self.passed = False
        self.now = -math.inf  # time of the latest frame
        self.taken: tuple[float, Any] | None = None  # the latest frame that span() looked at
        self.ahead: tuple[float, Any] | None = None  # one that is decoded and lies after the span
        self.ended = False
        self.frames = self._frames()

    def close(self) -> None:
        self.packets.close()

    @property
    def ratio(self) -> Fraction | None:
        """Width of a pixel by its height, in the latest frame: what the container says, unless
        the pictures themselves change it on the way.
        """
        own = self.stream.codec_context.sample_aspect_ratio
        if self.first_ratio is None:
            self.first_ratio = own
        if own and own != self.first_ratio:
            return own
        return self.stream.sample_aspect_ratio or own

    def span(self, start: float, end: float) -> Iterator[tuple[float, Any]]:
        """(time, frame) from the frame shown at `start` to the last one before `end`.

        The first is the latest at or before `start`, or where there is none the first after it;
        if the picture ends before `start`, its last frame; if it begins after `end`, its first.
        Spans that come in order cost one pass.
        """
        if self.taken is not None and start < self.taken[0] - 1e-4:
            self._reopen(may_pass=True)
        if start - max(self.now, 0.0) > FAR:
            self.wanted = start
        shown, self.passed = self.taken, False
        while (item := self._next()) is not None:
            time = item[0]
            if self.passed:
                if time > start + 1e-3:  # what was decoded from the key frame on begins too late
                    self._reopen(may_pass=False)
                    yield from self.span(start, end)
                    return
                self.passed = False
            if time >= end - 1e-4:
                self.ahead = item
                shown = shown or (None if self.taken else item)
                break
            self.taken = item
            if time <= start + 1e-4:
                shown = item
                continue
            if shown is not None:
                yield shown
                shown = None
            yield item
        if shown is not None:
            yield shown

    def _reopen(self, may_pass: bool) -> None:
        self.close()
        self._open(may_pass)

    def _next(self) -> tuple[float, Any] | None:
        if self.ahead is not None:
            item, self.ahead = self.ahead, None
            return item
        return next(self.frames, None)

    def _frames(self) -> Iterator[tuple[float, Any]]:
        """Every frame that is decoded, in order of time; packets before `wanted` are passed over.

        From `wanted` back to the second key frame before it all is decoded, for frames after a
        key frame may need those before it (open GOPs, refreshes in several frames).
        """
        held: list[Any] = []
        keys: list[int] = []  # places of key frames in `held`
        size = 0
        for packet in self.packets:
            time = self._decode_time(packet)
            if not (held or (self.may_pass and time is not None and time < self.wanted)):
                yield from self._decoded(packet)
                continue
            if packet.is_keyframe:
                if len(keys) > 1:
                    del held[: keys[1]]
                    keys = [0]
                    size = sum(one.size for one in held)
                    self.passed = True
                keys.append(len(held))
            held.append(packet)
            size += packet.size
            if time is None or time >= self.wanted or size > MOST_HELD:
                yield from self._release(held)
                held, keys, size = [], [], 0
        yield from self._release(held)
        yield from self._decoded(None)
        self.ended = True

    def _release(self, held: list[Any]) -> Iterator[tuple[float, Any]]:
        if held and self.passed:
            codec = self.stream.codec_context
            depth = codec.reorder_depth
            codec.flush_buffers()
            codec.reorder_depth = depth  # else the decoder would have to find it out again
        for packet in held:
            yield from self._decoded(packet)

    def _decode_time(self, packet: Any) -> float | None:
        own = packet.dts if packet.dts is not None else packet.pts
        return None if own is None else float(own * packet.time_base)

    def _decoded(self, packet: Any) -> Iterator[tuple[float, Any]]:
        if packet is not None and self.by_order and (packet.is_keyframe or not self.keys_only):
            heapq.heappush(self.order, self._decode_time(packet) or 0.0)
            self._note_delay(packet)
        try:
            frames = self.stream.codec_context.decode(packet)
        except EOFError:
            return
        except MemoryError:
            raise
        except av.FFmpegError:
            if packet is not None:
                self._record_loss(packet)
            return
        for frame in frames:
            time = self._time_of(frame)
            if time <= self.now:  # a frame that comes late is not shown
                continue
            if frame.is_corrupt:
                self.losses.append(Loss(round(time, 3), round(self.step, 3), self.index))
            self.now = time
            yield time, frame

    def _note_delay(self, packet: Any) -> None:
        """A picture that begins late, behind empty entries, is decoded ahead of its display; one
        from the start cannot be.
        """
        time = self._decode_time(packet) or 0.0
        if self.delay is None:
            self.delay, self.began = 0.0, time
        elif self.began is not None:
            if time - self.began > 2 * self.step:
                self.delay = self.stream.codec_context.reorder_depth * self.step
            self.began = None

    def _record_loss(self, packet: Any) -> None:
        own = packet.pts if packet.pts is not None else packet.dts
        time = self._following() if own is None else float(own * packet.time_base)
        if self.by_order:
            lost = self._decode_time(packet) or 0.0
            if lost in self.order:
                self.order.remove(lost)
                heapq.heapify(self.order)
        length = packet_duration(packet) or self.step
        self.losses.append(Loss(round(time, 3), round(length, 3), self.index))

    def _time_of(self, frame: Any) -> float:
        if self.by_order and self.order:
            return heapq.heappop(self.order) + (self.delay or 0.0)
        if self.by_count:
            return self._counted(frame)
        own = frame.pts if frame.pts is not None else frame.dts
        return self._following() if own is None else float(own * self.stream.time_base)

    def _counted(self, frame: Any) -> float:
        """A frame comes a step after the one before, whatever its timestamp says, which may be
        that of a neighbour: it counts where it is far ahead, or off in the same way as the one
        before it.
        """
        expected = self._following()
        if frame.pts is None:
            return expected
        time = float(frame.pts * self.stream.time_base)
        off, doubt, self.doubt = time - expected, self.doubt, None
        if self.now == -math.inf or off > FAR_OFF:
            return time
        if abs(off) < self.step / 2 or (doubt is not None and off * doubt > 0):
            return max(time, self.now + self.step / 4)
        self.doubt = off
        return expected

    def _following(self) -> float:
        """Where a frame belongs that has no timestamp."""
        return max(self.now, -self.step) + self.step


class Sound:
    """The sound of a stream as float at one rate and layout, placed by its timestamps."""

    def __init__(self, path: Path, index: int, rate: int, layout: str = "") -> None:
        """`layout` is "mono" or "stereo"; empty: mono as it is, else stereo."""
        self.path, self.index, self.rate = path, index, rate
        self._open()
        self.layout = layout or ("mono" if self.stream.channels == 1 else "stereo")
        self.channels = 1 if self.layout == "mono" else 2
        loose = self.stream.codec_context.name in LOOSE
        self.deviation = LOOSE_DEVIATION if loose else DEVIATION

    def _open(self) -> None:
        self.packets = Packets(self.path, self.index)
        self.stream = self.packets.stream
        self.losses: list[Loss] = []  # of what is read so far
        self.ended = False
        self.reached = 0  # number of the first sample that is not read yet
        self.wanted = 0.0
        self.dropped = 0  # number of the sample up to which nothing is kept
        self.kept: list[tuple[int, NDArray[np.float32]]] = []  # read, and not yet past
        self.pieces = self._pieces()

    def close(self) -> None:
        self.packets.close()

    def span(self, start: float, end: float) -> NDArray[np.float32]:
        """Samples (channels, n) from `start` to `end`, seconds; silence where the file has none.

        Spans that come in the order of their starts cost one pass.
        """
        begin, finish = round(start * self.rate), round(end * self.rate)
        if begin < self.dropped:
            self.close()
            self._open()
        self.dropped = begin
        if begin - self.reached > FAR * self.rate:
            self.wanted = start - PREROLL
        self.kept = [(at, wave) for at, wave in self.kept if at + wave.shape[1] > begin]
        while self.reached < finish and (piece := next(self.pieces, None)) is not None:
            if piece[0] + piece[1].shape[1] > begin:
                self.kept.append(piece)
        filled = np.zeros((self.channels, max(finish - begin, 0)), np.float32)
        for at, wave in self.kept:
            left, right = max(begin, at), min(finish, at + wave.shape[1])
            if right > left:
                filled[:, left - begin : right - begin] = wave[:, left - at : right - at]
        return filled

    def __iter__(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(number of the first sample, samples (channels, n)) in order, without overlaps."""
        return self.pieces

    def _pieces(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for place, wave in self._placed():
            late = max(self.reached - place, 0)  # overlaps what is there: the first one stays
            if late < wave.shape[1]:
                self.reached = place + wave.shape[1]
                yield place + late, wave[:, late:]
        self.ended = True

    def _placed(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Resampled pieces with their places: counted within a run of frames that follow one
        another, by the timestamp where a run begins.

        A run ends where packets were lost, and where timestamps leave it for CONFIRMED frames or
        by SURELY; a single wrong timestamp ends none.
        """
        run: _Run | None = None
        follows = 0.0  # seconds: where a run begins that has no timestamp
        apart: list[tuple[Any, float | None]] = []  # frames that may begin the next run
        for frames in self._decoded():
            if frames is None:
                if run is not None:
                    yield from self._finish(run, apart)
                    follows = run.now
                run, apart = None, []
                continue
            for frame in frames:
                time = None if frame.pts is None else float(frame.pts * self.stream.time_base)
                if run is not None and not run.takes(frame):
                    yield from self._finish(run, apart)
                    follows = run.now
                    run, apart = None, []
                if run is None:
                    begins = follows if time is None else time
                    run = _Run(begins, frame, self.layout, self.rate)
                late = run.lateness(time, apart)
                apart.append((frame, time))
                if late is None or abs(late) > self.deviation:
                    few = len(apart) < (MOST_APART if late is None else CONFIRMED)
                    if few and abs(late or 0.0) < SURELY:
                        continue
                    yield from run.finish()
                    begins = apart[0][1] if apart[0][1] is not None else run.now
                    self._note_gap(run.now, begins)
                    run = _Run(begins, frame, self.layout, self.rate)
                for one in apart:
                    yield from run.add(*one)
                apart = []
        if run is not None:
            yield from self._finish(run, apart)

    def _finish(
        self, run: "_Run", apart: list[tuple[Any, float | None]]
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for one in apart:
            yield from run.add(*one)
        yield from run.finish()

    def _note_gap(self, before: float, time: float) -> None:
        if time - before > SHORTEST_GAP:
            self.losses.append(
                Loss(round(before, 3), round(time - before, 3), self.index, "missing")
            )

    def _decoded(self) -> Iterator[list[Any] | None]:
        """The frames of each packet; None where packets were lost or passed over."""
        passed = False
        for packet in self.packets:
            time = None if packet.pts is None else float(packet.pts * packet.time_base)
            length = packet_duration(packet)
            if passed if time is None else time + length < self.wanted:
                passed = True
                continue
            if passed:
                passed = False
                self.stream.codec_context.flush_buffers()
                yield None
            try:
                yield self.stream.codec_context.decode(packet)
            except EOFError:
                return
            except MemoryError:
                raise
            except av.FFmpegError:
                self.losses.append(Loss(round(time or 0.0, 3), round(length, 3), self.index))
                yield None
        try:
            yield self.stream.codec_context.decode(None)
        except MemoryError:
            raise
        except av.FFmpegError:
            return


class _Run:
    """Frames of sound that follow one another: one resampler, places counted in samples."""

    def __init__(self, time: float, frame: Any, layout: str, rate: int) -> None:
        self.now = time  # seconds: where the next frame should begin
        self.place = round(time * rate)
        self.kind = _kind_of(frame)
        self.time: float | None = None  # timestamp of the latest frame
        self.resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)

    def takes(self, frame: Any) -> bool:
        return _kind_of(frame) == self.kind

    def lateness(self, time: float | None, apart: list[tuple[Any, float | None]]) -> float | None:
        """Seconds by which a frame begins after the end of this run and of the frames `apart`;
        None if only the next one can say.
        """
        before = apart[-1][1] if apart else self.time
        if time is None or time == before:  # one packet gave several frames
            return None if apart else 0.0
        return time - self.now - sum(one.samples / one.sample_rate for one, _time in apart)

    def add(self, frame: Any, time: float | None) -> Iterator[tuple[int, NDArray[np.float32]]]:
        self.time = time
        self.now += frame.samples / frame.sample_rate
        yield from self._out(self.resampler.resample(frame))

    def finish(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        yield from self._out(self.resampler.resample(None))

    def _out(self, pieces: list[Any]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for piece in pieces:
            wave = piece.to_ndarray().astype(np.float32, copy=False)
            if wave.shape[1]:
                yield self.place, wave
                self.place += wave.shape[1]


def _kind_of(frame: Any) -> tuple[int, str, str]:
    return frame.sample_rate, frame.layout.name, frame.format.name
