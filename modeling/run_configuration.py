"""What decides the result of a run, in groups, each setting beside the default of its recipe."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from annotation.templatetags.scheme import named
from corpus.templatetags.show import listed
from modeling.learner.recipes import IMPORTED_FIELDS, MODALITIES, RECIPES, TUNED, Recipe

MODALITY_NAMES = {
    "text": gettext_lazy("text"),
    "audio": pgettext_lazy("of a film", "sound"),
    "vision": gettext_lazy("picture"),
}
ORIGINS = {
    "clips": gettext_lazy("extracted from the clips of the release"),
    "release": gettext_lazy("extracted before: the release holds features"),
    "none": gettext_lazy("the release holds no films: it is missing everywhere"),
    "imported": gettext_lazy("imported: computed elsewhere"),
}
COMPUTATION = gettext_lazy("Computation")
SETTINGS = {  # group -> field of the recipe -> its name
    gettext_lazy("Input"): {
        "modalities": gettext_lazy("modalities"),
        "vision_region": gettext_lazy("part of the picture"),
        "face_detector": gettext_lazy("face detector"),
        "text_features": gettext_lazy("imported text features"),
        "audio_features": gettext_lazy("imported sound features"),
        "vision_features": gettext_lazy("imported picture features"),
        "likelihoods": gettext_lazy("scores of a language model"),
        "audio_functionals": gettext_lazy("functionals of sound"),
        "text_steps": gettext_lazy("text read of an utterance"),
        "audio_steps": gettext_lazy("sound read of an utterance"),
        "vision_steps": gettext_lazy("picture read of an utterance"),
    },
    gettext_lazy("Network"): {
        "network": gettext_lazy("network"),
        "sharing": gettext_lazy("sharing between tasks"),
        "width": gettext_lazy("width of the network"),
        "heads": gettext_lazy("attention heads"),
        "context": gettext_lazy("reads the whole dialogue"),
        "attention": gettext_lazy("attention between turns"),
        "fusion": gettext_lazy("attention between modalities"),
        "encoder_layers": gettext_lazy("Transformer layers over an utterance"),
        "fusion_layers": gettext_lazy("Transformer layers over the modalities"),
        "dropout": gettext_lazy("dropout"),
    },
    gettext_lazy("Training"): {
        "epochs": gettext_lazy("maximum epochs"),
        "patience": gettext_lazy("patience"),
        "learning_rate": gettext_lazy("learning rate"),
        "warmup": gettext_lazy("warm-up, share of the steps"),
        "schedule": gettext_lazy("learning rate schedule"),
        "dialogues_per_batch": gettext_lazy("dialogues per batch"),
        "weight_decay": gettext_lazy("weight decay"),
        "weighting": gettext_lazy("task weighting"),
        "logit_adjustment": gettext_lazy("logit adjustment"),
        "soft_labels": gettext_lazy("soft labels"),
        "stops_on": gettext_lazy("epoch chosen by"),
        "minutes": gettext_lazy("maximum minutes per run"),
        "accumulation": gettext_lazy("batches per step"),
    },
    gettext_lazy("Correlations"): {
        "relations": gettext_lazy("correlation labels"),
        "relation_chain": gettext_lazy("relation chain"),
        "relation_weight": gettext_lazy("weight of the correlation labels"),
        "annotator_thresholds": gettext_lazy("thresholds of each annotator"),
        "orthogonality": gettext_lazy("orthogonality of the towers"),
        "sparsity": gettext_lazy("sparsity of the gates"),
        "distance": gettext_lazy("distance of the parameters"),
    },
    gettext_lazy("Encoders"): {
        "text_encoder": gettext_lazy("text encoder"),
        "audio_encoder": gettext_lazy("audio encoder"),
        "vision_encoder": gettext_lazy("vision encoder"),
        "text_layer": gettext_lazy("layer of the text encoder"),
        "audio_layer": gettext_lazy("layer of the audio encoder"),
        "vision_layer": gettext_lazy("layer of the vision encoder"),
        "text_pooling": gettext_lazy("text vectors"),
        "audio_pooling": gettext_lazy("audio vectors"),
        "vision_pooling": gettext_lazy("vision vectors"),
        "text_tokens": gettext_lazy("tokens read of a text"),
        "audio_seconds": gettext_lazy("seconds heard at once"),
        "encoder_precision": gettext_lazy("precision of the encoders"),
    },
    gettext_lazy("Fine-tuning"): {
        "text_tuning": gettext_lazy("tuning of the text encoder"),
        "audio_tuning": gettext_lazy("tuning of the audio encoder"),
        "text_learning_rate": gettext_lazy("learning rate of the text encoder"),
        "audio_learning_rate": gettext_lazy("learning rate of the audio encoder"),
        "layer_decay": gettext_lazy("layer-wise decay of the learning rate"),
        "lora_rank": gettext_lazy("rank of LoRA"),
        "lora_alpha": gettext_lazy("alpha of LoRA"),
        "gradient_checkpointing": gettext_lazy("gradient checkpointing"),
    },
    COMPUTATION: {
        "precision": gettext_lazy("numeric precision"),
        "compiled": gettext_lazy("compiled"),
    },
}
WORDS = {
    "own": gettext_lazy("of this application"),
    "mean": gettext_lazy("mean of all tasks"),
    "hard": gettext_lazy("hard: one trunk"),
    "reading": gettext_lazy("soft, with reading gates"),
    "relgate": gettext_lazy("soft, with relation gates"),
    "single": gettext_lazy("none: a network per task"),
    "frame": gettext_lazy("the whole picture"),
    "largest face": gettext_lazy("the largest face"),
    "speaking face": gettext_lazy("the speaking face"),
    "mix": gettext_lazy("all layers, in a learned mix"),
    "none": gettext_lazy("none"),
    "egemaps": gettext_lazy("eGeMAPS by openSMILE (licence: research alone)"),
    "frozen": pgettext_lazy("of an encoder", "frozen"),
    "lora": gettext_lazy("fine-tuned by LoRA"),
    "full": gettext_lazy("fully fine-tuned"),
    "constant": gettext_lazy("constant"),
    "cosine": gettext_lazy("cosine"),
}

NONE = {  # what 0 or nothing means
    **dict.fromkeys(IMPORTED_FIELDS, gettext_lazy("none")),
    **dict.fromkeys([f"{name}_steps" for name in MODALITIES], gettext_lazy("all")),
    "face_detector": gettext_lazy("OpenCV's cascade"),
    "minutes": gettext_lazy("no limit"),
    **dict.fromkeys([f"{name}_encoder" for name in MODALITIES], gettext_lazy("default features")),
    **dict.fromkeys([f"{name}_learning_rate" for name in TUNED], gettext_lazy("the usual one")),
}


@dataclass(frozen=True)
class Setting:
    """One value that decides the result; `default` is the recipe's where it differs from it."""

    key: str
    label: Any
    value: str
    default: str | None = None
    note: Any = ""

    @property
    def changed(self):
        return self.default is not None


