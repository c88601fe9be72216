from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from annotation.disclosure import Plan
from annotation.models import Guideline, Round, SchemeVersion, Skip
from annotation.models.expert_labels import with_gold
from annotation.templatetags.scheme import named
from annotation.workload import Workload
from corpus.forms import ChosenRows
from corpus.models import Dialogue, Membership, Source

REOPEN_HOURS = 24  # that the form of a new round suggests
MOST = 1_000_000  # dialogues, minutes: more is a slip of the hand
HELP = {
    "overlap": _("Every dialogue is annotated by exactly this many people."),
    "lease_minutes": _("Assign the dialogue to others after this time without activity; 0: never."),
    "break_minutes": _("Suggest a break after this time; 0: never."),
    "gold_percent": _(
        "Percentage of dialogues with expert labels among those assigned;"
        " annotators cannot tell them apart."
    ),
    "reopen_hours": _(
        "For this time after submission annotators may reopen a dialogue, unless it is adjudicated"
        " or in a release; 0: never. Not in tests and with hidden expert labels."
    ),
    "corrections": _(
        "When the round is closed, annotators see where adjudicators decided otherwise, and why."
    ),
    "attention_every": _("Every so many dialogues; 0: none."),
    "qualification": _("Only annotators who passed this test get dialogues."),
    "quota": _("Maximum per annotator; empty: no limit."),
    "openly": _(
        "Unblinded annotators see the results of the round while it is open, and every release"
        " reports it. For all others the results are hidden until the round is closed."
    ),
    "most": _("A random sample, for a pilot; empty: all."),
    "due": _("Shown to annotators; a round that is late needs you. Empty: no deadline."),
}


def _choice_field(form, name) -> forms.ModelChoiceField:
    return cast(forms.ModelChoiceField, form.fields[name])


class ChosenDialogues:
    """Mixed into forms that choose published dialogues: of sources, all or some at random."""

    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def let_choose(self, corpus):
        self.corpus = corpus
        published = Dialogue.objects.published().filter(source=OuterRef("pk"))
        self.fields["sources"] = ChosenRows(
            queryset=Source.objects.filter(Exists(published), corpus=corpus),
            label=_("sources"),
            widget=forms.CheckboxSelectMultiple,
        )
        self.fields["most"] = forms.IntegerField(
            label=_("maximum number of dialogues"),
            required=False,
            min_value=1,
            max_value=MOST,
            help_text=HELP["most"],
        )

    def dialogues(self):
        """What was chosen, as a queryset."""
        chosen = Dialogue.objects.published().filter(source__in=self.cleaned_data["sources"])
        if most := self.cleaned_data["most"]:
            return Dialogue.objects.filter(
                pk__in=list(chosen.order_by("?").values_list("pk", flat=True)[:most])
            )
        return chosen


def _chosen(field):
    """What is chosen in a list of choices, in words; "" in other fields."""
    if not isinstance(field.field, forms.ChoiceField):
        return ""
    value = field.value()
    value = getattr(value, "pk", value)
    choices = cast("Iterable[tuple[Any, Any]]", field.field.choices)
    return next((str(words) for key, words in choices if key and str(key) == str(value)), "")


class AnnotationSettingsForm(forms.Form):
    """What new rounds of a corpus start with."""

    scheme: "forms.ModelChoiceField[SchemeVersion]" = forms.ModelChoiceField(
        queryset=None,
        label=_("scheme version of new rounds"),
        required=False,
        empty_label=_("the newest"),
    )

    def __init__(self, *args, corpus, **kwargs):
        chosen = corpus.schemes.filter(number=corpus.default_scheme).first()
        super().__init__(*args, **(kwargs | {"initial": {"scheme": chosen}}))
        _choice_field(self, "scheme").queryset = corpus.schemes.all()

    def clean_scheme(self):
        """Its number; None for the newest."""
        version = self.cleaned_data["scheme"]
        return version.number if version else None


