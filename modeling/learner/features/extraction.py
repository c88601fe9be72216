"""Per utterance and modality: characters or tokens, frames of sound, frames of picture."""

import hashlib
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray

from modeling.learner.features.audio import LogMel
from modeling.learner.features.decoding import RATE, waveform
from modeling.learner.features.egemaps import EGeMAPS
from modeling.learner.features.face_crops import FaceCrops, clips_of
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.functionals import KEY as FUNCTIONALS_KEY
from modeling.learner.features.functionals import functionals
from modeling.learner.features.imported import ImportedFeatures
from modeling.learner.features.pretrained import (
    SHORTEST,
    EncoderSettings,
    SpeechEncoder,
    TextEncoder,
    VisionEncoder,
)
from modeling.learner.features.vision import ColourAndMotion
from modeling.learner.numeric_checks import first_nonfinite
from modeling.learner.recipes import MODALITIES, Recipe
from modeling.learner.release import Dialogue, Utterance

Floats = NDArray[np.float32]
CLIP_MODALITIES = ("audio", "vision")
CHARACTERS = "characters-1"  # where the network reads text itself
POOLS: dict[str, Callable[..., Any]] = {"mean": np.mean, "max": np.max}
DEFAULT_KEYS = {
    "audio": LogMel.key,
    "vision": ColourAndMotion.key,
}  # of features that do not say it


class ClipExtractor(Protocol):
    """What turns a clip into frames; `key` names it with its version and weights."""

    @property
    def key(self) -> str: ...

    @property
    def rate(self) -> float:
        """Frames a second."""
        ...

    @property
    def dims(self) -> int:
        """Of a frame."""
        ...

    def of_clip(self, clip: Path) -> Floats:
        """(frames, dims). Raises FeatureError naming the clip."""


@runtime_checkable
class BatchExtractor(ClipExtractor, Protocol):
    """One that works on some clips at once."""

    def of_clips(self, clips: Sequence[Path]) -> Iterable[Floats | FeatureError]:
        """Of each clip its frames, or why there are none."""


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
    Text is in it where an encoder read it; otherwise the network reads its characters. What an
    encoder that is tuned reads is (n,): numbers of tokens, or samples as 16-bit numbers.
    """

    frames: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __getitem__(self, modality: str) -> NDArray[Any]:
        return self.frames[modality]


@dataclass(frozen=True)
class Samples:
    """The sound of a clip itself, for a speech encoder that is tuned; not worth a cache."""

    encoder: SpeechEncoder
    rate, dims = float(RATE), 1

    @property
    def key(self) -> str:
        return self.encoder.tuned_key

    def of_clip(self, clip: Path) -> Floats:
        """(samples, 1). Raises FeatureError."""
        return waveform(clip)[:, None]

    def heard(self, samples: Floats) -> NDArray[np.int16]:
        """Of an utterance (n, 1) the (m,) that are read; none where it is too short."""
        kept = samples[: self.encoder.samples, 0]
        if len(kept) < SHORTEST:
            kept = kept[:0]
        return np.round(kept.clip(-1, 1) * 32767).astype(np.int16)


@dataclass(frozen=True)
class Extractors:
    """The extractors of a recipe's modalities."""

    text: TextEncoder | None
    clips: dict[str, ClipExtractor]
    audio_pooling: str = "frames"  # of the frames of an utterance, or "functionals"
    tunes_text: bool = False
    imported: dict[str, ImportedFeatures] = field(default_factory=dict)
    faces: FaceCrops | None = None  # what is read of pictures; None: the whole
    egemaps: EGeMAPS | None = None

    @classmethod
    def of(cls, recipe: Recipe, device: torch.device | None = None) -> "Extractors":
        """Raises FeatureError for a directory without an encoder, or without features."""
        device = device or torch.device("cpu")
        chosen = {
            name: (Path(path), device, EncoderSettings.of(recipe, name))
            for name in recipe.modalities
            if (path := getattr(recipe, f"{name}_encoder")) and name not in recipe.imported
        }
        imported = {
            name: ImportedFeatures(Path(recipe.features_of(name))) for name in recipe.imported
        }
        clips: dict[str, ClipExtractor] = {}
        faces = None
        if "audio" in {*recipe.modalities} - {*imported}:
            clips["audio"] = SpeechEncoder(*chosen["audio"]) if "audio" in chosen else LogMel()
            if "audio" in recipe.tuned:
                clips["audio"] = Samples(SpeechEncoder(*chosen["audio"]))
            if recipe.functionals == "egemaps":
                del clips["audio"]
        if "vision" in {*recipe.modalities} - {*imported}:
            faces = FaceCrops.of(recipe)
            clips["vision"] = ColourAndMotion(faces)
            if "vision" in chosen:
                clips["vision"] = encoder = VisionEncoder(*chosen["vision"])
                encoder.faces = faces
        pooling = recipe.audio_pooling if "audio" in {*chosen} - {*recipe.tuned} else "frames"
        return cls(
            TextEncoder(*chosen["text"]) if "text" in chosen else None,
            clips,
            "functionals" if recipe.functionals == "own" else pooling,
            "text" in recipe.tuned,
            imported,
            faces,
            EGeMAPS() if recipe.functionals == "egemaps" else None,
        )

    @property
    def keys(self) -> dict[str, str]:
        """Modality -> key of its extractor."""
        text = {}
        if self.text:
            text["text"] = self.text.tuned_key if self.tunes_text else self.text.key
        text |= {name: self.clip_key(name, each.key) for name, each in self.clips.items()}
        if self.egemaps:
            text["audio"] = self.egemaps.key
        return text | {name: each.key for name, each in self.imported.items()}

    def clip_key(self, name: str, frames: str) -> str:
        """Key of a modality whose frames have the key `frames`."""
        described = name == "audio" and self.audio_pooling == "functionals"
        return f"{frames}+{FUNCTIONALS_KEY}" if described else frames


