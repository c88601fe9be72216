"""Faces from picture to picture: which are the same, which one is read, and how it is cut out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.face_detector import Face

RATE = 5  # steps a second at which faces are looked for
LEAST_OVERLAP = 0.3  # of two boxes that are one face
LONGEST_GAP = RATE  # steps without the face before its track ends
FEWEST = 3  # steps with it; fewer are taken for a mistake
SMOOTHED = 5  # steps of which a box is the mean
WINDOW = 3 * RATE  # steps over which movement of a mouth is weighed
KEPT = 1.2  # times as much as the face before it has to move for another to be read
MARGIN = 0.3  # of a face's side, added on each side
EYES_APART = 2.6  # sides of a face between the ears are so many distances of its eyes

Floats = NDArray[np.float64]


@dataclass
class Track:
    """One face over time: the steps at which it was seen, where, and how its mouth moved."""

    steps: list[int] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    movement: list[float] = field(default_factory=list)

    @property
    def size(self) -> float:
        """Mean area."""
        return sum(face.area for face in self.faces) / len(self.faces)

    def covers(self, step: int) -> bool:
        return self.steps[0] <= step <= self.steps[-1]

    def places(self) -> Floats:
        """Centre, side and angle (n, 4) at each step from the first to the last, smoothed."""
        seen = np.array([place_of(face) for face in self.faces])  # (k, 4)
        every = np.arange(self.steps[0], self.steps[-1] + 1)
        filled = np.stack([np.interp(every, self.steps, column) for column in seen.T], axis=1)
        return np.stack([_smoothed(column) for column in filled.T], axis=1)

    def moved(self, count: int) -> Floats:
        """Movement of the mouth at each of `count` steps, NaN where it was not seen."""
        found = np.full(count, np.nan)
        found[self.steps] = self.movement
        return found


def _smoothed(values: Floats) -> Floats:
    """Means over SMOOTHED values around each, of fewer at the ends."""
    if len(values) < SMOOTHED:
        return np.full(len(values), values.mean())
    kernel = np.ones(SMOOTHED)
    counts = np.convolve(np.ones(len(values)), kernel, "same")
    return np.asarray(np.convolve(values, kernel, "same") / counts)


def place_of(face: Face) -> tuple[float, float, float, float]:
    """Centre, side and angle of the square that is cut out around a face: upright by its eyes where
    they are known.
    """
    side = max(face.width, face.height) * (1 + 2 * MARGIN)
    if face.eyes is None:
        return face.x + face.width / 2, face.y + face.height / 2, side, 0.0
    (x1, y1), (x2, y2) = face.eyes
    angle = math.atan2(y2 - y1, x2 - x1)
    apart = math.hypot(x2 - x1, y2 - y1)
    # eyes apart say the size better than a box, but of a face from the side
    side = max(side, EYES_APART * apart * (1 + 2 * MARGIN) / 2)
    down = 0.1 * side  # the eyes are above the middle of a face
    x, y = (x1 + x2) / 2 - down * math.sin(angle), (y1 + y2) / 2 + down * math.cos(angle)
    return x, y, side, angle


def overlap(one: Face, other: Face) -> float:
    """Intersection over union of two boxes."""
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    common = max(0.0, wide) * max(0.0, high)
    return common / (one.area + other.area - common)


class Tracker:
    """Joins the faces of each step to the tracks that they overlap with most."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._open: list[Track] = []

    def see(self, step: int, faces: Sequence[Face], movement: Sequence[float]) -> None:
        """Take in the faces of a step, and how the mouth of each moves."""
        self._open = [each for each in self._open if step - each.steps[-1] <= LONGEST_GAP]
        pairs = sorted(
            (
                (overlap(track.faces[-1], face), t, f)
                for t, track in enumerate(self._open)
                for f, face in enumerate(faces)
            ),
            reverse=True,
        )
        taken: dict[int, int] = {}  # face -> track
        for share, t, f in pairs:
            if share >= LEAST_OVERLAP and f not in taken and t not in taken.values():
                taken[f] = t
        before = list(self._open)
        for f, face in enumerate(faces):
            track = before[taken[f]] if f in taken else Track()
            if f not in taken:
                self.tracks.append(track)
                self._open.append(track)
            track.steps.append(step)
            track.faces.append(face)
            track.movement.append(movement[f])

    def ended(self, count: int) -> list[Track]:
        """The tracks of a film of `count` steps, without those that are too short to be a face."""
        least = min(FEWEST, count)
        return [track for track in self.tracks if len(track.steps) >= least]


def largest(tracks: Sequence[Track], count: int) -> list[Track | None]:
    """Of each step the track that is largest in the mean, None where there is none."""
    return [
        max((t for t in tracks if t.covers(step)), key=lambda t: t.size, default=None)
        for step in range(count)
    ]


def speaking(tracks: Sequence[Track], loudness: Floats, count: int) -> list[Track | None]:
    """Of each step the track whose mouth moves most with the sound: within a window, the mean
    movement weighted by `loudness` (n,) from 0 to 1, less what it moves in silence all along.
    Another has to move KEPT times as much to be taken. Without sound it is the largest one.
    """
    usual = largest(tracks, count)
    loud = np.zeros(count)
    loud[: min(count, len(loudness))] = loudness[:count]
    if not loud.any():
        return usual
    scores = [_speech_score(track.moved(count), loud) for track in tracks]
    chosen: list[Track | None] = []
    before = -1
    for step in range(count):
        here = [n for n, track in enumerate(tracks) if track.covers(step)]
        best = max(here, key=lambda n: scores[n][step], default=-1)
        if best >= 0 and before in here:
            own = scores[before][step]
            best = before if scores[best][step] < own + (KEPT - 1) * abs(own) else best
        if best >= 0 and not np.isfinite(scores[best][step]):
            chosen.append(usual[step])
        else:
            chosen.append(tracks[best] if best >= 0 else None)
        before = best
    return chosen


def _speech_score(moved: Floats, loud: Floats) -> Floats:
    """(n,), -inf where nothing was seen or heard within the window."""
    seen = np.isfinite(moved)
    movement = np.where(seen, moved, 0.0)
    window = np.ones(WINDOW)
    heard = np.convolve(loud * seen, window, "same")
    silent = (1 - loud) * seen
    rest = float((silent * movement).sum() / silent.sum()) if silent.sum() > 0.5 else 0.0
    weighted = np.convolve(loud * movement, window, "same")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(heard > 1e-6, weighted / heard - rest, -np.inf)


def loudness(wave: NDArray[np.float32], rate: int, count: int) -> Floats:
    """Of each of `count` steps, how loud it is between the quiet (0) and the loud (1) of a film."""
    size = rate // RATE
    steps = len(wave) // size
    if not steps:
        return np.zeros(count)
    energy = np.square(wave[: steps * size].reshape(steps, size).astype(np.float64)).mean(axis=1)
    levels = np.log10(energy + 1e-8)
    low, high = np.percentile(levels, [10, 95])
    if high - low < 0.1:  # one long tone, or silence
        return np.full(steps, 1.0 if high > -6 else 0.0)[:count]
    return np.asarray(np.clip((levels - low) / (high - low), 0, 1)[:count])
