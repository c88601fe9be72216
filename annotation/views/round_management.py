"""What a lead does to a round while it runs: people, dialogues, pauses, comments."""

from functools import cache
from operator import attrgetter

from django import forms
from django.contrib import messages
from django.db.models.functions import TruncDate
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from annotation.annotator_names import names_for
from annotation.blinding import why_withheld
from annotation.forms import AdmissionForm, ExtensionForm
from annotation.models import Assignment, Comment, Participant, Qualification, Submission
from annotation.progress import by_state
from annotation.queue.dispatch import assign
from annotation.rounds import admit, extend_as_chosen, reopen_round, seats_that_saw
from annotation.views.access import results_of, round_of
from annotation.withdrawal import reinstate, withdraw
from core.data_table import Column, DataTable
from core.date_input import DateInput
from core.errors import UserError, gettext_noop
from core.filter_form import FilterForm
from core.normalization import search_key
from core.parameters import number, posted, text
from core.translation import translate_error
from core.undo import undoable
from corpus.page_context import context, export_of
from corpus.permissions import ADJUDICATOR, LEAD
from people.models import Event

STATES = {
    "waiting": gettext_lazy("not started"),
    "begun": gettext_lazy("in progress"),
    "complete": gettext_lazy("complete"),
    "stuck": gettext_lazy("not enough annotators"),
    "withdrawn": gettext_lazy("withdrawn"),
}
COMMENT_STATES = {
    "open": gettext_lazy("unresolved"),
    "resolved": gettext_lazy("resolved"),
    "all": gettext_lazy("all"),
}


@require_POST
def pause(request, pk):
    round_of(request, pk, LEAD).pause(request.user)
    undoable(request, _("The round is paused."), reverse("resume", args=[pk]))
    return redirect("round", pk)


@require_POST
def resume(request, pk):
    round_of(request, pk, LEAD).resume(request.user)
    return redirect("round", pk)


@require_POST
def closure(request, pk):
    closed = round_of(request, pk, LEAD).close(request.user)
    if seats_that_saw(closed):  # whom reopening would unblind, so that nothing is as it was
        messages.success(request, _("The round is closed."))
    else:
        undoable(request, _("The round is closed."), reverse("reopening", args=[pk]))
    return redirect("round", pk)


@require_POST
def reopening(request, pk):
    reopen_round(round_of(request, pk, LEAD), request.user)
    return redirect("round", pk)


def extension(request, pk):
    """More dialogues or more people a dialogue."""
    found = round_of(request, pk, LEAD)
    form = ExtensionForm(posted(request), round=found)
    if request.method == "POST" and form.is_valid():
        try:
            added = extend_as_chosen(request.user, found, form)
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
        else:
            said = ngettext("%(n)d dialogue added.", "%(n)d dialogues added.", added)
            messages.success(request, said % {"n": added})
            return redirect("round", pk)
    page = context(found.corpus, "rounds", round=found, form=form)
    return render(request, "annotation/extension.html", page)


@require_POST
def participants(request, pk):
    """Somebody joins, comes back, or gets another quota."""
    found = round_of(request, pk, LEAD)
    form = AdmissionForm(request.POST, round=found)
    if form.is_valid():
        chosen = form.cleaned_data
        who = chosen["person"].person
        try:
            seat = admit(found, request.user, who, chosen["quota"], chosen["openly"])
        except UserError as refusal:
            messages.error(request, translate_error(refusal))
        else:
            if seat.unblinded and not chosen["openly"]:
                words = _(
                    "%(name)s counts as unblinded, because they could already see "
                    "the answers of others."
                )
                messages.info(request, words % {"name": who})
    else:
        messages.error(
            request, _("Choose a member of this corpus. The quota must be a whole number or empty.")
        )
    return redirect(f"{reverse('round', args=[pk])}#people")


@require_POST
def participant(request, pk):
    """One verb about one person in a round: block, unblock, dismiss, qualify, release what they
    hold; or unblind, which adjudicators may choose for themselves.
    """
    seats = Participant.objects.select_related("round__corpus", "person")
    seat = get_object_or_404(seats, pk=pk)
    verb = request.POST.get("verb")
    own = verb == "unblind" and seat.person_id == request.user.pk
    found = round_of(request, seat.round_id, LEAD, *([ADJUDICATOR] if own else []))
    if verb == "unblind":
        try:
            seat.unblind(request.user)
        except UserError as refusal:
            messages.error(request, translate_error(refusal))
    elif verb == "block":
        seat.block(request.user)
    elif verb == "unblock":
        seat.unblock(request.user)
    elif verb == "dismiss":
        found.dismiss(request.user, seat.person)
    elif verb == "qualify":
        test = found.qualification or found
        qualified = Qualification.objects.create(
            round=test, person=seat.person, passed=True, decided_by=request.user
        )
        Event.record(request.user, "qualify", seat, qualification=qualified.pk)
    elif verb == "release":
        seat.own().release()
    else:
        raise Http404
    return redirect(f"{reverse('round', args=[found.pk])}#people")


