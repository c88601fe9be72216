from django import forms
from django.utils.translation import gettext_lazy as _

from modeling.models import TrainingRun


class RunForm(forms.ModelForm):
    class Meta:
        model = TrainingRun
        fields = ["release", "recipe", "on_failure", "seed"]
        help_texts = {
            "recipe": _("Trained on the train split, chosen on valid, reported on test."),
            "seed": _("The same release, recipe and seed give the same model."),
        }

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["release"].queryset = corpus.releases.usable()
        self.fields["release"].label_from_instance = lambda release: release.version
        self.fields["release"].label = _("release")
        self.fields["release"].empty_label = None
