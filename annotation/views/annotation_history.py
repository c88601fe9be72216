"""What an annotator has judged before."""

from typing import cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import Assignment, Judgement, Round
from core.data_table import Column, DataTable, read
from core.filter_form import FilterForm
from core.normalization import search_key
from corpus.visibility import WORDS, withheld
from people.models import Event

HISTORY = DataTable(
    "annotation-history",
    [
        Column("utterance", _("utterance"), fixed=True,
               value=lambda row: row["words"] or row["utterance"].uid),
        Column("answers", _("your answers"),
               value=lambda row: [f"{task.key}={value.key}" for task, value in row["chips"]]),
        Column("dialogue", _("dialogue"), value=lambda row: row["assignment"].dialogue),
        Column("round", _("round"), value=lambda row: row["assignment"].round),
        Column("submitted", _("submitted"), sort="assignment", falling=True,
               value=lambda row: _submitted_at(row["assignment"])),
        Column("state", _("state"), value=lambda row: row["assignment"].get_state_display()),
    ],
    sort="-submitted",
    size=30,
    unique="utterance",
)  # fmt: skip


class HistoryFilter(FilterForm):
    """Which of the utterances that somebody has annotated."""

    q = forms.CharField(label=_("text"), required=False, max_length=200, strip=True)
    round = forms.ModelChoiceField(
        Round.objects.none(), label=_("round"), required=False, empty_label=_("all")
    )

    def __init__(self, data, *, person, hidden):
        super().__init__(data)
        self.hidden = hidden
        mine = Round.objects.filter(assignments__person=person)
        cast(forms.ModelChoiceField, self.fields["round"]).queryset = mine.distinct()

    def by_q(self, rows, value):
        rows = rows.filter(utterance__search__contains=search_key(value))
        return rows.exclude(assignment__dialogue__in=self.hidden.order_by().values("pk"))

    def by_round(self, rows, value):
        return rows.filter(assignment__round=value)


def annotation_history(request):
    """Every utterance that I have judged, found by words (as far as I may read them) or round."""
    rows = (
        Judgement.objects.filter(assignment__in=Assignment.objects.of(request.user).order_by())
        .values("utterance", "assignment")
        .distinct()
    )
    hidden = withheld(request.user, WORDS)
    form = HistoryFilter(request.GET, person=request.user, hidden=hidden)
    table = HISTORY.page(
        request, form.filtered(rows), form, prepare=lambda page: _filled(page, hidden),
        export=lambda name: Event.record_once(request.user, "download", request.user, what=name),
    )  # fmt: skip
    return table.render("annotation/annotation_history.html", {"here": "label"})


def _filled(rows, hidden):
    """The utterances of a page, their words where they are not `hidden`, with their current
    answers.
    """
    work = Assignment.objects.select_related("round", "dialogue", "submission").in_bulk(
        {row["assignment"] for row in rows}
    )
    dialogues = {assignment.dialogue_id for assignment in work.values()}
    wordless = set(hidden.filter(pk__in=dialogues).values_list("pk", flat=True))
    utterances = {
        pk: {utterance.pk: utterance for utterance in assignment.dialogue.utterances.all()}
        for pk, assignment in work.items()
    }
    found = []
    for row in rows:
        assignment = work[row["assignment"]]
        utterance = utterances[assignment.pk].get(row["utterance"])
        if utterance:
            given = assignment.current_answers.get(utterance.pk, {})
            found.append(
                {
                    "assignment": assignment,
                    "utterance": utterance,
                    "words": "" if assignment.dialogue_id in wordless else utterance.text,
                    "chips": _chips(assignment.round.scheme, given),
                    "submitted_at": _submitted_at(assignment),
                }
            )
    return found


def _submitted_at(assignment):
    return read(assignment, "submission__at")


def _chips(scheme, given):
    return [
        (task, value)
        for task in scheme.tasks
        for value in task.values
        if given.get(task.key) == value.key
    ]
