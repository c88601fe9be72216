"""The list of corpora, one corpus and its people."""

import datetime

from django import forms
from django.contrib import messages
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from core.data_table import Column, DataTable
from core.errors import UserError
from core.filter_form import FilterForm
from core.pagination import page_of
from core.parameters import number, posted
from core.translation import translate_error
from corpus import checklist, round_offers, start_page
from corpus.forms import CorpusForm
from corpus.models import Corpus, CorpusDeletion, Installation, Invitation, Membership
from corpus.overview import MAIN, SIDE, Overview, next_step
from corpus.page_context import context, export_of, members_context
from corpus.permissions import ANNOTATOR, LEAD, corpus_of, resettable_people
from corpus.storage_kinds import KINDS
from people.models import Event, Person

CARDS_AT_ONCE = 4  # corpora whose cards are part of the start page; the others are asked for
NEEDS_ON_A_CARD = 5
UNDOABLE = datetime.timedelta(hours=1)  # so long a removal can be undone


def home(request):
    """Where everybody begins: an annotator's tasks, the corpora of leads and adjudicators with what
    needs somebody, the next step of whoever sets something up, what a newcomer can do.
    """
    person = request.user
    archived = request.GET.get("state") == "archived"
    mine = person.memberships.select_related("corpus__archival").order_by("corpus__name")
    memberships = list(mine)
    roles = {membership.role for membership in memberships}
    works = not person.is_superuser and roles == {ANNOTATOR}
    shown = [one for one in memberships if one.corpus.is_archived == archived]
    corpora = [one.corpus for one in shown]
    for place, (corpus, membership) in enumerate(zip(corpora, shown, strict=True)):
        corpus.my_role, corpus.role_name = membership.role, membership.get_role_display()
        corpus.card = None
        if corpus.my_role != ANNOTATOR and place < CARDS_AT_ONCE:
            corpus.card = card_of(corpus, person)
    page = {
        "works": works,
        "parts": [] if archived else start_page.parts(request, works),
        "corpora": corpora,
        "archived": archived,
        "archived_count": sum(one.corpus.is_archived for one in memberships),
        "deletions": person.corpus_deletions.exclude(status=CorpusDeletion.Status.DONE),
        "may_create": Installation.load().may_create(person),
        "invitations": Invitation.objects.for_account(person),
        "checklist": checklist.at_start(person),
        "requests": person.join_requests.waiting().select_related("corpus"),
    }
    return render(request, "corpus/home.html", page)


def switcher(request):
    """The person's corpora in the menu of the side bar."""
    mine = Membership.objects.filter(person=request.user).select_related("corpus")
    active = mine.filter(corpus__archival=None).order_by("corpus__name")
    return render(request, "corpus/_switcher.html", {"memberships": active[:50]})


def new_corpus(request):
    form = CorpusForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            corpus = Corpus.create(request.user, **form.cleaned_data)
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
        else:
            return redirect("corpus", corpus.pk)
    return render(request, "corpus/new_corpus.html", {"form": form})


def corpus(request, pk):
    """The overview: the pipeline, what needs somebody, panels of all apps, and the sources."""
    corpus = corpus_of(request, pk)
    overview = Overview(corpus, request.user)
    pipeline = overview.stages()
    page = context(
        corpus,
        "corpus",
        page=page_of(request, corpus.sources.all()),
        counts=overview.counts | {"speakers": corpus.speakers.count()},
        pipeline=pipeline,
        step=next_step(pipeline),
        needs=overview.needs(),
        main_panels=overview.panels(MAIN, request),
        side_panels=overview.panels(SIDE, request),
    )
    return render(request, "corpus/corpus.html", page)


def corpus_card(request, pk):
    """A corpus in a list: its pipeline in short, and the first things that need somebody."""
    corpus = corpus_of(request, pk)
    page = {"corpus": corpus, "card": card_of(corpus, request.user)}
    return render(request, "corpus/_corpus_card_body.html", page)


def card_of(corpus, person):
    """What a card says of a corpus beside its name."""
    overview = Overview(corpus, person)
    pipeline, waiting = overview.stages(), overview.needs()
    return {
        "pipeline": pipeline,
        "needs": waiting[:NEEDS_ON_A_CARD],
        "more_needs": max(len(waiting) - NEEDS_ON_A_CARD, 0),
    }