class RoundForm(ChosenDialogues, forms.ModelForm):
    """A new round over published dialogues."""

    annotators = ChosenRows(
        queryset=None, label=_("annotators"), widget=forms.CheckboxSelectMultiple
    )
    openly = ChosenRows(
        queryset=None,
        label=_("unblinded leads and adjudicators"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=HELP["openly"],
    )
    overlap = forms.IntegerField(
        label=_("annotators per dialogue"),
        initial=3,
        min_value=1,
        max_value=20,
        help_text=HELP["overlap"],
    )
    quota = forms.IntegerField(
        label=_("maximum number of dialogues per annotator"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=HELP["quota"],
    )
    steps = [
        (_("Dialogues"), ["name", "sources", "most"]),
        (_("Annotators"), ["annotators", "overlap", "quota", "due", "openly"]),
        (
            _("What annotators see"),
            ["view", "order", "suggestions", "confidence", "cannot_tell"],
        ),
        (_("Scheme and guideline"), ["scheme_version", "guideline"]),
        (
            _("Quality"),
            [
                *("kind", "qualification", "gold_percent", "gold_feedback", "below"),
                *("attention_every", "consensus", "corrections"),
            ],
        ),
        (_("Time limits"), ["lease_minutes", "break_minutes", "reopen_hours"]),
    ]
    open_steps = 2  # the others fold: what they start with does for most rounds

    class Meta:
        model = Round
        fields = [
            *("name", "overlap", "view", "order", "suggestions", "confidence", "cannot_tell"),
            *("scheme_version", "guideline", "lease_minutes", "break_minutes", "kind"),
            *("qualification", "gold_percent", "gold_feedback", "below", "attention_every"),
            *("consensus", "reopen_hours", "corrections", "due"),
        ]
        help_texts = HELP
        widgets = {"due": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})}
        labels = {"scheme_version": _("scheme"), "guideline": _("guideline"),
                  "qualification": _("qualification test")}  # fmt: skip

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.let_choose(corpus)
        fields = self.fields
        choices = {
            "annotators": corpus.people(),
            "openly": corpus.people(Membership.Role.LEAD, Membership.Role.ADJUDICATOR),
            "scheme_version": corpus.schemes.all(),
            "guideline": corpus.guidelines.all(),
            "qualification": corpus.rounds.filter(kind=Round.Kind.TEST),
        }
        newest = SchemeVersion.default_of(corpus)
        for name, rows in choices.items():
            _choice_field(self, name).queryset = rows
        for name in ("lease_minutes", "break_minutes", "attention_every", "reopen_hours"):
            fields[name].validators.append(MaxValueValidator(MOST))
        for name in self.Meta.fields:  # what is left out keeps the round's default
            fields[name].required = name in ("name", "overlap")
        self.tasks = newest.scheme.tasks
        for task in self.tasks:
            fields[f"mark_{task.key}"] = forms.IntegerField(
                label=named(task), required=False, min_value=1, max_value=100
            )
        if not self.is_bound:
            self.initial.update(
                name=_("Round %(number)d") % {"number": corpus.rounds.count() + 1},
                sources=_choice_field(self, "sources").queryset,
                annotators=corpus.people(Membership.Role.ANNOTATOR),
                scheme_version=newest,
                guideline=corpus.guidelines.first(),
                reopen_hours=REOPEN_HOURS,
            )

    def stepped(self):
        """Each step: its number and heading, its fields, whether it has passing marks, is open, and
        what is chosen in it where it is folded.
        """
        for number, (heading, names) in enumerate(self.steps, 1):
            fields = [self[name] for name in names]
            yield {
                "number": number,
                "heading": heading,
                "fields": fields,
                "has_marks": "below" in names,
                "open": number <= self.open_steps or any(field.errors for field in fields),
                "chosen": [words for field in fields if (words := _chosen(field))],
            }

    def workload(self):
        """How much work is chosen so far, valid or not (annotation/workload.py); None for none."""
        chosen: Mapping[str, Any] = self.initial
        if self.is_bound:
            self.is_valid()
            chosen = self.cleaned_data
        overlap = chosen.get("overlap") or (None if self.is_bound else self["overlap"].initial)
        return Workload.of(
            self.corpus,
            list(chosen.get("sources") or ()),
            len(chosen.get("annotators") or ()),
            overlap,
            chosen.get("most"),
            chosen.get("quota"),
        )

    def marks(self):
        return [self[f"mark_{task.key}"] for task in self.tasks]

    def clean_name(self):
        name = self.cleaned_data["name"]
        if self.corpus.rounds.filter(name=name).exists():
            raise forms.ValidationError(_("This corpus already has a round with this name."))
        return name

    def clean(self):
        super().clean()
        cleaned = self.cleaned_data
        chosen, overlap = cleaned.get("annotators"), cleaned.get("overlap")
        judging = cleaned.get("kind") in ("", None, Round.Kind.JUDGING)
        if judging and chosen is not None and overlap and len(chosen) < overlap:
            self.add_error(
                "overlap",
                _("%(overlap)d annotators per dialogue: choose at least as many annotators.")
                % {"overlap": overlap},
            )
        openly = cleaned.get("openly")
        if chosen is not None and openly and set(openly) - set(chosen):
            self.add_error("openly", _("Only annotators of the round can be unblinded."))
        gold = with_gold(self.corpus)
        if cleaned.get("gold_percent") and not gold.exists():
            self.add_error("gold_percent", _("No dialogue has expert labels. Add some first."))
        return cleaned

    def options(self):
        """The fields of the round that were filled in."""
        chosen = self.cleaned_data
        names = [name for name in self.Meta.fields if name not in ("name", "overlap")]
        found = {name: chosen[name] for name in names if chosen[name] not in (None, "")}
        found["marks"] = {
            task.key: chosen[f"mark_{task.key}"]
            for task in self.tasks
            if chosen.get(f"mark_{task.key}")
        }
        return found

    def plan(self):
        """What is chosen so far, valid or not, for the table of who will see what."""
        chosen: Mapping[str, Any] = self.initial
        if self.is_bound:
            self.is_valid()
            chosen = self.cleaned_data
        members = list(chosen.get("annotators") or ())
        picked = {member.person_id for member in members}
        names = ("view", "suggestions", "order", "gold_feedback", "corrections", "guideline")
        sources = chosen.get("sources")
        published = Dialogue.objects.published().filter(corpus=self.corpus)
        return Plan(
            corpus=self.corpus,
            dialogues=published.filter(source__in=list(sources)) if sources else published.none(),
            annotators=[member.person for member in members],
            openly={m.person_id for m in chosen.get("openly") or ()} & picked,
            **{name: chosen[name] for name in names if chosen.get(name)},
        )

    def gold(self):
        """Dialogues with known answers, to be mixed in; for practice and tests they are all."""
        return with_gold(self.corpus) if self.cleaned_data.get("gold_percent") else ()

    def judged(self):
        """What is judged: dialogues with known answers in practice and tests, else the others."""
        chosen, gold = self.dialogues(), with_gold(self.corpus)
        if self.cleaned_data.get("kind") in (Round.Kind.PRACTICE, Round.Kind.TEST):
            return chosen.filter(pk__in=gold.values("pk"))
        if self.cleaned_data.get("gold_percent"):
            return chosen.exclude(pk__in=gold.values("pk"))
        return chosen


