from importlib.util import find_spec
from pathlib import PurePath
from typing import cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from corpus.forms import check_upload_size
from modeling.encoders import installed, label
from modeling.learner import recipes
from modeling.learner.features.face_detector import check_detector
from modeling.learner.features.feature_error import FeatureError
from modeling.models import ImportedFeatures, Recipes, RegisteredModel
from modeling.models.runs import Device, OnFailure
from modeling.run_configuration import MODALITY_NAMES
from releases.models import Release

SEEDS = 10  # at most
NO_GPU = _(
    "No worker has a GPU: on a machine with one, start it with make worker QUEUES=work,train,gpu"
)
OWN = _("as the recipe says")
WEIGHTINGS = {
    "uncertainty": _("by learned uncertainty (Kendall et al. 2018)"),
    "equal": _("equally"),
    "geometric": _("geometric mean"),
    "pcgrad": _("PCGrad: one gradient per task"),
    "upgrad": _("UPGrad: one gradient per task"),
    "alignedmtl": _("Aligned-MTL: one gradient per task"),
    "imtlg": _("IMTL-G: one gradient per task"),
}
RELATIONS = {
    "supervised": _("guide gates or chains, and as tasks"),
    "off": _("not used"),
    "shuffled": _("shuffled (negative control)"),
    "detached": _("guide gates without gradient"),
    "auxiliary": _("as tasks only"),
}

SHARINGS = {
    "hard": _("hard: one trunk, a head per task"),
    "single": _("none: a network per task (control)"),
    "cross-stitch": _("cross-stitch: towers exchange by learned weights (Misra et al. 2016)"),
    "mmoe": _("MMoE: tasks weight common experts (Ma et al. 2018)"),
    "ple": _("PLE: common experts and own ones (Tang et al. 2020)"),
    "distance": _("parameter distance: own towers are held close (Duong et al. 2015)"),
    "reading": _("reading gates: each task weights modalities and context"),
    "relgate": _("relation gates: correlation labels guide what passes between towers"),
}
PARTS = {  # that can be left out, to see what each is worth
    "context": _("the other turns of the dialogue"),
    "attention": _("attention between turns"),
    "fusion": _("attention between modalities"),
    "relation_chain": _("the relation chain between answers"),
}

POOLINGS = {
    "auto": _("as suits the encoder"),
    "tokens": _("one for each token"),
    "frames": _("ten a second"),
    "mean": _("one: the mean"),
    "first": _("one: the first token"),
    "last": _("one: the last token"),
    "max": _("one: the maximum"),
    "head": _("one: the encoder's own pooling head"),
}

FUNCTIONALS = {
    "none": _("no: frames"),
    "own": _("of pitch, loudness, voicing and spectrum"),
    "egemaps": _("eGeMAPS by openSMILE: for research alone, not open source"),
}
NO_OPENSMILE = _(
    "openSMILE is not installed here. Its licence allows research and teaching, no commercial use:"
    " pip install -r requirements-speech.lock. Or take the other functionals."
)
REGIONS = {
    "": _("the whole picture"),
    "largest face": _("the largest face"),
    "speaking face": _("the speaking face"),
}
DEFAULT_FEATURES = {
    "text": _("characters, learned from this release"),
    "audio": _("log-mel with pitch, voicing and loudness"),
    "vision": _("colour and motion"),
}
SEARCHED = {
    "learning_rate": _("learning rate: 0.0001 – 0.01"),
    "dropout": _("dropout: 0 – 0.5"),
    "width": _("width of the network: 32, 64, 128"),
    "dialogues_per_batch": _("dialogues per batch: 4, 8, 16, 32"),
    "weight_decay": _("weight decay: 0.0001 – 0.1"),
    "logit_adjustment": _("how far rare classes are favoured (logit adjustment): 0 – 1.5"),
    "weighting": _("task weighting: uncertainty, equal, geometric mean"),
    "relation_weight": _("weight of the correlation labels: 0.1 – 10 (relation gates)"),
}


def _number(name, kind, **more):
    """A field for a number of a recipe, within the range that the learner takes."""
    low, high = recipes.RANGES[name]
    return kind(required=False, min_value=low, max_value=high, **more)


