"""Which utterances of a corpus: the filters of the page that finds them."""

from typing import cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.blinding import blind_dialogues
from annotation.models import Assignment, Judgement, SchemeVersion
from annotation.templatetags.scheme import named
from corpus.forms import EXACT, Filter, NamedField


class FindingForm(Filter):
    """Every filter narrows; the words are looked up by `corpus.search`.

    What was judged counts once it is submitted. `only` is somebody who leads nothing: they find by
    their own answers alone. `person`, a lead, does so in dialogues that they annotate blind.
    """

    field_order = ["q", "exact", "source", "speaker", "label", "also", "state"]
    q = forms.CharField(label=_("text"), required=False, max_length=200, strip=True)
    exact = forms.BooleanField(label=_("exact"), required=False)
    speaker = NamedField("speakers", "name", label=_("speaker"))
    label = forms.ChoiceField(label=_("labeled as"), required=False)
    also = forms.ChoiceField(label=_("and also as"), required=False)
    state = forms.ChoiceField(
        label=_("state"),
        choices=[
            ("", _("all")),
            ("published", _("published")),
            ("draft", _("not published")),
            ("machine", _("machine transcript")),
            ("wordless", _("no text")),
        ],
        required=False,
    )

    def __init__(self, data, *, corpus, only=None, person=None):
        super().__init__(data, corpus=corpus)
        self.only, self.person = only, person
        label = cast(forms.ChoiceField, self.fields["label"])
        if only:
            label.label = _("your label")
        also = cast(forms.ChoiceField, self.fields["also"])
        label.choices = also.choices = [("", _("anything")), *_labels(corpus)]
        self.fields["q"].widget.input_type = "search"
        self.fields["exact"].widget.attrs["title"] = EXACT

    def by_q(self, rows, value):
        return rows

    by_exact = by_q

    def by_source(self, rows, value):
        return rows.filter(dialogue__source__in=ids(self.corpus.sources.filter(**value)))

    def by_speaker(self, rows, value):
        chosen = ids(self.corpus.speakers.filter(**value))
        return (
            rows.filter(speaker=chosen[0]) if len(chosen) == 1 else rows.filter(speaker__in=chosen)
        )

    def by_label(self, rows, value):
        return rows.filter(pk__in=self._labelled(value))

    def by_also(self, rows, value):
        """Utterances to which the same person gave both labels."""
        return rows.filter(pk__in=self._labelled(self.cleaned_data["label"], value))

    def _labelled(self, *labels):
        given = Judgement.objects.filter(assignment__in=Assignment.objects.submitted())
        if self.only:
            given = given.filter(assignment__person=self.only)
        elif self.person:
            blind = Q(utterance__dialogue__in=blind_dialogues(self.person).values("pk"))
            given = given.filter(~blind | Q(assignment__person=self.person))
        values: dict[str, list[str]] = {}
        for label in filter(None, labels):
            task, _colon, value = label.partition(":")
            if values.setdefault(task, [value]) != [value]:  # nobody gives a task two values
                return Judgement.objects.none().values("utterance")
        return given.answering(values)

    def by_state(self, rows, value):
        if value == "machine":
            return rows.filter(machine=True)
        if value == "wordless":
            return rows.filter(text="")
        return rows.filter(dialogue__publication__isnull=value == "draft")


def ids(rows):
    """As many as anybody can mean by part of a name; few enough for an index to be used."""
    return list(rows.values_list("pk", flat=True)[:500])


def _labels(corpus):
    """Groups of choices, a task each, with the values of every scheme that was used."""
    groups: dict[str, dict[str, str]] = {}
    for version in SchemeVersion.objects.filter(corpus=corpus).order_by("number"):
        for task in version.scheme.tasks:
            values = groups.setdefault(named(task), {})
            for value in task.values:
                values[f"{task.key}:{value.key}"] = f"{named(task)} · {named(value)}"
    return [(name, list(values.items())) for name, values in groups.items()]
