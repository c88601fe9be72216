"""The encoders that an installation has: directories of transformers' layout in ENCODERS_DIR."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from core import shared_folders
from core.errors import UserError, gettext_noop
from jobs.models import JobStatus
from modeling import encoder_storage
from modeling.encoder_catalogue import offer_of
from modeling.learner.features.encoder_directory import EncoderDirectory
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.recipes import MODALITIES, RECIPES
from releases.models import Release


def installed():
    """The encoders that can be used, in the order of their names."""
    return [encoder for _, encoder, _ in _scan() if encoder]


def broken():
    """Names of directories that hold no encoder that can be used, and why, in order."""
    return [(name, reason) for name, encoder, reason in _scan() if encoder is None]


def encoders():
    """Modality -> names of the encoders that read it, in order."""
    names: dict[str, list[str]] = {modality: [] for modality in MODALITIES}
    for encoder in installed():
        names[encoder.modality].append(encoder.name)
    return names


def language_models():
    """Those that can be asked about utterances."""
    return [encoder for encoder in installed() if encoder.is_language_model]


def _scan():
    """(name, encoder or None, why there is none) of each directory, in order."""
    if not settings.ENCODERS_DIR:
        return
    shared_folders.fetch_all(Path(settings.ENCODERS_DIR))
    for path in sorted(Path(settings.ENCODERS_DIR).glob("*/config.json")):
        if path.parent.name.startswith("."):
            continue
        try:
            encoder = EncoderDirectory(path.parent)
            _ = encoder.dims, encoder.layers
        except FeatureError as error:
            yield path.parent.name, None, str(error)
        else:
            yield path.parent.name, encoder, ""


def arriving():
    """Names of encoders that another host has and that are being copied to this one."""
    if not settings.ENCODERS_DIR:
        return []
    return shared_folders.fetch_all(Path(settings.ENCODERS_DIR))


def fetch(chosen):
    """Bring the encoders that are named in settings of runs (dictionaries and lists in each other)
    to this host, whole. Raises StoreAway, Damaged.
    """
    for name in _named(chosen):
        shared_folders.fetch(Path(encoder_path(name)), strict=True)


def _named(chosen, field=""):
    """What stands in fields of encoders."""
    if isinstance(chosen, dict):
        return {each for name, value in chosen.items() for each in _named(value, name)}
    if isinstance(chosen, list):
        return {each for value in chosen for each in _named(value, field)}
    return {chosen} if chosen and field.endswith("_encoder") else set()


def label(encoder):
    """An encoder as a form offers it: its name, and what it is in a line."""
    offer = offer_of(encoder.origin.get("repo") or encoder.name)
    if offer:
        return f"{encoder.name}: {offer.note}"
    words = _("%(name)s: %(type)s, %(dims)s dimensions")
    return words % {"name": encoder.name, "type": encoder.model_type, "dims": encoder.dims}


@dataclass
class Use:
    """How many runs were trained with an encoder, and with which recipes."""

    runs: int = 0
    active: int = 0
    recipes: set[str] = field(default_factory=set)


def uses():
    """Name of an encoder -> its Use."""
    found: dict[str, Use] = defaultdict(Use)
    names = [f"{modality}_encoder" for modality in MODALITIES]
    chosen = reduce(or_, (Q(options__has_key=name) for name in names))
    runs = apps.get_model("modeling", "TrainingRun").objects.filter(chosen)
    for recipe, status, options in runs.values_list("recipe", "status", "options"):
        for name in {options[each] for each in names if options.get(each)}:
            found[name].runs += 1
            found[name].active += status in (JobStatus.QUEUED, JobStatus.RUNNING)
            found[name].recipes.add(recipe)
    return dict(found)


def remove(person, name):
    """Delete an encoder. Raises UserError where there is none, and while a run needs it."""
    use = uses().get(name)
    if use and use.active:
        words = gettext_noop(
            "%(count)d runs that wait or train need %(name)s. Stop them first, or wait."
        )
        raise UserError(words, count=use.active, name=name)
    encoder_storage.remove(person, name)


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


def fields_of(options, modality):
    """The fields of a run's settings that choose the encoder of a modality and how it is read, and
    the part of a picture; nothing where it is tuned in the run itself. Of sound also functionals
    that need more than the default features.
    """
    if modality == "audio" and _hears_egemaps(options):
        return {"audio_functionals": "egemaps"}
    region = {}
    if modality == "vision" and options.get("vision_region", "frame") != "frame":
        region = {"vision_region": options["vision_region"]}
    if not options.get(f"{modality}_encoder") or is_tuned(options, modality):
        return region
    names = [f"{modality}_{each}" for each in ("encoder", "layer", "pooling")]
    names += {"text": ["text_tokens"], "audio": ["audio_seconds"]}.get(modality, [])
    names += ["encoder_precision"]
    return {name: options[name] for name in names if name in options} | region


def _hears_egemaps(options):
    """Whether the settings of a run have openSMILE hear the sound."""
    other = options.get("audio_encoder") or options.get("audio_features")
    return options.get("audio_functionals") == "egemaps" and not other


def is_tuned(options, modality):
    """Whether the settings of a run have the encoder of a modality learn with the network."""
    return options.get(f"{modality}_tuning", "frozen") != "frozen"


def encoder_path(name):
    """The directory of an encoder by its name."""
    return str(Path(settings.ENCODERS_DIR) / name) if name else ""
