"""The encoders that an installation has: directories of transformers' layout in ENCODERS_DIR."""

import logging
from pathlib import Path

from django.conf import settings

from core.errors import UserError, gettext_noop
from modeling.learner.features.decoding import FeatureError
from modeling.learner.features.encoder_directory import EncoderDirectory
from modeling.learner.recipes import MODALITIES, RECIPES
from releases.models import Release

log = logging.getLogger(__name__)


def installed():
    """The encoders that can be used, in the order of their names."""
    found = (_usable(path) for path in _directories())
    return [encoder for encoder in found if encoder]


def encoders():
    """Modality -> names of the encoders that read it, in order."""
    names: dict[str, list[str]] = {modality: [] for modality in MODALITIES}
    for encoder in installed():
        names[encoder.modality].append(encoder.name)
    return names


def _directories():
    if not settings.ENCODERS_DIR:
        return []
    paths = sorted(Path(settings.ENCODERS_DIR).glob("*/config.json"))
    return [path.parent for path in paths if not path.parent.name.startswith(".")]


def _usable(path):
    try:
        encoder = EncoderDirectory(path)
        if encoder.dims and encoder.layers:
            return encoder
    except FeatureError:
        log.warning("%s holds no encoder that can be used", path)
    return None


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
