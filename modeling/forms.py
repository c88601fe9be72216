from dataclasses import replace

from django import forms
from django.utils.translation import gettext_lazy as _

from modeling.learner import recipes
from modeling.models import Recipes, RegisteredModel
from modeling.models.runs import Failing
from releases.models import Release

SEEDS = 10  # at most
OWN = _("as the recipe says")
WEIGHTINGS = {
    "uncertainty": _("by learned uncertainty (Kendall et al. 2018)"),
    "equal": _("equally"),
    "geometric": _("geometric mean"),
    "pcgrad": _("PCGrad: a gradient a task"),
    "upgrad": _("UPGrad: a gradient a task"),
    "alignedmtl": _("Aligned-MTL: a gradient a task"),
    "imtlg": _("IMTL-G: a gradient a task"),
}
RELATIONS = {
    "supervised": _("steer gates and are learned"),
    "off": _("are not used"),
    "shuffled": _("are shuffled (the negative control)"),
    "detached": _("steer gates that teach them nothing"),
    "auxiliary": _("are learned without steering"),
}


class Fine(forms.Form):
    """Fields of a recipe that a study may set for all of its runs; empty is the recipe's own."""

    epochs = forms.IntegerField(
        label=_("epochs at most"), required=False, min_value=1, max_value=1000,
        help_text=_("Training stops earlier when the score has not risen for a while."),
    )  # fmt: skip
    patience = forms.IntegerField(
        label=_("patience"), required=False, min_value=1, max_value=1000,
        help_text=_("So many epochs without a rise end training."),
    )  # fmt: skip
    learning_rate = forms.FloatField(
        label=_("learning rate"), required=False, min_value=1e-6, max_value=1.0
    )
    dialogues_per_batch = forms.IntegerField(
        label=_("dialogues a batch"), required=False, min_value=1, max_value=512,
        help_text=_("Fewer need less memory."),
    )  # fmt: skip
    width = forms.TypedChoiceField(
        label=_("width of the network"), required=False, coerce=int, empty_value=None,
        choices=[("", OWN), *((n, n) for n in (32, 64, 128, 256))],
    )  # fmt: skip
    dropout = forms.FloatField(label=_("dropout"), required=False, min_value=0.0, max_value=0.9)
    weighting = forms.ChoiceField(
        label=_("tasks are weighed"), required=False, choices=[("", OWN), *WEIGHTINGS.items()]
    )
    relations = forms.ChoiceField(
        label=_("stated correlations"), required=False, choices=[("", OWN), *RELATIONS.items()],
        help_text=_("In soft sharing alone."),
    )  # fmt: skip
    soft_labels = forms.BooleanField(
        label=_("learn from how answers spread"), required=False,
        help_text=_("Soft labels instead of gold alone, where annotators differ."),
    )  # fmt: skip

    def options(self):
        """Only what was set."""
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)
                and value is not False}  # fmt: skip

    def clean(self):
        """Raises what the learner would say of such a recipe."""
        cleaned = super().clean()
        try:
            replace(recipes.Recipe(), **self.options())
        except recipes.RecipeError as error:
            raise forms.ValidationError(str(error)) from error
        return cleaned


class StudyForm(forms.Form):
    """What to train on what, how often."""

    release = forms.ModelChoiceField(
        label=_("release"), queryset=Release.objects.none(), empty_label=None
    )
    recipes = forms.MultipleChoiceField(
        label=_("recipes"), choices=Recipes.choices, widget=forms.CheckboxSelectMultiple,
        initial=[Recipes.HARD_SMALL],
        help_text=_(
            "Trained on the train split, chosen on valid; test stays sealed until you look."
        ),
    )  # fmt: skip
    seeds = forms.IntegerField(
        label=_("seeds"), min_value=1, max_value=SEEDS, initial=1,
        help_text=_("Runs of each recipe: one to try, five to report. Seeds are 1, 2, 3 …"),
    )  # fmt: skip
    on_failure = forms.ChoiceField(
        label=_("clips that cannot be measured"), choices=Failing.choices, initial=Failing.FAIL
    )
    minutes = forms.FloatField(
        label=_("minutes a run at most"), required=False, min_value=0.1, max_value=10_000,
        help_text=_("Then the best epoch so far is kept. Empty: no limit."),
    )  # fmt: skip
    name = forms.CharField(label=_("name"), required=False, max_length=100)

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["release"].queryset = corpus.releases.usable()
        self.fields["release"].label_from_instance = lambda release: release.version


class ModelForm(forms.ModelForm):
    class Meta:
        model = RegisteredModel
        fields = ["name", "use", "limits"]
        widgets = {name: forms.Textarea({"rows": 4}) for name in ("use", "limits")}
