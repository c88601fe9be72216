"""Faces in a picture, by OpenCV, which is optional: `pip install -r requirements-faces.lock`.

Without a model the cascade that OpenCV 4 brings along looks for faces from the front. A model is a
file: YuNet (Wu et al. 2023) or CenterFace (Xu et al. 2020), which also find faces from the side and
say where eyes and mouth are. Nothing is fetched.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.feature_error import FeatureError

Picture = NDArray[np.uint8]  # (height, width, 3) in RGB
CASCADE = "haarcascade_frontalface_alt2.xml"
SMALLEST = 1 / 12  # side of a face, as a share of the picture's height
MOST_FACES = 8  # of a picture: the largest
YUNET_SCORE, CENTERFACE_SCORE, OVERLAP = 0.7, 0.4, 0.3
STRIDE, CELL = 32, 4  # pixels: what a side must be a multiple of, and what a place of the map is
LARGEST_MODEL = 200_000_000  # bytes
INSTALL = "pip install -r requirements-faces.lock"


@dataclass(frozen=True)
class Face:
    """Where a face is, in pixels: the box, and the eyes where the detector says them."""

    x: float
    y: float
    width: float
    height: float
    score: float = 1.0
    eyes: tuple[tuple[float, float], tuple[float, float]] | None = None  # the left one seen first

    @property
    def area(self) -> float:
        return self.width * self.height


class FaceDetector:
    """What finds faces; `digest` names its model and version."""

    def __init__(self, model: Path | None) -> None:
        self.model = model

    @property
    def digest(self) -> str:
        """Of the model and of OpenCV's version, 12 digits."""
        content = self._path.read_bytes() + _cv2().__version__.encode()
        return hashlib.sha256(content).hexdigest()[:12]

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def _path(self) -> Path:
        return self.model or Path(_cv2().data.haarcascades) / CASCADE

    def faces(self, picture: Picture) -> list[Face]:
        """Those of a picture, the largest first."""
        found = sorted(self._found(picture), key=lambda face: -face.area)
        return [face for face in found if face.width >= 1 and face.height >= 1][:MOST_FACES]

    def _found(self, picture: Picture) -> list[Face]:
        raise NotImplementedError


class CascadeDetector(FaceDetector):
    """Viola and Jones (2001) with OpenCV's features of faces from the front."""

    @cached_property
    def _network(self) -> Any:
        return _cv2().CascadeClassifier(str(self._path))

    def _found(self, picture: Picture) -> list[Face]:
        cv2 = _cv2()
        grey = cv2.equalizeHist(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
        least = max(20, round(SMALLEST * len(picture)))
        boxes = self._network.detectMultiScale(grey, 1.1, 4, minSize=(least, least))
        return [_face(box) for box in boxes]


class YuNetDetector(FaceDetector):
    """YuNet by OpenCV's own reader of it."""

    @cached_property
    def _network(self) -> Any:
        return _cv2().FaceDetectorYN.create(str(self.model), "", (320, 320), YUNET_SCORE, OVERLAP)

    def _found(self, picture: Picture) -> list[Face]:
        height, width = picture.shape[:2]
        self._network.setInputSize((width, height))
        _, rows = self._network.detect(np.ascontiguousarray(picture[..., ::-1]))
        return [
            _face(row[:4], row[14], _eyes(row[4:6], row[6:8]))
            for row in (rows if rows is not None else ())
        ]


class CenterFaceDetector(FaceDetector):
    """CenterFace: a map of centres, with the size of a face, where in its cell the centre is, and
    five points.
    """

    OUTPUTS = ("537", "538", "539", "540")

    @cached_property
    def _network(self) -> Any:
        return _cv2().dnn.readNetFromONNX(str(self.model))

    def _found(self, picture: Picture) -> list[Face]:
        height, width = picture.shape[:2]
        wide, high = (STRIDE * max(1, round(n / STRIDE)) for n in (width, height))
        blob = _cv2().dnn.blobFromImage(picture, 1.0, (wide, high))
        self._network.setInput(blob)
        heat, sizes, offsets, points = (each[0] for each in self._network.forward(self.OUTPUTS))
        rows, columns = np.nonzero(heat[0] > CENTERFACE_SCORE)
        scores = heat[0, rows, columns]
        tall, broad = (CELL * np.exp(sizes[n, rows, columns]) for n in (0, 1))
        top = CELL * (rows + offsets[0, rows, columns] + 0.5) - tall / 2
        left = CELL * (columns + offsets[1, rows, columns] + 0.5) - broad / 2
        boxes = np.stack([left, top, broad, tall], axis=1)
        kept = _cv2().dnn.NMSBoxes(boxes.tolist(), scores.tolist(), CENTERFACE_SCORE, OVERLAP)
        scale = np.array([width / wide, height / high])
        found = []
        for n in np.array(kept, dtype=int).ravel():
            own = points[:, rows[n], columns[n]].reshape(5, 2)[:2, ::-1]  # of both eyes, x first
            eyes = (own * [broad[n], tall[n]] + [left[n], top[n]]) * scale
            corner, size = boxes[n, :2] * scale, boxes[n, 2:] * scale
            found.append(_face([*corner, *size], scores[n], _eyes(*eyes)))
        return found


def _face(box: Sequence[float], score: float = 1.0, eyes: Any = None) -> Face:
    x, y, width, height = map(float, box)
    return Face(x, y, width, height, float(score), eyes)


def _eyes(one: Sequence[float], other: Sequence[float]) -> Any:
    """Both eyes, the one further left in the picture first."""
    first, second = sorted((tuple(map(float, one)), tuple(map(float, other))))
    return first, second


def face_detector(model: str = "") -> FaceDetector:
    """The detector of a model's file, or the one without. Raises FeatureError."""
    check_detector(model)
    if not model:
        return CascadeDetector(None)
    return _KINDS[_kind_of(model)](Path(model))


def check_detector(model: str = "") -> None:
    """Raises FeatureError where faces cannot be found here, without loading anything."""
    if find_spec("cv2") is None:
        raise FeatureError(f"Faces are found by OpenCV, which is not installed: {INSTALL}")
    if model and not Path(model).is_file():
        raise FeatureError(f"The face model {model} is not there. See FACE_DETECTOR.")
    if model:
        _kind_of(model)
    elif not _has_cascades():
        raise FeatureError(
            "This OpenCV brings no cascade along, as none does from version 5 on: name a face"
            f" model as FACE_DETECTOR, or {INSTALL}"
        )


def _has_cascades() -> bool:
    spec = find_spec("cv2")
    return bool(spec and spec.origin and (Path(spec.origin).parent / "data" / CASCADE).is_file())


@lru_cache(maxsize=8)
def _kind_of(model: str) -> str:
    path = Path(model)
    content = path.read_bytes() if path.stat().st_size < LARGEST_MODEL else b""
    if b"cls_8" in content and b"kps_32" in content:
        return "yunet"
    if all(name.encode() in content for name in CenterFaceDetector.OUTPUTS):
        return "centerface"
    raise FeatureError(
        f"{model} is no face model that is known here: take YuNet or CenterFace as ONNX."
    )


_KINDS: dict[str, type[FaceDetector]] = {
    "yunet": YuNetDetector,
    "centerface": CenterFaceDetector,
}


def _cv2() -> Any:
    # optional, and large: whoever reads whole pictures does without
    import cv2

    return cv2
