"""Webhooks of a corpus and their messages: for its leads."""

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters
from corpus.api.members import PersonSerializer
from corpus.models import Webhook, WebhookDelivery
from corpus.permissions import LEAD, corpus_of
from corpus.webhooks.receiver import LONGEST
from people.access_tokens import Scope
from people.api.views import ApiView, ListView, ThingView

EXAMPLE = {
    "id": 3,
    "corpus": 1,
    "address": "https://lab.example.org/shengqing",
    "kinds": ["round.completed", "agreement.low"],
    "agreement_bound": 0.667,
    "active": True,
    "person": {"id": 3, "username": "lin", "name": "林黛玉"},
    "failing_since": None,
    "failure": "",
    "created_at": "2026-03-02T09:30:00+08:00",
}
SECRET = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwpGD3kEy2yzY="}
PAYLOAD = {
    "type": "round.completed",
    "timestamp": "2026-03-02T01:30:00.000Z",
    "data": {
        "corpus": {"id": 1, "name": "Hotpot", "url": "https://example.org/api/corpora/1/"},
        "round": {"id": 4, "name": "第一轮", "url": "https://example.org/api/rounds/4/"},
    },
}
DELIVERY = {
    "id": 812,
    "webhook": 3,
    "webhook_id": "msg_0b7d3a6c4f2e4d1c9a8b7c6d5e4f3a2b",
    "kind": "round.completed",
    "status": "delivered",
    "attempts": 1,
    "response_status": 204,
    "response_body": "",
    "seconds": 0.084,
    "failure": "",
    "happened_at": "2026-03-02T09:30:00+08:00",
    "due_at": "2026-03-02T09:30:00+08:00",
    "finished_at": "2026-03-02T09:30:01+08:00",
    "payload": PAYLOAD,
}


@extend_schema_serializer(examples=[OpenApiExample("a webhook", EXAMPLE, response_only=True)])
class WebhookSerializer(serializers.Serializer):
    """An address that is told of events. `person` answers for it; `failure` says why it was
    switched off by itself.
    """

    id = serializers.IntegerField()
    corpus = serializers.IntegerField(source="corpus_id")
    address = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField(), source="kind_names")
    agreement_bound = serializers.FloatField(allow_null=True)
    active = serializers.BooleanField()
    person = PersonSerializer()
    failing_since = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField(source="failure_text", allow_blank=True)
    created_at = serializers.DateTimeField()


@extend_schema_serializer(
    examples=[OpenApiExample("a new webhook", EXAMPLE | SECRET, response_only=True)]
)
class WebhookWithSecretSerializer(WebhookSerializer):
    """The same with its secret, which is told in this answer alone."""

    secret = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("a secret", SECRET, response_only=True)])
class SecretSerializer(serializers.Serializer):
    """A secret, which is told in this answer alone."""

    secret = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a webhook",
            {name: EXAMPLE[name] for name in ("address", "kinds", "agreement_bound")},
        )
    ]
)
class NewWebhook(Body):
    address = serializers.CharField(max_length=LONGEST)
    kinds = serializers.ListField(child=serializers.CharField(max_length=40), max_length=40)
    agreement_bound = serializers.FloatField(
        min_value=-1.0, max_value=1.0, required=False, allow_null=True
    )
    active = serializers.BooleanField(required=False)


@extend_schema_serializer(examples=[OpenApiExample("switch it off", {"active": False})])
class WebhookChange(Body):
    """Whatever is left out stays as it is."""

    address = serializers.CharField(max_length=LONGEST, required=False)
    kinds = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=40, required=False
    )
    agreement_bound = serializers.FloatField(
        min_value=-1.0, max_value=1.0, required=False, allow_null=True
    )
    active = serializers.BooleanField(required=False)


