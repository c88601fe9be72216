"""What becomes of memberships and invitations when an account is deleted."""

from django.db.models import Q

from core.errors import UserError, gettext_noop
from corpus.models import Corpus, Invitation, Membership
from people import account_deletion


def only_lead(person):
    """Why the account of a corpus's only lead stays."""
    lead = Membership.Role.LEAD
    for corpus in Corpus.objects.led_by(person):
        others = corpus.memberships.filter(role=lead, person__is_active=True).exclude(person=person)
        if not others.exists():
            yield UserError(
                gettext_noop(
                    "You are the only lead of “%(corpus)s”. Nothing was deleted; make another "
                    "member lead first."
                ),
                corpus=corpus.name,
            )


def owner(person):
    """Why the account of a corpus's owner stays."""
    for corpus in Corpus.objects.filter(owner=person):
        yield UserError(
            gettext_noop(
                "You own “%(corpus)s”. Nothing was deleted; transfer it to another lead in its "
                "settings, or delete it first."
            ),
            corpus=corpus.name,
        )


def forget_invitations(person):
    """Close the open ones that they sent; those to them lose name and e-mail."""
    person.invitations.open().revoke(person)
    mine = Q(accepted_by=person) | Q(person=person)
    Invitation.objects.filter(mine).update(email="", name="")


def end_memberships(person):
    """The person belongs to no corpus any more; each audit log says which role ended."""
    for member in person.memberships.select_related("corpus"):
        person.record("dismiss", member, person=person.username, was=member.role)
        member.delete()


def guard_account_deletion():
    account_deletion.guards += [only_lead, owner]
    account_deletion.removers += [end_memberships, forget_invitations]
