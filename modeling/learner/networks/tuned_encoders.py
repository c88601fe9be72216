"""Pretrained encoders that are trained with the network: wholly, or by LoRA (Hu et al. 2021)."""

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from modeling.learner.features.decoding import RATE
from modeling.learner.features.encoder_directory import ADAPTED
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.pretrained import EncoderSettings, SpeechEncoder, TextEncoder, pooled
from modeling.learner.networks.encoders import SequenceEncoder
from modeling.learner.networks.layer_mix import LayerMix
from modeling.learner.recipes import TUNING_LEARNING_RATES, Recipe

LAYER_NUMBER = re.compile(r"\.(?:layer|layers|block|h)\.(\d+)\.")
UNDER_LAYERS = ("embed", "shared", "feature_projection", "conv1", "conv2")  # in names
LIKE, FEWEST = 0.75, 8  # share of the longest of a part; rows of one, on a GPU
NOT_TUNED = "feature_extractor."  # the convolutions over samples, usually kept as they are
NO_DECAY = re.compile(r"(?:bias|norm\.weight|layernorm\.weight)$", re.IGNORECASE)


class TunedEncoder(nn.Module):
    """An encoder of a recipe, whose vectors a SequenceEncoder reads; one vector an utterance.

    Raises FeatureError where the directory cannot be read or its network cannot be tuned.
    """

    modality = ""
    encoder: Any

    def __init__(self, encoder: Any, recipe: Recipe) -> None:
        super().__init__()
        self.tuning = getattr(recipe, f"{self.modality}_tuning")
        given = getattr(recipe, f"{self.modality}_learning_rate")
        self.learning_rate = given or TUNING_LEARNING_RATES[self.tuning]
        self.layer_decay = recipe.layer_decay
        self.network = encoder.network()
        # drawn from generators whose state no checkpoint holds, or of use in pretraining alone
        self.network.config.apply_spec_augment = False
        self.network.config.layerdrop = 0.0
        if self.tuning == "lora":
            self._add_adapters(recipe)
        else:
            for name, parameter in self.network.named_parameters():
                parameter.requires_grad_(not name.startswith(NOT_TUNED))
        if recipe.gradient_checkpointing:
            if not self.network.supports_gradient_checkpointing:
                raise FeatureError(f"{encoder.directory} has no gradient checkpointing.")
            self.network.activation_checkpointing_enable({"use_reentrant": False})
        self.mix = LayerMix(encoder.layers) if encoder.layers > 1 else nn.Identity()
        self.norm = nn.LayerNorm(encoder.files.dims)
        depth = recipe.encoder_layers, recipe.heads
        self.read = SequenceEncoder(encoder.files.dims, recipe.width, recipe.dropout, *depth)
        self.encoder = encoder

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Ids or samples (N, L), lengths (N,) -> (N, d), zeros where the length is 0."""
        read = self.norm.weight.new_zeros(len(values), self.read.norm.weight.shape[0])
        rows, parts = by_length(lengths), list[Tensor]()
        for part in rows:
            longest = int(lengths[part].max())
            # (n, l, D), or (n, l, K * D) of all layers; and (n,)
            states, counts = self.states(values[part, :longest], lengths[part])
            parts.append(self.read(self.norm(self.mix(states)), counts))  # (n, d)
        if not rows:
            return read
        vectors = torch.cat(parts)
        return read.to(vectors.dtype).index_put((torch.cat(rows),), vectors)

    def states(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (n, l, D) of utterances that are there, and how many (n,)."""
        raise NotImplementedError

    def learning_rates(self, weight_decay: float) -> dict[tuple[float, float], list[nn.Parameter]]:
        """(learning rate, weight decay) -> the parameters of the pretrained network that learn with
        them: by layers with "full" (Howard & Ruder 2018), without decay for biases and norms.
        """
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        depth = self.encoder.files.layers
        for name, parameter in self.network.named_parameters():
            if not parameter.requires_grad:
                continue
            below = 0
            if self.tuning == "full":
                number = LAYER_NUMBER.search(f".{name}")
                if number:
                    below = depth - 1 - int(number[1])
                elif any(word in name for word in UNDER_LAYERS):
                    below = depth
            rate = self.learning_rate * self.layer_decay**below
            decay = 0.0 if NO_DECAY.search(name) else weight_decay
            groups.setdefault((rate, decay), []).append(parameter)
        return groups

    def _add_adapters(self, recipe: Recipe) -> None:
        # peft takes seconds to import, and recipes without LoRA do not need it
        from peft import LoraConfig, inject_adapter_in_model

        names = [
            name
            for name, module in self.network.named_modules()
            if isinstance(module, nn.Linear) and ADAPTED.search(name)
        ]
        if not names:
            kind = self.network.config.model_type
            raise FeatureError(f"A {kind} has no attention that LoRA is known for; say full.")
        config = LoraConfig(r=recipe.lora_rank, lora_alpha=recipe.lora_alpha, target_modules=names)
        self.network = inject_adapter_in_model(config, self.network)


