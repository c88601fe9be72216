"""Who did what in a corpus, to be read."""

from itertools import chain, islice

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Filters, check_form
from core.api.pages import WalkedPages
from corpus.permissions import LEAD, corpus_of
from corpus.visibility import withheld_details
from people.api.views import ListView
from people.event_list import EventFilter, plain_rows
from people.event_words import Kind
from people.models import Event

EXAMPLE = {
    "id": 812,
    "time": "2026-03-02T09:30:00+08:00",
    "user": "王小明",
    "username": "wang",
    "action": "open",
    "noun": "round",
    "noun_id": 4,
    "thing": "第一轮",
    "sentence": "王小明 opened round 第一轮",
    "details": {"dialogues": 40},
    "withheld": "",
}


@extend_schema_serializer(examples=[OpenApiExample("an action", EXAMPLE, response_only=True)])
class EventSerializer(serializers.Serializer):
    """What somebody did. `withheld` says why you may not see its thing and details now."""

    id = serializers.IntegerField()
    time = serializers.DateTimeField()
    user = serializers.CharField()
    username = serializers.CharField(allow_blank=True, help_text="empty for the system")
    action = serializers.CharField()
    noun = serializers.CharField()
    noun_id = serializers.IntegerField()
    thing = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField()
    details = serializers.DictField()
    withheld = serializers.CharField(allow_blank=True)


class EventFilters(Filters):
    q = serializers.CharField(required=False, max_length=200, help_text="words")
    person = serializers.CharField(
        required=False, max_length=20, help_text="the id of somebody, or `system`"
    )
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    noun = serializers.CharField(required=False, max_length=100)
    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)


class AuditLog(ListView):
    """Who did what in a corpus that you lead, the latest first."""

    tag = "corpora"
    serializer_class = EventSerializer
    filters = EventFilters
    pagination_class = WalkedPages

    def get(self, request, pk):
        corpus = corpus_of(request, pk, LEAD)
        asked = {name: request.query_params.get(name, "") for name in self.asked()}
        form = EventFilter(asked, Event.objects.filter(corpus_id=corpus.pk), self.withheld)
        check_form(form)
        return self.page_answer(self.paginate_queryset(Walk(form)))

    def withheld(self, events):
        return withheld_details(self.request.user, list(events))


class Walk:
    """The events that a filter finds, from some event on."""

    def __init__(self, form):
        self.form = form

    def __call__(self, after, most):
        rows = self.form.found()
        rows = rows if after is None else rows.filter(pk__lt=after)
        pairs = list(islice(chain.from_iterable(self.form.batches(rows, most)), most))
        return [
            row | {"id": event.pk, "noun_id": event.noun_id, "withheld": why}
            for (event, why), row in zip(pairs, plain_rows(pairs), strict=True)
        ]
