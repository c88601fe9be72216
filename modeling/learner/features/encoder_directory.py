"""What a directory of the `transformers` layout holds, read without loading any weights.

A directory has config.json, weights (safetensors or PyTorch's, whole or in shards) and what its
tokenizer or processor needs; `encoder.json` says where it came from.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from modeling.learner.features.feature_error import FeatureError

CONFIG, ORIGIN = "config.json", "encoder.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json",
           "pytorch_model.bin", "pytorch_model.bin.index.json")  # fmt: skip
# the kinds of networks that are read, each with the types that transformers gives them
TEXT = {
    "encoder": ("bert", "roberta", "xlm-roberta", "xlm-roberta-xl", "albert", "electra",
                "distilbert", "deberta-v2", "ernie", "modernbert", "camembert", "mpnet"),
    "decoder": ("qwen2", "qwen3", "llama", "mistral", "gemma", "gemma2"),
    "t5": ("t5", "mt5", "umt5"),
}  # fmt: skip
AUDIO = {
    "samples": ("hubert", "wav2vec2", "wavlm", "data2vec-audio", "unispeech", "unispeech-sat"),
    "whisper": ("whisper",),
}
VISION = {
    "contrastive": ("clip", "clip_vision_model", "siglip", "siglip_vision_model", "chinese_clip",
                    "chinese_clip_vision_model"),
    "pictures": ("vit", "deit", "beit", "dinov2", "dinov2_with_registers"),
}  # fmt: skip
FAMILIES = {
    model_type: (modality, family)
    for modality, families in (("text", TEXT), ("audio", AUDIO), ("vision", VISION))
    for family, types in families.items()
    for model_type in types
}
FROM_TWO = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet")  # first position
# what config.json leaves out where it is as in the published model
UNSAID = {"hidden_size": 768, "num_hidden_layers": 12, "image_size": 224}
# query and value of attention, as the families name them: what LoRA adapts (Hu et al. 2021)
ADAPTED = re.compile(
    r"(?:^|\.)(?:query|value|query_proj|value_proj|q_proj|v_proj|q_lin|v_lin|q|v|Wqkv)$"
)
LONGEST_HEADER = 100_000_000  # bytes, as safetensors has it
SPEECH_RATE = 10.0  # frames a second that are kept
PICTURES_PER_SECOND = 2.0
RATES = {"text": None, "audio": SPEECH_RATE, "vision": PICTURES_PER_SECOND}


@dataclass(frozen=True)
class EncoderDirectory:
    """An encoder on disk. Raises FeatureError where the directory holds none that can be used."""

    path: Path
    config: dict[str, Any] = field(init=False, repr=False)
    weights: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        missing = [] if (self.path / CONFIG).is_file() else [CONFIG]
        found = next((name for name in WEIGHTS if (self.path / name).is_file()), None)
        if found is None:
            missing.append(WEIGHTS[0])
        if missing or found is None:
            raise FeatureError(
                f"{self.path} holds no encoder: {' and '.join(missing)} missing. Give a directory"
                " that `save_pretrained` of transformers wrote."
            )
        object.__setattr__(self, "config", self._read(CONFIG))
        object.__setattr__(self, "weights", self._files_of(found))
        if self.model_type not in FAMILIES:
            known = ", ".join(sorted(FAMILIES))
            raise FeatureError(
                f"{self.path} is a {self.model_type!r}, of no family that can be read here:"
                f" {known}."
            )

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def model_type(self) -> str:
        return str(self.config.get("model_type", ""))

    @property
    def modality(self) -> str:
        return FAMILIES[self.model_type][0]

    @property
    def family(self) -> str:
        return FAMILIES[self.model_type][1]

    @property
    def dims(self) -> int:
        """Of a vector. Raises FeatureError where the directory does not say."""
        return self._number("hidden_size", "d_model", "dim")

    @property
    def layers(self) -> int:
        """How many follow the embeddings. Raises FeatureError where the directory does not say."""
        return self._number("encoder_layers", "num_hidden_layers", "num_layers", "n_layers")

    @property
    def longest_text(self) -> int | None:
        """Tokens of the longest text that it has positions for; None where it takes any."""
        if self.modality != "text" or self.family == "t5":
            return None
        places = self.config.get("max_position_embeddings")
        if not isinstance(places, int) or places < 1:
            return None
        return places - 2 if self.model_type in FROM_TWO else places

    @property
    def is_language_model(self) -> bool:
        """Whether it can say how likely words are, beside being an encoder."""
        made_as = self.config.get("architectures") or ()
        return not self.pickled and any(str(each).endswith("ForCausalLM") for each in made_as)

    @property
    def has_head(self) -> bool:
        """Whether its family has a pooling head of its own."""
        return self.family in ("encoder", "contrastive", "pictures")

    @property
    def rate(self) -> float | None:
        """Frames a second; None of text."""
        return RATES[self.modality]

    @property
    def part(self) -> dict[str, Any]:
        """What describes the network that is used: of two in one directory, that of pictures."""
        if self.family != "contrastive":
            return self.config
        vision = self.config.get("vision_config")
        return UNSAID | (vision if isinstance(vision, dict) else self.config)

    @property
    def pickled(self) -> bool:
        """Whether its weights are PyTorch's own, which are read as numbers alone."""
        return self.weights[-1].endswith(".bin")

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name of each array of its weights -> shape; nothing of PyTorch's own, which are not read.
        Raises FeatureError where a file is damaged.
        """
        found: dict[str, tuple[int, ...]] = {}
        for name in self.weights:
            if name.endswith(".safetensors"):
                found |= self._shapes_of(name)
        return found

    def _shapes_of(self, name: str) -> dict[str, tuple[int, ...]]:
        try:
            with (self.path / name).open("rb") as stream:
                length = int.from_bytes(stream.read(8), "little")
                header = json.loads(stream.read(min(length, LONGEST_HEADER)))
            return {
                key: tuple(int(n) for n in each["shape"])
                for key, each in header.items()
                if key != "__metadata__"
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise FeatureError(f"{self.path / name} is damaged: {error}.") from error

    @property
    def masks_silence(self) -> bool:
        """Whether what it makes of a sound does not depend on longer ones of the same batch."""
        return self.model_type != "data2vec-audio"

    @property
    def bytes(self) -> int:
        """Of its files."""
        return sum(file.stat().st_size for file in self.files)

    @property
    def files(self) -> list[Path]:
        """What decides its vectors."""
        found = sorted(path for path in self.path.iterdir() if path.is_file())
        return [path for path in found if path.name != ORIGIN]

    @cached_property
    def origin(self) -> dict[str, Any]:
        """Where it came from, as far as it was written down: repo, revision, licence, digest."""
        return self._read(ORIGIN) if (self.path / ORIGIN).is_file() else {}

    @property
    def licence(self) -> str:
        """As its authors state it; empty where they do not."""
        return str(self.origin.get("licence") or "") or self._licence_of_readme()

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the names and contents of its files, 16 digits."""
        total = hashlib.sha256()
        for file in self.files:
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            total.update(f"{file.name} {digest}\n".encode())
        return total.hexdigest()[:16]

    def optional(self, name: str) -> dict[str, Any]:
        """What a JSON file says; nothing where there is none."""
        return self._read(name) if (self.path / name).is_file() else {}

    def _number(self, *names: str) -> int:
        for name in names:
            value = self.part.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
        raise FeatureError(f"{self.path / CONFIG} does not say its {names[0]}.")

    def _files_of(self, weights: str) -> tuple[str, ...]:
        """The files of its weights, each of which is there; of shards the index first."""
        if not weights.endswith(".index.json"):
            return (weights,)
        listed = self._read(weights).get("weight_map")
        names = sorted({str(name) for name in listed.values()}) if isinstance(listed, dict) else []
        if not names or any("/" in name or name.startswith(".") for name in names):
            raise FeatureError(f"{self.path / weights} names no files of weights.")
        if missing := [name for name in names if not (self.path / name).is_file()]:
            raise FeatureError(
                f"{self.path} lacks {len(missing)} of {len(names)} files of its weights:"
                f" {', '.join(missing[:3])}. Copy it once more."
            )
        return (weights, *names)

    def _read(self, name: str) -> dict[str, Any]:
        try:
            content = json.loads((self.path / name).read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise FeatureError(f"{self.path / name} cannot be read: {error}.") from error
        if not isinstance(content, dict):
            raise FeatureError(f"{self.path / name} describes no encoder: it holds no object.")
        return content

    def _licence_of_readme(self) -> str:
        readme = self.path / "README.md"
        if not readme.is_file():
            return ""
        with readme.open(encoding="utf-8", errors="replace") as stream:
            head = stream.read(4000)
        front = re.match(r"---\s*\n(.*?)\n---", head, re.DOTALL)
        stated = (
            re.search(r"^license:\s*['\"]?([\w.+-]+)", front[1], re.MULTILINE) if front else None
        )
        return stated[1] if stated else ""
