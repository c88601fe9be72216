"""Sending an invitation by e-mail; a worker does it, in the language of who sends it."""

import smtplib

from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.errors import UserError, gettext_noop
from corpus.models import Invitation

TIMEOUT = 30  # seconds for the mail server


def send_invitation(job):
    """Send the invitation of an InvitationEmail. Raises UserError if the server refuses it."""
    invitation = job.invitation
    invitation.check_open()
    if not invitation.token:
        raise UserError(gettext_noop("The link cannot be shown again. Make a new one."))
    try:
        with translation.override(job.language):
            message(invitation, job.site).send()
    except (smtplib.SMTPException, OSError) as error:
        raise UserError(
            gettext_noop("The mail server did not take it: %(error)s"), error=str(error)[:300]
        ) from error
    job.report_progress()  # not if the link was replaced meanwhile
    Invitation.objects.filter(pk=invitation.pk).update(sent_at=timezone.now())


def message(invitation, site):
    """The e-mail, in the active language."""
    link = site.rstrip("/") + reverse("invitation", args=[invitation.token])
    values = {"invitation": invitation, "corpus": invitation.corpus, "link": link}
    subject = _("%(name)s invites you to %(corpus)s") % {
        "name": invitation.invited_by,
        "corpus": invitation.corpus,
    }
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=render_to_string("corpus/invitation_email.txt", values),
        to=[invitation.email],
        connection=get_connection(timeout=TIMEOUT),
    )