class TunedTextEncoder(TunedEncoder):
    """Tokens through a text encoder."""

    modality = "text"
    encoder: TextEncoder

    def __init__(self, encoder: TextEncoder, recipe: Recipe) -> None:
        super().__init__(encoder, recipe)
        self.pad = encoder.tokenizer.pad_token_id or 0

    def states(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """See TunedEncoder."""
        inside = torch.arange(values.shape[1], device=values.device) < lengths[:, None]  # (n, L)
        output = self.network(
            input_ids=values.masked_fill(~inside, self.pad),
            attention_mask=inside.long(),
            **self.encoder.options,
        )
        if self.encoder.pooling == "head":
            if getattr(output, "pooler_output", None) is None:
                raise FeatureError(f"{self.encoder.directory} has no pooling head.")
            return output.pooler_output[:, None], torch.ones_like(lengths)
        states = self.encoder.states(output)  # (n, L, D)
        return pooled(states, inside, self.encoder.pooling)


class TunedSpeechEncoder(TunedEncoder):
    """Samples through a speech encoder."""

    modality = "audio"
    encoder: SpeechEncoder

    def __init__(self, encoder: SpeechEncoder, recipe: Recipe) -> None:
        super().__init__(encoder, recipe)
        self.pooling = recipe.audio_pooling
        self.whisper = encoder.files.family == "whisper"

    def states(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """See TunedEncoder."""
        sound = values.float() / 32767  # (n, S)
        if self.whisper:
            states = self.encoder.states(self.network(self._mels(sound, lengths), **self._options))
            counts = (lengths * states.shape[1] / (30 * RATE)).round().long().clamp(min=1)
        else:
            inside = torch.arange(sound.shape[1], device=sound.device) < lengths[:, None]
            if getattr(self.encoder.processor, "do_normalize", False):
                sound = normalised(sound, inside)
            counts = self.encoder.frames_of(lengths)
            self.encoder.count_samples(lengths)
            output = self.network(sound, attention_mask=inside.long(), **self._options)
            states = self.encoder.states(output)  # (n, l, D)
        here = torch.arange(states.shape[1], device=states.device) < counts[:, None]  # (n, l)
        return pooled(states, here, "frames" if self.pooling == "auto" else self.pooling)

    @property
    def _options(self) -> dict[str, bool]:
        return self.encoder.options

    def _mels(self, sound: Tensor, lengths: Tensor) -> Tensor:
        """What Whisper reads of sounds, (n, mels, frames of 30 seconds)."""
        waves = [row[:length].cpu().numpy() for row, length in zip(sound, lengths.tolist())]
        inputs = self.encoder.processor(waves, sampling_rate=RATE, return_tensors="pt")
        mels: Tensor = inputs["input_features"].to(sound.device)
        return mels


def by_length(lengths: Tensor) -> list[Tensor]:
    """Rows (n,) of like lengths that are worked on together, longest first; none of length 0."""
    fewest = 1 if lengths.device.type == "cpu" else FEWEST
    order = lengths.argsort(descending=True, stable=True)
    sorted_lengths = lengths[order].tolist()
    starts = [0]
    for place, length in enumerate(sorted_lengths):
        shorter = length < LIKE * sorted_lengths[starts[-1]]
        if length == 0 or (shorter and place - starts[-1] >= fewest):
            starts.append(place)
        if length == 0:
            break
    else:
        starts.append(len(sorted_lengths))
    return [order[first:end] for first, end in zip(starts, starts[1:]) if end > first]


def normalised(sound: Tensor, inside: Tensor) -> Tensor:
    """Sounds (n, S) with mean 0 and variance 1 each, and silence after their ends."""
    count = inside.sum(dim=1, keepdim=True)
    mean = (sound * inside).sum(dim=1, keepdim=True) / count
    variance = ((sound - mean).square() * inside).sum(dim=1, keepdim=True) / count
    return (sound - mean) * torch.rsqrt(variance + 1e-7) * inside


def build_tuned_encoder(recipe: Recipe, modality: str) -> TunedEncoder:
    """The encoder of a recipe for a modality, on the CPU. Raises FeatureError."""
    directory = Path(getattr(recipe, f"{modality}_encoder"))
    settings = EncoderSettings.of(recipe, modality)
    cpu = torch.device("cpu")
    if modality == "text":
        return TunedTextEncoder(TextEncoder(directory, cpu, settings), recipe)
    return TunedSpeechEncoder(SpeechEncoder(directory, cpu, settings), recipe)
