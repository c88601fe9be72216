from django.contrib.auth.forms import BaseUserCreationForm
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from people.models import Person


class AccountForm(BaseUserCreationForm):
    """A new account made from an invitation."""

    class Meta:
        model = Person
        fields = ["username", "name", "email"]
        labels = {"username": _("username"), "name": _("full name"), "email": _("email")}

    @transaction.atomic
    def accept(self, invitation):
        person = self.save()
        invitation.accept(person)
        return person
