"""Accepting an invitation: by its link, with a new account or one's own, or on the start page."""

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.parameters import posted
from core.translation import translate_error
from corpus import round_offers
from corpus.models import Invitation
from corpus.models.invitations import ClosedLink
from corpus.permissions import ANNOTATOR
from people.forms import AccountForm
from people.throttle import throttled

BACKEND = "django.contrib.auth.backends.ModelBackend"


def closed(request, error, corpus=None, status=410):
    """A link that opens nothing (any more), with the sentence why."""
    page = {"sentence": translate_error(error), "member_of": corpus}
    return render(request, "corpus/link_closed.html", page, status=status)


@login_not_required
@throttled
def invitation(request, token):
    """Who invites whom to which corpus, and what makes one a member."""
    found = get_object_or_404(
        Invitation.objects.with_token(token).select_related("corpus", "invited_by", "person")
    )
    if request.user.is_authenticated and found.accepted_by_id == request.user.pk:
        return redirect(_place(found, request.user))
    try:
        found.check_open()
        if request.user.is_authenticated:
            return _as_who_is_signed_in(request, found)
        return _as_newcomer(request, found, token)
    except UserError as error:
        return closed(request, error)


def _as_who_is_signed_in(request, found):
    """Accept with one click."""
    try:
        found.check_person(request.user)
        if request.method == "POST":
            return _accepted(request, found.accept(request.user))
    except ClosedLink:
        raise
    except UserError as error:
        is_other = found.person_id and found.person_id != request.user.pk
        corpus = None if is_other else found.corpus
        return closed(request, error, corpus, status=403 if is_other else 200)
    found.record_opening()
    return render(request, "corpus/invitation.html", _described(found))


def _as_newcomer(request, found, token):
    """Make an account and accept at once, or sign in first."""
    form = None
    if found.person_id is None:
        initial = {"email": found.email, "name": found.name}
        form = AccountForm(posted(request), initial=initial)
    if form is not None and request.method == "POST" and form.is_valid():
        with transaction.atomic():
            person = form.save()
            accepted = found.accept(person)
        login(request, person, BACKEND)
        return _accepted(request, accepted)
    found.record_opening()
    sign_in = f"{reverse('login')}?next={reverse('invitation', args=[token])}"
    return render(
        request, "corpus/invitation.html", _described(found) | {"form": form, "sign_in": sign_in}
    )


def _described(found):
    """The invitation with the name of its round, if that goes on."""
    offers = dict(round_offers.open_rounds(found.corpus)) if found.round_id else {}
    return {"invitation": found, "round": offers.get(found.round_id, "")}


def _accepted(request, accepted):
    """Say what it means, and lead to what there is to do."""
    corpus = accepted.corpus
    if corpus is None:
        return redirect("home")
    role = corpus.memberships.get(person=request.user).get_role_display()
    messages.success(
        request,
        _("You are now a member of %(corpus)s: %(role)s.") % {"corpus": corpus, "role": role},
    )
    if accepted.round_id and not accepted.joins_round:
        messages.info(request, _("The round of the invitation is closed. Ask a lead for another."))
    return redirect(_place(accepted, request.user))


def _place(accepted, person):
    """Where there is something to do: an annotator's tasks, or the corpus."""
    corpus = accepted.corpus
    if corpus is None or corpus.role_of(person) is None:
        return reverse("home")
    tasks = round_offers.tasks_address(accepted.round_id)
    if accepted.role == ANNOTATOR and tasks:
        return tasks
    return reverse("corpus", args=[corpus.pk])


def _mine(request, pk):
    """An invitation that is bound to the person's account."""
    bound = Invitation.objects.filter(person=request.user).select_related("corpus", "invited_by")
    return get_object_or_404(bound, pk=pk)


@require_POST
def accept_invitation(request, pk):
    """Accept what the start page shows."""
    try:
        return _accepted(request, _mine(request, pk).accept(request.user))
    except UserError as error:
        messages.error(request, translate_error(error))
        return redirect("home")


@require_POST
def decline_invitation(request, pk):
    """Decline what the start page shows."""
    try:
        _mine(request, pk).decline(request.user)
    except UserError as error:
        messages.error(request, translate_error(error))
    else:
        messages.success(request, _("The invitation is declined."))
    return redirect("home")
