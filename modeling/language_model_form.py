"""The form that has a language model asked about a release."""

from typing import cast

from django import forms
from django.utils.translation import gettext_lazy as _

from modeling.encoders import label, language_models
from modeling.forms import NO_GPU, ReleaseChoiceField
from modeling.learner.recipes import SEEDS
from modeling.models import LanguageModelJudge
from modeling.models.language_model_judges import PromptLanguage
from modeling.models.runs import Device

MOST = 100  # turns and examples, as the learner takes


class LanguageModelJudgeForm(forms.ModelForm):
    """Which model is asked about which release, and how."""

    encoder = forms.ChoiceField(label=_("language model"))
    language = forms.ChoiceField(
        label=_("language of the questions"), choices=PromptLanguage.choices,
        help_text=_("Tasks and values are named in it as the label scheme says."),
    )  # fmt: skip
    turns = forms.IntegerField(
        label=_("turns of context"), min_value=0, max_value=MOST, initial=4,
        help_text=_("Of the dialogue before the utterance."),
    )  # fmt: skip
    shots = forms.IntegerField(
        label=_("examples"), min_value=0, max_value=MOST, initial=0,
        help_text=_(
            "Answered questions of the training set before each question, drawn evenly over the"
            " values. 0: zero-shot."
        ),
    )  # fmt: skip
    seed = forms.IntegerField(
        label=_("seed of the examples"), min_value=SEEDS[0], max_value=2**31 - 1, initial=1
    )
    half = forms.BooleanField(
        label=_("compute in 16 bits"), required=False,
        help_text=_("Half the memory; faster where the processor or GPU has it."),
    )  # fmt: skip

    class Meta:
        model = LanguageModelJudge
        fields = ["release", "encoder", "language", "turns", "shots", "seed", "half", "device"]
        labels = {"release": _("release"), "device": _("computed on")}
        field_classes = {"release": ReleaseChoiceField}

    def __init__(self, *args, corpus, gpus, **kwargs):
        super().__init__(*args, **kwargs)
        releases = cast(ReleaseChoiceField, self.fields["release"])
        releases.queryset, releases.empty_label = corpus.releases.usable(), None
        models = cast(forms.ChoiceField, self.fields["encoder"])
        models.choices = [(each.name, label(each)) for each in language_models()]
        device = cast(forms.ChoiceField, self.fields["device"])
        device.required = False
        if not gpus:
            device.choices = [c for c in Device.choices if c[0] != Device.GPU]
            device.help_text = NO_GPU

    def clean_device(self):
        return self.cleaned_data["device"] or Device.AUTO
