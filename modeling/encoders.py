"""The encoders that an installation has: directories of transformers' layout in ENCODERS_DIR."""

import json
from pathlib import Path

from django.conf import settings


def encoders():
    """Modality -> names of the directories that can measure it, in order."""
    found = {"text": [], "audio": [], "vision": []}
    if settings.ENCODERS_DIR:
        for path in sorted(Path(settings.ENCODERS_DIR).glob("*/config.json")):
            if modality := _modality(path.parent):
                found[modality].append(path.parent.name)
    return found


def place(name):
    """The directory of an encoder by its name."""
    return str(Path(settings.ENCODERS_DIR) / name) if name else ""


def _modality(directory):
    """What it reads, by what it was saved with; None for what is no encoder that can be used."""
    if not (directory / "model.safetensors").exists():
        return None
    config, prepares = (_read(directory / n) for n in ("config.json", "preprocessor_config.json"))
    if "sampling_rate" in prepares:
        return "audio"
    if "image_size" in config or "vision_config" in config:
        return "vision"
    return "text" if "vocab_size" in config else None


def _read(path):
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