def corpus_storage_panel(request, pk):
    """What each kind of file takes, as a bar."""
    corpus = corpus_of(request, pk, LEAD)
    sizes = corpus.measured_storage()
    rows = [(words, sizes[kind]) for kind, words in KINDS.items() if sizes.get(kind)]
    page = {"corpus": corpus, "rows": rows, "total": sizes.total(), "quota": corpus.quota}
    return render(request, "corpus/_storage.html", page)


MEMBERS = DataTable(
    "members",
    [
        Column("name", gettext_lazy("name"), sort="shown_name", fixed=True,
               value=lambda row: row.person),
        Column("username", gettext_lazy("username"), sort="person__username",
               value=lambda row: row.person.username),
        Column("role", gettext_lazy("role"), sort="role"),
    ],
    sort="username",
)  # fmt: skip


class MemberFilter(FilterForm):
    """Which members of a corpus."""

    q = forms.CharField(label=gettext_lazy("name"), required=False, max_length=150, strip=True)
    role = forms.ChoiceField(
        label=gettext_lazy("role"),
        required=False,
        choices=[("", gettext_lazy("all")), *Membership.Role.choices],
    )

    def by_q(self, rows, value):
        return rows.filter(Q(person__name__icontains=value) | Q(person__username__icontains=value))

    def by_role(self, rows, value):
        return rows.filter(role=value)


def members(request, pk):
    """Who belongs to the corpus, and who asks to."""
    corpus = corpus_of(request, pk, LEAD)

    def prepare(people):
        resettable = resettable_people(request.user, [member.person for member in people])
        for member in people:
            member.is_resettable = member.person_id in resettable
        return people

    form = MemberFilter(request.GET)
    shown_name = Coalesce(NullIf("person__name", Value("")), "person__username")
    rows = form.filtered(corpus.people().annotate(shown_name=shown_name))
    table = MEMBERS.page(
        request, rows, form, prepare=prepare, aside=["removed"], export=export_of(request, corpus)
    )
    page = members_context(
        corpus,
        "members",
        roles=Membership.Role.choices,
        requests=corpus.join_requests.waiting().select_related("person"),
        rounds=round_offers.open_rounds(corpus),
        removed=_removal_of(request, corpus, number(request.GET.get("removed"))),
    )
    return table.render("corpus/members.html", page)


@require_POST
def membership(request, pk):
    """Change a member's role or end the membership; a corpus keeps at least one lead."""
    led = Membership.objects.filter(corpus__in=Corpus.objects.led_by(request.user))
    member = get_object_or_404(led.select_related("person", "corpus"), pk=pk)
    role, event, revoked = request.POST.get("role", ""), None, 0
    try:
        if role in Membership.Role.values:
            revoked = member.appoint(request.user, role)
        elif role == "none":
            event, revoked = member.dismiss(request.user)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    if revoked:
        words = ngettext(
            "%(n)d open invitation of %(name)s was revoked.",
            "%(n)d open invitations of %(name)s were revoked.",
            revoked,
        )
        messages.info(request, words % {"n": revoked, "name": member.person})
    if event:
        address = reverse("members", args=[member.corpus_id])
        return redirect(f"{address}?removed={event.pk}")
    return redirect("members", member.corpus_id)


@require_POST
def restore_member(request, pk):
    """Undo a removal: the person is again what they were, as the audit log remembers it."""
    corpus = corpus_of(request, pk, LEAD)
    event = _removal_of(request, corpus, number(request.POST.get("event")))
    person = Person.objects.filter(username=event.detail["person"]).first() if event else None
    if person is None:
        messages.error(request, _("This cannot be undone any more."))
    elif not corpus.role_of(person):
        member = corpus.memberships.create(person=person, role=event.detail["was"])
        Event.record(
            request.user, "admit", member, person=person.username, role=member.role, undo=True
        )
        messages.success(request, _("%(name)s is a member again.") % {"name": person})
    return redirect("members", pk)


def _removal_of(request, corpus, pk):
    """The Event of a removal that the person has made a short while ago, or None."""
    mine = Event.objects.filter(corpus_id=corpus.pk, verb="dismiss", noun="membership")
    return mine.filter(person=request.user, pk=pk, at__gt=timezone.now() - UNDOABLE).first()