ROUND_DIALOGUES = DataTable(
    "round-dialogues",
    [
        Column("position", "#", sort="position", numeric=True,
               value=lambda row: row[0].position),
        Column("dialogue", gettext_lazy("dialogue"), sort="dialogue__uid", fixed=True,
               value=lambda row: row[0].dialogue),
        Column("people", gettext_lazy("people"), numeric=True, value=lambda row: len(row[1])),
        Column("annotators", gettext_lazy("annotators"),
               value=lambda row: [f"{name} ({given.state})" for name, given in row[1]]),
    ],
    sort="position",
)  # fmt: skip


class RoundDialogueFilter(FilterForm):
    """Which dialogues of a round."""

    q = forms.CharField(label=gettext_lazy("dialogue"), required=False, max_length=200, strip=True)
    state = forms.ChoiceField(
        label=gettext_lazy("state"),
        required=False,
        choices=[("", gettext_lazy("all")), *STATES.items()],
    )
    submitted = forms.DateField(label=gettext_lazy("submitted on"), required=False)

    def __init__(self, data, *, round):
        super().__init__(data)
        self.round = round
        if round.corpus.my_role == LEAD:
            self.fields["submitted"].widget = DateInput()
        else:  # when somebody submitted would tell adjudicators who has which letter
            del self.fields["submitted"]

    def by_q(self, rows, value):
        return rows.filter(dialogue__search__contains=search_key(value))

    def by_state(self, rows, value):
        chosen = self.round.stuck() if value == "stuck" else by_state(self.round)[value]
        return rows.filter(pk__in=chosen.values("pk"))

    def by_submitted(self, rows, value):
        day = TruncDate("at", tzinfo=timezone.get_default_timezone())  # as DailyWork counts
        given = Submission.objects.annotate(day=day).filter(
            assignment__round=self.round, assignment__state="submitted", day=value
        )
        return rows.filter(dialogue__in=given.order_by().values("assignment__dialogue"))


def round_dialogues(request, pk):
    """The dialogues of a round with who has them."""
    found = round_of(request, pk)
    form = RoundDialogueFilter(request.GET, round=found)
    rows = form.filtered(found.round_items.select_related("dialogue", "withdrawal"))
    names = names_for(found, found.corpus.my_role)

    def prepare(items):
        work: dict[int, list[Assignment]] = {}
        given = found.assignments.filter(dialogue__in=[item.dialogue_id for item in items])
        # sorted here: SQLite finds an ordered few by looking through all of the round
        for assignment in sorted(given.order_by().select_related("skipped"), key=attrgetter("pk")):
            work.setdefault(assignment.dialogue_id, []).append(assignment)
        return [
            (item, [(names[each.person_id], each) for each in _listed(work, item, names)])
            for item in items
        ]

    export = export_of(request, found.corpus)
    table = ROUND_DIALOGUES.page(request, rows, form, prepare=prepare, export=export)

    @cache  # the same in the menus of all rows
    def seats():
        present = found.participants.filter(left_at=None).select_related("person")
        options = [(seat.pk, seat.person) for seat in present]
        return format_html_join("", '<option value="{}">{}</option>', options)

    shown = context(
        found.corpus,
        "rounds",
        round=found,
        blind=bool(why_withheld(request.user, [found])),
        seats=seats,
    )
    return table.render("annotation/round_dialogues.html", shown)


def _listed(work, item, names):
    """Who has a dialogue: as they got it, or by letter where that would tell who came first."""
    given = work.get(item.dialogue_id, [])
    return sorted(given, key=lambda one: names.rank[one.person_id]) if names.by_letter else given


