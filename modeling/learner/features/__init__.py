"""Per utterance and modality: character ids, log-mel frames, picture statistics."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modeling.learner.features import audio, vision
from modeling.learner.release import Dialogue

Floats = NDArray[np.float32]
VERSION = 1  # part of the cache's key: raise it when a feature changes


@dataclass(frozen=True)
class Features:
    """Of one utterance: (frames, dims) each, with no frame where the modality is missing."""

    audio: Floats
    vision: Floats


def extract(dialogue: Dialogue, cache: Path) -> list[Features]:
    """Audio and vision features of each utterance: those of the release, or of its clips, each
    decoded once and kept by digest.

    Raises FeatureError naming the clip that cannot be decoded.
    """
    if dialogue.features is not None:
        return _spans(dialogue, *_read(dialogue.features))
    if dialogue.clip is not None:
        return _spans(dialogue, *_kept(dialogue.clip, dialogue.clip_sha256, cache))
    nothing = Features(audio.nothing(), vision.nothing())
    return [
        Features(*_kept(utterance.clip, utterance.clip_sha256, cache))
        if utterance.clip
        else nothing
        for utterance in dialogue.utterances
    ]


def measure(clip: Path, out: Path) -> None:
    """Write a clip's features as `audio` and `vision` arrays with their frames a second.

    Raises FeatureError naming the clip that cannot be decoded.
    """
    partial = out.with_suffix(".partial.npz")
    np.savez(
        partial,
        audio=audio.of_clip(clip),
        vision=vision.of_clip(clip),
        audio_rate=np.float64(audio.FRAMES_PER_SECOND),
        vision_rate=np.float64(vision.FRAMES_PER_SECOND),
    )
    partial.replace(out)


def _kept(clip: Path, digest: str, cache: Path) -> tuple[Floats, Floats]:
    kept = cache / f"{digest}-v{VERSION}.npz"
    if not kept.exists():
        measure(clip, kept)
    return _read(kept)


def _read(path: Path) -> tuple[Floats, Floats]:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["audio"], arrays["vision"]


def _spans(dialogue: Dialogue, sound: Floats, picture: Floats) -> list[Features]:
    return [
        Features(
            _span(sound, audio.FRAMES_PER_SECOND, utterance.start, utterance.end),
            _span(picture, vision.FRAMES_PER_SECOND, utterance.start, utterance.end),
        )
        for utterance in dialogue.utterances
    ]


def extract_all(
    dialogues: list[Dialogue], cache: Path, progress: Callable[[int], None]
) -> dict[str, list[Features]]:
    """`extract` for many dialogues, by dialogue id; `progress` hears how many are done."""
    cache.mkdir(parents=True, exist_ok=True)
    found = {}
    for done, dialogue in enumerate(dialogues, 1):
        found[dialogue.id] = extract(dialogue, cache)
        progress(done)
    return found


def _span(frames: Floats, rate: float, start: float | None, end: float | None) -> Floats:
    if start is None or end is None or not len(frames):
        return frames[:0]
    first = min(int(start * rate), len(frames) - 1)
    return frames[first : max(int(np.ceil(end * rate)), first + 1)]
