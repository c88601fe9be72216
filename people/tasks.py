"""E-mails, sent by a worker."""

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.utils import translation
from django.utils.translation import gettext

from core.translation import translate
from people.models import Person


@shared_task
def send_notification(pk, subject, body, values):
    """Send templates with their values to a person, in the language of the account."""
    person = Person.objects.filter(pk=pk, is_active=True).exclude(email="").first()
    if person is None:
        return
    with translation.override(person.language or settings.LANGUAGE_CODE):
        title = " ".join(translate(subject, values).split())  # a name may hold a line break
        hint = gettext("You can choose on your account page which e-mails you get.")
        send_mail(
            f"[Shengqing] {title}", f"{translate(body, values)}\n\n{hint}\n", None, [person.email]
        )
