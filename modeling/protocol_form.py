"""The forms of a protocol: chosen field by field, or as a file."""

import math
from typing import cast

from django import forms
from django.utils.translation import gettext_lazy as _

from modeling.forms import ExperimentForm, ReleaseChoiceField
from modeling.learner import recipes
from modeling.learner.experiments.specification import MAX_FOLDS, MAX_TRIALS
from modeling.models import Recipes
from modeling.models.protocols import MOST_AT_ONCE
from modeling.models.runs import Device
from modeling.protocol_labels import LabelsForm, foreign_values
from modeling.run_configuration import MODALITY_NAMES
from releases.models import Release

ACROSS = "release"  # the way to divide that needs another release
SPLITS = {
    "official": _("Splits of the release"),
    "folds": _("Cross-validation"),
    "source": _("Leave one source out"),
    "speaker": _("Leave one speaker out"),
    ACROSS: _("Test on another release"),
}
SPLIT_NOTES = {
    "official": _("Trained, validated and tested as the release is divided."),
    "folds": _("Whole dialogues are dealt into parts; each part is tested on once."),
    "source": _("Each film or series is tested on once and not trained on."),
    "speaker": _("No dialogue of the speaker is trained on; their own utterances are scored."),
    ACROSS: _("Trained on the release, tested on the test set of another one with the same tasks."),
}
MOST_VALUES = 20


class NumbersField(forms.CharField):
    """Different numbers, with commas or spaces between them, as a list."""

    def __init__(self, *, kind=float, low, high, share=1, **kwargs):
        self.kind, self.low, self.high, self.share = kind, low, high, share
        super().__init__(required=False, max_length=200, **kwargs)

    def to_python(self, value):
        words = (
            (super().to_python(value) or "").replace(",", " ").replace("，", " ").replace("、", " ")
        )
        found = [self._number(word) for word in words.replace("%", " ").split()]
        if len(found) > MOST_VALUES:
            raise forms.ValidationError(_("At most %(n)s numbers.") % {"n": MOST_VALUES})
        return [each / self.share if self.share != 1 else each for each in dict.fromkeys(found)]

    def _number(self, word):
        try:
            number = self.kind(word)
        except ValueError:
            number = math.nan
        if not self.low <= number <= self.high:
            words = _("“%(word)s” is no number from %(low)s to %(high)s.")
            values = {"word": word[:20], "low": f"{self.low:g}", "high": f"{self.high:g}"}
            raise forms.ValidationError(words % values)
        return number

    def has_changed(self, initial, data):
        return bool(data)


def _range(name):
    low, high = recipes.RANGES[name]
    return {"low": low, "high": high}


class ReleaseOfCorpusField(ReleaseChoiceField):
    """Releases of several corpora."""

    def label_from_instance(self, release):
        return f"{release.corpus.name} · {release.version}"


class WorkForm(forms.Form):
    """How a protocol is worked at."""

    at_once = forms.IntegerField(
        label=_("parts at once"), min_value=1, max_value=MOST_AT_ONCE, initial=1,
        help_text=_("How many workers share the runs. A part waits until a worker is free."),
    )  # fmt: skip


