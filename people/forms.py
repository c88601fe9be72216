from django import forms
from django.contrib.auth.forms import BaseUserCreationForm
from django.utils.translation import gettext_lazy as _

from core.translation import translate_error
from people import installation
from people.models import Person


class AccountForm(BaseUserCreationForm):
    """A new account, made by who follows a link."""

    class Meta:
        model = Person
        fields = ["username", "name", "email"]
        labels = {"username": _("username"), "name": _("full name"), "email": _("email")}


class AdministratorForm(AccountForm):
    """The first account of an installation, with its one-time code."""

    code = forms.CharField(
        label=_("one-time code"),
        max_length=40,
        help_text=_("The server's terminal shows it when it starts; also in DATA_DIR/setup_code."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ["code"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].required = self.fields["email"].required = True

    def clean_code(self):
        code = self.cleaned_data["code"]
        try:
            installation.check_code(code)
        except installation.WrongCode as error:
            raise forms.ValidationError(translate_error(error)) from error
        except installation.AlreadySetUp:
            pass  # `create` says so
        return code

    def create(self):
        """The administrator, saved. Raises AlreadySetUp."""
        person = self.save(commit=False)
        return installation.create_administrator(person, self.cleaned_data["code"])
