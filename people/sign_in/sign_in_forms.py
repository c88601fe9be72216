"""Forms of signing in, of passwords and of e-mail addresses."""

from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from django import forms
from django.utils.translation import gettext_lazy as _

LABELS = {
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("New password again"),
    "password": _("Password"),
    "email": _("E-mail address"),
}


class _Labelled:
    """allauth's form with labels as ours have them, and no words inside the fields."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)


class SignInForm(_Labelled, LoginForm):
    """A name or e-mail address with a password."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.CharField(
            label=_("Username or e-mail"),
            max_length=254,
            widget=forms.TextInput({"autocomplete": "username webauthn", "autofocus": True}),
        )
        self.fields["password"].help_text = ""
        self.order_fields(["login", "password"])

    def add_prefix(self, field_name):
        """The field is called as password managers and scripts have known it."""
        return "username" if field_name == "login" else super().add_prefix(field_name)


class PasswordForm(_Labelled, ChangePasswordForm):
    pass


class FirstPasswordForm(_Labelled, SetPasswordForm):
    """Of somebody who has signed in by a service alone."""


class ConfirmForm(_Labelled, ReauthenticateForm):
    """The password again, before something that is worth asking."""


class ResetForm(_Labelled, ResetPasswordForm):
    pass


class NewPasswordForm(_Labelled, ResetPasswordKeyForm):
    """A new password, by a link."""


class AddressForm(_Labelled, AddEmailForm):
    pass
