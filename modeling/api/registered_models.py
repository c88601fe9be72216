"""Registered models: their list, what decides one, its card."""

from django.http import HttpResponse
from rest_framework import serializers

from corpus.permissions import LEAD, corpus_of
from modeling.api.runs import ModelSerializer
from modeling.api.withheld import mark
from modeling.model_facts import card_of, facts_of
from modeling.models import RegisteredModel
from modeling.permissions import model_of
from people.api.views import FileView, ListView, ThingView
from people.models import Event


class Models(ListView):
    """The registered models of a corpus that you lead, the newest, which is current, first."""

    tag = "experiments"
    serializer_class = ModelSerializer
    ordering = ("-pk",)

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        found = RegisteredModel.objects.of(self.request.user).filter(run__release__corpus=corpus)
        return found.prefetch_related("run__evaluations")

    def prepare(self, page):
        return mark(self.request.user, page, lambda model: model.run.release)


class ModelDetailSerializer(ModelSerializer):
    """The same with what decides it."""

    facts = serializers.SerializerMethodField()

    def get_facts(self, model) -> dict[str, str]:
        return facts_of(model)


class ModelThing(ThingView):
    """A registered model; 403 while you annotate dialogues of its release blind."""

    tag = "experiments"
    serializer_class = ModelDetailSerializer

    def thing(self):
        model = model_of(self.request, self.kwargs["pk"])
        model.withheld = ""
        return model


class ModelCard(FileView):
    """The card of a registered model, in Markdown."""

    tag = "experiments"

    def give(self, request, pk):
        model, name = model_of(request, pk), f"model-{pk}.md"
        Event.record_once(request.user, "download", model, what=name)
        response = HttpResponse(card_of(model), content_type="text/markdown; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
