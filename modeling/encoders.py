"""The encoders that an installation has: directories of transformers' layout in ENCODERS_DIR."""

import json
from pathlib import Path

from django.conf import settings

from core.errors import UserError, gettext_noop
from modeling.learner.recipes import MODALITIES, RECIPES
from releases.models import Release


def encoders():
    """Modality -> names of the encoders that read it, in order."""
    encoders_by_modality: dict[str, list[str]] = {"text": [], "audio": [], "vision": []}
    if settings.ENCODERS_DIR:
        for path in sorted(Path(settings.ENCODERS_DIR).glob("*/config.json")):
            if modality := _modality(path.parent):
                encoders_by_modality[modality].append(path.parent.name)
    return encoders_by_modality


def check_encoders(release, recipe, options):
    """Raises UserError for an encoder that would have nothing to read: of a modality that the
    recipe leaves out, or of films that the release does not hold.
    """
    read = options.get("modalities", RECIPES[recipe].modalities)
    for modality in MODALITIES:
        encoder = options.get(f"{modality}_encoder")
        if not encoder:
            continue
        values = {"encoder": encoder, "recipe": recipe, "version": release.version}
        if modality not in read:
            words = gettext_noop(
                "%(encoder)s would have nothing to read: the recipe %(recipe)s does not use what it"
                " is for. Leave the encoder out, or take another recipe."
            )
            raise UserError(words, **values)
        if modality != "text" and release.media == Release.Media.FEATURES:
            words = gettext_noop(
                "%(encoder)s would have nothing to read: release %(version)s holds measured"
                " features and no films. Leave the encoder out, or take a release with clips."
            )
            raise UserError(words, **values)
        if modality != "text" and release.media == Release.Media.NONE:
            words = gettext_noop(
                "%(encoder)s would have nothing to read: release %(version)s holds no films."
                " Leave the encoder out, or take a release with clips."
            )
            raise UserError(words, **values)


def encoder_path(name):
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
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
