"""Everybody with an account, for the administrators of the installation."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from core.data_table import Column, DataTable
from core.errors import UserError
from core.filter_form import FilterForm
from core.parameters import text
from core.translation import translate_error
from people.models import Event, Person
from people.sign_in.lockout import locks, unlock_address
from people.sign_in.password_reset import make_reset_link, reset_link_end
from people.sign_in.second_factor import remove_second_factor, second_factor_of

PEOPLE = DataTable(
    "people",
    [
        Column("username", _l("username"), sort="username", fixed=True),
        Column("name", _l("name"), sort="name"),
        Column("email", _l("email"), sort="email"),
        Column("seen", _l("last sign-in"), sort="last_login", falling=True,
               value=lambda row: row.last_login),
        Column("joined", _l("account made"), sort="date_joined", falling=True, hidden=True,
               value=lambda row: row.date_joined),
        Column("corpora", _l("corpora"), numeric=True, exported=False),
        Column("state", _l("state"), exported=False),
    ],
    sort="username",
)  # fmt: skip


class PeopleFilter(FilterForm):
    """Which accounts."""

    q = forms.CharField(label=_l("name or e-mail"), required=False, max_length=200, strip=True)
    state = forms.ChoiceField(
        label=_l("state"),
        required=False,
        choices=[
            ("", _l("all")),
            ("administrator", _l("administrator")),
            ("active", _l("active")),
            ("inactive", _l("deactivated")),
        ],
    )

    def by_q(self, rows, words):
        return rows.filter(
            Q(username__icontains=words) | Q(name__icontains=words) | Q(email__icontains=words)
        )

    def by_state(self, rows, value):
        if value == "administrator":
            return rows.filter(is_superuser=True)
        return rows.filter(is_active=value == "active")


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
    form = PeopleFilter(request.GET)
    locked = locks()
    accounts = {lock.account for lock in locked}

    def prepare(rows):
        for person in rows:
            person.locked = person.username in accounts
        return rows

    table = PEOPLE.page(
        request,
        form.filtered(Person.objects.all()),
        form,
        prepare=prepare,
        export=lambda name: Event.record_once(request.user, "download", request.user, what=name),
    )
    context = {"tab": "people", "addresses": [lock for lock in locked if not lock.account]}
    return table.render("people/installation_people.html", context)


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
