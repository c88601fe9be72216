"""Forms of invitations and join links: whom a lead invites, as what, and for how long."""

from typing import cast

from django import forms
from django.conf import settings
from django.core.validators import validate_domain_name
from django.utils.translation import gettext_lazy as _

from core.errors import UserError
from core.filter_form import FilterForm
from core.translation import translate_error
from corpus import invitee_list, round_offers
from corpus.models import Membership
from corpus.models.invitations import DAYS, Status

MOST_LINKS = 200  # without a name, at once
VALID_FOR = [
    ("1", _("1 day")),
    ("7", _("7 days")),
    ("14", _("14 days")),
    ("30", _("30 days")),
]


class DaysForm(forms.Form):
    """For how long a link is valid."""

    days = forms.TypedChoiceField(label=_("valid for"), choices=VALID_FOR, coerce=int, initial=DAYS)


class RoundField(forms.TypedChoiceField):
    """An open round of a corpus, or none."""

    def __init__(self, **kwargs):
        super().__init__(required=False, coerce=int, empty_value=None, **kwargs)


def offer_rounds(form, corpus):
    """Let the form's field offer the open rounds of a corpus; whether there are any."""
    rounds = round_offers.open_rounds(corpus)
    cast(RoundField, form.fields["round"]).choices = [("", _("none yet")), *rounds]
    return bool(rounds)


class InvitationForm(DaysForm):
    """Whom to invite into a corpus: people, pasted or in a file, and links without a name.

    `rows` are the people that were shown for confirmation.
    """

    field_order = ["people", "file", "count", "role", "round", "days", "message", "send"]
    people = forms.CharField(
        label=_("people, one per line"),
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_(
            "An e-mail address, “Li Na <lina@example.org>”, or the username of an account. A role"
            " may follow after a comma."
        ),
    )
    file = forms.FileField(
        label=_("or a table (CSV, XLSX)"),
        required=False,
        help_text=_(
            "Columns name, e-mail or username, role, in any order; headers also in Chinese."
        ),
    )
    count = forms.IntegerField(
        label=_("or links without a name"),
        required=False,
        min_value=1,
        max_value=MOST_LINKS,
        help_text=_("How many. Whoever has such a link first can use it, once."),
    )
    role = forms.ChoiceField(
        label=_("role"),
        choices=Membership.Role,
        initial=Membership.Role.ANNOTATOR,
    )
    round = RoundField(label=_("round (for annotators)"))
    message = forms.CharField(
        label=_("message (optional)"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    send = forms.BooleanField(
        label=_("send by e-mail to those who have an address"), required=False, initial=True
    )
    rows = forms.CharField(required=False, max_length=200_000, widget=forms.HiddenInput)

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.corpus = corpus
        if not offer_rounds(self, corpus):
            del self.fields["round"]
        if not settings.EMAIL_ENABLED:
            del self.fields["send"]

    def clean(self):
        data = super().clean() or {}
        if self.errors:
            return data
        try:
            read = self._read()
            self.invitees = invitee_list.checked(self.corpus, read.people, data["role"])
        except UserError as error:
            raise forms.ValidationError(translate_error(error)) from error
        self.invitees.faults[:0] = read.faults
        if not (read.people or read.faults or data["count"]):
            raise forms.ValidationError(
                _("Nobody to invite. Enter people, choose a file, or say how many links.")
            )
        return data

    def _read(self):
        """The people of all three sources, not looked up yet. Raises UserError."""
        data = self.cleaned_data
        if data["rows"]:
            return invitee_list.InviteeList(invitee_list.from_json(data["rows"]))
        read = invitee_list.InviteeList(list(invitee_list.read_lines(data["people"])))
        if data["file"]:
            content = data["file"].read(invitee_list.LARGEST_FILE + 1)
            found = invitee_list.read_file(data["file"].name, content)
            read.people += found.people
            read.faults += found.faults
        return read

    @property
    def is_clear(self):
        """Whether there is nothing to look at before it is done: a person or a number of links."""
        return not self.invitees.faults and len(self.invitees.people) <= 1


class InvitationFilter(FilterForm):
    """Which invitations of a corpus."""

    q = forms.CharField(label=_("name or e-mail"), required=False, max_length=120)
    status = forms.ChoiceField(
        label=_("status"), required=False, choices=[("", _("all")), *Status.choices]
    )

    def by_q(self, rows, value):
        return rows.called(value)

    def by_status(self, rows, value):
        return rows.filter(status=value)


class JoinLinkForm(forms.Form):
    """What limits a join link."""

    days = forms.TypedChoiceField(
        label=_("valid for"),
        required=False,
        choices=[("", _("no limit")), *VALID_FOR],
        coerce=int,
        empty_value=None,
    )
    most = forms.IntegerField(
        label=_("maximum number of requests"), required=False, min_value=1, max_value=100_000
    )
    email_domain = forms.CharField(
        label=_("e-mail domain"),
        required=False,
        max_length=120,
        help_text=_(
            "For example “pku.edu.cn”. Addresses are not verified; look at each request before you"
            " approve it."
        ),
    )

    def clean_email_domain(self):
        domain = self.cleaned_data["email_domain"].strip().lstrip("@")
        if domain:
            validate_domain_name(domain)
        return domain


class DecisionForm(forms.Form):
    """What a lead decides about a request to join, and for which round."""

    verb = forms.ChoiceField(choices=[("approve", "approve"), ("decline", "decline")])
    round = RoundField(label=_("round"))

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        offer_rounds(self, corpus)
