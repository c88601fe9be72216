from django.contrib.auth.forms import BaseUserCreationForm
from django.utils.translation import gettext_lazy as _

from people.models import Person


class AccountForm(BaseUserCreationForm):
    """A new account, made by who follows a link."""

    class Meta:
        model = Person
        fields = ["username", "name", "email"]
        labels = {"username": _("username"), "name": _("full name"), "email": _("email")}
