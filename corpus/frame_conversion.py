"""Plain: frames as they are meant to be seen: upright, in square pixels, not interlaced, BT.709."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from corpus.tone_mapping import HLG, PQ, cube

CLOCK = Fraction(1, 90_000)
ODDEST_PIXEL = 8  # times as wide as high, or as high as wide; others are a mistake of the header


def pixel_shape(ratio: Fraction | None) -> float:
    """Width of a pixel by its height; 1 where a header says nothing or nonsense."""
    shape = float(ratio) if ratio else 1.0
    return shape if 1 / ODDEST_PIXEL <= shape <= ODDEST_PIXEL else 1.0


def turns(frame: Any) -> list[str]:
    """The filters that bring a frame upright, by its display matrix (ISO/IEC 14496-12).

    The matrix maps (x, y) to (a x + c y, b x + d y); its eight right-angled cases are four turns,
    each with and without a mirror.
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return []
    a, b, _u, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (["hflip"] if a < 0 else []) + (["vflip"] if d < 0 else [])
    kinds = {(1, 1): "cclock_flip", (1, 0): "clock", (0, 1): "cclock", (0, 0): "clock_flip"}
    return [f"transpose={kinds[b > 0, c > 0]}"]


def square_size(frame: Any, ratio: Fraction | None, highest: int | None = None) -> tuple[int, int]:
    """Even width and height of a frame as it is shown in square pixels, at most `highest` high."""
    width, height = frame.width * pixel_shape(ratio), float(frame.height)
    if any(step.startswith("transpose") for step in turns(frame)):
        width, height = height, width
    shrink = min(1.0, highest / height) if highest else 1.0
    return _even(width * shrink), _even(height * shrink)


def _even(length: float) -> int:
    return max(round(length / 2) * 2, 2)


def is_hdr(frame: Any) -> bool:
    return frame.color_trc in (PQ, HLG)


class Upright:
    """Frames of one size for an encoder; `folder` takes the table that HDR is mapped by.

    A frame that can be encoded as it is goes through untouched, which saves a copy of each. Where
    the source changes its size, pixels or turn, the filters are built anew, and what has another
    shape is fitted into the first one's size between black bars.
    """

    def __init__(self, folder: Path, highest: int) -> None:
        self.folder, self.highest = folder, highest
        self.size: tuple[int, int] | None = None  # width, height of all frames
        self.interlaced = False  # a frame said so: from then on all go through the deinterlacer
        self.kind: Any = None  # what the filters were built for
        self.graph: Any = None

    def add(self, time: float, frame: Any, ratio: Fraction | None) -> list[tuple[float, Any]]:
        """(time, frame to show) of what is ready; a deinterlacer holds one frame back."""
        self.interlaced = self.interlaced or bool(frame.interlaced_frame)
        if self.size is None:
            self.size = square_size(frame, ratio, self.highest)
        kind = (
            *(frame.width, frame.height, frame.format.name, frame.color_trc),
            *(pixel_shape(ratio), self.interlaced, tuple(turns(frame))),
        )
        ready: list[tuple[float, Any]] = []
        if kind != self.kind:
            ready = self.finish()
            self.kind = kind
            self.graph = None if self._fits(frame, ratio) else self._build(frame, ratio)
        if self.graph is None:
            return [*ready, (time, frame)]
        frame.pts, frame.time_base = round(time / CLOCK), CLOCK
        self.graph.push(frame)
        return ready + self._pull()

    def finish(self) -> list[tuple[float, Any]]:
        """What the filters still hold."""
        if self.graph is None:
            return []
        self.graph.push(None)
        ready, self.graph, self.kind = self._pull(), None, None
        return ready

    def _pull(self) -> list[tuple[float, Any]]:
        ready: list[tuple[float, Any]] = []
        while True:
            try:
                frame = self.graph.pull()
            except (BlockingIOError, EOFError):
                return ready
            ready.append((float(frame.pts * frame.time_base), frame))

    def _fits(self, frame: Any, ratio: Fraction | None) -> bool:
        plain = frame.format.name == "yuv420p" and not is_hdr(frame) and not turns(frame)
        whole = (frame.width, frame.height) == self.size and pixel_shape(ratio) == 1.0
        return bool(plain and whole and not self.interlaced)

    def _build(self, frame: Any, ratio: Fraction | None) -> Any:
        graph = av.filter.Graph()
        last = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=CLOCK
        )
        for step in [*self._steps(frame, ratio), "buffersink"]:
            name, _, arguments = step.partition("=")
            node = graph.add(name, arguments or None)
            last.link_to(node)
            last = node
        graph.configure()
        return graph

    def _steps(self, frame: Any, ratio: Fraction | None) -> list[str]:
        assert self.size is not None
        width, height = self.size
        own = square_size(frame, ratio)
        shrink = min(width / own[0], height / own[1])
        inner = tuple(_even(min(length * shrink, most)) for length, most in zip(own, self.size))
        if abs(inner[0] - width) <= 2 and abs(inner[1] - height) <= 2:
            inner = self.size  # the same shape but for rounding
        steps = ["bwdif=mode=send_frame:deint=interlaced"] if self.interlaced else []
        steps += turns(frame)
        scale = f"scale={inner[0]}:{inner[1]}"
        if is_hdr(frame):
            table = cube(frame.color_trc, self.folder)
            steps += [f"{scale}:in_color_matrix=bt2020", "format=gbrp10le", f"lut3d=file='{table}'"]
            steps += ["scale=out_color_matrix=bt709:out_range=tv", "format=yuv420p"]
        else:
            steps += [scale, "format=yuv420p"]
        if inner != self.size:
            steps.append(f"pad={width}:{height}:-1:-1")
        return [*steps, "setsar=1"]
