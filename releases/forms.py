import datetime
from collections import Counter
from typing import cast

from django import forms
from django.core.validators import MaxValueValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.date_input import DateInput
from core.parameters import number
from core.translation import translate
from corpus.forms import ChosenRows
from corpus.integrity import KINDS
from releases.integrity import decision, undecided
from releases.models import Grant, Release, Retraction, Share
from releases.models.releases import LICENCES, three_shares
from releases.models.sharing import in_a_month


class ReleaseSettingsForm(forms.Form):
    """What new releases of a corpus start with."""

    default_licence = forms.ChoiceField(
        label=_("licence of new releases"),
        required=False,
        choices=[("", _("as of the release before")), *LICENCES],
    )
    members_read_releases = forms.BooleanField(
        label=_("members may read new releases"),
        required=False,
        help_text=_(
            "Each page of a release can say otherwise. Whoever annotates one of its dialogues reads"
            " it once the round is closed."
        ),
    )


class ReleaseForm(forms.ModelForm):
    class Meta:
        model = Release
        fields = [
            *("version", "rounds", "licence", "media", "speakers"),
            *("split_unit", "shares", "keep_splits", "seed", "authors", "description", "notes"),
        ]
        field_classes = {"rounds": ChosenRows}
        widgets = {
            "rounds": forms.CheckboxSelectMultiple,
            "authors": forms.Textarea({"rows": 3}),
            "description": forms.Textarea({"rows": 5}),
            "notes": forms.Textarea({"rows": 4}),
        }
        help_texts = {
            "version": _("Three numbers: 1.0.0 for the first release, then 1.0.1, 1.1.0, 2.0.0 …"),
            "rounds": _(
                "Everything submitted in these rounds is frozen, complete dialogues "
                "only. Gold labels follow the rule of each round; several rounds "
                "together use the majority."
            ),
            "media": _("Clips show faces and give voices. Check that you may publish them."),
            "speakers": _("Names that are spoken stay in the text either way."),
            "split_unit": _("The larger the split unit, the fewer splits are possible."),
            "keep_splits": _("As in earlier releases, so that the test set stays held out."),
            "seed": _("The same seed gives the same splits for the same dialogues."),
            "authors": _("One per line, as they are to be cited."),
            "description": _("Goes into the dataset card: motivation, collection, who is in it."),
            "notes": _("What users of the version before should know."),
        }

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.corpus = corpus
        self.corpus = corpus
        self.fields["seed"].validators.append(MaxValueValidator(2**31 - 1))
        rounds = cast(ChosenRows, self.fields["rounds"])
        rounds.queryset = corpus.rounds.filter(kind="judging")  # not exercises

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
        three_shares(shares)  # the model checks it, too, but later
        if sum(int(share) for share in shares.split("/")) != 100 or shares.startswith("0/"):
            raise forms.ValidationError(
                _("The three percentages must add up to 100, and train must have some.")
            )
        return shares

    @property
    def chosen_rounds(self):
        """The rounds that are chosen; all of them while none is."""
        rows = cast(ChosenRows, self.fields["rounds"]).queryset
        rounds = list(rows) if rows is not None else []
        asked = {number(str(value)) for value in self["rounds"].value() or []}  # sent, or initial
        return [round for round in rounds if round.pk in asked] or rounds

    @transaction.atomic
    def freeze(self, person, decisions):
        """Have a worker freeze what was filled in. Raises UserError."""
        fields = dict(self.cleaned_data)
        version, rounds = fields.pop("version"), list(fields.pop("rounds"))
        release = Release.request(
            person, self.corpus, version, rounds, decisions=decisions, **fields
        )
        release.later()
        return release


def proposed_release(corpus, round=0):
    """What the form starts with: as the last release was made, and one version on; `round` is the
    id of one that is chosen.
    """
    initial = {"version": _next_version(corpus), "rounds": list(corpus.rounds.filter(pk=round))}
    last: Release = corpus.releases.frozen().first() or Release()
    for name in ("licence", "media", "speakers", "split_unit", "shares", "seed"):
        initial[name] = getattr(last, name)
    initial["licence"] = corpus.default_licence or initial["licence"]
    if last.pk:
        initial["rounds"] = initial["rounds"] or list(last.rounds.all())
    leads = "\n".join(str(membership.person) for membership in corpus.people("lead"))
    initial["authors"] = last.authors or leads
    initial["description"] = last.description or corpus.description
    return initial


