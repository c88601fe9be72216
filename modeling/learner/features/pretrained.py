"""Encoders from directories of the `transformers` layout, used as they are (frozen).

A directory holds config.json, model.safetensors and what its tokenizer or processor needs. Nothing
is fetched, and no weights but safetensors are read.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from modeling.learner.features.decoding import RATE, FeatureError, pictures, waveform

LONGEST_TEXT = 128  # tokens
CHUNK = 30 * RATE  # samples that are encoded at once; a bound on memory
AT_ONCE = 32  # texts or pictures
SPEECH_RATE = 10.0  # frames a second that are kept
PICTURES_PER_SECOND = 2.0


def fingerprint(directory: Path) -> str:
    """SHA-256 over the names and contents of a directory's files, 16 digits.

    Raises FeatureError where it holds no encoder.
    """
    missing = [n for n in ("config.json", "model.safetensors") if not (directory / n).is_file()]
    if missing:
        raise FeatureError(
            f"{directory} holds no encoder: {' and '.join(missing)} missing. Give a directory that"
            " `save_pretrained` of transformers wrote."
        )
    total = hashlib.sha256()
    for file in sorted(path for path in directory.iterdir() if path.is_file()):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.name} {digest}\n".encode())
    return total.hexdigest()[:16]


class _Encoder:
    """A frozen network of a directory, loaded when it is first needed."""

    kind = ""

    def __init__(self, directory: Path, device: torch.device) -> None:
        self.directory, self.device = directory, device
        self.key = f"{self.kind}-{fingerprint(directory)}"
        self.config = json.loads((directory / "config.json").read_text("utf-8"))
        self._network: torch.nn.Module | None = None

    @property
    def dims(self) -> int:
        size = self.config.get("hidden_size") or self.config.get("vision_config", {}).get(
            "hidden_size"
        )
        if not isinstance(size, int):
            raise FeatureError(f"{self.directory}/config.json does not say its hidden_size.")
        return size

    def network(self) -> Any:
        if self._network is None:
            try:
                network = self._load().to(self.device).eval()
            except (OSError, ValueError, RuntimeError) as error:
                raise FeatureError(f"{self.directory} cannot be loaded: {error}") from error
            self._network = network.requires_grad_(False)
        return self._network

    def _load(self) -> torch.nn.Module:
        # transformers takes seconds to import, and recipes without encoders do not need it
        from transformers import AutoModel

        return AutoModel.from_pretrained(
            self.directory, local_files_only=True, use_safetensors=True
        )


class TextEncoder(_Encoder):
    """Tokens of an utterance in context of each other: BERT, RoBERTa, MacBERT and their like."""

    kind = "text"

    @cached_property
    def _tokenizer(self) -> Any:
        # transformers takes seconds to import, and recipes without encoders do not need it
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.directory, local_files_only=True)

    @torch.inference_mode()
    def of_texts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Last hidden states (tokens, dims) of each text; none of an empty one."""
        network, tokenizer = self.network(), self._tokenizer
        encoded = [np.zeros((0, self.dims), np.float32) for _ in texts]
        order = sorted((i for i, text in enumerate(texts) if text), key=lambda i: len(texts[i]))
        for first in range(0, len(order), AT_ONCE):
            part = order[first : first + AT_ONCE]
            tokens = tokenizer(
                [texts[i] for i in part], padding=True, truncation=True,
                max_length=LONGEST_TEXT, return_tensors="pt",
            ).to(self.device)  # fmt: skip
            states = network(**tokens).last_hidden_state.float().cpu()  # (n, L, D)
            for row, i in enumerate(part):
                encoded[i] = states[row][tokens["attention_mask"][row].bool().cpu()].numpy()
        return encoded


class SpeechEncoder(_Encoder):
    """Networks over samples: wav2vec 2.0, HuBERT, WavLM and their like."""

    kind = "speech"
    rate = SPEECH_RATE

    @cached_property
    def _listen(self) -> Any:
        # transformers takes seconds to import, and recipes without encoders do not need it
        from transformers import AutoFeatureExtractor

        return AutoFeatureExtractor.from_pretrained(self.directory, local_files_only=True)

    @torch.inference_mode()
    def of_clip(self, clip: Path) -> NDArray[np.float32]:
        """Last hidden states, averaged to (frames, dims), `rate` a second. Raises FeatureError."""
        strides = self.config.get("conv_stride")
        if not strides:
            raise FeatureError(
                f"{self.directory} is a {self.config.get('model_type')!r}, no network over samples;"
                " wav2vec2, hubert, wavlm and data2vec-audio are."
            )
        wave = waveform(clip)
        processor, network, pieces = self._listen, self.network(), []
        for first in range(0, len(wave), CHUNK):
            piece = wave[first : first + CHUNK]
            if len(piece) < 2 * RATE // 10:
                continue  # the last moments of a clip: too short for a first convolution
            inputs = processor(piece, sampling_rate=RATE, return_tensors="pt").to(self.device)
            states = network(**inputs).last_hidden_state[0].float()  # (t, D)
            wanted = max(1, round(len(piece) / RATE * self.rate))
            pieces.append(torch.nn.functional.adaptive_avg_pool1d(states.T, wanted).T.cpu())
        return torch.cat(pieces).numpy() if pieces else np.zeros((0, self.dims), np.float32)


class VisionEncoder(_Encoder):
    """Networks over pictures: ViT, DINOv2, CLIP's half and their like."""

    kind = "vision"
    rate = PICTURES_PER_SECOND

    def _load(self) -> torch.nn.Module:
        if self.config.get("model_type") in ("clip", "clip_vision_model"):
            # transformers takes seconds to import, and recipes without encoders do not need it
            from transformers import CLIPVisionModel

            return CLIPVisionModel.from_pretrained(
                self.directory, local_files_only=True, use_safetensors=True
            )
        return super()._load()

    @torch.inference_mode()
    def of_clip(self, clip: Path) -> NDArray[np.float32]:
        """The first token of each picture, (frames, dims), `rate` a second. Raises FeatureError."""
        vision = self.config.get("vision_config", self.config)
        side = vision.get("image_size")
        if not isinstance(side, int):
            raise FeatureError(f"{self.directory}/config.json does not say its image_size.")
        shift, scale = self._normal()
        network = self.network()
        states: list[torch.Tensor] = []
        batch: list[NDArray[np.float32]] = []

        def encode() -> None:
            pixels = torch.from_numpy(np.stack(batch)).to(self.device)  # (n, 3, side, side)
            states.append(network(pixel_values=pixels).last_hidden_state[:, 0].float().cpu())
            batch.clear()

        for picture in pictures(clip, self.rate, side, side):
            values = ((picture / np.float32(255) - shift) / scale).astype(np.float32)
            batch.append(values.transpose(2, 0, 1))
            if len(batch) == AT_ONCE:
                encode()
        if batch:
            encode()
        return torch.cat(states).numpy() if states else np.zeros((0, self.dims), np.float32)

    def _normal(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation of the colours that the network was trained with."""
        path = self.directory / "preprocessor_config.json"
        settings = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        mean, deviation = (
            settings.get("image_mean", [0.5] * 3),
            settings.get("image_std", [0.5] * 3),
        )
        return np.array(mean, np.float32), np.array(deviation, np.float32)