class Webhooks(ListView):
    """The webhooks of a corpus that you lead."""

    tag = "webhooks"
    change_scope = Scope.MANAGE
    serializer_class = WebhookSerializer
    bodies = {"POST": NewWebhook}
    answers = {"POST": (201, WebhookWithSecretSerializer)}
    secret = ("secret",)

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        return Webhook.objects.filter(corpus=corpus).select_related("person")

    def post(self, request, pk):
        """A new webhook, for which you answer, with its secret."""
        corpus = corpus_of(request, pk, LEAD)
        made = Webhook.create(request.user, corpus, **self.body())
        return self.created(made, reverse("api_webhook", args=[made.pk]))


def _webhook_of(request, pk):
    return get_object_or_404(Webhook.objects.of(request.user), pk=pk)


class WebhookThing(ThingView):
    """A webhook of a corpus that you lead."""

    tag = "webhooks"
    change_scope = Scope.MANAGE
    serializer_class = WebhookSerializer
    bodies = {"PATCH": WebhookChange}

    def thing(self):
        return _webhook_of(self.request, self.kwargs["pk"])

    def patch(self, request, pk):
        """Change it; you answer for it from now on."""
        found = self.thing()
        found.set(request.user, **self.body())
        return self.answer(found)

    def delete(self, request, pk):
        """Delete it with its messages."""
        self.thing().delete_by(request.user)
        return self.answer(None)


class Secret(ApiView):
    """Exchange the secret of a webhook; for a day messages are signed by both."""

    tag = "webhooks"
    change_scope = Scope.MANAGE
    serializer_class = SecretSerializer
    secret = ("secret",)

    def post(self, request, pk):
        found = _webhook_of(request, pk)
        found.exchange_secret(request.user)
        return self.answer(found)


@extend_schema_serializer(examples=[OpenApiExample("a message", DELIVERY, response_only=True)])
class DeliverySerializer(serializers.Serializer):
    """A message to a webhook, and what became of it. `webhook_id` is the header of that name, the
    same with each attempt; `failure` says why it was not taken or not sent.
    """

    id = serializers.IntegerField()
    webhook = serializers.IntegerField(source="webhook_id")
    webhook_id = serializers.CharField(source="message_id")
    kind = serializers.CharField()
    status = serializers.ChoiceField(choices=WebhookDelivery.Status.choices)
    attempts = serializers.IntegerField()
    response_status = serializers.IntegerField(allow_null=True)
    response_body = serializers.CharField(allow_blank=True)
    seconds = serializers.FloatField(allow_null=True)
    failure = serializers.CharField(source="failure_text", allow_blank=True)
    happened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    payload = serializers.DictField()


class DeliveryFilters(Filters):
    status = serializers.ChoiceField(choices=WebhookDelivery.Status.choices, required=False)
    kind = serializers.CharField(max_length=40, required=False)


class Deliveries(ListView):
    """The messages to a webhook of a corpus that you lead, the latest first; those aside that tell
    what is withheld from you now.
    """

    tag = "webhooks"
    serializer_class = DeliverySerializer
    filters = DeliveryFilters
    ordering = ("-pk",)

    def rows(self):
        found = _webhook_of(self.request, self.kwargs["pk"])
        return WebhookDelivery.objects.of(self.request.user).filter(webhook=found)


def _delivery_of(request, pk):
    return get_object_or_404(WebhookDelivery.objects.of(request.user), pk=pk)


class Delivery(ThingView):
    """A message to a webhook of a corpus that you lead."""

    tag = "webhooks"
    serializer_class = DeliverySerializer

    def thing(self):
        return _delivery_of(self.request, self.kwargs["pk"])


class Tests(ApiView):
    """Send a webhook a message that says nothing; it is tried once, at once."""

    tag = "webhooks"
    change_scope = Scope.MANAGE
    serializer_class = DeliverySerializer
    answers = {"POST": (202, DeliverySerializer)}

    def post(self, request, pk):
        return self.answer(_webhook_of(request, pk).ping(request.user))


class Attempts(ApiView):
    """Send the same message again, under the same `webhook_id`."""

    tag = "webhooks"
    change_scope = Scope.MANAGE
    serializer_class = DeliverySerializer
    answers = {"POST": (202, DeliverySerializer)}

    def post(self, request, pk):
        found = _delivery_of(request, pk)
        found.send_again(request.user)
        return self.answer(found)