class ProtocolForm(ExperimentForm, WorkForm):
    """Which systems are compared on what, how they are tuned and tested."""

    name = forms.CharField(
        label=_("name"), max_length=200,
        help_text=_("The question that the comparison answers, such as: does sound help?"),
    )  # fmt: skip
    reference = forms.ChoiceField(
        label=_("reference system"), required=False,
        help_text=_("Gains and p values are over it. Empty: the first that is chosen."),
    )  # fmt: skip
    splits = forms.ChoiceField(
        label=_("how the data is divided"), choices=SPLITS.items(), initial="official",
        widget=forms.RadioSelect,
    )  # fmt: skip
    folds = forms.IntegerField(
        label=_("folds"), min_value=2, max_value=MAX_FOLDS, initial=5, required=False
    )
    least = forms.IntegerField(
        label=_("labelled utterances at least"), min_value=1, max_value=10**6, initial=20,
        required=False,
        help_text=_("Sources or speakers with fewer are not tested on."),
    )  # fmt: skip
    test_release = ReleaseOfCorpusField(
        Release.objects.none(), label=_("test release"), required=False, empty_label="–",
        help_text=_("Values count as the same where their keys are; say what the others are."),
    )  # fmt: skip
    train_shares = NumbersField(
        label=_("sizes of the training set, %"), kind=float, low=0.1, high=100, share=100,
        help_text=_("Such as 10, 25, 50, 100: a learning curve. Empty: all of it."),
    )  # fmt: skip
    trials = forms.IntegerField(
        label=_("trials per system"), required=False, min_value=2, max_value=MAX_TRIALS,
        help_text=_(
            "The same for all systems, in each fold, on its validation set; the first is the recipe"
            " as it is. Empty: nothing is tuned."
        ),
    )  # fmt: skip
    learning_rates = NumbersField(
        label=_("learning rates"), **_range("learning_rate"), initial="0.0003, 0.001, 0.003"
    )
    dropouts = NumbersField(label=_("dropouts"), **_range("dropout"), initial="0.1, 0.3, 0.5")
    widths = NumbersField(label=_("widths"), kind=int, **_range("width"))
    missing = forms.MultipleChoiceField(
        label=_("without one modality"), required=False, choices=MODALITY_NAMES.items(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The trained systems are tested once more without each that is ticked."),
    )  # fmt: skip
    noise = NumbersField(
        label=_("noise on sound and picture"), low=0.001, high=100,
        help_text=_("In standard deviations of the training frames, such as 0.5, 1."),
    )  # fmt: skip

    def __init__(self, *args, person, corpus, gpus, **kwargs):
        super().__init__(*args, corpus=corpus, gpus=gpus, **kwargs)
        chosen = cast(forms.ChoiceField, self.fields["reference"])
        chosen.choices = [("", "–"), *Recipes.choices]
        systems = self.fields["recipes"]
        systems.label, systems.initial = _("systems"), []
        systems.help_text = _(
            "Recipes that read the same features and are trained, stopped and tested alike. Every"
            " run is tested, and each test evaluation is counted."
        )
        led = type(corpus).objects.led_by(person)
        rows = Release.objects.usable().filter(corpus__in=led).select_related("corpus")
        field = cast(ReleaseOfCorpusField, self.fields["test_release"])
        field.queryset = rows.order_by("corpus__name", "-pk")

    def split_choices(self):
        """(box, what it is in a sentence, fields that belong to it) of each way to divide."""
        own = {"folds": ["folds"], "source": ["least"], ACROSS: ["test_release"]}
        return [
            (box, SPLIT_NOTES[box.data["value"]],
             [self[name] for name in own.get(box.data["value"], ())])
            for box in self["splits"]
        ]  # fmt: skip

    def clean(self):
        data = super().clean() or {}
        across = data.get("splits") == ACROSS
        if across and not data.get("test_release") and not self.has_error("test_release"):
            self.add_error("test_release", _("Choose the release that is tested on."))
        if across and data.get("test_release") and data["test_release"] == data.get("release"):
            self.add_error("test_release", _("Choose another release than that of the training."))
        if data.get("reference") and data["reference"] not in data.get("recipes", ()):
            self.add_error("reference", _("It is not among the chosen systems."))
        if data.get("trials") and not self._space(data) and not self.has_error("learning_rates"):
            self.add_error("trials", _("Name values to choose from, or leave it empty."))
        return data

    @staticmethod
    def _space(data):
        values = {"learning_rate": "learning_rates", "dropout": "dropouts", "width": "widths"}
        return {name: data[field] for name, field in values.items() if data.get(field)}

    @property
    def tested_on(self):
        """The release that is tested on instead of the own one; None for the own one."""
        data = self.cleaned_data
        return data.get("test_release") if data.get("splits") == ACROSS else None

    def labels_form(self):
        """The form of what values of the test release mean, once both releases are chosen."""
        release, other = self.cleaned_data.get("release"), self.tested_on
        if not release or not other or release == other:
            return LabelsForm(self.data, foreign=[])
        return LabelsForm(self.data, foreign=foreign_values(release, other))

    def values(self, options, labels):
        """What a file would say, with the settings for all systems and what values of the test
        release mean; without releases.
        """
        data = self.cleaned_data
        minutes = {"minutes": data["minutes"]} if data["minutes"] else {}
        by = "official" if data["splits"] == ACROSS else data["splits"]
        found = {
            "name": data["name"],
            "seeds": data["seeds"],
            "reference": data["reference"] or data["recipes"][0],
            "train_shares": data["train_shares"],
            "recipe": {"on_failure": data["on_failure"], **minutes, **options},
            "splits": {"by": by}
            | ({"folds": data["folds"] or 5} if by == "folds" else {})
            | ({"least": data["least"] or 20} if by in ("source", "speaker") else {}),
            "tuning": {"trials": data["trials"], "space": self._space(data)}
            if data["trials"] else {},
            "robustness": {name: data[name] for name in ("missing", "noise") if data[name]},
            "systems": [{"recipe": recipe} for recipe in data["recipes"]],
            "labels": labels,
        }  # fmt: skip
        return {key: value for key, value in found.items() if value not in ({}, [])}


class ProtocolFileForm(WorkForm):
    """A protocol as a file, or as its text."""

    file = forms.FileField(
        label=_("file"), required=False,
        widget=forms.FileInput(attrs={"accept": ".toml,text/plain"}),
        help_text=_("TOML. It is read instead of the text below."),
    )  # fmt: skip
    text = forms.CharField(
        label=_("text"), required=False, max_length=100_000, strip=False,
        widget=forms.Textarea({"rows": 24, "spellcheck": "false", "class": "code"}),
    )  # fmt: skip
    device = forms.ChoiceField(
        label=_("computed on"), choices=Device.choices, initial=Device.AUTO, required=False
    )

    def clean(self):
        data = super().clean() or {}
        if file := data.get("file"):
            try:
                data["text"] = file.read(200_000).decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", _("The file is not text in UTF-8."))
        elif not (data.get("text") or "").strip():
            self.add_error("text", _("Choose a file, or write its text here."))
        return data

    def clean_device(self):
        return self.cleaned_data["device"] or Device.AUTO


EXAMPLE = """name = "Does the dialogue help?"
release = "{version}"
seeds = 3
reference = "hard-text"

[recipe]                        # for all systems
modalities = ["text"]

[[systems]]
recipe = "hard-text"

[[systems]]
recipe = "bc-lstm"
width = 64

[splits]
by = "folds"                    # or "official", "source", "speaker"
folds = 5

[tuning]                        # the same number of trials for all
trials = 4
space = {{ learning_rate = [3e-4, 1e-3, 3e-3], dropout = [0.1, 0.3] }}
"""
