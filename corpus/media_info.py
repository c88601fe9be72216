"""Plain: what a media file holds, as values; reading one is in `corpus.media`, which loads PyAV."""

from dataclasses import dataclass, fields
from typing import Any

from core.errors import UserError

RATE = 16_000  # Hz of the mono audio kept beside each clip
MAX_HEIGHT = 720  # pixels of the picture of a clip
UNKNOWN = "unknown"  # a codec that nothing here decodes


class MediaError(UserError):
    """A file that is not usable media; the message is one sentence for a person."""


@dataclass(frozen=True)
class Track:
    """A sound or subtitle stream of a file, by its index among all streams."""

    index: int
    codec: str
    language: str = ""  # as the file says, usually ISO 639-2
    title: str = ""
    default: bool = False
    comment: bool = False  # by its flags or title a commentary, a description or the like
    channels: int = 0
    text: bool = False  # of subtitles: words, not images


@dataclass(frozen=True)
class Probe:
    """What a file holds. Times are seconds on the common clock (`corpus.stream_reader`).

    `width` and `height` are those of the picture as it is shown: upright, in square pixels; 0
    without a picture. Cover art is no picture.
    """

    duration: float  # from the earliest start to the end of the last packet
    width: int
    height: int
    fps: float
    has_audio: bool
    audio: tuple[Track, ...] = ()
    subtitles: tuple[Track, ...] = ()
    video: int | None = None  # index of the stream that is shown

    @property
    def has_video(self) -> bool:
        return self.width > 0

    @property
    def track(self) -> int | None:
        """The stream of the sound that is taken where nobody chose: the one flagged as default,
        no commentary; else the first that is no commentary; else the first.
        """

        def rank(track: Track) -> tuple[bool, ...]:
            return track.codec == UNKNOWN, track.comment, not track.default

        ranked = sorted(self.audio, key=rank)
        return ranked[0].index if ranked else None

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Probe":
        """A probe from its `asdict()`, also as earlier versions kept it, without tracks."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        for name in ("audio", "subtitles"):
            values[name] = tuple(Track(**row) for row in values.get(name, ()))
        return cls(**values)


@dataclass(frozen=True)
class Loss:
    """Material that could not be read: seconds on the common clock, and the stream's index.

    `kind` is "damaged" (could not be decoded), "missing" (no packets, though more follow) or
    "jump" (the clock of the file jumps there by `seconds`, which were taken out).
    """

    time: float
    seconds: float
    stream: int
    kind: str = "damaged"


@dataclass(frozen=True)
class Shot:
    """A change of picture: seconds from the start, and how much changes, 0 to 1."""

    time: float
    strength: float


@dataclass(frozen=True)
class Clip:
    """What was written: start and end in the episode, seconds, on its frame grid."""

    start: float
    end: float
    frames: int
    samples: int
    picture: tuple[float, float] | None = None  # first and last frame, seconds in the clip
    level: float | None = None  # of the sound: root mean square, 1 is full scale
    losses: tuple[Loss, ...] = ()  # what of its span could not be read, at times of the episode

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Clip":
        """A clip from its `asdict()` that JSON made lists of."""
        picture, losses = stored["picture"], stored["losses"]
        values = {
            "picture": tuple(picture) if picture else None,
            "losses": tuple(Loss(**row) for row in losses),
        }
        return cls(**{**stored, **values})
