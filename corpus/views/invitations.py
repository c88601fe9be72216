"""A lead's invitations: whom they invite, the links to hand out, and what became of them."""

import json

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.csv_export import csv_lines
from core.data_table import Column, DataTable
from core.errors import UserError
from core.pagination import page_of
from core.parameters import posted, text
from core.translation import translate_error
from corpus import round_offers
from corpus.invitation_forms import VALID_FOR, DaysForm, InvitationFilter, InvitationForm
from corpus.models import Corpus, Invitation, InvitationEmail
from corpus.models.invitations import new_batch
from corpus.page_context import export_of, members_context
from corpus.permissions import LEAD, corpus_of
from corpus.qr_codes import data_uri

CARDS = 60  # links on a page of the sheet
INVITATIONS = DataTable(
    "invitations",
    [
        Column("for", gettext_lazy("for"), sort=("name", "email"), fixed=True,
               value=lambda row: row[0].addressee),
        Column("email", gettext_lazy("email"), sort="email", hidden=True,
               value=lambda row: row[0].email),
        Column("role", gettext_lazy("role"), sort="role",
               value=lambda row: row[0].get_role_display() if row[0].corpus_id else ""),
        Column("round", gettext_lazy("round"), hidden=True, value=lambda row: row[1]),
        Column("status", gettext_lazy("status"), sort="status",
               value=lambda row: row[0].status_label),
        Column("created", pgettext_lazy("time", "created"), sort="created_at", falling=True,
               value=lambda row: row[0].created_at),
        Column("expires", gettext_lazy("expires"), sort="expires_at",
               value=lambda row: row[0].expires_at),
    ],
    sort="-created",
)  # fmt: skip
KEPT = ("role", "round", "days", "message", "send", "count")  # fields that the check page sends on


def invitations(request, pk):
    """The invitations of a corpus, and the form that makes new ones."""
    corpus = corpus_of(request, pk, LEAD)
    form = InvitationForm(posted(request), request.FILES or None, corpus=corpus)
    if request.method == "POST" and form.is_valid():
        confirmed = form.cleaned_data["rows"] and not form.invitees.faults
        if confirmed or form.is_clear:
            return redirect(_invite(request, corpus, form))
        return render(request, "corpus/invitation_check.html", _check_context(corpus, form))
    everything = Invitation.objects.filter(
        Q(corpus=corpus) | Q(corpus=None, invited_by=request.user)
    )
    asked = InvitationFilter(request.GET)
    rows = asked.filtered(everything.with_status())
    rows = rows.select_related("person", "accepted_by", "delivery")

    def prepare(some):
        wanted = {each.round_id for each in some if each.round_id}
        rounds = round_offers.names(corpus, wanted) if wanted else {}
        return [(each, rounds.get(each.round_id, "")) for each in some]

    table = INVITATIONS.page(
        request, rows, asked, prepare=prepare, export=export_of(request, corpus),
        aside=("invite",),
    )  # fmt: skip
    shown = members_context(
        corpus, "invitations", form=form, given=everything.exists(), periods=VALID_FOR,
        can_send=settings.EMAIL_ENABLED, my_links=_mine(request, corpus).exists(),
    )  # fmt: skip
    return table.render("corpus/invitations.html", shown)


def _check_context(corpus, form):
    """What was read of a list of people, and what the next step sends on."""
    sent = form.cleaned_data
    kept = [(name, sent[name]) for name in KEPT if sent.get(name) not in (None, "", False)]
    return members_context(
        corpus,
        "invitations",
        invitees=form.invitees,
        rows=json.dumps(form.invitees.to_json(), ensure_ascii=False),
        kept=kept,
        count=sent["count"] or 0,
        round=round_offers.names(corpus, [sent["round"]]).get(sent["round"])
        if sent.get("round")
        else "",
    )


@transaction.atomic
def _invite(request, corpus, form):
    """Make the invitations; the address of their sheet."""
    chosen, batch = form.cleaned_data, new_batch()
    shared = {"days": chosen["days"], "message": chosen["message"], "batch": batch}
    for person in form.invitees.people:
        invitation = Invitation.invite(
            request.user, corpus, name=person.name, email=person.email, person=person.person,
            role=person.role, round_id=chosen.get("round"), **shared,
        )  # fmt: skip
        if chosen.get("send") and person.email:
            _send(request, invitation)
    for _number in range(chosen["count"] or 0):
        Invitation.invite(
            request.user, corpus, role=chosen["role"], round_id=chosen.get("round"), **shared,
        )  # fmt: skip
    made = len(form.invitees.people) + (chosen["count"] or 0)
    words = ngettext("%(n)d invitation created.", "%(n)d invitations created.", made)
    messages.success(request, words % {"n": made})
    return _sheet_address(corpus, batch)


