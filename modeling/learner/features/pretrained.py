"""Encoders from directories of the `transformers` layout: loaded, and used as they are (frozen).

Nothing is fetched, no code of a directory is run, and PyTorch's own weights are read as numbers
alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from modeling.learner.features.decoding import RATE, pictures, waveform
from modeling.learner.features.encoder_directory import EncoderDirectory
from modeling.learner.features.face_crops import FaceCrops
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.recipes import AUDIO_SECONDS, MIX, TEXT_TOKENS, Recipe

AT_ONCE = 32  # texts or pictures
SECONDS_AT_ONCE = 120  # of sound in a batch; a bound on memory
SHORTEST = 2 * RATE // 10  # samples: what is shorter is too short for a first convolution
NATIVE = {"text": "tokens", "audio": "frames", "vision": "first"}  # what a key leaves out
UNUSED_WEIGHTS = ("masked_spec_embed", "mask_token", "position_ids", "lm_head", "decoder.")
ADVICE = "Take another directory, or another pooling."

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class EncoderSettings:
    """How an encoder is read: which layer, how vectors become one, how much at once."""

    layer: str = "last"  # or the number of one, mean-N: the mean of the last N, mix: all of them
    pooling: str = "auto"
    longest: float = 0  # tokens of a text, seconds of sound
    precision: str = "fp32"

    @classmethod
    def of(cls, recipe: Recipe, modality: str) -> "EncoderSettings":
        """Those of a recipe for a modality."""
        longest = {"text": recipe.text_tokens, "audio": recipe.audio_seconds}
        return cls(
            getattr(recipe, f"{modality}_layer"),
            getattr(recipe, f"{modality}_pooling"),
            longest.get(modality, 0),
            "fp32" if modality in recipe.tuned else recipe.encoder_precision,
        )


class _Encoder:
    """A frozen network of a directory, loaded when it is first needed.

    Its contract: `name`, `modality`, `digest`, `licence`, `dims`, `rate`, and `key`, which names
    all that decides its vectors and under which they are kept.
    """

    modality = ""
    kind = ""

    def __init__(
        self,
        directory: Path,
        device: torch.device,
        settings: EncoderSettings = EncoderSettings(),  # noqa: B008  # it is frozen
    ) -> None:
        self.files, self.device, self.settings = EncoderDirectory(directory), device, settings
        self.directory = directory
        if self.files.modality != self.modality:
            raise FeatureError(
                f"{directory} reads {self.files.modality} ({self.files.model_type}), not"
                f" {self.modality}."
            )
        depth, chosen = self.files.layers, settings.layer
        wanted = int(chosen.removeprefix("mean-")) if chosen not in ("last", MIX) else 0
        if wanted > depth:
            raise FeatureError(
                f"{directory} has {depth} layers: {self.modality}_layer cannot be {chosen}."
            )
        self._network: torch.nn.Module | None = None

    @property
    def name(self) -> str:
        return self.files.name

    @property
    def digest(self) -> str:
        return self.files.digest

    @property
    def licence(self) -> str:
        return self.files.licence

    @property
    def dims(self) -> int:
        """Of a vector; of all layers side by side where they are mixed."""
        return self.files.dims * self.layers

    @property
    def layers(self) -> int:
        """How many are kept of it: all, the embeddings among them, where they are mixed."""
        return 1 + self.files.layers if self.settings.layer == MIX else 1

    @property
    def rate(self) -> float | None:
        """Vectors a second; None of text."""
        return self.files.rate

    @property
    def pooling(self) -> str:
        """How vectors become one, once `auto` is what suits the family."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        parts = [self.kind, self.digest]
        parts += [] if self.settings.layer == "last" else [f"layer-{self.settings.layer}"]
        parts += [] if self.pooling == NATIVE[self.modality] else [self.pooling]
        parts += self._key_of_input()
        parts += [] if self.settings.precision == "fp32" else [self.settings.precision]
        return "-".join(parts)

    @property
    def tuned_key(self) -> str:
        """Like `key`, where the network is trained further."""
        return f"{self.key}-tuned"

    def _key_of_input(self) -> list[str]:
        return []

    @property
    def dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.settings.precision == "bf16" else torch.float32

    def network(self) -> Any:
        """Raises FeatureError where the weights cannot be read or are not all there."""
        if self._network is None:
            halves = self.device.type == "cuda" and self.dtype == torch.bfloat16
            if halves and not torch.cuda.is_bf16_supported():
                raise FeatureError("This GPU has no bf16: say encoder_precision fp32.")
            try:
                network, report = self._load()
                network = network.to(self.device).eval()
            except UnpicklingError as error:
                raise FeatureError(
                    f"{self.directory} cannot be loaded: {self.files.weights[-1]} holds more than"
                    " numbers, which is not read. Take weights saved as safetensors."
                ) from error
            except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
                raise FeatureError(f"{self.directory} cannot be loaded: {error}") from error
            self._check_weights(report)
            self._network = network.requires_grad_(False)
        return self._network

    def _load(self) -> tuple[torch.nn.Module, dict[str, Any]]:
        """The network, and what transformers reports of its weights."""
        loaded: tuple[torch.nn.Module, dict[str, Any]] = self._class().from_pretrained(
            self.directory,
            local_files_only=True,
            use_safetensors=not self.files.pickled,
            weights_only=True,
            trust_remote_code=False,
            dtype=self.dtype,
            output_loading_info=True,
        )
        return loaded

    def _class(self) -> Any:
        # transformers takes seconds to import, and recipes without encoders do not need it
        from transformers import AutoModel

        return AutoModel

    def _check_weights(self, report: dict[str, Any]) -> None:
        """Raises FeatureError where a part that is used would be left as it was drawn."""
        unused = UNUSED_WEIGHTS if self.pooling == "head" else (*UNUSED_WEIGHTS, "pooler.")
        missing = sorted(
            name for name in report["missing_keys"] if not any(each in name for each in unused)
        )
        if missing:
            raise FeatureError(
                f"{self.directory} lacks weights that are used, {len(missing)} of them, such as"
                f" {missing[0]}. {ADVICE}"
            )

    def states(self, output: Any) -> Tensor:
        """The chosen layer (n, L, D) of what a network says, as 32-bit numbers; all of them side by
        side (n, L, K * D) where they are mixed.
        """
        chosen = self.settings.layer
        if chosen == "last":
            state: Tensor = output.last_hidden_state
            return state.float()
        states = output.hidden_states
        if chosen == MIX:
            if len(states) != self.layers:
                raise FeatureError(
                    f"{self.directory} gives {len(states)} layers and says {self.layers}: they"
                    f" cannot be mixed. Choose one for {self.modality}_layer."
                )
            return torch.cat([state.float() for state in states], dim=-1)
        if chosen.startswith("mean-"):
            last = states[-int(chosen.removeprefix("mean-")) :]
            return torch.stack([state.float() for state in last]).mean(dim=0)
        state = states[int(chosen)]
        return state.float()

    @property
    def options(self) -> dict[str, bool]:
        """What a network is asked for beside its last layer."""
        return {} if self.settings.layer == "last" else {"output_hidden_states": True}


