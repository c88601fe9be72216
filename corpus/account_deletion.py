"""What becomes of memberships when an account is deleted."""

from core.errors import UserError, gettext_noop
from corpus.models import Corpus, Membership
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


def end_memberships(person):
    """The person belongs to no corpus any more; each audit log says which role ended."""
    for member in person.memberships.select_related("corpus"):
        person.record("dismiss", member, person=person.username, was=member.role)
        member.delete()


def guard_account_deletion():
    account_deletion.guards.append(only_lead)
    account_deletion.removers.append(end_memberships)