def feature_sources(
    recipe: Recipe, dialogues: Sequence[Dialogue], extractors: Extractors
) -> dict[str, dict[str, str]]:
    """Modality of the recipe -> what its features are: `by` is the key of the extractor with
    version or digest, `from` says of what (text, clips, the release's features, imported ones, or
    nothing), `encoder` is the name of an encoder's directory, `name` that of imported features.
    """
    films = any(dialogue.clip or any(u.clip for u in dialogue.utterances) for dialogue in dialogues)
    given = [dialogue.features for dialogue in dialogues if dialogue.features]
    sources: dict[str, dict[str, str]] = {}
    for name in recipe.modalities:
        if name in extractors.imported:
            own = extractors.imported[name]
            sources[name] = {"by": own.key, "from": "imported", "name": own.name}
        elif name == "text":
            sources[name] = {"by": extractors.keys.get(name, CHARACTERS), "from": "text"}
        elif given:
            by = extractors.clip_key(name, _release_extractor_key(given[0], name))
            sources[name] = {"by": by, "from": "release"}
        else:
            sources[name] = {"by": extractors.keys[name], "from": "clips" if films else "none"}
        if (encoder := getattr(recipe, f"{name}_encoder")) and not (given and name != "text"):
            sources[name]["encoder"] = Path(encoder).name
    if extractors.faces is not None and not given:
        sources["vision"]["region"] = extractors.faces.region
    return sources


def extractor_keys(dialogues: Sequence[Dialogue], extractors: Extractors) -> dict[str, str]:
    """Modality -> key of the extractor of these dialogues: that of the release, or the one here."""
    keys = extractors.keys
    given = next((dialogue.features for dialogue in dialogues if dialogue.features), None)
    if given:
        keys |= {
            name: extractors.clip_key(name, _release_extractor_key(given, name))
            for name in extractors.clips
        }
    return keys