def _send(request, invitation):
    site = request.build_absolute_uri("/")
    InvitationEmail.request(request.user, invitation, site, get_language())


def _sheet_address(corpus, batch):
    return f"{reverse('invitation_sheet', args=[corpus.pk])}?batch={batch}"


def _mine(request, corpus):
    """The open invitations of the person themselves: nobody else is shown their links."""
    return corpus.invitations.open().filter(invited_by=request.user).order_by("pk")


def invitation_sheet(request, pk):
    """The links of invitations as cards with QR codes, to be copied, printed, cut out."""
    corpus = corpus_of(request, pk, LEAD)
    batch, rows = text(request.GET, "batch"), _mine(request, corpus).select_related("person")
    if batch:
        rows = rows.filter(batch=batch)
    page = page_of(request, rows, CARDS)
    cards = []
    for invitation in page:
        link = _link(request, invitation)
        cards.append((invitation, link, data_uri(link) if link else ""))
    page.object_list = cards
    shown = members_context(corpus, "invitations", page=page, batch=batch)
    return render(request, "corpus/invitation_sheet.html", shown)


def _link(request, invitation):
    """The link; "" where it cannot be told again."""
    token = invitation.token
    return request.build_absolute_uri(reverse("invitation", args=[token])) if token else ""


def invitations_csv(request, pk):
    """The same links as a table."""
    corpus = corpus_of(request, pk, LEAD)
    batch, rows = text(request.GET, "batch"), _mine(request, corpus).select_related("person")
    if batch:
        rows = rows.filter(batch=batch)
    table = []
    for row in rows:
        expires = f"{timezone.localtime(row.expires_at):%Y-%m-%d %H:%M}"
        username = row.person.username if row.person else ""
        table.append([row.name, row.email, username, row.role, expires, _link(request, row)])
    header = ["name", "e-mail", "username", "role", "expires", "link"]
    response = HttpResponse(csv_lines(header, table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="invitations.csv"'
    return response


def _of(request, pk):
    """An invitation into a corpus that the person leads."""
    led = Corpus.objects.led_by(request.user)
    return get_object_or_404(Invitation.objects.filter(corpus__in=led), pk=pk)


@require_POST
def revoke_invitation(request, pk):
    """Close a link; also one of an earlier version, which the person made."""
    mine = Q(corpus__in=Corpus.objects.led_by(request.user)) | Q(
        corpus=None, invited_by=request.user
    )
    invitation = get_object_or_404(Invitation.objects.filter(mine), pk=pk)
    try:
        invitation.revoke(request.user)
    except UserError as error:
        messages.error(request, translate_error(error))
    else:
        messages.success(request, _("The invitation is revoked. Its link opens nothing any more."))
    return redirect("invitations", invitation.corpus_id) if invitation.corpus else redirect("home")


@require_POST
def renew_invitation(request, pk):
    """Replace a link by a new one, which is shown, and sent by e-mail if that is wanted."""
    invitation = _of(request, pk)
    try:
        renewed = invitation.renew(request.user)
    except UserError as error:
        messages.error(request, translate_error(error))
        return redirect("invitations", invitation.corpus_id)
    if request.POST.get("send") and renewed.email and settings.EMAIL_ENABLED:
        _send(request, renewed)
    messages.success(request, _("This link replaces the one before."))
    return redirect(_sheet_address(renewed.corpus, renewed.batch))


@require_POST
def extend_invitation(request, pk):
    """Let a link be valid for longer."""
    invitation, form = _of(request, pk), DaysForm(request.POST)
    if form.is_valid():
        try:
            invitation.extend(request.user, form.cleaned_data["days"])
        except UserError as error:
            messages.error(request, translate_error(error))
        else:
            messages.success(request, _("The invitation is valid for longer."))
    else:
        messages.error(request, _("Choose for how many days the link is valid."))
    return redirect("invitations", invitation.corpus_id)
