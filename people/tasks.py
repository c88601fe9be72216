"""E-mails, sent by a worker."""

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.utils import translation
from django.utils.translation import gettext

from core.translation import translate
from people.models import Person


@shared_task
def send_notification(pk, subject, body, values, path=""):
    """Send templates with their values to a person, in the language of the account.

    `path` is the page that it is about; it is named where SITE_URL says what comes before it.
    """
    person = Person.objects.filter(pk=pk, is_active=True).exclude(email="").first()
    if person is None:
        return
    with translation.override(person.language or settings.LANGUAGE_CODE):
        title = " ".join(translate(subject, values).split())  # a name may hold a line break
        hint = gettext("You can choose on your account page which e-mails you get.")
        paragraphs = [translate(body, values), hint]
        if settings.SITE_URL and path:
            paragraphs.insert(1, f"{settings.SITE_URL}{path}")
        send_mail(f"[Shengqing] {title}", "\n\n".join(paragraphs) + "\n", None, [person.email])