def extract(
    dialogue: Dialogue, cache: Path, extractors: Extractors
) -> tuple[list[Features], list[Failure]]:
    """Features of each utterance: those of the release, or of its clips, each decoded once and kept
    by digest; and what failed, which is missing in the features.
    """
    features = [Features() for _ in dialogue.utterances]
    failures: list[Failure] = []
    if extractors.text:
        read: Sequence[NDArray[Any]] = (
            extractors.text.tokens([u.text for u in dialogue.utterances])
            if extractors.tunes_text
            else _text_features(dialogue, cache, extractors.text)
        )
        for each, tokens in zip(features, read, strict=True):
            each.frames["text"] = tokens
    if extractors.faces is not None and dialogue.features is None:
        _find_faces(dialogue, cache, extractors.faces)
    for name, extractor in extractors.clips.items():
        for each, frames in zip(
            features, _clip_features(dialogue, name, extractor, cache, failures)
        ):
            each.frames[name] = (
                extractor.heard(frames) if isinstance(extractor, Samples) else frames
            )
    if extractors.egemaps:
        vectors = _egemaps_features(dialogue, extractors.egemaps, cache, failures)
        for each, vector in zip(features, vectors, strict=True):
            each.frames["audio"] = vector
    for name, table in extractors.imported.items():
        for each, utterance in zip(features, dialogue.utterances, strict=True):
            each.frames[name] = table.of(utterance.id)
    if extractors.audio_pooling == "functionals":
        for each in features:
            each.frames["audio"] = functionals(each["audio"])
    if extractors.audio_pooling in POOLS:
        for each in features:
            if "audio" in each.frames and len(each["audio"]):
                pooled = POOLS[extractors.audio_pooling](each["audio"], axis=0, keepdims=True)
                each.frames["audio"] = pooled
    return features, failures


def _find_faces(dialogue: Dialogue, cache: Path, faces: FaceCrops) -> None:
    """What fails is left to whoever asks for the pictures, who says why."""
    for clip, digest in clips_of(dialogue):
        with suppress(FeatureError):
            faces.find(clip, digest, cache)


def _clip_features(
    dialogue: Dialogue, name: str, extractor: ClipExtractor, cache: Path, failures: list[Failure]
) -> list[Floats]:
    nothing = np.zeros((0, extractor.dims), np.float32)

    def failed(clip: Path, error: FeatureError) -> None:
        failures.append(Failure(dialogue.id, clip.name, name, str(error)))

    if dialogue.features is not None:
        try:
            frames, rate = _read_release_features(dialogue.features, name, dialogue.utterances)
        except FeatureError as error:
            failed(dialogue.features, error)
            return [nothing for _ in dialogue.utterances]
        return [_time_span(frames, rate, u.start, u.end) for u in dialogue.utterances]

    def of(clip: Path | None, digest: str, *spoken: Utterance) -> Floats:
        if clip is None:
            return nothing
        try:
            return _cached_frames(clip, digest, extractor, cache, name, spoken)
        except FeatureError as error:
            failed(clip, error)
            return nothing

    if dialogue.clip is not None:
        whole = of(dialogue.clip, dialogue.clip_sha256, *dialogue.utterances)
        return [_time_span(whole, extractor.rate, u.start, u.end) for u in dialogue.utterances]
    if isinstance(extractor, BatchExtractor):
        _cache_together(dialogue.utterances, extractor, cache)
    # of a clip of its own the one utterance is all of it
    return [
        of(u.clip, u.clip_sha256, replace(u, start=0.0, end=float("inf")))
        for u in dialogue.utterances
    ]


