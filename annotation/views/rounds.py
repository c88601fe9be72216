"""What a lead and an adjudicator see: rounds, agreement, and the items behind every number."""

from django import forms
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from annotation import disclosure
from annotation.annotator_names import names_for
from annotation.blinding import SEERS, blinding_rounds, seat_of, why_withheld  # fmt: skip
from annotation.forms import AdmissionForm, RoundForm
from annotation.models.rounds import resting
from annotation.overview import needs_of, needs_rows
from annotation.progress import funnel, funnel_rows, people, with_submission_counts
from annotation.rounds import open_as_chosen
from annotation.views.access import round_of
from annotation.views.agreement import bring_up
from core.data_table import Column, DataTable
from core.errors import UserError
from core.filter_form import FilterForm
from core.pagination import capped, counts_at_once
from core.parameters import posted
from core.translation import translate_error
from corpus.page_context import context, export_of
from corpus.permissions import ADJUDICATOR, LEAD, corpus_of

ROUNDS = DataTable(
    "rounds",
    [
        Column("round", _("round"), sort="name", fixed=True, value=str),
        Column("state", _("state"), sort=("closure__at", "opened_at"),
               value=lambda row: "open" if row.is_open else "closed"),
        Column("submitted", _("submitted"), sort="submission_count", numeric=True, falling=True,
               value=lambda row: row.submission_count),
        Column("progress", _("progress"), exported=False),
        Column("overlap", _("annotators per dialogue"), sort="overlap", numeric=True),
        Column("scheme", _("scheme"), sort="scheme_version__number",
               value=lambda row: row.scheme_version),
        Column("opened", _("opened"), sort="opened_at", falling=True,
               value=lambda row: row.opened_at),
        Column("wanted", _("submissions wanted"), hidden=True, numeric=True),
    ],
    sort="-opened",
)  # fmt: skip


class RoundFilter(FilterForm):
    """Which rounds of a corpus."""

    q = forms.CharField(label=_("name"), required=False, max_length=120, strip=True)
    state = forms.ChoiceField(
        label=_("state"),
        required=False,
        choices=[("", _("all")), ("open", _("open")), ("closed", _("closed"))],
    )

    def by_q(self, rows, value):
        return rows.filter(name__icontains=value)

    def by_state(self, rows, value):
        return rows.filter(closure__isnull=value == "open")


def rounds(request, pk):
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    form = RoundFilter(request.GET)
    rows = with_submission_counts(form.filtered(corpus.rounds.all()))
    rows = rows.select_related("closure", "scheme_version").annotate(resting=resting("pk"))
    table = ROUNDS.page(request, rows, form, export=export_of(request, corpus))
    return table.render("annotation/rounds.html", context(corpus, "rounds"))


def new_round(request, pk):
    """Open a round; `check` in what is sent shows who will see what, and opens nothing."""
    corpus = corpus_of(request, pk, LEAD)
    form = RoundForm(posted(request), corpus=corpus)
    checked = "check" in request.POST
    valid = form.is_valid()
    if request.method == "POST" and valid and not checked:
        try:
            return redirect("round", open_as_chosen(request.user, corpus, form).pk)
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
    page = context(corpus, "rounds", form=form, ready=corpus.dialogues.published().exists())
    if page["ready"]:
        page |= {
            "disclosure": disclosure.table(form.plan()),
            "workload": form.workload(),
            "checked": checked,
        }
    if request.htmx:
        return render(request, "annotation/_round_choices.html", page)
    return render(request, "annotation/new_round.html", page)


def round_page(request, pk):
    """Progress person by person, and agreement task by task; the latter not for somebody who
    annotates these dialogues blind.
    """
    found = round_of(request, pk)
    corpus, role = found.corpus, found.corpus.my_role
    blind = list(blinding_rounds(request.user, [found]).order_by("pk"))
    seats = list(found.participants.select_related("person"))
    present = [seat for seat in seats if seat.left_at is None]
    members = list(corpus.people())
    names = names_for(found, role, seats)
    if not blind:
        bring_up(found)
    counted = counts_at_once(
        funnel_rows(found)
        | needs_rows(found, role, bool(blind), present)
        | {"pauses": found.pauses.filter(lifted_at=None), "flags": found.quality_flags.waiting()}
    )
    done, wanted = found.share_done()
    page = context(
        corpus,
        "rounds",
        round=found,
        done=done,
        wanted=wanted,
        paused=counted["pauses"],
        funnel=None if found.published else funnel(counted),
        needs=needs_of(found, role, counted),
        people=_people(request, found, blind, wanted, (seats, members, names)),
        admission=AdmissionForm(round=found, members=members),
        blind=[(round, seat_of(request.user, round)) for round in blind],
    )
    if not found.published:
        roles = {member.person_id: member.role for member in members}
        plan = disclosure.Plan.of(found, present, roles)
        page["disclosure"] = disclosure.table(plan, names.by_letter)
    if not blind:
        page["comments"] = counted["comments", found]
        page["open_items"] = capped(counted["contested", found])
        page["quality_flags"] = counted["flags"]
    return render(request, "annotation/round.html", page)


def _people(request, round, blind, wanted, known):
    """The rows of `people` with what each is called, in that order for whoever sees letters."""
    seats, members, names = known
    test = [round.qualification or round]
    hidden = {
        **(dict.fromkeys(["gold", "low", "checks"]) if blind else {}),
        **({"qualified": None} if blind and why_withheld(request.user, test) else {}),
    }
    seers = {member.person_id for member in members if member.role in SEERS}
    rows, found = [], people(round, seats)
    seated = sum(row["seat"].left_at is None for row in found) or 1
    for row in found:
        seat = row["seat"]
        may = seat.person_id in seers and not seat.unblinded and not seat.left_at and round.is_open
        shown = {"name": names[seat.person_id], "may_unblind": may}
        shown["openly"] = seat.unblinded and not names.by_letter  # few do: it would tell who
        share = seat.quota or -(-wanted // seated)  # rounded up
        rows.append(row | hidden | shown | {"share": max(share, row["done"])})
    if names.by_letter:
        rows.sort(key=lambda row: names.rank[row["seat"].person_id])
    return rows
