"""Forms of webhooks, and of the list of their messages."""

from typing import cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import ValidationError
from core.filter_form import FilterForm
from core.translation import translate_error
from corpus.models import WebhookDelivery
from corpus.webhooks import kinds
from corpus.webhooks.receiver import LONGEST, check_address


class WebhookForm(forms.Form):
    """Which address is told of what."""

    address = forms.CharField(
        label=_("address"),
        max_length=LONGEST,
        widget=forms.TextInput({"inputmode": "url", "spellcheck": "false"}),
        help_text=_("https://, reachable from the server; messages are posted to it."),
    )
    kinds = forms.MultipleChoiceField(
        label=_("events"), choices=[], widget=forms.CheckboxSelectMultiple
    )
    agreement_bound = forms.FloatField(
        label=_("agreement is low below"),
        required=False,
        min_value=-1.0,
        max_value=1.0,
        initial=0.667,
        help_text=_("Krippendorff's alpha, compared for each task when a round ends."),
    )
    active = forms.BooleanField(
        label=_("active"),
        required=False,
        initial=True,
        help_text=_("Otherwise no messages are sent."),
    )

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        cast(forms.MultipleChoiceField, self.fields["kinds"]).choices = kinds.choices()

    def clean_address(self):
        try:
            return check_address(
                self.cleaned_data["address"],
                http=settings.WEBHOOK_HTTP,
                networks=settings.WEBHOOK_NETWORKS,
            )
        except ValidationError as error:
            raise forms.ValidationError(translate_error(error)) from error

    def clean(self):
        data = super().clean() or {}
        chosen, bound = data.get("kinds", []), data.get("agreement_bound")
        if kinds.AGREEMENT in chosen and bound is None and "agreement_bound" not in self.errors:
            self.add_error("agreement_bound", _("Enter a number from -1 to 1."))
        return data


class DeliveryFilter(FilterForm):
    """Which messages."""

    status = forms.ChoiceField(
        label=_("state"),
        required=False,
        choices=[("", _("all")), *WebhookDelivery.Status.choices],
    )
    kind = forms.ChoiceField(label=_("event"), required=False)

    def __init__(self, data):
        super().__init__(data)
        named = [(kind.name, kind.label) for kind in kinds.kinds.values()]
        cast(forms.ChoiceField, self.fields["kind"]).choices = [("", _("all")), *named]

    def by_status(self, rows, value):
        return rows.filter(status=value)

    def by_kind(self, rows, value):
        return rows.filter(kind=value)
