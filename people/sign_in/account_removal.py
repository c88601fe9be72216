"""How somebody signed in: removed with the account, and where from."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.utils import timezone

from people.models import Event


def remove_sign_ins(person):
    """Everything by which this person signed in, and from where."""
    for model in (EmailAddress, Authenticator, SocialAccount, UserSession):
        model.objects.filter(user=person).delete()
    AccessAttempt.objects.filter(username=person.username).delete()
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            session.delete()
    for event in Event.objects.filter(noun="person", noun_id=person.pk, detail__has_key="address"):
        del event.detail["address"]
        event.save(update_fields=["detail"])
