"""Per utterance and modality: characters or tokens, frames of sound, frames of picture."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from modeling.learner.features.audio import LogMel
from modeling.learner.features.decoding import FeatureError
from modeling.learner.features.pretrained import SpeechEncoder, TextEncoder, VisionEncoder
from modeling.learner.features.vision import ColourAndMotion
from modeling.learner.recipes import Recipe
from modeling.learner.release import Dialogue

Floats = NDArray[np.float32]
CLIP_MODALITIES = ("audio", "vision")


class ClipExtractor(Protocol):
    """What turns a clip into frames; `key` names it with its version and weights."""

    key: str
    rate: float  # frames a second

    @property
    def dims(self) -> int: ...

    def of_clip(self, clip: Path) -> Floats:
        """(frames, dims). Raises FeatureError naming the clip."""


@dataclass(frozen=True)
class Failure:
    """A clip whose features of one modality could not be computed."""

    dialogue: str
    clip: str
    modality: str
    reason: str


@dataclass(frozen=True)
class Features:
    """Of one utterance by modality: (frames, dims), with no frame where the modality is missing.
    Text is in it where an encoder read it; otherwise the network reads its characters.
    """

    frames: dict[str, Floats] = field(default_factory=dict)

    def __getitem__(self, modality: str) -> Floats:
        return self.frames[modality]


@dataclass(frozen=True)
class Extractors:
    """What a recipe measures its modalities with."""

    text: TextEncoder | None
    clips: dict[str, ClipExtractor]

    @classmethod
    def of(cls, recipe: Recipe, device: torch.device | None = None) -> "Extractors":
        """Raises FeatureError for a directory without an encoder."""
        device = device or torch.device("cpu")
        made: dict[str, Callable[[], ClipExtractor]] = {
            "audio": lambda: (
                SpeechEncoder(Path(recipe.audio_encoder), device)
                if recipe.audio_encoder
                else LogMel()
            ),
            "vision": lambda: (
                VisionEncoder(Path(recipe.vision_encoder), device)
                if recipe.vision_encoder
                else ColourAndMotion()
            ),
        }
        reads = "text" in recipe.modalities and recipe.text_encoder
        return cls(
            TextEncoder(Path(recipe.text_encoder), device) if reads else None,
            {name: made[name]() for name in CLIP_MODALITIES if name in recipe.modalities},
        )

    @property
    def keys(self) -> dict[str, str]:
        """Modality -> what measured it."""
        text = {"text": self.text.key} if self.text else {}
        return text | {name: each.key for name, each in self.clips.items()}


def extract(
    dialogue: Dialogue, cache: Path, extractors: Extractors
) -> tuple[list[Features], list[Failure]]:
    """Features of each utterance: those of the release, or of its clips, each decoded once and kept
    by digest; and what failed, which is missing in the features.
    """
    found = [Features() for _ in dialogue.utterances]
    failures: list[Failure] = []
    if extractors.text:
        for each, tokens in zip(found, _texts(dialogue, cache, extractors.text), strict=True):
            each.frames["text"] = tokens
    for name, extractor in extractors.clips.items():
        for each, frames in zip(found, _frames(dialogue, name, extractor, cache, failures)):
            each.frames[name] = frames
    return found, failures


def _frames(
    dialogue: Dialogue, name: str, extractor: ClipExtractor, cache: Path, failures: list[Failure]
) -> list[Floats]:
    if dialogue.features is not None:
        frames, rate = _read(dialogue.features, name)
        return [_span(frames, rate, u.start, u.end) for u in dialogue.utterances]
    nothing = np.zeros((0, extractor.dims), np.float32)

    def of(clip: Path | None, digest: str) -> Floats:
        if clip is None:
            return nothing
        try:
            return _kept(clip, digest, extractor, cache)
        except FeatureError as error:
            failures.append(Failure(dialogue.id, clip.name, name, str(error)))
            return nothing

    if dialogue.clip is not None:
        whole = of(dialogue.clip, dialogue.clip_sha256)
        return [_span(whole, extractor.rate, u.start, u.end) for u in dialogue.utterances]
    return [of(utterance.clip, utterance.clip_sha256) for utterance in dialogue.utterances]


def _kept(clip: Path, digest: str, extractor: ClipExtractor, cache: Path) -> Floats:
    kept = cache / extractor.key / f"{digest}.npy"
    if not kept.exists():
        _write(kept, extractor.of_clip(clip))
    return np.load(kept, allow_pickle=False)


def _texts(dialogue: Dialogue, cache: Path, encoder: TextEncoder) -> list[Floats]:
    texts = [utterance.text for utterance in dialogue.utterances]
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    kept, lengths = (cache / encoder.key / f"{digest}.{n}.npy" for n in ("tokens", "lengths"))
    if not lengths.exists():
        found = encoder.of_texts(texts)
        _write(kept, np.concatenate(found))
        _write(lengths, np.array([len(each) for each in found]))
    ends = np.cumsum(np.load(lengths, allow_pickle=False))
    return np.split(np.load(kept, allow_pickle=False), ends[:-1])


def _write(path: Path, array: NDArray[np.generic]) -> None:
    """Whole or not at all, whoever else writes the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as stream:
        np.save(stream, array)
    Path(stream.name).replace(path)


