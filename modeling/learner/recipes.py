"""What to train: every choice that decides a result, as one dataclass."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from modeling.learner.error_messages import display_value, suggest_name

MODALITIES = ("text", "audio", "vision")
SHARINGS = ("hard", "single", "cross-stitch", "mmoe", "ple", "distance", "relgate", "reading")
NO_CHAIN = ("single", "relgate")  # sharings without correlations among the tasks of one network
FIXED_NETWORKS = ("ef_lstm", "lmf", "tfn", "mfn", "mult")  # published, with authors' settings
PUBLISHED_FIELDS = {  # published networks on our encoders, and the fields of "own" that they use
    "bc_lstm": ("width", "dropout"),
    "dialogue_rnn": ("width", "dropout"),
    "cim_att": ("width", "dropout"),
    "gated_att": ("width", "dropout"),
    "qmsa": ("width", "dropout"),
    "middya": ("width", "dropout"),
    "context_gated_conv": ("width", "dropout"),
    "mimn": ("width", "dropout"),
    "qin": ("width", "dropout"),
    "misa": ("width", "heads", "dropout"),
    "mmgcn": ("width", "fusion_layers", "dropout"),
    "dialogue_gcn": ("width", "dropout"),
    "mm_dfn": ("width", "fusion_layers", "dropout"),
    "self_mm": ("width", "dropout"),
    "mmim": ("width", "dropout"),
    "lf_dnn": ("width", "dropout"),
    "m2fnet": ("width", "heads", "fusion_layers", "dropout"),
    "m2seq2seq": ("width", "heads", "dropout"),
    "mil": ("width", "dropout"),
}
# published ones that read a dialogue, not an utterance alone
DIALOGUE_NETWORKS = (
    "bc_lstm",
    "dialogue_rnn",
    "cim_att",
    "gated_att",
    "mimn",
    "qin",
    "mmgcn",
    "dialogue_gcn",
    "mm_dfn",
    "m2fnet",
    "m2seq2seq",
)
CLASSICAL = (  # fitted by other libraries, or a language model's judgement: no gradient
    "svm_early", "svm_late", "hmm", "tf_idf", "likelihoods",
)  # fmt: skip
NETWORKS = ("own", *FIXED_NETWORKS, *PUBLISHED_FIELDS, *CLASSICAL)
RELATIONS = ("supervised", "off", "shuffled", "detached", "auxiliary")
GRADIENT_METHODS = ("pcgrad", "upgrad", "alignedmtl", "imtlg")  # what aggregates a gradient a task
WEIGHTINGS = ("equal", "uncertainty", "geometric", *GRADIENT_METHODS)
SCHEDULES = ("constant", "cosine")
PRECISIONS = ("fp32", "bf16")
POOLINGS = {  # how an encoder's vectors become one; `auto` is what suits the encoder
    "text": ("auto", "tokens", "mean", "first", "last", "max", "head"),
    "audio": ("auto", "frames", "mean", "max"),
    "vision": ("auto", "first", "mean", "max", "head"),
}
TEXT_TOKENS, AUDIO_SECONDS = 128, 30.0  # that an encoder reads at once unless a recipe says more
CHARACTERS = 96  # of an utterance that networks of this house read where no encoder does
REGIONS = ("frame", "largest face", "speaking face")  # of a picture that are read
STEPS = {"text": 39, "audio": 400, "vision": 55}  # that published networks read, as of CH-SIMS
FUNCTIONALS = ("none", "own", "egemaps")  # statistics of the sound of an utterance as one vector
TUNINGS = ("frozen", "lora", "full")
TUNED = ("text", "audio")  # modalities whose encoder can be fine-tuned
MIX = "mix"  # the layer that is all of them
LAYER = re.compile(r"last|mix|[0-9]{1,3}|mean-[1-9][0-9]{0,2}")
CHOICES = {
    "network": NETWORKS,
    "sharing": SHARINGS,
    "relations": RELATIONS,
    "weighting": WEIGHTINGS,
    "schedule": SCHEDULES,
    "precision": PRECISIONS,
    "on_failure": ("fail", "missing"),
    "vision_region": REGIONS,
    "encoder_precision": PRECISIONS,
    "audio_functionals": FUNCTIONALS,
    **{f"{modality}_pooling": poolings for modality, poolings in POOLINGS.items()},
    **{f"{modality}_tuning": TUNINGS for modality in TUNED},
}


# the smallest and the largest value of each number, both allowed
RANGES: dict[str, tuple[float, float]] = {
    "width": (2, 4096),
    "heads": (1, 256),
    "encoder_layers": (0, 24),
    "fusion_layers": (0, 24),
    "dropout": (0, 0.99),
    "epochs": (1, 100_000),
    "patience": (1, 100_000),
    "dialogues_per_batch": (1, 100_000),
    "learning_rate": (1e-8, 10),
    "warmup": (0, 0.9),
    "weight_decay": (0, 10),
    "logit_adjustment": (0, 10),
    "relation_weight": (0, 1000),
    "orthogonality": (0, 1000),
    "sparsity": (0, 1000),
    "distance": (0, 1000),
    "minutes": (0, 1_000_000),
    "text_tokens": (8, 32_768),
    "audio_seconds": (1, 120),
    **{f"{modality}_steps": (0, 4096) for modality in MODALITIES},
    "text_learning_rate": (0, 1),
    "audio_learning_rate": (0, 1),
    "layer_decay": (0.1, 1),
    "lora_rank": (1, 256),
    "lora_alpha": (1, 1024),
    "accumulation": (1, 1024),
}
SEEDS = (0, 2**31 - 1)  # what the database and every generator of random numbers take
MAX_TEXT_LENGTH = 4000  # characters of a name or a path
RELATION_GATE_FIELDS = (  # of "relgate" alone
    "relation_weight", "orthogonality", "sparsity", "annotator_thresholds",
)  # fmt: skip
RELATION_GATE_ROLES = ("detached", "auxiliary")  # of the relations in "relgate" alone
TUNING_LEARNING_RATES = {"full": 2e-5, "lora": 2e-4}  # where a recipe says 0
OWN_NETWORK_FIELDS = (
    "width",
    "heads",
    "encoder_layers",
    "fusion_layers",
    "dropout",
    "sharing",
    "context",
    "attention",
    "fusion",
    "relations",
    "relation_chain",
    *RELATION_GATE_FIELDS,
    "distance",
)
GRADIENT_FIELDS = (  # of what is trained by gradients, epoch by epoch
    *("epochs", "patience", "dialogues_per_batch", "learning_rate", "warmup", "schedule"),
    *("weight_decay", "weighting", "soft_labels", "stops_on", "minutes", "accumulation"),
    *("precision", "compiled"),
)


class RecipeError(ValueError):
    """A recipe with an unknown field or an impossible value; `field` says which where it is one."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raises RecipeError for a number that is not from `low` to `high`, NaN and infinity too."""
    if not low <= value <= high:
        ends = [f"{end:,}" if end == int(end) else f"{end:g}" for end in (low, high)]
        words = f"{name} must be from {ends[0]} to {ends[1]}, not {display_value(value)}."
        raise RecipeError(words, name)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RecipeError(f"{name} must be true or false, not {display_value(value)}.", name)
    return value


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RecipeError(f"{name} must be a whole number, not {display_value(value)}.", name)
    return value


