"""The face that is read of each picture of a clip; the whole picture where there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.decoding import RATE as SAMPLES
from modeling.learner.features.decoding import picture_at, timed_pictures, waveform
from modeling.learner.features.face_detector import Face, FaceDetector, face_detector
from modeling.learner.features.face_tracks import RATE, Tracker, largest, loudness, speaking
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.recipes import Recipe
from modeling.learner.release import Dialogue, Utterance

VERSION = 1
LONGEST, CUT_FROM = 640, 1280  # pixels of the longer side: where faces are looked for, and cut from
MOST_STEPS = 2 * 3600 * RATE  # of a clip; after two hours whole pictures are read
SHEET_COLUMNS, SHEET_ROWS, SHEET_SIDE = 10, 6, 96
WHOLE, CUT = (160, 160, 160), (15, 102, 96)  # RGB of the frame of a picture in the sheet
FRAME = 3  # pixels

Picture = NDArray[np.uint8]
Places = NDArray[np.float32]  # (steps, 4): centre x, y and side as shares of width, height, width;
# the angle in radians; NaN where no face is


@dataclass
class FaceCrops:
    """What is read of pictures in place of the whole: the `region` "largest face" or "speaking
    face", as a detector finds it. `found` has the places of each clip that was asked for.
    """

    region: str
    detector: FaceDetector
    found: dict[Path, Places] = field(default_factory=dict)

    @classmethod
    def of(cls, recipe: Recipe) -> "FaceCrops | None":
        """Those of a recipe; None where it reads whole pictures. Raises FeatureError."""
        reads = "vision" in recipe.modalities and not recipe.vision_features
        if recipe.vision_region == "frame" or not reads:
            return None
        return cls(recipe.vision_region, face_detector(recipe.face_detector))

    @property
    def key(self) -> str:
        """Names all that decides the places."""
        return f"{self.region.replace(' ', '-')}-{VERSION}-{self.detector.digest}"

    def find(self, clip: Path, digest: str, cache: Path) -> None:
        """Look for the faces of a clip, or read where they were found; kept by its digest."""
        if clip in self.found:
            return
        kept = cache / self.key / f"{digest}.npy"
        places = _read(kept)
        if places is None:
            places = self._places(clip)
            kept.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=kept.parent, suffix=".partial", delete=False) as stream:
                np.save(stream, places)
            Path(stream.name).replace(kept)
        self.found[clip] = places

    def pictures(self, clip: Path, rate: float, side: int) -> Iterator[Picture]:
        """Pictures (side, side, 3) in RGB, about `rate` a second. Raises FeatureError."""
        if clip not in self.found:
            self.found[clip] = self._places(clip)
        places = self.found[clip]
        for seconds, picture in timed_pictures(clip, rate, CUT_FROM):
            yield cut(picture, place_at(places, seconds), side)

    def share(self, dialogues: Sequence[Dialogue]) -> dict[str, Any]:
        """Of how many utterances with film (`of`) a face was found (`found`), in the clips that
        were asked for.
        """
        seen = [
            has_face(places, start, end)
            for dialogue in dialogues
            for _, clip, start, end in spoken_in(dialogue)
            if (places := self.found.get(clip)) is not None
        ]
        return {
            "region": self.region,
            "detector": self.detector.name,
            "of": len(seen),
            "found": sum(seen),
        }

    def sheet(self, dialogues: Sequence[Dialogue]) -> bytes:
        """A JPEG of what is read of some utterances, evenly chosen, in the middle of each; empty
        where there is no film. Whole pictures have a grey frame.
        """
        rows = [
            row
            for dialogue in dialogues
            for row in spoken_in(dialogue)
            if row[1] in self.found
        ]  # fmt: skip
        most = SHEET_COLUMNS * SHEET_ROWS
        chosen = [rows[n * len(rows) // most] for n in range(most)] if len(rows) > most else rows
        tiles = [tile for _, clip, start, end in chosen for tile in self._tile(clip, start, end)]
        if not tiles:
            return b""
        if len(tiles) > SHEET_COLUMNS:  # whole rows
            tiles = tiles[: len(tiles) // SHEET_COLUMNS * SHEET_COLUMNS]
        lines = [tiles[n : n + SHEET_COLUMNS] for n in range(0, len(tiles), SHEET_COLUMNS)]
        whole = np.concatenate([np.concatenate(line, axis=1) for line in lines])
        cv2 = _cv2()
        done, encoded = cv2.imencode(".jpg", whole[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
        return bytes(encoded) if done else b""

    def _tile(self, clip: Path, start: float, end: float) -> Iterator[Picture]:
        """The one of an utterance; none where its clip ends before."""
        places = self.found[clip]
        seconds = _middle(places, start, end)
        try:
            picture = picture_at(clip, seconds, CUT_FROM)
        except FeatureError:  # the run says of which clips nothing can be decoded
            return
        if picture is None:
            return
        place = place_at(places, seconds)
        inner = SHEET_SIDE - 2 * FRAME
        tile = np.full((SHEET_SIDE, SHEET_SIDE, 3), WHOLE if place is None else CUT, np.uint8)
        tile[FRAME:-FRAME, FRAME:-FRAME] = cut(picture, place, inner)
        yield tile

    def _places(self, clip: Path) -> Places:
        """Places (steps, 4) of the face that is read. Raises FeatureError."""
        tracker, count, width, height = Tracker(), 0, 1, 1
        before: tuple[int, list[Face], Picture] | None = None
        # twice as many pictures as steps: the second of each pair says what moved
        for seconds, picture in timed_pictures(clip, 2 * RATE, LONGEST):
            height, width = picture.shape[:2]
            step = round(seconds * RATE * 2) // 2
            if step >= MOST_STEPS:
                break
            if before is not None and before[0] == step:
                moved = [mouth_movement(face, before[2], picture) for face in before[1]]
                tracker.see(step, before[1], moved)
                before = None
                continue
            if before is not None:
                tracker.see(before[0], before[1], [0.0] * len(before[1]))
            before = step, self.detector.faces(picture), picture
            count = step + 1
        if before is not None:
            tracker.see(before[0], before[1], [0.0] * len(before[1]))
        whole = np.array([width, height, width, 1], np.float32)
        return np.asarray(self._chosen(tracker, clip, count) / whole, np.float32)

    def _chosen(self, tracker: Tracker, clip: Path, count: int) -> Places:
        tracks = tracker.ended(count)
        if self.region == "speaking face":
            try:
                sound = loudness(waveform(clip), SAMPLES, count)
            except FeatureError:  # of a clip whose sound cannot be decoded the pictures still can
                sound = np.zeros(count)
            chosen = speaking(tracks, sound, count)
        else:
            chosen = largest(tracks, count)
        places = np.full((count, 4), np.nan, np.float32)
        of_track = {id(track): track.places() for track in tracks}
        for step, track in enumerate(chosen):
            if track is not None:
                places[step] = of_track[id(track)][step - track.steps[0]]
        return places


def mouth_movement(face: Face, one: Picture, other: Picture) -> float:
    """How much more the lower third of a face changes than the upper half from one picture to the
    next, in shares of white: what the whole head moves is not its mouth's.
    """
    height, width = one.shape[:2]
    left, right = max(0, int(face.x)), min(width, int(face.x + face.width))
    top, bottom = max(0, int(face.y)), min(height, int(face.y + face.height))
    if right - left < 2 or bottom - top < 6 or one.shape != other.shape:
        return 0.0
    first, second = (
        each[top:bottom, left:right].mean(axis=2, dtype=np.float32) for each in (one, other)
    )
    change = np.abs(first - second) / 255
    lower, upper = change[2 * len(change) // 3 :], change[: len(change) // 2]
    return float(max(0.0, lower.mean() - upper.mean()))


def place_at(places: Places, seconds: float) -> NDArray[np.float32] | None:
    """Where the face is at a time; None where there is none."""
    if not len(places):
        return None
    place: NDArray[np.float32] = places[min(max(0, int(seconds * RATE)), len(places) - 1)]
    return place if np.isfinite(place).all() else None


def has_face(places: Places, start: float, end: float) -> bool:
    """Whether there is one between two times."""
    last = len(places) if end == float("inf") else max(int(end * RATE), int(start * RATE) + 1)
    return bool(np.isfinite(places[int(start * RATE) : last, 0]).any())


def _middle(places: Places, start: float, end: float) -> float:
    last = min(end, max(start, len(places) / RATE))
    return (start + last) / 2


def spoken_in(dialogue: Dialogue) -> list[tuple[Utterance, Path, float, float]]:
    """(utterance, its clip, start and end in it) of those that have film."""
    if dialogue.clip is not None:
        return [
            (u, dialogue.clip, u.start, u.end)
            for u in dialogue.utterances
            if u.start is not None and u.end is not None
        ]
    return [(u, u.clip, 0.0, float("inf")) for u in dialogue.utterances if u.clip is not None]


def clips_of(dialogue: Dialogue) -> list[tuple[Path, str]]:
    """Each clip of a dialogue with its digest."""
    if dialogue.clip is not None:
        return [(dialogue.clip, dialogue.clip_sha256)]
    return [(u.clip, u.clip_sha256) for u in dialogue.utterances if u.clip is not None]


def cut(picture: Picture, place: NDArray[np.float32] | None, side: int) -> Picture:
    """The square (side, side, 3) at a place, turned upright; of None the whole picture. Beyond its
    edges the picture goes on as at them.
    """
    cv2 = _cv2()
    height, width = picture.shape[:2]
    if place is None:
        return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    x, y, size = place[0] * width, place[1] * height, max(2.0, float(place[2]) * width)
    scale = side / size
    turn = cv2.getRotationMatrix2D((float(x), float(y)), float(np.degrees(place[3])), scale)
    turn[:, 2] += [side / 2 - x, side / 2 - y]
    # what is made smaller is smoothed first, so that no detail becomes noise
    if scale < 0.5:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
    cropped = cv2.warpAffine(
        picture, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cropped, np.uint8)


def _read(path: Path) -> Places | None:
    """Places that were kept; None where there are none, or the file is damaged."""
    if not path.exists():
        return None
    try:
        places = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        places = np.zeros(0)
    if places.ndim != 2 or places.shape[1] != 4 or places.dtype != np.float32:
        path.unlink(missing_ok=True)
        return None
    return np.asarray(places)


def _cv2() -> Any:
    # optional, and large: whoever reads whole pictures does without
    import cv2

    return cv2