RECIPE_NOTES = {
    Recipes.HARD_SMALL: _("One trunk for all tasks and a head each; the default to start with."),
    Recipes.HARD_TEXT: _(
        "The same on words alone: fast, and a check of what sound and picture add."
    ),
    Recipes.READING_SMALL: _(
        "One network that each task reads through gates of its own; the correlation labels connect"
        " the answers."
    ),
    Recipes.READING_TEXT: _("The same on words alone."),
    Recipes.SOFT_SMALL: _("A tower per task; gates that the correlation labels guide."),
    Recipes.SOFT_TEXT: _("The same on words alone."),
    Recipes.HARD_BASE: _("Twice as wide, with Transformer layers: for a GPU or much patience."),
    Recipes.READING_BASE: _("Twice as wide, with Transformer layers."),
    Recipes.SOFT_BASE: _("Twice as wide, with Transformer layers."),
    Recipes.EF_LSTM: _("Modalities side by side into one recurrent network."),
    Recipes.LMF: _("Low-rank fusion of the modalities."),
    Recipes.TFN: _("Fusion by the outer product of the modalities."),
    Recipes.MFN: _("A memory that watches the modalities over time."),
    Recipes.MULT: _("Attention from each modality to each other."),
    Recipes.BC_LSTM: _("LSTMs over the dialogue, of each modality and then of all together."),
    Recipes.DIALOGUE_RNN: _("States of the dialogue, of each speaker and of the emotion."),
    Recipes.CIM_ATT: _("Each pair of modalities attends to the other's turns of the dialogue."),
    Recipes.GATED_ATT: _("Gates mix what modalities read in each other with their own."),
    Recipes.QMSA: _("A density matrix a modality; their decisions interfere."),
    Recipes.MIDDYA: _("A convolutional network a modality, joined before the last layer."),
    Recipes.CONTEXT_GATED_CONV: _("Convolutions whose kernels another modality gates."),
    Recipes.MIMN: _("Several hops over memories of the modalities, asked about the speaker."),
    Recipes.QIN: _("Density matrices of utterances, and how each influences the next."),
    Recipes.MISA: _("Separates what the modalities share from what is their own."),
    Recipes.MMGCN: _("A graph over all turns and modalities of the dialogue."),
    Recipes.DIALOGUE_GCN: _("A graph over the turns: same or other speaker, before or after."),
    Recipes.MM_DFN: _("A graph over turns and modalities, with gates between its layers."),
    Recipes.SELF_MM: _("Each modality learns by itself, too, from labels made in training."),
    Recipes.MMIM: _("Raises the mutual information between the modalities."),
    Recipes.LF_DNN: _("Layers on a summary of each modality, side by side."),
    Recipes.M2FNET: _("Sound and picture attend to the text, over the dialogue."),
    Recipes.M2SEQ2SEQ: _("Tasks are decoded one after another, each knowing of those before."),
    Recipes.MIL: _("Gates on what tasks have in common and on what is each one's own."),
    Recipes.SVM_EARLY: _(
        "Functionals and character n-grams side by side in one linear SVM a task."
    ),
    Recipes.SVM_LATE: _(
        "A linear SVM a modality; their decisions are weighted on the validation set."
    ),
    Recipes.HMM: _("A hidden Markov model a class and modality, over frames and characters."),
    Recipes.TF_IDF: _("Character n-grams of the utterance and of two turns around it."),
    Recipes.LANGUAGE_MODEL: _(
        "How likely a language model finds each value; nothing is learned but a scale."
    ),
}
UNUSED = _("None of the chosen recipes uses it: leave it empty.")
IMPORTED_NOTE = _(
    "Instead of default features or an encoder. The run cannot classify utterances outside its"
    " release, such as new films."
)
SCORES_NOTE = _("What the recipe “language-model” reads; other recipes do not.")
UNJUDGED = _(
    "The recipe “language-model” reads the scores of a language model: have one asked about the"
    " release (Runs → Imported features → Ask a language model), then choose its scores."
)
OTHER_RELEASE = _("These features are of another release: choose that one, or import them for it.")
UNREAD = _("It needs an encoder: choose one, or leave it empty.")
TUNINGS = {
    "lora": _("fine-tuned by LoRA: small adapters learn"),
    "full": _("fully fine-tuned: all layers learn"),
}
ENCODER_FIELDS = {
    *(f"{modality}_{what}" for modality in recipes.MODALITIES for what in ("layer", "pooling")),
    *("text_tokens", "audio_seconds", "encoder_precision"),
}
UNTUNED = _("No encoder is fine-tuned so that it counts: leave it empty.")
TUNING_FIELDS = {
    *("text_learning_rate", "audio_learning_rate", "layer_decay"),
    *("lora_rank", "lora_alpha", "gradient_checkpointing"),
}