def _real(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RecipeError(f"{name} must be a number, not {display_value(value)}.", name)
    try:
        return float(value)
    except OverflowError as error:
        raise RecipeError(f"{name} must be a number, not one so large.", name) from error


def _words(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RecipeError(f"{name} must be text, not {display_value(value)}.", name)
    odd = next((c for c in value if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")), None)
    if odd is not None or len(value) > MAX_TEXT_LENGTH:
        why = "so long" if odd is None else f"one with the character U+{ord(odd):04X}"
        raise RecipeError(f"{name} must be a line of text, not {why}.", name)
    return value


def _modalities(name: str, value: Any) -> tuple[str, ...]:
    given = list(value) if isinstance(value, list | tuple) else []
    known = [each for each in MODALITIES if each in given]
    if not known or len(known) != len(given):
        words = f"{name} must be a list of some of {', '.join(MODALITIES)}, each once"
        raise RecipeError(f"{words}, not {display_value(value)}.", name)
    return tuple(given)


FIELD_CHECKS = {bool: _flag, int: _whole, float: _real, str: _words, tuple[str, ...]: _modalities}


# fields that name imported features -> their modality
IMPORTED_FIELDS = {f"{name}_features": name for name in MODALITIES} | {"likelihoods": "text"}


@dataclass(frozen=True)
class Recipe:
    """A model and how it is trained; `name` says which published recipe it started from.

    Without `context` an utterance is judged alone; without `attention` the turns of a dialogue meet
    in the towers of the sharing only, not in each modality before; without `fusion` modalities are
    laid side by side and projected, instead of attending to each other. `encoder_layers` are
    Transformer layers over the frames or characters of an utterance, `fusion_layers` those over its
    modalities; with 0 modalities attend in one layer without a feed-forward network. Of a published
    network `fusion_layers` are those of its graph or of its cross-attention.

    `network` is this house's, "own", or a published one: of FIXED_NETWORKS (networks/baselines)
    with its authors' settings, so that width, heads, dropout, sharing and relations decide nothing,
    or of PUBLISHED_FIELDS (networks/published), which says what decides. A modality that is left
    out is masked in the former, as one that an utterance lacks; the latter have no place for it.
    CLASSICAL systems (networks/classical) have no epochs either: they choose what they choose on
    the validation set, a task at a time; "likelihoods" reads what a language model said, from the
    directory `likelihoods` that the command judge wrote, and nothing else.
    `text_steps`, `audio_steps` and `vision_steps` are how many characters, tokens or frames of an
    utterance are read; 0 is what is usual: see `longest`.

    `sharing` "single" is the control: a whole network a task. "reading" has gates on modalities and
    context instead of a fusion: see modeling/learner/sharing/reading_gates.py. `relation_chain`
    connects the answers of tasks by the stated correlations, in any sharing that has these as
    tasks: see modeling/learner/networks/relation_chain.py. `relations` says what the stated
    correlations do in the sharing "relgate": see modeling/learner/sharing/relation_gates.py; in
    "reading" and with a chain they can be "off" or "shuffled". `relation_weight`, `orthogonality`
    and `sparsity` are weights of losses of "relgate", `distance` is of "distance", too. With
    `annotator_thresholds` its relation heads learn from each annotator's answers, and how much
    higher or lower one answers than others, instead of from gold: see ordinal_regression.py.

    `weighting` is "equal", "uncertainty" (Kendall et al. 2018), the "geometric" mean of losses, or
    a method over one gradient a task: "pcgrad", "upgrad", "alignedmtl", "imtlg" of TorchJD.
    `warmup` is the share of all steps in which the learning rate rises to its value; then it stays,
    or falls as a `schedule` "cosine" to nothing at the last of `epochs`.
    `minutes` ends training after so long with the best epoch so far, 0 never.
    `stops_on` is a task whose macro-F1 on the validation set chooses the epoch, or "mean" over
    all. The encoders are directories, see modeling/learner/features/pretrained.py; without one a
    modality is read by the default, or from `text_features`, `audio_features`, `vision_features`,
    directories of imported features: see modeling/learner/features/imported.py.
    `audio_functionals` are one vector of the sound of an utterance instead of its frames: "own"
    (modeling/learner/features/functionals.py) or "egemaps" (egemaps.py there); with an encoder or
    imported features of sound they decide nothing. A layer is "last",
    the number of one (0 is before the first), "mean-4", the mean of the last four, or "mix", a
    mean of all whose weights are learned; POOLINGS says how vectors become one. Texts are read up
    to `text_tokens`, sound in pieces of `audio_seconds`.
    `vision_region` is the part of a picture that is read: the whole "frame", the "largest face" or
    the "speaking face", which `face_detector` finds, the file of a model, or without one OpenCV's
    cascade; see modeling/learner/features/face_detector.py.
    `on_failure` says what becomes of a clip that cannot be measured: "fail" ends the run, "missing"
    masks the modality there. `precision` "bf16" is autocast, `compiled` is torch.compile;
    `encoder_precision` is that of frozen encoders.

    An encoder is "frozen", or fine-tuned with the network: "full", or by "lora" of `lora_rank` and
    `lora_alpha`; see modeling/learner/networks/tuned_encoders.py. Its learning rate is 0 for the
    usual one (TUNING_LEARNING_RATES); each layer below the last learns `layer_decay` times as fast
    as the one above, with "full". `gradient_checkpointing` computes its layers twice to keep less;
    `accumulation` is how many batches make one step of the optimiser.
    """

    name: str = "hard-small"
    modalities: tuple[str, ...] = MODALITIES
    network: str = "own"
    sharing: str = "hard"
    relations: str = "supervised"
    relation_chain: bool = False
    width: int = 64
    heads: int = 4
    encoder_layers: int = 0
    fusion_layers: int = 0
    context: bool = True
    attention: bool = True
    fusion: bool = True
    dropout: float = 0.2
    epochs: int = 40
    patience: int = 15
    dialogues_per_batch: int = 8
    learning_rate: float = 1e-3
    warmup: float = 0.0
    schedule: str = "constant"
    weight_decay: float = 0.01
    logit_adjustment: float = 1.0
    weighting: str = "uncertainty"
    soft_labels: bool = False
    relation_weight: float = 1.0
    orthogonality: float = 0.1
    sparsity: float = 0.01
    distance: float = 1e-4
    annotator_thresholds: bool = False
    minutes: float = 0.0
    stops_on: str = "mean"
    text_encoder: str = ""
    audio_encoder: str = ""
    vision_encoder: str = ""
    text_layer: str = "last"
    audio_layer: str = "last"
    vision_layer: str = "last"
    text_pooling: str = "auto"
    audio_pooling: str = "auto"
    vision_pooling: str = "auto"
    text_tokens: int = TEXT_TOKENS
    audio_seconds: float = AUDIO_SECONDS
    encoder_precision: str = "fp32"
    vision_region: str = "frame"
    face_detector: str = ""
    text_features: str = ""
    audio_features: str = ""
    vision_features: str = ""
    likelihoods: str = ""
    audio_functionals: str = "none"
    text_steps: int = 0
    audio_steps: int = 0
    vision_steps: int = 0
    text_tuning: str = "frozen"
    audio_tuning: str = "frozen"
    text_learning_rate: float = 0.0
    audio_learning_rate: float = 0.0
    layer_decay: float = 0.9
    lora_rank: int = 8
    lora_alpha: int = 16
    gradient_checkpointing: bool = False
    accumulation: int = 1
    on_failure: str = "fail"
    precision: str = "fp32"
    compiled: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            checked = FIELD_CHECKS[field.type](field.name, getattr(self, field.name))  # type: ignore[index]
            object.__setattr__(self, field.name, checked)
        for name, (low, high) in RANGES.items():
            check_range(name, getattr(self, name), low, high)
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                words = f"{name} must be one of {', '.join(known)}, not"
                raise RecipeError(f"{words} {display_value(getattr(self, name))}.", name)
        if self.width % 2:
            words = f"width {self.width} must be even: half of it reads a dialogue each way."
            raise RecipeError(words, "width")
        if self.width % self.heads:
            words = f"width {self.width} is not a multiple of heads {self.heads}."
            raise RecipeError(words, "width")
        self._check_layers()
        self._check_tuning()
        for name in MODALITIES:
            if getattr(self, f"{name}_features") and getattr(self, f"{name}_encoder"):
                words = f"{name} is read from {name}_features or by {name}_encoder: leave one out."
                raise RecipeError(words, f"{name}_features")
        if self.network == "own":
            self._check_relations()
        if self.network == "tf_idf":
            self._check_characters()
        if self.network == "likelihoods" and self.modalities != ("text",):
            words = "network 'likelihoods' reads what was said of texts: say modalities text."
            raise RecipeError(words, "modalities")
        if not self.name.strip():
            raise RecipeError("name must not be empty.", "name")
        if not self.stops_on:
            raise RecipeError('stops_on must be "mean" or the key of a task.', "stops_on")

    def _check_layers(self) -> None:
        """Raises RecipeError for a layer that is none, and where a head would read another one."""
        for modality in MODALITIES:
            name = f"{modality}_layer"
            layer = getattr(self, name)
            if not LAYER.fullmatch(layer):
                words = (
                    f'{name} must be "last", the number of a layer such as "6", "mean-4" for the'
                    f' mean of the last four, or "mix" for all, not {display_value(layer)}.'
                )
                raise RecipeError(words, name)
            if layer != "last" and getattr(self, f"{modality}_pooling") == "head":
                words = (
                    f"{modality}_pooling head reads the last layer alone: {name} cannot be"
                    f" {display_value(layer)} with it."
                )
                raise RecipeError(words, name)
            encoder = modality in self.modalities and getattr(self, f"{modality}_encoder")
            if layer == MIX and encoder and self.network != "own":
                words = f"{name} mix is learned in our own networks, not in {self.network!r}:"
                raise RecipeError(f"{words} say mean-4 or the number of a layer.", name)

    def _check_tuning(self) -> None:
        """Raises RecipeError where there is no encoder to tune, or no network that could do it."""
        for modality in TUNED:
            name = f"{modality}_tuning"
            tuning = getattr(self, name)
            if tuning == "frozen":
                continue
            if modality in self.modalities and not getattr(self, f"{modality}_encoder"):
                words = f"{name} {tuning} tunes an encoder: name its directory as"
                raise RecipeError(f"{words} {modality}_encoder.", name)
            if self.network != "own":
                words = f"{name} {tuning} is for our own networks, not {self.network!r}:"
                raise RecipeError(f"{words} say frozen.", name)
        if self.accumulation > 1 and self.weighting in GRADIENT_METHODS:
            words = f"accumulation is for one loss, and weighting {self.weighting!r} has a gradient"
            raise RecipeError(f"{words} a task: say 1.", "accumulation")

    def _check_characters(self) -> None:
        """Raises RecipeError where there is anything but characters to read."""
        if self.modalities != ("text",):
            words = "network 'tf_idf' reads text alone: say modalities text, or take svm-early."
            raise RecipeError(words, "modalities")
        for name in ("text_encoder", "text_features"):
            if getattr(self, name):
                words = f"network 'tf_idf' reads characters: leave {name} out, or take svm-early."
                raise RecipeError(words, name)

    @property
    def classical(self) -> bool:
        """Whether another library fits it, without a gradient and without epochs."""
        return self.network in CLASSICAL

    @property
    def functionals(self) -> str:
        """Of sound: "own", "egemaps", or "" where frames, an encoder or imported features are."""
        other = self.audio_encoder or self.audio_features or "audio" not in self.modalities
        return "" if other or self.audio_functionals == "none" else self.audio_functionals

    @property
    def tuned(self) -> tuple[str, ...]:
        """Modalities whose encoder is trained with the network."""
        return tuple(
            name
            for name in self.modalities
            if name in TUNED and getattr(self, f"{name}_tuning") != "frozen"
        )

    def _check_relations(self) -> None:
        """Raises RecipeError where the sharing has no place for a chain or a role of relations."""
        if self.relation_chain and self.sharing in NO_CHAIN:
            fit = [name for name in SHARINGS if name not in NO_CHAIN]
            words = (
                "relation_chain connects tasks of one network that learns the correlations as"
                f" tasks, too: with sharing {', '.join(fit)}, not {display_value(self.sharing)}."
            )
            raise RecipeError(words, "relation_chain")
        gated = self.sharing == "relgate" or not self.uses_relations
        if not gated and self.relations in RELATION_GATE_ROLES:
            words = f"relations {display_value(self.relations)} is for relation gates alone;"
            raise RecipeError(f"{words} say supervised, off or shuffled.", "relations")

    def longest(self, modality: str) -> int:
        """How many characters, tokens or frames of an utterance are read; 0 is all of them, as
        with an encoder that is tuned.
        """
        if modality in self.tuned:
            return 0
        if steps := int(getattr(self, f"{modality}_steps")):
            return steps
        if self.network in FIXED_NETWORKS:
            return STEPS[modality]
        if self.classical:
            return 0
        characters = modality == "text" and not self.text_encoder and not self.text_features
        return CHARACTERS if characters else 0

    @property
    def imported(self) -> tuple[str, ...]:
        """Modalities whose features were computed elsewhere and imported."""
        return tuple(name for name in self.modalities if self.features_of(name))

    def features_field(self, modality: str) -> str:
        """The field that names the directory of imported features of a modality."""
        return "likelihoods" if self.network == "likelihoods" else f"{modality}_features"

    def features_of(self, modality: str) -> str:
        """The directory of imported features of a modality; empty for none."""
        return str(getattr(self, self.features_field(modality)))

    @property
    def uses_relations(self) -> bool:
        """Whether `relations` decides anything."""
        return self.network == "own" and (
            self.relation_chain or self.sharing in ("relgate", "reading")
        )

    @property
    def reads_answers(self) -> bool:
        """Whether it learns from single annotators' answers."""
        used = self.annotator_thresholds and self.relations != "off"
        return used and self.network == "own" and self.sharing == "relgate"

    @property
    def unused(self) -> set[str]:
        """Fields that decide nothing in it, whatever they say."""
        names = self._unused_of_encoders
        names |= (
            {"text_encoder", "text_features", "text_steps"}
            if self.network == "likelihoods"
            else {"likelihoods"}
        )
        if self.classical:
            return names | {*OWN_NETWORK_FIELDS, *GRADIENT_FIELDS}
        if self.network != "own":
            return names | {*OWN_NETWORK_FIELDS} - {*PUBLISHED_FIELDS.get(self.network, ())}
        if self.sharing != "relgate":
            names |= {*RELATION_GATE_FIELDS}
        if not self.uses_relations:
            names.add("relations")
        if self.sharing == "reading":
            names |= {"fusion", "fusion_layers"}
        if not self.fusion:
            names.add("fusion_layers")
        return names if self.sharing == "distance" else names | {"distance"}

    @property
    def _unused_of_encoders(self) -> set[str]:
        names = {f"{name}_encoder" for name in MODALITIES if name not in self.modalities}
        if "vision" not in self.modalities or self.vision_features:
            names |= {"vision_region", "face_detector"}
        if self.vision_region == "frame":
            names.add("face_detector")
        names |= {f"{name}_features" for name in {*MODALITIES} - {*self.modalities}}
        reading = {
            name
            for name in self.modalities
            if getattr(self, f"{name}_encoder") and name not in self.imported
        }
        for name in {*MODALITIES} - reading:
            names |= {f"{name}_layer", f"{name}_pooling"}
        names |= {f"{name}_steps" for name in {*MODALITIES} - {*self.modalities} | {*self.tuned}}
        if self.functionals:
            names.add("audio_steps")
        elif self.audio_encoder or "audio" not in self.modalities or self.audio_features:
            names.add("audio_functionals")
        names |= set() if "text" in reading else {"text_tokens"}
        names |= set() if "audio" in reading else {"audio_seconds"}
        names |= set() if reading - {*self.tuned} else {"encoder_precision"}
        return names | self._unused_of_tuning(reading)

    def _unused_of_tuning(self, reading: set[str]) -> set[str]:
        names = {f"{name}_tuning" for name in {*TUNED} - reading}
        names |= {f"{name}_learning_rate" for name in {*TUNED} - {*self.tuned}}
        ways = {getattr(self, f"{name}_tuning") for name in self.tuned}
        names |= set() if "full" in ways else {"layer_decay"}
        names |= set() if "lora" in ways else {"lora_rank", "lora_alpha"}
        return names if ways else names | {"gradient_checkpointing"}

    def to_json(self) -> dict[str, Any]:
        """As it comes back from JSON, so that two can be compared."""
        return {**asdict(self), "modalities": list(self.modalities)}

    @classmethod
    def from_json(cls, data: Any) -> "Recipe":
        """Raises RecipeError for what is no recipe, for fields that do not exist, and for values
        that are impossible.
        """
        return cls().with_fields(data)

    def with_fields(self, data: Any) -> "Recipe":
        """The recipe with other values of some fields. Raises RecipeError like `from_json`."""
        if not isinstance(data, Mapping):
            words = (
                f'A recipe is a JSON object such as {{"epochs": 40}}, not {display_value(data)}.'
            )
            raise RecipeError(words)
        known = [field.name for field in fields(self)]
        for name in data:
            if name not in known:
                hint = suggest_name(str(name), known)
                raise RecipeError(f"A recipe has no field {display_value(name)}; {hint}")
        return replace(self, **data)


TEXT_RECIPE = replace(Recipe(), modalities=("text",), epochs=12, patience=3)
BASE = replace(
    Recipe(), width=128, encoder_layers=1, fusion_layers=2, warmup=0.1, schedule="cosine"
)
RECIPES = {
    "hard-small": Recipe(),
    "hard-text": replace(TEXT_RECIPE, name="hard-text"),
    "hard-base": replace(BASE, name="hard-base"),
    "reading-small": replace(
        Recipe(), name="reading-small", sharing="reading", relation_chain=True
    ),
    "reading-text": replace(
        TEXT_RECIPE, name="reading-text", sharing="reading", relation_chain=True
    ),
    "reading-base": replace(BASE, name="reading-base", sharing="reading", relation_chain=True),
    "soft-small": replace(Recipe(), name="soft-small", sharing="relgate"),
    "soft-text": replace(TEXT_RECIPE, name="soft-text", sharing="relgate"),
    "soft-base": replace(BASE, name="soft-base", sharing="relgate"),
    "ef-lstm": replace(Recipe(), name="ef-lstm", network="ef_lstm"),
    "lmf": replace(Recipe(), name="lmf", network="lmf"),
    "tfn": replace(Recipe(), name="tfn", network="tfn"),
    "mfn": replace(Recipe(), name="mfn", network="mfn"),
    "mult": replace(Recipe(), name="mult", network="mult"),
    "bc-lstm": replace(Recipe(), name="bc-lstm", network="bc_lstm"),
    "dialogue-rnn": replace(Recipe(), name="dialogue-rnn", network="dialogue_rnn"),
    "cim-att": replace(Recipe(), name="cim-att", network="cim_att"),
    "gated-att": replace(Recipe(), name="gated-att", network="gated_att"),
    "qmsa": replace(Recipe(), name="qmsa", network="qmsa"),
    "middya": replace(Recipe(), name="middya", network="middya"),
    "context-gated-conv": replace(
        Recipe(), name="context-gated-conv", network="context_gated_conv"
    ),
    "mimn": replace(Recipe(), name="mimn", network="mimn"),
    "qin": replace(Recipe(), name="qin", network="qin"),
    "misa": replace(Recipe(), name="misa", network="misa"),
    "mmgcn": replace(Recipe(), name="mmgcn", network="mmgcn", fusion_layers=4),
    "dialogue-gcn": replace(Recipe(), name="dialogue-gcn", network="dialogue_gcn"),
    "mm-dfn": replace(Recipe(), name="mm-dfn", network="mm_dfn", fusion_layers=4),
    "self-mm": replace(Recipe(), name="self-mm", network="self_mm"),
    "mmim": replace(Recipe(), name="mmim", network="mmim"),
    "lf-dnn": replace(Recipe(), name="lf-dnn", network="lf_dnn"),
    "m2fnet": replace(Recipe(), name="m2fnet", network="m2fnet", fusion_layers=2),
    "m2seq2seq": replace(Recipe(), name="m2seq2seq", network="m2seq2seq"),
    "mil": replace(Recipe(), name="mil", network="mil"),
    "svm-early": replace(Recipe(), name="svm-early", network="svm_early", audio_functionals="own"),
    "svm-late": replace(Recipe(), name="svm-late", network="svm_late", audio_functionals="own"),
    "hmm": replace(Recipe(), name="hmm", network="hmm"),
    "tf-idf": replace(Recipe(), name="tf-idf", network="tf_idf", modalities=("text",)),
    "language-model": replace(
        Recipe(), name="language-model", network="likelihoods", modalities=("text",)
    ),
}


def load_recipe(name_or_file: str) -> Recipe:
    """A recipe by name or from a JSON file. Raises RecipeError if there is none."""
    if name_or_file in RECIPES:
        return RECIPES[name_or_file]
    path = Path(name_or_file)
    if name_or_file and path.is_dir():
        raise RecipeError(f"{path} is a directory; a recipe is a name or a JSON file.")
    if not name_or_file or not path.is_file():
        hint = suggest_name(name_or_file, RECIPES)
        raise RecipeError(f"There is no recipe and no file {display_value(name_or_file)}; {hint}")
    try:
        return Recipe.from_json(read_json(path))
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}.") from error
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}", error.field) from error


def read_json(path: Path) -> Any:
    """What a JSON file says, each name of an object once. Raises RecipeError for no JSON, OSError
    for what cannot be read.
    """
    try:
        return json.loads(path.read_text("utf-8-sig"), object_pairs_hook=_reject_duplicate_keys)
    except RecursionError as error:
        raise RecipeError("The file is nested too deeply.") from error
    except RecipeError:
        raise
    except ValueError as error:
        why = "a number is too long" if "int_max_str_digits" in str(error) else f"{error}"
        raise RecipeError(f"The file is no JSON: {why}.") from error


def _reject_duplicate_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RecipeError(f"{display_value(twice)} is there twice; say it once.")
    return mapping
