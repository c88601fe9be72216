"""Roles in corpora that the claims of the OpenID Connect provider give at each sign-in."""

import logging

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from corpus.models import Corpus, Membership
from people.models import Event

log = logging.getLogger(__name__)
ORIGIN = "OpenID Connect"


def check_claimed_roles(roles):
    """Raises ImproperlyConfigured for a role of OIDC_ROLES that corpora do not have."""
    for entry in roles.values():
        if isinstance(entry, dict) and entry["role"] not in Membership.Role.values:
            known = ", ".join(Membership.Role.values)
            raise ImproperlyConfigured(f"OIDC_ROLES: {entry['role']!r} is not one of {known}")


@transaction.atomic
def apply_roles(person, wanted):
    """Give the roles of `wanted`, {corpus name: role or None}; None takes what claims have given.

    A membership that a lead has made or changed since stays as it is when the claim is missing. The
    owner and the last lead of a corpus stay.
    """
    corpora = list(Corpus.objects.filter(name__in=wanted).select_for_update())
    for name in wanted.keys() - {corpus.name for corpus in corpora}:
        log.warning("OIDC_ROLES names a corpus that does not exist: %s", name)
    for corpus in corpora:
        member = corpus.memberships.filter(person=person).first()
        role = wanted[corpus.name]
        if role and member is None:
            member = corpus.memberships.create(person=person, role=role)
            Event.record(None, "admit", member, person=person.username, role=role, origin=ORIGIN)
        elif role and member.role != role and not _stays_lead(member):
            Event.record(
                None, "appoint", member,
                person=person.username, was=member.role, role=role, origin=ORIGIN,
            )  # fmt: skip
            member.role = role
            member.save(update_fields=["role"])
        elif not role and member and _is_of_claims(member) and not _stays_lead(member):
            Event.record(
                None, "dismiss", member, person=person.username, was=member.role, origin=ORIGIN
            )
            member.delete()


def _is_of_claims(member):
    """True where claims were the last to decide on this membership."""
    events = Event.objects.filter(
        corpus_id=member.corpus_id, noun="membership", noun_id=member.pk
    ).exclude(verb="dismiss")
    last = events.first()
    return last is not None and last.detail.get("origin") == ORIGIN


def _stays_lead(member):
    """True of the owner, and of the only lead."""
    lead = Membership.Role.LEAD
    if member.person_id == member.corpus.owner_id:
        return True
    others = member.corpus.memberships.filter(role=lead).exclude(pk=member.pk)
    return member.role == lead and not others.exists()