class ExtensionForm(ChosenDialogues, forms.Form):
    """More dialogues, or more people a dialogue."""

    overlap = forms.IntegerField(
        label=_("annotators per dialogue"), required=False, min_value=1, max_value=20
    )
    due = forms.DateField(
        label=_("deadline"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=HELP["due"],
    )

    def __init__(self, *args, round, **kwargs):
        super().__init__(*args, **kwargs)
        self.let_choose(round.corpus)
        self.fields["sources"].required = False
        self.fields["overlap"].initial = round.overlap
        self.fields["due"].initial = round.due
        if round.for_all:
            del self.fields["overlap"]


class AdmissionForm(forms.Form):
    """Somebody of the corpus joins a round, or gets another quota."""

    person: forms.ModelChoiceField = forms.ModelChoiceField(queryset=None, label=_("annotator"))
    quota = forms.IntegerField(
        label=_("maximum number of dialogues"), required=False, min_value=1, max_value=MOST
    )
    openly = forms.BooleanField(label=_("unblinded"), required=False)

    def __init__(self, *args, round, members=None, **kwargs):
        super().__init__(*args, **kwargs)
        field = _choice_field(self, "person")
        field.queryset = round.corpus.people()
        if members is not None:  # they are known already
            empty = ("", field.empty_label)
            field.choices = [empty, *((one.pk, field.label_from_instance(one)) for one in members)]


class SkipForm(forms.Form):
    """Why an annotator leaves a dialogue to others."""

    reason = forms.ChoiceField(label=_("reason"), choices=Skip.Reason)
    words = forms.CharField(label=_("details"), required=False, max_length=300)


class GuidelineForm(forms.ModelForm):
    class Meta:
        model = Guideline
        fields = ["text", "note"]
        widgets = {"text": forms.Textarea(attrs={"rows": 24})}
