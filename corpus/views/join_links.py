"""Self-registration: the join link of a corpus, who asks by it, and what a lead decides."""

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.parameters import posted
from core.translation import translate_error
from corpus.invitation_forms import DecisionForm, JoinLinkForm
from corpus.models import Corpus, JoinLink, JoinRequest
from corpus.models.invitations import ClosedLink
from corpus.page_context import members_context
from corpus.permissions import LEAD, corpus_of
from corpus.qr_codes import data_uri
from corpus.views.acceptance import BACKEND, closed
from people.forms import AccountForm
from people.throttle import throttled


def join_link(request, pk):
    """Switch the join link on, renew it, or switch it off."""
    corpus = corpus_of(request, pk, LEAD)
    form = JoinLinkForm(posted(request))
    if request.method == "POST" and request.POST.get("verb") == "switch off":
        JoinLink.switch_off(request.user, corpus)
        messages.success(request, _("The join link is switched off. Requests that wait stay."))
        return redirect("join_link", pk)
    if request.method == "POST" and form.is_valid():
        JoinLink.switch_on(request.user, corpus, **form.cleaned_data)
        return redirect("join_link", pk)
    link = corpus.join_links.current().first()
    shown = members_context(corpus, "join_link", form=form, link=link)
    if link:
        shown |= _shown(request, link)
    return render(request, "corpus/join_link.html", shown)


def _shown(request, link):
    """The address of a link with its QR code, how often it was used, and why it is closed."""
    token, why = link.token, ""
    address = request.build_absolute_uri(reverse("join", args=[token])) if token else ""
    try:
        link.check_open()
    except ClosedLink as error:
        why = translate_error(error)
    return {
        "address": address,
        "code": data_uri(address) if address else "",
        "used": link.counted().count(),
        "why": why,
    }


@login_not_required
@throttled
def join(request, token):
    """Ask to join a corpus, with a new account or an own one."""
    link = get_object_or_404(JoinLink.objects.with_token(token).select_related("corpus"))
    try:
        if request.user.is_authenticated:
            return _as_who_is_signed_in(request, link)
        link.check_open()
        return _as_newcomer(request, link, token)
    except ClosedLink as error:
        return closed(request, error)


def _as_who_is_signed_in(request, link):
    if link.corpus.join_requests.waiting().filter(person=request.user).exists():
        return redirect("home")
    try:
        link.check_open()
        link.check_person(request.user)
        if request.method == "POST":
            link.request(request.user)
            return redirect("home")
    except ClosedLink:
        raise
    except UserError as error:
        corpus = link.corpus if link.corpus.role_of(request.user) else None
        return closed(request, error, corpus, status=200 if corpus else 403)
    return render(request, "corpus/join.html", {"link": link})


def _as_newcomer(request, link, token):
    form = AccountForm(posted(request))
    if link.email_domain:
        form.fields["email"].required = True
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                person = form.save()
                link.request(person)
        except ClosedLink:
            raise
        except UserError as error:
            form.add_error("email", translate_error(error))
        else:
            login(request, person, BACKEND)
            return redirect("home")
    sign_in = f"{reverse('login')}?next={reverse('join', args=[token])}"
    return render(request, "corpus/join.html", {"link": link, "form": form, "sign_in": sign_in})


@require_POST
def join_request(request, pk):
    """Approve or decline what somebody asks."""
    led = Corpus.objects.led_by(request.user)
    rows = JoinRequest.objects.filter(corpus__in=led).select_related("corpus", "person")
    found = get_object_or_404(rows, pk=pk)
    form = DecisionForm(request.POST, corpus=found.corpus)
    if not form.is_valid():
        raise Http404
    chosen = form.cleaned_data
    try:
        if chosen["verb"] == "decline":
            found.decline(request.user)
            words = _("The request of %(name)s is declined.")
        else:
            joined = found.approve(request.user, chosen["round"])
            words = _("%(name)s is now a member.")
            if chosen["round"] and not joined:
                messages.error(request, _("That round is closed; nobody can join it any more."))
        messages.success(request, words % {"name": found.person})
    except UserError as error:
        messages.error(request, translate_error(error))
    return redirect(f"{reverse('members', args=[found.corpus_id])}#requests")
