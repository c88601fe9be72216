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
    """Audio and vision features of each utterance, the clip decoded once and kept by digest.

    Raises FeatureError naming the clip that cannot be decoded.
    """
    if dialogue.clip is None:
        return [Features(audio.nothing(), vision.nothing()) for _ in dialogue.utterances]
    kept = cache / f"{dialogue.clip_sha256}-v{VERSION}.npz"
    if not kept.exists():
        sound, picture = audio.of_clip(dialogue.clip), vision.of_clip(dialogue.clip)
        partial = kept.with_suffix(".partial.npz")
        np.savez(partial, audio=sound, vision=picture)
        partial.replace(kept)
    with np.load(kept, allow_pickle=False) as arrays:
        sound, picture = arrays["audio"], arrays["vision"]
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