@dataclass
class Group:
    name: Any
    settings: list[Setting] = field(default_factory=list)

    @property
    def changed(self):
        """How many differ from the default."""
        return sum(setting.changed for setting in self.settings)


def configuration_of(run, meta):
    """Groups of settings of a run; `meta` is what the learner wrote when it began."""
    base, unused = RECIPES.get(run.recipe), set()
    used = used_settings(run, meta)
    defaults = base.to_json() if base else {}
    if base:
        unused = Recipe().with_fields(used).unused
        used |= lengths_read(Recipe().with_fields(used))
        defaults |= lengths_read(base)
    groups = [_data(run)]
    for name, names in SETTINGS.items():
        settings = [
            _setting(key, label, used[key], defaults.get(key))
            for key, label in names.items()
            if key in used and key not in unused
        ]
        if settings or name == COMPUTATION:
            groups.append(Group(name, settings))
    groups[-1].settings.extend(_computation(run, meta))
    features = _features(meta)
    return [*groups, *([Group(_("Features"), features)] if features else [])]


def chosen_settings(run, tasks):
    """Group of what a classical system chose on the validation set, a task each; None of others."""
    chosen = run.results.get("chosen", {})
    settings = [
        Setting(task.key, named(task), _chosen(chosen[task.key]))
        for task in tasks
        if task.key in chosen
    ]
    return Group(_("Chosen on the validation set"), settings) if settings else None


