import datetime

from django import forms
from django.core.validators import MaxValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from corpus.forms import ChosenRows
from releases.models import Grant, Release, Retraction, Share
from releases.models.sharing import in_a_month


class ReleaseForm(forms.ModelForm):
    class Meta:
        model = Release
        fields = [
            *("version", "rounds", "licence", "media", "speakers"),
            *("apart", "shares", "keep_splits", "seed", "authors", "description", "notes"),
        ]
        field_classes = {"rounds": ChosenRows}
        widgets = {
            "rounds": forms.CheckboxSelectMultiple,
            "authors": forms.Textarea({"rows": 3}),
            "description": forms.Textarea({"rows": 5}),
            "notes": forms.Textarea({"rows": 4}),
        }
        help_texts = {
            "version": _("Three numbers: 1.0.0 for a first release, then 1.0.1, 1.1.0, 2.0.0 …"),
            "rounds": _(
                "What was handed in in these rounds is frozen, whole dialogues only. Gold is made"
                " as each round says under Quality and gold; several together by majority."
            ),
            "media": _("Clips show faces and give voices. Check that you may publish them."),
            "speakers": _("Names that are spoken stay in the text either way."),
            "apart": _("The more is kept apart, the fewer ways there are to part the corpus."),
            "keep_splits": _("Those of earlier releases, so that a test stays a test."),
            "seed": _("The same seed parts the same dialogues into the same splits."),
            "authors": _("One a line, as they are to be cited."),
            "description": _("Goes into the dataset card: motivation, collection, who is in it."),
            "notes": _("What users of the version before should know."),
        }

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.corpus = corpus
        self.corpus = corpus
        self.fields["seed"].validators.append(MaxValueValidator(2**31 - 1))
        self.fields["rounds"].queryset = corpus.rounds.filter(kind="judging")  # not exercises

    def clean_version(self):
        version = self.cleaned_data["version"]
        if self.corpus.releases.filter(version=version).exists():
            raise forms.ValidationError(
                _("Version %(version)s exists already; a release is never overwritten.")
                % {"version": version}
            )
        return version

    def clean_shares(self):
        shares = self.cleaned_data["shares"]
        if sum(int(share) for share in shares.split("/")) != 100 or shares.startswith("0/"):
            raise forms.ValidationError(
                _("The three percentages must add up to 100, and train must have some.")
            )
        return shares


class RetractionForm(forms.ModelForm):
    class Meta:
        model = Retraction
        fields = ["kind", "by", "reason"]
        labels = {"kind": _("what it is"), "by": _("superseded by")}
        widgets = {"reason": forms.Textarea({"rows": 3})}

    def __init__(self, *args, release, **kwargs):
        super().__init__(*args, **kwargs)
        newer = release.corpus.releases.frozen().exclude(pk=release.pk)
        self.fields["by"].queryset = newer
        self.fields["by"].required = False

    def clean(self):
        found = super().clean()
        if found.get("kind") == Retraction.Kind.WITHDRAWN:
            found["by"] = None
        elif found.get("kind") and not found.get("by"):
            self.add_error("by", _("Choose the release that takes its place."))
        return found


class ShareForm(forms.ModelForm):
    expires_at = forms.DateField(
        label=_("works until"), widget=forms.DateInput({"type": "date"}), required=True
    )

    class Meta:
        model = Share
        fields = ["label", "expires_at", "terms"]
        widgets = {"terms": forms.Textarea({"rows": 4})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["expires_at"].initial = in_a_month().date()
        self.fields["terms"].initial = _(
            "For research alone. Do not pass it on, do not try to find out who anybody in it is,"
            " and cite it."
        )

    def clean_expires_at(self):
        """The end of the day that was chosen."""
        day = self.cleaned_data["expires_at"]
        if day.year > 9000:  # later ones have no equal in UTC
            raise forms.ValidationError(_("Choose a day before the year 9000."))
        end = datetime.datetime.combine(day, datetime.time.max)
        end = timezone.make_aware(end)
        if end < timezone.now():
            raise forms.ValidationError(_("That day is over."))
        return end


class GrantForm(forms.ModelForm):
    accepted = forms.BooleanField(label=_("I accept these terms."))

    class Meta:
        model = Grant
        fields = ["name", "affiliation", "email"]
