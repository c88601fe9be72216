"""Lock-out after failed attempts to sign in: of an account from an address, and of an address."""

import datetime
from dataclasses import dataclass

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from people.models import Event, Person
from people.sign_in.client_address import client_address


class LockoutHandler(AxesDatabaseHandler):
    """Counts failures in the database, with a limit of its own for accounts and for addresses."""

    def get_failures(self, request, credentials=None):
        """1 for who is locked out, else 0."""
        address = client_address(request)
        return int(lock_end(account_tried(request, credentials), address) is not None)

    @transaction.atomic
    def user_login_failed(self, sender, credentials, request=None, **kwargs):
        """Count it and write it down; an attempt while locked changes nothing."""
        was_locked = request is not None and request.axes_locked_out
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request is None or was_locked:
            return
        tried, address = account_tried(request, credentials), client_address(request)
        person = Person.objects.filter(username=tried).first() or Person(pk=0)
        Event.record(None, "fail to sign in", person, username=tried, address=address)
        if request.axes_locked_out:
            end = lock_end(tried, address)
            until = end.isoformat() if end else ""
            Event.record(None, "lock", person, username=tried, address=address, until=until)

    def reset_user_attempts(self, request, credentials=None):
        """Forget the failures of who has signed in, not those of others at the same address."""
        account_and_address, _address = self.filter_user_attempts(request, credentials)
        return account_and_address.delete()[0]


def account_tried(request, credentials=None):
    """The name of the account that somebody tries to sign in to, also by its e-mail address."""
    credentials = credentials or {}
    login = (credentials.get("username") or credentials.get("email") or "").strip()[:254]
    known = request.__dict__.setdefault("_accounts_tried", {})
    if login not in known:
        person = person_called(login)
        known[login] = person.username if person else login.lower()
    return known[login]


def person_called(login):
    """The one person with this name or e-mail address, or None."""
    exact = Person.objects.filter(username=login).first()
    if exact or not login:
        return exact
    alike = Q(username__iexact=login) | Q(email__iexact=login)
    alike |= Q(emailaddress__email__iexact=login)
    found = list(Person.objects.filter(alike).distinct()[:2])
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class Lock:
    """An account that is locked out at an address; every account where it names none."""

    account: str
    address: str
    end: datetime.datetime


def lock_end(account, address):
    """When the account, or everybody, may try again at this address; None where they may now."""
    rows = _recent().filter(ip_address=address)
    ends = [
        _end(rows.filter(username=account), settings.SIGN_IN_FAILURES),
        _end(rows, settings.SIGN_IN_ADDRESS_FAILURES),
    ]
    return max((end for end in ends if end), default=None)


def locks():
    """Everything that is locked out now, by account and address."""
    rows = _recent()
    found = []
    for account, address in set(rows.values_list("username", "ip_address")):
        own = rows.filter(username=account, ip_address=address)
        if end := _end(own, settings.SIGN_IN_FAILURES):
            found.append(Lock(account or "", address or "", end))
    for address in set(rows.values_list("ip_address", flat=True)):
        if end := _end(rows.filter(ip_address=address), settings.SIGN_IN_ADDRESS_FAILURES):
            found.append(Lock("", address or "", end))
    return sorted(found, key=lambda lock: (lock.account, lock.address))


def _recent():
    return AccessAttempt.objects.filter(
        attempt_time__gt=timezone.now() - settings.AXES_COOLOFF_TIME
    )


def _end(rows, limit):
    """When fewer than `limit` failures are left of these, None where it is so already."""
    counted = list(
        rows.order_by("attempt_time").values_list("failures_since_start", "attempt_time")
    )
    left, last = sum(failures for failures, _at in counted), None
    while left >= limit:
        failures, last = counted.pop(0)
        left -= failures
    return last + settings.AXES_COOLOFF_TIME if last else None


def lock_message(end):
    """What is said to somebody who is locked out."""
    return gettext(
        "Too many failed attempts to sign in. You can try again at %(time)s. An administrator of"
        " this installation can unlock the account earlier, or give you a link to set a new"
        " password."
    ) % {"time": date_format(timezone.localtime(end), "H:i")}


def message_if_locked(request, account):
    """The sentence for somebody who tries this account at this address, "" where they may."""
    end = lock_end(account, client_address(request))
    return lock_message(end) if end else ""


def count_failure(request, account):
    """Count a wrong code as a wrong password is counted."""
    AxesProxyHandler.user_login_failed(__name__, {"username": account}, request)


def too_many_requests(request, response, credentials=None):
    """The page that says so, with the status for it."""
    response.status_code = 429
    return response


@transaction.atomic
def unlock_address(address, by):
    """Forget the failures at an address, whatever account was tried."""
    rows = AccessAttempt.objects.filter(ip_address=address)
    accounts = sorted(set(rows.values_list("username", flat=True)))
    if rows.delete()[0]:
        by.record("unlock address", by, address=address, accounts=accounts[:50])