def _chosen(values):
    """What was chosen for a task, of each modality where they have classifiers of their own."""
    if "C" in values:
        return "C = " + (f"{values['C']:g}" if values["C"] else "–")
    parts = []
    for name, own in values.items():
        words = [_chosen(own)] if "C" in own else []
        if "states" in own:
            words.append(ngettext("%(n)s state", "%(n)s states", own["states"])
                         % {"n": own["states"]})  # fmt: skip
        if "weight" in own:
            words.append(_("weight %(weight)s") % {"weight": f"{own['weight']:.2g}"})
        parts.append(f"{MODALITY_NAMES[name]}: {', '.join(words)}")
    return " · ".join(parts)


def used_settings(run, meta):
    """Field -> value of the whole recipe as the learner took it, before it began as it will."""
    known = set(Recipe().to_json())
    if meta.get("recipe"):
        return {key: value for key, value in meta["recipe"].items() if key in known}
    base = RECIPES.get(run.recipe, Recipe()).to_json()
    return base | {key: value for key, value in run.options.items() if key in known}


def lengths_read(recipe):
    """How much of an utterance it reads of each modality, which may depend on its network."""
    return {f"{name}_steps": recipe.longest(name) for name in MODALITIES}


def display(value):
    """A value of a recipe for people."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return listed(MODALITY_NAMES.get(each, each) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(WORDS.get(value, value))


def _setting(key, label, value, default):
    value = list(value) if isinstance(value, tuple) else value
    default = list(default) if isinstance(default, tuple) else default
    if (key.endswith("_encoder") or key == "face_detector") and value:
        value = str(value).rstrip("/").rsplit("/", 1)[-1]  # a path on the worker says nothing more
    if key in IMPORTED_FIELDS:
        value = str(value).rsplit("/", 1)[-1][:12]
    changed = default is not None and value != default
    shown = [str(NONE[key]) if not each and key in NONE else display(each)
             for each in (value, default)]  # fmt: skip
    return Setting(key, label, shown[0], shown[1] if changed else None)


def _data(run):
    release = run.release
    counts = release.summary.get("dialogues", {})
    settings = [
        Setting("release", _("release"), release.version),
        Setting("digest", _("release digest"), release.digest),
        Setting("recipe", _("recipe"), run.recipe),
        Setting("seed", _("seed"), str(run.seed)),
        Setting("on_failure", _("clips without features"), run.get_on_failure_display()),
    ]
    if isinstance(counts, dict) and counts:
        words = ", ".join(f"{name} {n}" for name, n in counts.items())
        settings.insert(2, Setting("dialogues", _("dialogues by split"), words))
    return Group(_("Data and recipe"), settings)


def _computation(run, meta):
    rows = [
        Setting("device", _("computed on"), meta.get("device") or str(run.get_device_display())),
        Setting("software", _("software"), run.code_version),
    ]
    rows += [Setting(name, name, version) for name, version in meta.get("software", {}).items()]
    total, learned = (run.results.get(name) for name in ("parameters", "trained_parameters"))
    if total:
        rows.append(Setting("parameters", _("parameters"), f"{total:,}"))
    if learned and learned != total:
        rows.append(Setting("trained_parameters", _("trained parameters"), f"{learned:,}"))
    return [row for row in rows if row.value]


def _features(meta):
    """What extracted the features of each modality, and from what, as the learner wrote it."""
    written = meta.get("features", {})
    return [
        Setting(
            f"features_{name}",
            _("features: %(modality)s") % {"modality": MODALITY_NAMES[name]},
            " · ".join(filter(None, map(written[name].get, ("encoder", "name", "by")))),
            note=ORIGINS.get(written[name].get("from"), ""),
        )
        for name in MODALITIES
        if name in written
    ]