class TextEncoder(_Encoder):
    """Tokens of an utterance in context of each other: BERT, RoBERTa, XLM-R and their like,
    decoders such as Qwen's, and the encoders of T5.
    """

    modality = kind = "text"

    @property
    def pooling(self) -> str:
        decoder = self.files.family == "decoder"
        auto = "last" if decoder else "tokens"
        return auto if self.settings.pooling == "auto" else self.settings.pooling

    @property
    def _tokens(self) -> int:
        return int(self.settings.longest) or TEXT_TOKENS

    @property
    def _longest(self) -> int:
        return min(self._tokens, self.files.longest_text or self._tokens)

    def _key_of_input(self) -> list[str]:
        return [] if self._tokens == TEXT_TOKENS else [f"{self._tokens}tokens"]

    @property
    def options(self) -> dict[str, bool]:
        return super().options | ({"use_cache": False} if self.files.family == "decoder" else {})

    @cached_property
    def tokenizer(self) -> Any:
        # transformers takes seconds to import, and recipes without encoders do not need it
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(
                self.directory, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, ImportError, KeyError) as error:
            raise FeatureError(
                f"The tokenizer of {self.directory} cannot be read: {error}"
            ) from error
        tokenizer.padding_side = "right"
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        return tokenizer

    def _class(self) -> Any:
        if self.files.family == "t5":
            # transformers takes seconds to import, and recipes without encoders do not need it
            from transformers import MT5EncoderModel, T5EncoderModel, UMT5EncoderModel

            return {"t5": T5EncoderModel, "mt5": MT5EncoderModel, "umt5": UMT5EncoderModel}[
                self.files.model_type
            ]
        return super()._class()

    def tokens(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Numbers of the tokens (n,) of each text; none of an empty text."""
        found = [np.zeros(0, np.int64) for _ in texts]
        said = [i for i, text in enumerate(texts) if text]
        if said:
            encoded = self.tokenizer(
                [texts[i] for i in said], truncation=True, max_length=self._longest
            )
            for i, ids in zip(said, encoded["input_ids"], strict=True):
                found[i] = np.array(ids, np.int64)
        return found

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> list[Floats]:
        """Vectors (n, dims) of each text: one a token, or one of all; none of an empty text."""
        network, tokenizer = self.network(), self.tokenizer
        encoded = [np.zeros((0, self.dims), np.float32) for _ in texts]
        order = sorted((i for i, text in enumerate(texts) if text), key=lambda i: len(texts[i]))
        for first in range(0, len(order), AT_ONCE):
            part = order[first : first + AT_ONCE]
            tokens = tokenizer(
                [texts[i] for i in part], padding=True, truncation=True,
                max_length=self._longest, return_tensors="pt",
            ).to(self.device)  # fmt: skip
            output = network(**tokens, **self.options)
            inside = tokens["attention_mask"].bool()  # (n, L)
            for i, vectors in zip(part, self._pooled(output, inside), strict=True):
                encoded[i] = vectors.cpu().numpy()
        return encoded

    def _pooled(self, output: Any, inside: Tensor) -> Iterator[Tensor]:
        """Of each text (n, dims)."""
        if self.pooling == "head":
            head = getattr(output, "pooler_output", None)
            if head is None:
                raise FeatureError(f"{self.directory} has no pooling head. {ADVICE}")
            yield from head.float()[:, None]
            return
        vectors, counts = pooled(self.states(output), inside, self.pooling)
        yield from (row[:count] for row, count in zip(vectors, counts.tolist(), strict=True))


class SpeechEncoder(_Encoder):
    """Networks over samples (wav2vec 2.0, HuBERT, WavLM and their like) and Whisper's encoder."""

    modality, kind = "audio", "speech"
    _norm: "MaskedChannelNorm | None" = None

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.files.rate or 0.0

    @property
    def pooling(self) -> str:
        """Frames are kept; utterances are pooled once they are cut out of a clip."""
        return "frames"

    @property
    def samples(self) -> int:
        """How many are heard at once."""
        seconds = self.settings.longest or AUDIO_SECONDS
        if self.files.family == "whisper":
            seconds = min(seconds, 30)
        return max(SHORTEST, int(seconds * RATE))

    def _key_of_input(self) -> list[str]:
        return [] if self.samples == AUDIO_SECONDS * RATE else [f"{self.settings.longest:g}s"]

    @cached_property
    def processor(self) -> Any:
        # transformers takes seconds to import, and recipes without encoders do not need it
        from transformers import AutoFeatureExtractor

        try:
            return AutoFeatureExtractor.from_pretrained(
                self.directory, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, ImportError, KeyError) as error:
            raise FeatureError(
                f"{self.directory} does not say how sound is prepared: {error}"
            ) from error

    def _load(self) -> tuple[torch.nn.Module, dict[str, Any]]:
        network, report = super()._load()
        if self.files.family == "whisper":
            network = network.get_encoder()  # type: ignore[operator]  # the decoder is let go
            return network, report
        first: Any = network.feature_extractor.conv_layers[0]  # type: ignore[union-attr, index]
        if isinstance(norm := getattr(first, "layer_norm", None), torch.nn.GroupNorm):
            first.layer_norm = self._norm = MaskedChannelNorm.like(norm)
        return network, report

    def of_clip(self, clip: Path) -> Floats:
        """Frames (n, dims), `rate` of them a second. Raises FeatureError."""
        [frames] = self.encode([waveform(clip)])
        return frames

    def of_clips(self, clips: Sequence[Path]) -> Iterator[Floats | FeatureError]:
        """Of each clip its frames, or why there are none, in order; of some clips at once."""
        waves: list[Floats | FeatureError] = []
        seconds = 0.0
        for number, clip in enumerate(clips):
            try:
                wave = waveform(clip)
                seconds += len(wave) / RATE
                waves.append(wave)
            except FeatureError as error:
                waves.append(error)
            if seconds >= SECONDS_AT_ONCE or number == len(clips) - 1:
                heard = iter(self.encode([w for w in waves if not isinstance(w, FeatureError)]))
                yield from [w if isinstance(w, FeatureError) else next(heard) for w in waves]
                waves, seconds = [], 0.0

    @torch.inference_mode()
    def encode(self, waves: Sequence[Floats]) -> list[Floats]:
        """Frames (n, dims) of each sound (samples,) at 16 kHz."""
        pieces = [
            (owner, wave[first : first + self.samples])
            for owner, wave in enumerate(waves)
            for first in range(0, len(wave), self.samples)
        ]
        # the last moments of a clip may be too short to be heard
        pieces = [(owner, piece) for owner, piece in pieces if len(piece) >= SHORTEST]
        parts: list[list[tuple[int, Floats]]] = [[] for _ in waves]
        order = sorted(range(len(pieces)), key=lambda n: len(pieces[n][1]))
        for batch in self._batches(order, [len(piece) for _, piece in pieces]):
            heard = self._hear([pieces[n][1] for n in batch])
            for n, states in zip(batch, heard, strict=True):
                owner, piece = pieces[n]
                wanted = max(1, round(len(piece) / RATE * self.rate))
                frames = torch.nn.functional.adaptive_avg_pool1d(states.T, wanted).T
                parts[owner].append((n, frames.cpu().numpy()))
        nothing = np.zeros((0, self.dims), np.float32)
        return [
            np.concatenate([frames for _, frames in sorted(own, key=lambda pair: pair[0])])
            if own
            else nothing
            for own in parts
        ]

    def _batches(self, order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
        """Sounds that are heard together: on a GPU as many as memory has room for, where silence
        beside one does not change what is heard of it; a processor is twice as fast with one of a
        length at a time. Whisper hears thirty seconds of each.
        """
        whisper, batch = self.files.family == "whisper", list[int]()
        together = whisper or (self.device.type != "cpu" and self.files.masks_silence)
        for n in order:
            size = 30 * RATE if whisper else lengths[n]
            full = (len(batch) + 1) * size > SECONDS_AT_ONCE * RATE
            alike = together or not batch or lengths[batch[0]] == lengths[n]
            if batch and (full or not alike):
                yield batch
                batch = []
            batch.append(n)
        if batch:
            yield batch

    def count_samples(self, lengths: Tensor) -> None:
        """Say how many samples (n,) the sounds have that the network hears next."""
        if self._norm is not None:
            kernel, stride = (self.files.config[f"conv_{name}"][0] for name in ("kernel", "stride"))
            self._norm.counts = (lengths - kernel) // stride + 1

    def _hear(self, waves: Sequence[Floats]) -> Iterator[Tensor]:
        """Of each sound the states (t, D) of the chosen layer."""
        network, processor = self.network(), self.processor
        if self.files.family == "whisper":
            inputs = processor(list(waves), sampling_rate=RATE, return_tensors="pt")
            mels = inputs["input_features"].to(self.device, self.dtype)
            states = self.states(network(mels, **self.options))  # (n, 1500, D)
            for row, wave in zip(states, waves, strict=True):
                yield row[: max(1, round(len(wave) / RATE * len(row) / 30))]
            return
        masks = len({len(wave) for wave in waves}) > 1
        inputs = processor(
            list(waves), sampling_rate=RATE, return_tensors="pt", padding=True,
            return_attention_mask=masks,
        ).to(self.device)  # fmt: skip
        values = inputs["input_values"].to(self.dtype)
        mask = {"attention_mask": inputs["attention_mask"]} if masks else {}
        self.count_samples(torch.tensor([len(wave) for wave in waves], device=self.device))
        states = self.states(network(values, **mask, **self.options))  # (n, t, D)
        for row, wave in zip(states, waves, strict=True):
            yield row[: self.frames_of(len(wave))]

    def frames_of(self, samples: Any) -> Any:
        """How many the convolutions make of so many samples: of a number, or a tensor of them."""
        config = self.files.config
        for kernel, stride in zip(config["conv_kernel"], config["conv_stride"], strict=True):
            samples = (samples - kernel) // stride + 1
        return samples


class VisionEncoder(_Encoder):
    """Networks over pictures: CLIP's and SigLIP's halves, ViT, DINOv2 and their like."""

    modality = kind = "vision"
    faces: FaceCrops | None = None  # what is looked at instead of whole pictures

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return self.files.rate or 0.0

    @property
    def pooling(self) -> str:
        auto = "first"
        if self.files.family == "contrastive":  # a head reads the last layer alone
            other = "mean" if self.files.model_type.startswith("siglip") else "first"
            auto = "head" if self.settings.layer == "last" else other
        return auto if self.settings.pooling == "auto" else self.settings.pooling

    @property
    def side(self) -> int:
        """Of a picture, in pixels: as it was trained with, or as its processor prepares it
        where the network takes any size. Raises FeatureError where the directory does not say.
        """
        prepares = self.files.optional("preprocessor_config.json")
        trained = self.files.part.get("image_size")
        if self.files.model_type.startswith("dinov2"):
            size = prepares.get("crop_size") or prepares.get("size") or {}
            side = size.get("height") if isinstance(size, dict) else size
            if isinstance(side, int) and side > 0:
                return side
        if not isinstance(trained, int):
            raise FeatureError(f"{self.directory}/config.json does not say its image_size.")
        return trained

    def _key_of_input(self) -> list[str]:
        parts = [] if self.side == self.files.part.get("image_size") else [f"{self.side}px"]
        return parts if self.faces is None else [*parts, self.faces.key]

    def _class(self) -> Any:
        # transformers takes seconds to import, and recipes without encoders do not need it
        from transformers import ChineseCLIPVisionModel, CLIPVisionModel, SiglipVisionModel

        halves = {"clip": CLIPVisionModel, "siglip": SiglipVisionModel,
                  "chinese_clip": ChineseCLIPVisionModel}  # fmt: skip
        half = halves.get(self.files.model_type.removesuffix("_vision_model"))
        return half or super()._class()

    def of_clip(self, clip: Path) -> Floats:
        """A vector of each picture, (pictures, dims), `rate` a second. Raises FeatureError."""
        [frames] = self.of_clips([clip])
        if isinstance(frames, FeatureError):
            raise frames
        return frames

    def of_clips(self, clips: Sequence[Path]) -> Iterator[Floats | FeatureError]:
        """Of each clip its vectors, or why there are none, in order; pictures of several clips are
        looked at together.
        """
        self.network()
        found: list[list[Floats]] = [[] for _ in clips]
        failed: dict[int, FeatureError] = {}
        batch: list[tuple[int, NDArray[np.uint8]]] = []

        def encode() -> None:
            vectors = self.encode([picture for _, picture in batch])
            for (owner, _), vector in zip(batch, vectors, strict=True):
                found[owner].append(vector)
            batch.clear()

        for number, clip in enumerate(clips):
            try:
                for picture in self._pictures(clip):
                    batch.append((number, picture))
                    if len(batch) == AT_ONCE:
                        encode()
            except FeatureError as error:
                failed[number] = error
        if batch:
            encode()
        nothing = np.zeros((0, self.dims), np.float32)
        for number, vectors in enumerate(found):
            yield failed.get(number) or (np.stack(vectors) if vectors else nothing)

    def _pictures(self, clip: Path) -> Iterator[NDArray[np.uint8]]:
        """Pictures (side, side, 3)."""
        if self.faces is not None:
            return self.faces.pictures(clip, self.rate, self.side)
        return pictures(clip, self.rate, self.side, self.side)

    @torch.inference_mode()
    def encode(self, frames: Sequence[NDArray[np.uint8]]) -> list[Floats]:
        """A vector (dims,) of each picture (side, side, 3)."""
        shift, scale = self._normal()
        values = ((np.stack(frames) / np.float32(255) - shift) / scale).astype(np.float32)
        pixels = torch.from_numpy(values.transpose(0, 3, 1, 2)).to(self.device, self.dtype)
        output = self.network()(pixel_values=pixels, **self.options)
        if self.pooling == "head":
            head = getattr(output, "pooler_output", None)
            if head is None:
                raise FeatureError(f"{self.directory} has no pooling head. {ADVICE}")
            return list(head.float().cpu().numpy())
        states = self.states(output)  # (n, L, D)
        inside = torch.ones(states.shape[:2], dtype=torch.bool, device=states.device)
        vectors, _ = pooled(states, inside, self.pooling)
        return list(vectors[:, 0].cpu().numpy())

    def _normal(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the colours that the network was trained with."""
        settings = self.files.optional("preprocessor_config.json")
        mean, deviation = (
            settings.get("image_mean", [0.5] * 3),
            settings.get("image_std", [0.5] * 3),
        )
        return np.array(mean, np.float32), np.array(deviation, np.float32)


class MaskedChannelNorm(torch.nn.Module):
    """A GroupNorm of one channel a group over the `counts` (n,) frames of each sound, not over the
    silence after it.
    """

    def __init__(self, weight: torch.nn.Parameter, bias: torch.nn.Parameter, eps: float) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = weight, bias, eps
        self.counts: Tensor | None = None

    @classmethod
    def like(cls, norm: torch.nn.GroupNorm) -> "MaskedChannelNorm":
        """Raises FeatureError for groups of several channels."""
        if norm.num_groups != norm.num_channels:
            raise FeatureError("Its first norm is over groups of channels: use it frozen.")
        return cls(norm.weight, norm.bias, norm.eps)

    def forward(self, frames: Tensor) -> Tensor:
        """(n, C, T) -> (n, C, T)."""
        assert self.counts is not None
        places = torch.arange(frames.shape[2], device=frames.device)
        inside = (places < self.counts[:, None])[:, None]  # (n, 1, T)
        count = self.counts[:, None, None]
        exact = frames.float()
        mean = (exact * inside).sum(dim=2, keepdim=True) / count
        variance = ((exact - mean).square() * inside).sum(dim=2, keepdim=True) / count
        scaled = (exact - mean) * torch.rsqrt(variance + self.eps)
        return (scaled * self.weight[:, None] + self.bias[:, None]).to(frames.dtype)


def pooled(states: Tensor, inside: Tensor, pooling: str) -> tuple[Tensor, Tensor]:
    """States (n, L, D), of which those `inside` (n, L) count, as they are or as one vector each;
    with how many (n,) there are.
    """
    counts = inside.sum(dim=1)
    if pooling in ("frames", "tokens"):
        return states, counts
    if pooling == "first":
        found = states[:, 0]
    elif pooling == "last":
        found = states[torch.arange(len(states), device=states.device), counts - 1]
    elif pooling == "max":
        found = states.masked_fill(~inside[..., None], float("-inf")).amax(dim=1)
    else:
        found = (states * inside[..., None]).sum(dim=1) / counts[:, None]
    return found[:, None], torch.ones_like(counts)
