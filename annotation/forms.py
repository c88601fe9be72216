from django import forms
from django.utils.translation import gettext_lazy as _

from corpus.models import Membership


class RoundForm(forms.Form):
    """A new round over published dialogues."""

    name = forms.CharField(label=_("name"), max_length=80)
    sources = forms.ModelMultipleChoiceField(
        queryset=None, label=_("dialogues of"), widget=forms.CheckboxSelectMultiple
    )
    annotators = forms.ModelMultipleChoiceField(
        queryset=None, label=_("annotators"), widget=forms.CheckboxSelectMultiple
    )
    overlap = forms.IntegerField(
        label=_("people per dialogue"),
        initial=3,
        min_value=1,
        max_value=20,
        help_text=_("Every dialogue is judged by exactly this many different people."),
    )

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.corpus = corpus
        published = corpus.sources.filter(dialogues__publication__isnull=False).distinct()
        self.fields["sources"].queryset = published
        self.fields["annotators"].queryset = corpus.people()
        self.fields["annotators"].label_from_instance = lambda member: str(member)
        if not self.is_bound:
            self.initial["name"] = _("Round %(number)d") % {"number": corpus.rounds.count() + 1}
            self.initial["sources"] = published
            self.initial["annotators"] = corpus.people(Membership.Role.ANNOTATOR)

    def clean_name(self):
        name = self.cleaned_data["name"]
        if self.corpus.rounds.filter(name=name).exists():
            raise forms.ValidationError(_("This corpus has a round of this name already."))
        return name

    def clean(self):
        cleaned = super().clean()
        chosen, overlap = cleaned.get("annotators"), cleaned.get("overlap")
        if chosen is not None and overlap and len(chosen) < overlap:
            self.add_error(
                "overlap",
                _("%(overlap)d people per dialogue need at least as many annotators.")
                % {"overlap": overlap},
            )
        return cleaned