def _egemaps_features(
    dialogue: Dialogue, extractor: EGeMAPS, cache: Path, failures: list[Failure]
) -> list[Floats]:
    """Of each utterance (1, dims), kept by the digest of its clip and its times; none (0, dims) of
    what is missing or too short.
    """
    nothing, samples = np.zeros((0, extractor.dims), np.float32), dict[Path, Floats | None]()

    def of(clip: Path, digest: str, spoken: Utterance, whole: bool) -> Floats:
        times = (0.0, float("inf")) if whole else (spoken.start, spoken.end)
        name = hashlib.sha256(f"{digest} {times}".encode()).hexdigest()
        kept = cache / extractor.key / f"{name}.npy"
        if kept.exists():
            try:
                return _check_frames(np.load(kept, allow_pickle=False), clip.name, "audio", 1.0, ())
            except (OSError, ValueError, EOFError, FeatureError):
                kept.unlink(missing_ok=True)
        try:
            if clip not in samples:
                samples[clip] = None  # unless it can be decoded
                samples[clip] = waveform(clip)[:, None]
            heard = samples[clip]
            if heard is None:
                return nothing
            own = _time_span(heard, RATE, *times)[:, 0]
            vector = _check_frames(extractor.of_samples(own), clip.name, "audio", 1.0, ())
        except FeatureError as error:
            failures.append(Failure(dialogue.id, clip.name, "audio", str(error)))
            return nothing
        _write(kept, vector)
        return vector

    found = []
    for utterance in dialogue.utterances:
        whole = dialogue.clip is None
        clip = utterance.clip if whole else dialogue.clip
        digest = utterance.clip_sha256 if whole else dialogue.clip_sha256
        found.append(of(clip, digest, utterance, whole) if clip else nothing)
    return found


def _cache_together(
    utterances: Sequence[Utterance], extractor: BatchExtractor, cache: Path
) -> None:
    """Put into the cache what it lacks of the clips of utterances. What fails is left to whoever
    asks for it, who says why.
    """
    missing = {
        u.clip_sha256: u.clip
        for u in utterances
        if u.clip and not (cache / extractor.key / f"{u.clip_sha256}.npy").exists()
    }
    if len(missing) < 2:
        return
    for digest, frames in zip(missing, extractor.of_clips(list(missing.values())), strict=True):
        if not isinstance(frames, FeatureError) and not first_nonfinite(frames):
            _write(cache / extractor.key / f"{digest}.npy", frames)


def _cached_frames(
    clip: Path,
    digest: str,
    extractor: ClipExtractor,
    cache: Path,
    name: str,
    spoken: Sequence[Utterance],
) -> Floats:
    """The frames of the cache, or else of the clip; a damaged file of the cache is replaced."""
    if isinstance(extractor, Samples):
        return _check_frames(extractor.of_clip(clip), clip.name, name, extractor.rate, spoken)
    kept = cache / extractor.key / f"{digest}.npy"
    if kept.exists():
        try:
            return _check_frames(
                np.load(kept, allow_pickle=False), clip.name, name, extractor.rate, ()
            )
        except (OSError, ValueError, EOFError, FeatureError):
            kept.unlink(missing_ok=True)
    frames = _check_frames(extractor.of_clip(clip), clip.name, name, extractor.rate, spoken)
    _write(kept, frames)
    return frames


def _check_frames(
    array: NDArray[Any], clip: str, name: str, rate: float, spoken: Sequence[Utterance]
) -> Floats:
    """Frames (n, dims) of a clip as 32-bit numbers.

    Raises FeatureError naming clip, modality, utterance and the value if they are none.
    """
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise FeatureError(
            f"{clip}: its {name} is an array of {array.dtype} {array.shape}, not of numbers (frames"
            ", dimensions)"
        )
    with np.errstate(over="ignore"):  # what is too large becomes an infinity, and is refused
        frames = array.astype(np.float32, copy=False)
    if bad := first_nonfinite(frames):
        row, what, count = bad
        second = row / rate
        affected = [u.id for u in spoken if u.start is not None and u.end is not None
                and int(u.start * rate) <= row < u.end * rate]  # fmt: skip
        where = f", in the utterance {affected[0]}" if affected else ""
        raise FeatureError(
            f"{clip}: its {name} holds {what} in frame {row + 1} of {len(frames)}, at"
            f" {second:.2f} s{where}; {count} values of it are no numbers"
        )
    return frames


