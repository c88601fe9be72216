from django import forms
from django.utils.translation import gettext_lazy as _

from releases.models import Release


class ReleaseForm(forms.ModelForm):
    class Meta:
        model = Release
        fields = ["version", "rounds", "licence", "seed", "notes"]
        widgets = {"rounds": forms.CheckboxSelectMultiple}
        help_texts = {
            "version": _("Three numbers: 1.0.0 for a first release, then 1.0.1, 1.1.0, 2.0.0 …"),
            "rounds": _("What was handed in in these rounds is frozen, whole dialogues only."),
            "seed": _("The same seed parts the same dialogues into the same splits."),
        }

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.corpus = corpus
        self.corpus = corpus
        self.fields["rounds"].queryset = corpus.rounds.filter(kind="judging")  # not exercises
        self.fields["notes"].required = False

    def clean_version(self):
        version = self.cleaned_data["version"]
        if self.corpus.releases.filter(version=version).exists():
            raise forms.ValidationError(
                _("Version %(version)s exists already; a release is never overwritten.")
                % {"version": version}
            )
        return version