def _next_version(corpus):
    """One minor step above the highest version; 1.0.0 after none or after a 0.x."""
    versions = [
        tuple(map(int, v.split("."))) for v in corpus.releases.values_list("version", flat=True)
    ]
    if not versions or max(versions) < (1, 0, 0):
        return "1.0.0"
    major, minor, _patch = max(versions)
    return f"{major}.{minor + 1}.0"


class ErrorsForm(forms.Form):
    """What to do about dialogues with errors: for each kind of error, or for a dialogue by itself,
    which counts first. `decisions` are those that a release keeps.
    """

    SHOWN = 50  # dialogues that are listed; the others are decided by kind
    CHOICES = (
        ("", _("not decided")),
        ("exclude", _("exclude from the release")),
        ("accept", _("accept with a reason")),
    )

    def __init__(self, *args, faulty, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.faulty, self.person = faulty, person
        self.counts = Counter(kind for each in faulty for kind in each.kinds)
        for kind in self.counts:
            self._ask(f"kind-{kind}")
        for each in faulty[: self.SHOWN]:
            self._ask(f"dialogue-{each.pk}")

    def _ask(self, name):
        self.fields[name] = forms.ChoiceField(choices=self.CHOICES, required=False)
        self.fields[f"{name}-reason"] = forms.CharField(max_length=500, required=False)

    def _row(self, name, words, detail):
        return {
            "words": words,
            "detail": detail,
            "choice": self[name],
            "reason": self[f"{name}-reason"],
        }

    def by_kind(self):
        """The rows for kinds, the commonest first."""
        for kind, count in self.counts.most_common():
            yield self._row(f"kind-{kind}", translate(KINDS[kind], {}), count)

    def by_dialogue(self):
        """The rows for the first dialogues."""
        for each in self.faulty[: self.SHOWN]:
            kinds = ", ".join(translate(KINDS[kind], {}) for kind in each.kinds)
            yield self._row(f"dialogue-{each.pk}", each.uid, kinds)

    @property
    def more(self):
        """How many dialogues are not listed."""
        return max(0, len(self.faulty) - self.SHOWN)

    def clean(self):
        super().clean()
        data = self.cleaned_data
        for name in [name for name in self.fields if not name.endswith("-reason")]:
            if data.get(name) == "accept" and not data.get(f"{name}-reason"):
                self.add_error(f"{name}-reason", _("Give a reason; it is recorded in the release."))
        if self.errors:
            return data
        decided = (self._decided(each, data) for each in self.faulty)
        self.decisions = [row for row in decided if row]
        if undecided(self.faulty, self.decisions):
            raise forms.ValidationError(
                _("The integrity check finds errors. Decide on each of them below.")
            )
        return data

    def _decided(self, each, data):
        """The decision about a dialogue, None if there is none."""
        choice, reason = data.get(f"dialogue-{each.pk}"), data.get(f"dialogue-{each.pk}-reason")
        by_kind = {kind: data.get(f"kind-{kind}") for kind in each.kinds}
        if not choice and "exclude" in by_kind.values():
            choice, kinds = "exclude", [kind for kind in by_kind if by_kind[kind] == "exclude"]
            reason = self._reasons(kinds, data)
        elif not choice and set(by_kind.values()) == {"accept"}:
            choice, reason = "accept", self._reasons(by_kind, data)
        return decision(each, choice, reason, self.person) if choice else None

    def _reasons(self, kinds, data):
        reasons = (data.get(f"kind-{kind}-reason") for kind in kinds)
        return "; ".join(dict.fromkeys(filter(None, reasons)))


class RetractionForm(forms.ModelForm):
    class Meta:
        model = Retraction
        fields = ["kind", "by", "reason"]
        labels = {"kind": _("kind"), "by": _("superseded by")}
        widgets = {"reason": forms.Textarea({"rows": 3})}

    def __init__(self, *args, release, **kwargs):
        super().__init__(*args, **kwargs)
        by = cast(forms.ModelChoiceField, self.fields["by"])
        by.queryset = release.corpus.releases.frozen().exclude(pk=release.pk)
        by.required = False

    def clean(self):
        super().clean()
        data = self.cleaned_data
        if data.get("kind") == Retraction.Kind.WITHDRAWN:
            data["by"] = None
        elif data.get("kind") and not data.get("by"):
            self.add_error("by", _("Choose the release that takes its place."))
        return data


class ShareForm(forms.ModelForm):
    expires_at = forms.DateField(label=_("works until"), widget=DateInput(), required=True)

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
            raise forms.ValidationError(_("Choose a day in the future."))
        return end


class GrantForm(forms.ModelForm):
    accepted = forms.BooleanField(label=_("I accept these terms."))

    class Meta:
        model = Grant
        fields = ["name", "affiliation", "email"]
