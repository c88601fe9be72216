"""The forms of the account page."""

import datetime
from typing import cast

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.date_input import DateInput
from people.access_tokens import DEFAULT_DAYS, Scope
from people.models import PROFILE, Person
from people.preferences import zone_choices

BROWSER = _("as in the browser")


def time_zone_choices():
    """All zones by region, first the installation's."""
    own = gettext("as this installation (%(zone)s)") % {"zone": settings.TIME_ZONE}
    return [("", own), *zone_choices()]


class ProfileForm(forms.ModelForm):
    """What people see of an account, and how it sees the pages."""

    time_zone = forms.ChoiceField(
        label=_("time zone"),
        choices=time_zone_choices,
        required=False,
        help_text=_("Times on all pages are given in this zone."),
    )

    class Meta:
        model = Person
        fields = PROFILE
        labels = {"name": _("display name")}
        help_texts = {"name": _("What others see; empty: the username.")}
        widgets = {"theme": forms.RadioSelect}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        language = cast(forms.ChoiceField, self.fields["language"])
        language.choices = [("", BROWSER), *settings.LANGUAGES]
        language.required = False


class TokenForm(forms.Form):
    """A new access token."""

    NEVER, ON_DATE = "never", "date"
    PERIODS = [
        ("7", _("in 7 days")),
        ("30", _("in 30 days")),
        ("90", _("in 90 days")),
        ("365", _("in one year")),
        (ON_DATE, _("on a date")),
        (NEVER, _("never")),
    ]

    name = forms.CharField(
        label=_("name"), max_length=80, help_text=_("What it is for, such as “nightly export”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("scopes"),
        choices=Scope.choices,
        initial=[Scope.READ],
        widget=forms.CheckboxSelectMultiple,
    )
    expiry = forms.ChoiceField(label=_("expires"), choices=PERIODS, initial=str(DEFAULT_DAYS))
    date = forms.DateField(
        label=_("date of expiry"),
        required=False,
        widget=DateInput(),
        help_text=_("Only for “on a date”: the last day on which it works."),
    )

    def clean(self):
        cleaned = super().clean() or {}
        date = cleaned.get("date")
        if cleaned.get("expiry") == self.ON_DATE and "date" not in self.errors:
            if date is None:
                self.add_error("date", _("Choose the last day on which the token works."))
            elif not timezone.localdate() <= date < datetime.date.max:
                self.add_error("date", _("This day is over. Choose today or a later day."))
        return cleaned

    def expires_at(self):
        """When the token ends to work; None: never."""
        expiry = self.cleaned_data["expiry"]
        if expiry == self.NEVER:
            return None
        if expiry == self.ON_DATE:
            day_after = self.cleaned_data["date"] + datetime.timedelta(days=1)
            return timezone.make_aware(datetime.datetime.combine(day_after, datetime.time.min))
        return timezone.now() + datetime.timedelta(days=int(expiry))


class DeletionForm(forms.Form):
    """Username and password, typed so that nobody deletes an account by mistake."""

    username = forms.CharField(label=_("username"), widget=forms.TextInput({"autocomplete": "off"}))
    password = forms.CharField(
        label=_("password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["username"].help_text = _("Type “%(name)s”.") % {"name": person.username}
        if not person.has_usable_password():
            del self.fields["password"]

    def clean_username(self):
        if self.cleaned_data["username"] != self.person.username:
            raise forms.ValidationError(_("This is not your username. Nothing was deleted."))
        return self.cleaned_data["username"]

    def clean_password(self):
        if not self.person.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError(_("The password is wrong. Nothing was deleted."))
        return self.cleaned_data["password"]
