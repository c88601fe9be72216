"""Webhooks of a corpus: made, changed, tested; what was sent, and sending it again."""

import json

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from core.data_table import Column, DataTable
from core.errors import UserError
from core.parameters import posted
from core.translation import translate_error
from corpus.models import Webhook, WebhookDelivery
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of, with_role
from corpus.webhook_forms import DeliveryFilter, WebhookForm

DELIVERIES = DataTable(
    "webhook-deliveries",
    [
        Column("time", gettext_lazy("time"), sort="happened_at", falling=True, fixed=True),
        Column("event", gettext_lazy("event")),
        Column("state", gettext_lazy("state")),
        Column("attempts", gettext_lazy("attempts"), sort="attempts", numeric=True, falling=True),
        Column("response", gettext_lazy("response"), sort="response_status", numeric=True),
        Column("duration", gettext_lazy("duration"), sort="seconds", numeric=True, falling=True),
        Column("due", gettext_lazy("next attempt"), hidden=True),
        Column("id", gettext_lazy("webhook-id"), hidden=True),
    ],
    sort="-time",
    size=30,
)


@never_cache
def webhooks(request, pk):
    """The webhooks of a corpus; a new one with its secret, in the answer that made it."""
    corpus = corpus_of(request, pk, LEAD)
    form = WebhookForm(posted(request))
    if request.method == "POST" and form.is_valid():
        made = Webhook.create(request.user, corpus, **form.cleaned_data)
        return _page(request, made, secret=made.secret)
    rows = Webhook.objects.filter(corpus=corpus).select_related("person")
    page = context(corpus, "settings", tab="webhooks", webhooks=rows, form=form)
    return render(request, "corpus/webhooks.html", page)


def _webhook_of(request, pk):
    """A webhook of a corpus that the person leads."""
    found = get_object_or_404(Webhook.objects.of(request.user), pk=pk)
    with_role(request, found.corpus, LEAD)
    return found


@never_cache
def webhook(request, pk):
    """One webhook: its form, and what was sent to it."""
    found = _webhook_of(request, pk)
    form = WebhookForm(posted(request), initial=_values(found))
    if request.method == "POST" and form.is_valid():
        found.set(request.user, **form.cleaned_data)
        messages.success(request, _("Webhook saved."))
        return redirect("webhook", pk)
    return _page(request, found, form)


def _values(found):
    return {
        "address": found.address,
        "kinds": found.kind_names,
        "agreement_bound": found.agreement_bound,
        "active": found.active,
    }


def _page(request, found, form=None, secret=""):
    rows = WebhookDelivery.objects.of(request.user).filter(webhook=found)
    asked = DeliveryFilter(request.GET)
    table = DELIVERIES.page(request, asked.filtered(rows), asked)
    page = context(
        found.corpus,
        "settings",
        tab="webhooks",
        webhook=found,
        form=form or WebhookForm(initial=_values(found)),
        secret=secret,
    )
    return table.render("corpus/webhook.html", page)


@never_cache
@require_POST
def webhook_secret(request, pk):
    """Exchange the secret, which is shown in the answer alone."""
    found = _webhook_of(request, pk)
    found.exchange_secret(request.user)
    return _page(request, found, secret=found.secret)


@require_POST
def webhook_test(request, pk):
    """Send a message that says nothing, and show what came of it."""
    sent = _webhook_of(request, pk).ping(request.user)
    return redirect("webhook_delivery", sent.pk)


@require_POST
def delete_webhook(request, pk):
    found = _webhook_of(request, pk)
    found.delete_by(request.user)
    messages.success(request, _("The webhook is deleted."))
    return redirect("webhooks", found.corpus_id)


def _delivery_of(request, pk):
    """A message that the person may hear of now."""
    found = get_object_or_404(WebhookDelivery.objects.of(request.user), pk=pk)
    with_role(request, found.webhook.corpus, LEAD)
    return found


def delivery(request, pk):
    """One message: what it says, and what the receiver answered."""
    found = _delivery_of(request, pk)
    page = context(
        found.webhook.corpus,
        "settings",
        tab="webhooks",
        delivery=found,
        payload=json.dumps(found.payload, ensure_ascii=False, indent=2),
    )
    part = "corpus/_webhook_delivery.html" if request.htmx else "corpus/webhook_delivery.html"
    return render(request, part, page)


@require_POST
def attempt_delivery(request, pk):
    """Send the same message again."""
    found = _delivery_of(request, pk)
    try:
        found.send_again(request.user)
    except UserError as error:
        messages.error(request, translate_error(error))
    return redirect("webhook_delivery", pk)
