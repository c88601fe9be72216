"""Everybody with an account, for the administrators of the installation."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import F, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.pagination import page_of
from core.parameters import text
from core.translation import translate_error
from people.models import Person
from people.sign_in.lockout import locks, unlock_address
from people.sign_in.password_reset import make_reset_link, reset_link_end
from people.sign_in.second_factor import remove_second_factor, second_factor_of

ORDERS: dict[str, list[Any]] = {
    "name": ["username"],
    "seen": [F("last_login").desc(nulls_last=True), "username"],
    "joined": ["-date_joined"],
}
SIZE = 50


def check_administrator(request):
    """Raises Http404 for everybody else, to whom these pages do not exist."""
    if not request.user.is_superuser:
        raise Http404


def people(request):
    """All accounts, with search; a POST unlocks an address."""
    check_administrator(request)
    if request.method == "POST":
        unlock_address(text(request.POST, "address"), request.user)
        return redirect("installation_people")
    words, order = text(request.GET, "q"), request.GET.get("order", "name")
    found = Person.objects.filter(
        Q(username__icontains=words) | Q(name__icontains=words) | Q(email__icontains=words)
    )
    page = page_of(request, found.order_by(*ORDERS.get(order, ORDERS["name"])), SIZE)
    locked = locks()
    accounts = {lock.account for lock in locked}
    for person in page:
        person.locked = person.username in accounts
    context = {
        "tab": "people",
        "page": page,
        "words": words,
        "order": order,
        "addresses": [lock for lock in locked if not lock.account],
    }
    return render(request, "people/installation_people.html", context)


def person(request, pk):
    """One account, and what an administrator may do with it (POST `verb`)."""
    check_administrator(request)
    found = get_object_or_404(Person, pk=pk)
    if request.method == "POST":
        _act(request, found, request.POST.get("verb", ""))
        return redirect("installation_person", pk)
    context = {
        "tab": "people",
        "person": found,
        "locks": [lock for lock in locks() if lock.account == found.username],
        "is_me": found == request.user,
    }
    return render(request, "people/installation_person.html", context | second_factor_of(found))


VERBS = {
    "unlock": Person.unlock,
    "deactivate": Person.deactivate,
    "reactivate": Person.reactivate,
    "grant administrator": Person.grant_administrator,
    "remove administrator": Person.remove_administrator,
    "remove second factor": remove_second_factor,
}


def _act(request, found, verb):
    if verb not in VERBS:
        raise Http404
    try:
        VERBS[verb](found, request.user)
    except UserError as error:
        messages.error(request, translate_error(error))
    else:
        messages.success(request, _("Done."))


@require_POST
@never_cache
def reset_link(request, pk):
    """A link to set a new password, which is shown once."""
    check_administrator(request)
    found = get_object_or_404(Person, pk=pk, is_active=True)
    return show_reset_link(request, found)


@transaction.atomic
def show_reset_link(request, found):
    """The page with a new link for somebody; who asks for it was checked before."""
    link = request.build_absolute_uri(make_reset_link(found, request.user))
    context = {"person": found, "link": link, "end": reset_link_end()}
    return render(request, "people/reset_link.html", context)