class RecipeForm(forms.Form):
    """Recipe fields that an experiment may set for all of its runs; empty is the recipe's own."""

    modalities = forms.MultipleChoiceField(
        label=_("modalities"), required=False, choices=MODALITY_NAMES.items(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: those of the recipe. What an utterance lacks is masked."),
    )  # fmt: skip
    text_features = forms.ChoiceField(label=_("imported text features"), required=False)
    audio_features = forms.ChoiceField(label=_("imported sound features"), required=False)
    vision_features = forms.ChoiceField(label=_("imported picture features"), required=False)
    likelihoods = forms.ChoiceField(label=_("scores of a language model"), required=False)
    audio_functionals = forms.ChoiceField(
        label=_("functionals of sound"), required=False,
        choices=[("", OWN), *FUNCTIONALS.items()],
        help_text=_("One vector of statistics for each utterance instead of frames of sound."),
    )  # fmt: skip
    vision_region = forms.ChoiceField(
        label=_("part of the picture"), required=False, choices=REGIONS.items(),
        help_text=_(
            "A face is followed from picture to picture and cut out, for default features and"
            " encoders alike; where there is none, the whole picture is read. The speaking face is"
            " the one whose mouth moves with the sound."
        ),
    )  # fmt: skip
    text_steps = _number(
        "text_steps", forms.IntegerField, label=_("text read of an utterance"),
        help_text=_(
            "Characters, or tokens of an encoder. Empty: 39 in published networks, else 96"
            " characters or all tokens."
        ),
    )  # fmt: skip
    audio_steps = _number(
        "audio_steps", forms.IntegerField, label=_("sound read of an utterance"),
        help_text=_("Frames. Empty: 400 in published networks, else all."),
    )  # fmt: skip
    vision_steps = _number(
        "vision_steps", forms.IntegerField, label=_("picture read of an utterance"),
        help_text=_("Frames. Empty: 55 in published networks, else all."),
    )  # fmt: skip
    epochs = _number(
        "epochs", forms.IntegerField, label=_("maximum epochs"),
        help_text=_("Training stops earlier when the score has not risen for a while."),
    )  # fmt: skip
    patience = _number(
        "patience", forms.IntegerField, label=_("patience"),
        help_text=_("Training ends after this many epochs without improvement."),
    )  # fmt: skip
    learning_rate = _number("learning_rate", forms.FloatField, label=_("learning rate"))
    dialogues_per_batch = _number(
        "dialogues_per_batch", forms.IntegerField, label=_("dialogues per batch"),
        help_text=_("Fewer need less memory."),
    )  # fmt: skip
    sharing = forms.ChoiceField(
        label=_("sharing between tasks"), required=False, choices=[("", OWN), *SHARINGS.items()],
        help_text=_("With another sharing a recipe is a control for its own."),
    )  # fmt: skip
    without = forms.MultipleChoiceField(
        label=_("leave out (ablation)"), required=False, choices=PARTS.items(),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    width = forms.TypedChoiceField(
        label=_("width of the network"), required=False, coerce=int, empty_value=None,
        choices=[("", OWN), *((n, n) for n in (32, 64, 128, 256))],
    )  # fmt: skip
    dropout = _number("dropout", forms.FloatField, label=_("dropout"))
    weight_decay = _number("weight_decay", forms.FloatField, label=_("weight decay"))
    logit_adjustment = _number(
        "logit_adjustment", forms.FloatField, label=_("logit adjustment"),
        help_text=_(
            "How far rare classes are favoured: 0 not, 1 as if all were as frequent. What is"
            " predicted may then be another class than the most probable one."
        ),
    )  # fmt: skip
    weighting = forms.ChoiceField(
        label=_("task weighting"), required=False, choices=[("", OWN), *WEIGHTINGS.items()]
    )
    relations = forms.ChoiceField(
        label=_("correlation labels"), required=False, choices=[("", OWN), *RELATIONS.items()],
        help_text=_("In soft sharing alone."),
    )  # fmt: skip
    relation_weight = _number(
        "relation_weight", forms.FloatField, label=_("weight of the correlation labels"),
        help_text=_("With relation gates alone."),
    )  # fmt: skip
    text_encoder = forms.ChoiceField(label=_("text encoder"), required=False)
    audio_encoder = forms.ChoiceField(label=_("audio encoder"), required=False)
    vision_encoder = forms.ChoiceField(
        label=_("vision encoder"), required=False,
        help_text=_("The administrator of the installation can add pretrained encoders."),
    )  # fmt: skip
    text_pooling, audio_pooling, vision_pooling = (
        forms.ChoiceField(
            label=label, required=False,
            choices=[("", POOLINGS["auto"]),
                     *((p, POOLINGS[p]) for p in recipes.POOLINGS[modality] if p != "auto")],
        )
        for modality, label in (("text", _("text vectors")), ("audio", _("audio vectors")),
                                ("vision", _("vision vectors")))
    )  # fmt: skip
    text_layer = forms.CharField(
        label=_("layer of the text encoder"), required=False, max_length=8,
        help_text=_(
            "Empty: the last. 6 is the sixth, mean-4 the mean of the last four; mix weights all"
            " layers as it learns, and their features are as many times as large."
        ),
    )  # fmt: skip
    audio_layer = forms.CharField(
        label=_("layer of the audio encoder"), required=False, max_length=8,
        help_text=_("Middle layers often say more of the voice than the last."),
    )  # fmt: skip
    vision_layer = forms.CharField(
        label=_("layer of the vision encoder"), required=False, max_length=8
    )
    text_tokens = _number(
        "text_tokens", forms.IntegerField, label=_("tokens read of a text"),
        help_text=_("128 unless set; the rest of a longer text is not read."),
    )  # fmt: skip
    audio_seconds = _number(
        "audio_seconds", forms.FloatField, label=_("seconds heard at once"),
        help_text=_("30 unless set; fewer need less memory."),
    )  # fmt: skip
    encoder_precision = forms.ChoiceField(
        label=_("precision of the encoders"), required=False,
        choices=[("", _("32 bits")), ("bf16", _("bf16: faster where the processor or GPU has it"))],
    )  # fmt: skip
    text_tuning, audio_tuning = (
        forms.ChoiceField(
            label=label,
            required=False,
            choices=[("", pgettext_lazy("of an encoder", "frozen")), *TUNINGS.items()],
        )
        for label in (_("tuning of the text encoder"), _("tuning of the audio encoder"))
    )
    text_learning_rate, audio_learning_rate = (
        _number(
            name, forms.FloatField, label=label,
            help_text=_("Empty: 0.00002 if fully fine-tuned, 0.0002 by LoRA."),
        )
        for name, label in (
            ("text_learning_rate", _("learning rate of the text encoder")),
            ("audio_learning_rate", _("learning rate of the audio encoder")),
        )
    )  # fmt: skip
    layer_decay = _number(
        "layer_decay", forms.FloatField, label=_("layer-wise decay of the learning rate"),
        help_text=_("0.9 unless set: each layer learns slower than the one above it."),
    )  # fmt: skip
    lora_rank = _number("lora_rank", forms.IntegerField, label=_("rank of LoRA"),
                        help_text=_("8 unless set."))  # fmt: skip
    lora_alpha = _number("lora_alpha", forms.IntegerField, label=_("alpha of LoRA"),
                         help_text=_("16 unless set: twice the rank is usual."))  # fmt: skip
    accumulation = _number(
        "accumulation", forms.IntegerField, label=_("batches per step"),
        help_text=_("More batches give the gradients of a larger one in the same memory."),
    )  # fmt: skip
    gradient_checkpointing = forms.BooleanField(
        label=_("gradient checkpointing"), required=False,
        help_text=_("Needs less memory and about a third more time."),
    )  # fmt: skip
    precision = forms.ChoiceField(
        label=_("numeric precision"), required=False,
        choices=[("", _("32 bits")), ("bf16", _("bf16: faster on GPUs, less memory"))],
    )  # fmt: skip
    soft_labels = forms.BooleanField(
        label=_("use soft labels"), required=False,
        help_text=_("Soft labels instead of gold alone, where annotators differ."),
    )  # fmt: skip
    annotator_thresholds = forms.BooleanField(
        label=_("thresholds of each annotator"), required=False,
        help_text=_(
            "Relation gates learn from every annotator's answers and how high or low each answers, "
            "instead of from gold."
        ),
    )  # fmt: skip

    def __init__(self, *args, corpus=None, **kwargs):
        super().__init__(*args, **kwargs)
        self._offer_imported(corpus)
        found = installed()
        for modality, default in DEFAULT_FEATURES.items():
            choices = [(each.name, label(each)) for each in found if each.modality == modality]
            field = cast(forms.ChoiceField, self.fields[f"{modality}_encoder"])
            field.choices = [("", default), *choices]

    def clean_vision_region(self):
        """Empty for the whole picture, which every recipe reads. A face needs a detector."""
        region = self.cleaned_data["vision_region"]
        if region:
            try:
                check_detector(settings.FACE_DETECTOR)
            except FeatureError as error:
                raise forms.ValidationError(str(error)) from error
        return region

    def _offer_imported(self, corpus):
        """Offer the features that were imported for releases of a corpus; no field without any."""
        rows = (
            list(ImportedFeatures.objects.filter(release__corpus=corpus).select_related("release"))
            if corpus
            else []
        )
        words = _("%(name)s: %(dims)s dimensions, release %(version)s")
        for name, modality in recipes.IMPORTED_FIELDS.items():
            judged = name == "likelihoods"
            found = [
                (row.digest, words % {"name": row.name, "dims": row.dims,
                                      "version": row.release.version})
                for row in rows
                if row.modality == modality and row.likelihoods == judged
            ]  # fmt: skip
            if not found:
                del self.fields[name]
                continue
            field = cast(forms.ChoiceField, self.fields[name])
            field.choices = [("", _("none")), *found]
            field.help_text = SCORES_NOTE if judged else IMPORTED_NOTE

    GROUPS = {
        _("Input"): ("modalities", "vision_region", "audio_functionals", "text_features",
                     "audio_features", "vision_features", "likelihoods", "text_steps",
                     "audio_steps", "vision_steps"),
        _("Training"): ("epochs", "patience", "learning_rate", "dialogues_per_batch",
                        "weight_decay", "weighting", "logit_adjustment", "soft_labels"),
        _("Network"): ("sharing", "without", "width", "dropout"),
        _("Correlations"): ("relations", "relation_weight", "annotator_thresholds"),
        _("Encoders"): ("text_encoder", "audio_encoder", "vision_encoder", "text_pooling",
                        "audio_pooling", "vision_pooling", "text_layer", "audio_layer",
                        "vision_layer", "text_tokens", "audio_seconds", "encoder_precision"),
        _("Fine-tuning"): ("text_tuning", "audio_tuning", "text_learning_rate",
                           "audio_learning_rate", "layer_decay", "lora_rank", "lora_alpha",
                           "accumulation", "gradient_checkpointing", "precision"),
    }  # fmt: skip

    def groups(self):
        """(name of a group, its fields)."""
        return [
            (name, [self[field] for field in fields if field in self.fields])
            for name, fields in self.GROUPS.items()
        ]

    def options(self):
        """Fields of a recipe: only what was set."""
        given = {name: value for name, value in self.cleaned_data.items()
                 if value not in ("", None, []) and value is not False}  # fmt: skip
        left_out = given.pop("without", [])
        return {**given, **dict.fromkeys(left_out, False)}

    @staticmethod
    def initial_of(options):
        """What shows these options of a run."""
        return {**options, "without": [part for part in PARTS if options.get(part) is False]}

    def check(self, experiment):
        """Add the learner's errors for a chosen recipe with these settings, and which of them no
        chosen recipe uses, each at its field.
        """
        options = self.options()
        self._check_imported(experiment.cleaned_data.get("release"), options)
        judged = Recipes.LANGUAGE_MODEL in experiment.cleaned_data.get("recipes", [])
        if judged and not options.get("likelihoods"):
            self.add_error("likelihoods" if "likelihoods" in self.fields else None, UNJUDGED)
        if options.get("audio_functionals") == "egemaps" and find_spec("opensmile") is None:
            self.add_error("audio_functionals", NO_OPENSMILE)
        for modality in recipes.TUNED:
            tuned = options.get(f"{modality}_tuning")
            if tuned and not options.get(f"{modality}_encoder"):
                self.add_error(f"{modality}_tuning", UNREAD)
        chosen = [recipes.RECIPES[name] for name in experiment.cleaned_data.get("recipes", [])]
        unused_by_recipe = []
        for recipe in chosen:
            try:
                unused_by_recipe.append(recipe.with_fields(options).unused)
            except recipes.RecipeError as error:
                unused_by_recipe.append(recipe.unused)
                field = "without" if error.field in PARTS else error.field
                place = field if field in self.fields else None
                if not self.has_error(place or "__all__"):
                    self.add_error(place, str(error))
        if chosen:
            unused = set.intersection(*unused_by_recipe)
            for name in sorted(set(options) & unused):
                self.add_error("without" if name in PARTS else name, _why_unused(name))

    def _check_imported(self, release, options):
        """Add an error for imported features of another release than that of the experiment."""
        for name, modality in recipes.IMPORTED_FIELDS.items():
            rows = ImportedFeatures.objects.filter(release=release, modality=modality)
            if options.get(name) and not rows.filter(digest=options[name]).exists():
                self.add_error(name, OTHER_RELEASE)


def _why_unused(name):
    if name in TUNING_FIELDS:
        return UNTUNED
    return UNREAD if name in ENCODER_FIELDS or name.endswith("_tuning") else UNUSED


FIXED = _("Published networks, utterance level, with their authors' settings")
FIXED_NOTE = _(
    "They read the first 39 characters or tokens of an utterance, 400 frames of sound and 55 of "
    "picture unless set otherwise below."
)


def _family(recipe):
    """The group of recipes that one belongs to."""
    if recipe.network == "own":
        return _("Our networks")
    if recipe.network in recipes.FIXED_NETWORKS:
        return FIXED
    if recipe.network in recipes.DIALOGUE_NETWORKS:
        return _("Published networks, dialogue level")
    if recipe.classical:
        return _("Classical systems")
    return _("Published networks, utterance level")


class ReleaseChoiceField(forms.ModelChoiceField):
    """Releases of one corpus, which their versions tell apart."""

    def label_from_instance(self, release):
        return release.version


class ExperimentForm(forms.Form):
    """What to train on what, how often."""

    release = ReleaseChoiceField(
        label=_("release"), queryset=Release.objects.none(), empty_label=None,
        help_text=_("Runs of one release can be compared with each other."),
    )  # fmt: skip
    recipes = forms.MultipleChoiceField(
        label=_("recipes"), choices=Recipes.choices, widget=forms.CheckboxSelectMultiple,
        initial=[Recipes.HARD_SMALL],
        help_text=_(
            "All are trained on the training set and selected on the validation set; the test "
            "set is used only when you evaluate on it."
        ),
    )  # fmt: skip
    seeds = forms.IntegerField(
        label=_("seeds"), min_value=1, max_value=SEEDS, initial=1,
        help_text=_("Runs of each recipe: one to try, three for an interval, five to report."),
    )  # fmt: skip
    on_failure = forms.ChoiceField(
        label=_("clips without features"), choices=OnFailure.choices, initial=OnFailure.FAIL,
        help_text=_("What happens where a clip cannot be read."),
    )  # fmt: skip
    device = forms.ChoiceField(
        label=_("computed on"), choices=Device.choices, initial=Device.AUTO, required=False
    )
    minutes = forms.FloatField(
        label=_("maximum minutes per run"), required=False, min_value=0.1, max_value=10_000,
        help_text=_("The best epoch so far is then kept. Empty: no limit."),
    )  # fmt: skip
    name = forms.CharField(
        label=_("name"), required=False, max_length=100,
        help_text=_("The question that the runs answer, such as: does sound help?"),
    )  # fmt: skip

    def __init__(self, *args, corpus, gpus, **kwargs):
        super().__init__(*args, **kwargs)
        if not gpus:
            device = cast(forms.ChoiceField, self.fields["device"])
            device.choices = [c for c in Device.choices if c[0] != Device.GPU]
            device.help_text = NO_GPU
        releases = cast(forms.ModelChoiceField, self.fields["release"])
        releases.queryset = corpus.releases.usable()

    def recipe_groups(self):
        """Of each family of recipes its `name`, a `note`, whether it is `open` (the first, and
        where one is chosen), and its `rows`: box, recipe, what it is in a sentence.
        """
        groups: dict[str, dict] = {}
        for box in self["recipes"]:
            recipe = box.data["value"]
            name = _family(recipes.RECIPES[recipe])
            note = FIXED_NOTE if name == FIXED else ""
            group = groups.setdefault(
                name, {"name": name, "note": note, "open": not groups, "rows": []}
            )
            group["open"] = group["open"] or box.data["selected"]
            group["rows"].append((box, recipe, RECIPE_NOTES.get(recipe, "")))
        return list(groups.values())

    def clean_device(self):
        return self.cleaned_data["device"] or Device.AUTO


class SearchForm(forms.Form):
    """Whether and how settings are searched, instead of several recipes and seeds."""

    trials = forms.IntegerField(
        label=_("search trials"), required=False, min_value=2, max_value=200,
        help_text=_("Empty: no search. 20 to 50 are usual; the first uses the "
                        "recipe's defaults. All use seed 1."),
    )  # fmt: skip
    searched = forms.MultipleChoiceField(
        label=_("settings to search"), required=False, choices=SEARCHED.items(),
        widget=forms.CheckboxSelectMultiple, initial=["learning_rate", "dropout", "width"],
    )  # fmt: skip
    at_once = forms.IntegerField(
        label=_("runs at once"), required=False, min_value=1, max_value=8, initial=1,
        help_text=_("At most as many as there are training workers. Sequential runs "
                        "learn more from each other."),
    )  # fmt: skip
    prunes = forms.BooleanField(
        label=_("prune unpromising runs"),
        required=False,
        initial=True,
        help_text=_(
            "Ends runs whose best score is below the median of the others at the same epoch."
        ),
    )

    def search(self):
        """What search_trials.start_search takes; None for no search."""
        data = self.cleaned_data
        if not data["trials"]:
            return None
        return {
            "trials": data["trials"],
            "prunes": data["prunes"],
            "fields": data["searched"],
            "at_once": data["at_once"] or 1,
        }

    def check(self, experiment, recipe_form):
        """Add what is wrong with it beside the rest of the form."""
        if not (search := self.search()):
            return
        chosen = experiment.cleaned_data["recipes"]
        if len(chosen) != 1:
            self.add_error("trials", _("Choose one recipe to search in."))
        if experiment.cleaned_data["seeds"] > 1:
            words = _(
                "A search compares settings with seed 1. Set the number of "
                "seeds to 1, or leave the search empty."
            )
            self.add_error("trials", words)
        if not search["fields"]:
            self.add_error("searched", _("Choose a setting to search."))
        both = sorted(set(search["fields"]) & set(recipe_form.options()))
        if both:
            words = _("Both set and searched: %(names)s")
            self.add_error("searched", words % {"names": ", ".join(both)})
        if any(recipes.RECIPES[name].classical for name in chosen):
            words = _("A classical recipe chooses its settings itself: leave the search empty.")
            self.add_error("trials", words)
            return
        unused = {name for each in chosen for name in recipes.RECIPES[each].unused}
        fixed = ({"width", "dropout"} & set(search["fields"])) & unused
        if fixed:
            words = _("A published network has its own: %(names)s")
            self.add_error("searched", words % {"names": ", ".join(sorted(fixed))})
        soft = all(recipes.RECIPES[name].sharing == "relgate" for name in chosen)
        if "relation_weight" in search["fields"] and not soft:
            self.add_error("searched", _("Only relation gates weight the correlation labels."))


class RegisteredModelForm(forms.ModelForm):
    class Meta:
        model = RegisteredModel
        fields = ["name", "use", "limits"]
        widgets = {name: forms.Textarea({"rows": 4}) for name in ("use", "limits")}


class EncoderForm(forms.Form):
    """An encoder as a ZIP, for a machine without a network."""

    file = forms.FileField(
        label=_("ZIP file"),
        help_text=_("A directory with config.json, weights, and tokenizer or preprocessor."),
        widget=forms.FileInput(attrs={"accept": ".zip"}),
    )
    name = forms.CharField(
        label=_("name"), required=False, max_length=100, help_text=_("Empty: that of the file.")
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        check_upload_size(file)
        return file

    def clean(self):
        data = super().clean() or {}
        if not data.get("name") and data.get("file"):
            data["name"] = PurePath(data["file"].name).stem[:100]
        return data