def _text_features(dialogue: Dialogue, cache: Path, encoder: TextEncoder) -> list[Floats]:
    texts = [utterance.text for utterance in dialogue.utterances]
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    kept, lengths = (cache / encoder.key / f"{digest}.{n}.npy" for n in ("tokens", "lengths"))
    if not lengths.exists():
        encoded = encoder.encode(texts)
        _write(kept, np.concatenate(encoded))
        _write(lengths, np.array([len(each) for each in encoded]))
    ends = np.cumsum(np.load(lengths, allow_pickle=False))
    by_utterance = np.split(np.load(kept, allow_pickle=False), ends[:-1])
    for utterance, tokens in zip(dialogue.utterances, by_utterance, strict=True):
        if bad := first_nonfinite(tokens):
            raise FeatureError(
                f"{encoder.directory} reads the text of {utterance.id} (dialogue {dialogue.id})"
                f" as {bad[1]}: {bad[2]} values are no numbers. Take another text_encoder."
            )
    return by_utterance


def _write(path: Path, array: NDArray[np.generic]) -> None:
    """Write an array whole or not at all, also where several processes write the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as stream:
        np.save(stream, array)
    Path(stream.name).replace(path)


def _read_release_features(
    path: Path, name: str, spoken: Sequence[Utterance]
) -> tuple[Floats, float]:
    """Frames and how many a second, of a release's file. Raises FeatureError naming it."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            array, stored_rate = arrays[name], arrays[f"{name}_rate"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise FeatureError(f"{path.name}: its {name} cannot be read: {error}") from error
    if (
        stored_rate.size != 1
        or stored_rate.dtype.kind not in "fiu"
        or not 0 < float(stored_rate.item()) < 1e6
    ):
        raise FeatureError(
            f"{path.name}: {name}_rate is {stored_rate!r}, no number of frames a second"
        )
    rate = float(stored_rate.item())
    return _check_frames(array, path.name, name, rate, spoken), rate


def _release_extractor_key(path: Path, name: str) -> str:
    """Key of the extractor of a modality of a release's file; the default where it has none."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return (
                str(arrays[f"{name}_key"]) if f"{name}_key" in arrays.files else DEFAULT_KEYS[name]
            )
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return DEFAULT_KEYS[name]  # the file is refused where its frames are read


def write_clip_features(clip: Path, out: Path) -> None:
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
        audio_key=np.str_(sound.key),
        vision_key=np.str_(picture.key),
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
    features, failures = {}, []
    for done, dialogue in enumerate(dialogues, 1):
        features[dialogue.id], failed = extract(dialogue, cache, extractors)
        failures += failed
        progress(done, len(dialogues))
    _check_sizes(dialogues, features)
    if failures and on_failure != "missing":
        raise FeatureError(
            f"{len(failures)} of the clips cannot be measured, the first: {failures[0].reason}."
            ' Mend them, or let "on_failure": "missing" in the recipe train without them.'
        )
    return features, failures


def _check_sizes(dialogues: Sequence[Dialogue], features: Mapping[str, Sequence[Features]]) -> None:
    """Raises FeatureError naming the first dialogue whose frames are not as wide as most are."""
    for name in MODALITIES:
        widths: dict[str, int] = {}
        for dialogue in dialogues:
            for each in features[dialogue.id]:
                if name in each.frames and len(each[name]) and each[name].ndim == 2:
                    widths[dialogue.id] = each[name].shape[1]
        if len(set(widths.values())) < 2:
            continue
        usual = Counter(widths.values()).most_common(1)[0][0]
        odd = next(dialogue for dialogue in dialogues if widths.get(dialogue.id, usual) != usual)
        where = odd.features or odd.clip
        raise FeatureError(
            f"{where.name if where else odd.id}: its {name} has {widths[odd.id]} dimensions (the"
            f" dialogue {odd.id}); that of most clips has {usual}. Measure all of them alike."
        )


def missing_modalities(
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
    failed = [vars(failure) for failure in failures]
    return {"of": len(rows), "modalities": missing, "failures": failed}


def _time_span(frames: Floats, rate: float, start: float | None, end: float | None) -> Floats:
    if start is None or end is None or not len(frames):
        return frames[:0]
    first = max(0, min(int(start * rate), len(frames) - 1))
    return frames[first : max(int(np.ceil(end * rate)), first + 1)]