def _read(path: Path, name: str) -> tuple[Floats, float]:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays[name], float(arrays[f"{name}_rate"])


def measure(clip: Path, out: Path) -> None:
    """Write a clip's default features as `audio` and `vision` arrays with their frames a second.

    Raises FeatureError naming the clip that cannot be decoded.
    """
    sound, picture = LogMel(), ColourAndMotion()
    partial = out.with_suffix(".partial.npz")
    np.savez(
        partial,
        audio=sound.of_clip(clip),
        vision=picture.of_clip(clip),
        audio_rate=np.float64(sound.rate),
        vision_rate=np.float64(picture.rate),
    )
    partial.replace(out)


def extract_all(
    dialogues: Sequence[Dialogue],
    cache: Path,
    extractors: Extractors,
    progress: Callable[[int, int], None],
    on_failure: str = "fail",
) -> tuple[dict[str, list[Features]], list[Failure]]:
    """`extract` for many dialogues, by dialogue id; `progress` hears how many of how many are done.

    All are tried. Raises FeatureError if some failed and `on_failure` is not "missing".
    """
    found, failures = {}, []
    for done, dialogue in enumerate(dialogues, 1):
        found[dialogue.id], failed = extract(dialogue, cache, extractors)
        failures += failed
        progress(done, len(dialogues))
    if failures and on_failure != "missing":
        raise FeatureError(
            f"{len(failures)} of the clips cannot be measured, the first: {failures[0].reason}."
            ' Mend them, or let "on_failure": "missing" in the recipe train without them.'
        )
    return found, failures


def lacking(
    modalities: Sequence[str],
    dialogues: Sequence[Dialogue],
    features: Mapping[str, Sequence[Features]],
    failures: Sequence[Failure],
) -> dict[str, Any]:
    """Of each modality how many utterances lack it, `of` how many, and the clips that failed."""
    rows = [
        (utterance, each)
        for dialogue in dialogues
        for utterance, each in zip(dialogue.utterances, features[dialogue.id], strict=True)
    ]
    missing = {
        name: sum(not len(each[name]) if name in each.frames else not u.text for u, each in rows)
        for name in modalities
    }
    told = [vars(failure) for failure in failures]
    return {"of": len(rows), "modalities": missing, "failures": told}


def _span(frames: Floats, rate: float, start: float | None, end: float | None) -> Floats:
    if start is None or end is None or not len(frames):
        return frames[:0]
    first = min(int(start * rate), len(frames) - 1)
    return frames[first : max(int(np.ceil(end * rate)), first + 1)]