@require_POST
def round_dialogue(request, pk, item):
    """Withdraw a dialogue, put it back, or give it to somebody."""
    found = round_of(request, pk, LEAD)
    row = get_object_or_404(found.round_items.select_related("dialogue", "round"), pk=item)
    verb = request.POST.get("verb")
    try:
        if verb == "withdraw":
            reason = text(request.POST, "reason")
            if not reason:
                raise UserError(gettext_noop("Enter the reason; annotators see it."))
            withdraw(row, request.user, reason)
        elif verb == "reinstate":
            reinstate(row, request.user)
        elif verb == "assign":
            seat = get_object_or_404(
                found.participants.select_related("round", "person"),
                pk=number(request.POST.get("seat")),
            )
            assign(seat, request.user, row)
        else:
            raise Http404
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    return redirect(
        f"{reverse('round_dialogues', args=[pk])}?{request.POST.get('query', '')}#p{row.pk}"
    )


COMMENTS = DataTable(
    "comments",
    [
        Column("comment", gettext_lazy("comment"), fixed=True,
               value=lambda row: row["comment"].words),
        Column("kind", gettext_lazy("kind"), sort="kind",
               value=lambda row: row["comment"].get_kind_display()),
        Column("utterance", gettext_lazy("utterance"), sort=("utterance__dialogue__uid", "pk"),
               value=lambda row: row["comment"].utterance.uid),
        Column("author", gettext_lazy("annotator"), value=lambda row: row["author"]),
        Column("at", gettext_lazy("time"), sort="at", falling=True,
               value=lambda row: row["comment"].at),
        Column("replies", gettext_lazy("replies"), hidden=True,
               value=lambda row: [f"{name}: {reply.words}" for name, reply in row["replies"]]),
        Column("state", gettext_lazy("state"),
               value=lambda row: COMMENT_STATES["resolved" if row["resolver"] else "open"]),
    ],
    sort="-at",
    size=25,
)  # fmt: skip


class CommentFilter(FilterForm):
    """Which comments and flags of a round; at first those that nobody has resolved."""

    q = forms.CharField(label=gettext_lazy("text"), required=False, max_length=200, strip=True)
    state = forms.ChoiceField(
        label=gettext_lazy("state"), required=False, choices=[*COMMENT_STATES.items()]
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("kind"),
        required=False,
        choices=[("", gettext_lazy("all")), *Comment.Kind.choices],
    )
    unset = ("open",)

    def by_q(self, rows, value):
        return rows.filter(words__icontains=value)

    def by_state(self, rows, value):
        return rows.filter(resolution__isnull=False) if value == "resolved" else rows

    def by_kind(self, rows, value):
        return rows.filter(kind=value)

    def filtered(self, rows):
        rows = super().filtered(rows)
        asked = self.cleaned_data.get("state") if self.is_valid() else ""
        return rows.waiting() if asked in ("", "open") else rows


def comments(request, pk):
    """Comments and flags: an inbox that is answered and emptied."""
    found = results_of(request, pk)
    form = CommentFilter(request.GET)
    rows = form.filtered(Comment.objects.filter(assignment__round=found, taken_back=False))
    rows = rows.select_related(
        "assignment__person", "utterance__speaker", "utterance__dialogue", "resolution__person"
    ).prefetch_related("replies__person")
    names = names_for(found, found.corpus.my_role)
    table = COMMENTS.page(
        request, rows, form, prepare=lambda page: [_named(row, names) for row in page],
        export=export_of(request, found.corpus), file=f"comments-{found.pk}",
    )  # fmt: skip
    given = Comment.objects.filter(assignment__round=found, taken_back=False).exists()
    shown = context(found.corpus, "rounds", round=found, given=given)
    return table.render("annotation/round_comments.html", shown)


def _named(comment, names):
    """A comment with what its author and those who answered are called."""
    resolution = getattr(comment, "resolution", None)
    return {
        "comment": comment,
        "author": names[comment.assignment.person_id],
        "replies": [(names.of(reply.person), reply) for reply in comment.replies.all()],
        "resolver": names.of(resolution.person) if resolution else "",
    }


@require_POST
def comment(request, pk):
    """Answer a comment, say that it is dealt with, or take that back."""
    row = get_object_or_404(Comment.objects.select_related("assignment__round"), pk=pk)
    results_of(request, row.assignment.round_id, LEAD, ADJUDICATOR)
    try:
        if request.POST.get("words", "").strip():
            row.reply(request.user, request.POST["words"])
        if request.POST.get("verb") == "resolve":
            row.resolve(request.user)
        elif request.POST.get("verb") == "reopen":
            row.unresolve(request.user)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    address = reverse("round_comments", args=[row.assignment.round_id])
    return redirect(f"{address}?{request.POST.get('query', '')}")
