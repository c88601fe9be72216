"""A link by which somebody sets a new password: it works once and for PASSWORD_RESET_TIMEOUT."""

import datetime

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from people.models import Person


@transaction.atomic
def make_reset_link(person: Person, by: Person) -> str:
    """The path of a link for `person` to set a new password, made by somebody who may.

    It is not kept: whoever makes it sees it once. It ends when it is used, when the person signs
    in, and with time.
    """
    key = f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"
    by.record("make reset link", person, username=person.username)
    return reset_path(key)


def reset_path(key: str) -> str:
    """The address of a person's key, as allauth joins the two."""
    return reverse("account_reset_password_from_key", args=key.split("-", 1))


def reset_link_end() -> datetime.datetime:
    """When a link that is made now ends."""
    return timezone.now() + datetime.timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def may_be_reset_by_lead(person: Person) -> bool:
    """False for administrators: a lead who sets their password would become one."""
    return person.is_active and not (person.is_superuser or person.is_staff)
