"""Label schemes and guidelines: their versions, and the next one."""

import json

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.blinding import guard_guideline, guideline_for
from annotation.models import Guideline, SchemeVersion
from annotation.scheme_file import read_scheme_file
from core.api.inputs import Body
from corpus.models import Corpus
from corpus.permissions import ADJUDICATOR, LEAD, corpus_of
from people.access_tokens import Scope
from people.api.views import ListView, ThingView

EMOTION = {
    "key": "emotion",
    "names": {"en": "emotion", "zh": "情绪"},
    "scale": "nominal",
    "values": [
        {"key": "joy", "names": {"en": "joy", "zh": "喜"}},
        {"key": "anger", "names": {"en": "anger", "zh": "怒"}},
    ],
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a version",
            {
                "number": 2,
                "note": "without surprise",
                "tasks": [EMOTION],
                "rules": [],
                "created_at": "2026-03-02T09:30:00+08:00",
            },
            response_only=True,
        )
    ]
)
class SchemeSerializer(serializers.Serializer):
    """A label scheme as it was at one time; never changed once made."""

    number = serializers.IntegerField()
    note = serializers.CharField(allow_blank=True)
    tasks = serializers.ListField(child=serializers.DictField())
    rules = serializers.ListField(child=serializers.DictField())
    created_at = serializers.DateTimeField()


@extend_schema_serializer(
    examples=[OpenApiExample("one task", {"tasks": [EMOTION], "note": "emotions alone"})]
)
class NewScheme(Body):
    """Tasks and rules, as the file of a version has them."""

    tasks = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=100)
    rules = serializers.ListField(child=serializers.DictField(), required=False, max_length=200)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)


class Schemes(ListView):
    """The versions of the label scheme of a corpus that you lead or adjudicate, newest first."""

    tag = "schemes"
    ordering = ("-number",)
    serializer_class = SchemeSerializer
    bodies = {"POST": NewScheme}

    def rows(self):
        return corpus_of(self.request, self.kwargs["pk"], LEAD, ADJUDICATOR).schemes.all()

    def post(self, request, pk):
        """The next version; the version that has these very tasks and rules, where there is one."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        whole = {"tasks": sent["tasks"], "rules": sent.get("rules", [])}
        scheme = read_scheme_file(json.dumps(whole).encode())
        made = SchemeVersion.of(corpus, scheme, request.user, sent.get("note", ""))
        return self.created(made, reverse("api_scheme", args=[pk, made.number]))


class AnnotationSettingsSerializer(serializers.Serializer):
    """What new rounds of a corpus start with: a scheme version by its number, null: the newest."""

    scheme = serializers.IntegerField(source="default_scheme", allow_null=True)


class AnnotationSettingsChange(Body):
    scheme = serializers.IntegerField(allow_null=True, min_value=1, max_value=10**6)


class AnnotationSettings(ThingView):
    """What new rounds of a corpus that you lead start with."""

    tag = "schemes"
    change_scope = Scope.MANAGE
    serializer_class = AnnotationSettingsSerializer
    bodies = {"PATCH": AnnotationSettingsChange}

    def thing(self):
        return corpus_of(self.request, self.kwargs["pk"], LEAD)

    def patch(self, request, pk):
        """Choose the scheme version of new rounds."""
        corpus, number = self.thing(), self.body()["scheme"]
        if number is not None:
            get_object_or_404(corpus.schemes, number=number)
        corpus.set(request.user, default_scheme=number)
        return self.answer(corpus)


class SchemeThing(ThingView):
    """One version of the label scheme."""

    tag = "schemes"
    serializer_class = SchemeSerializer

    def thing(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD, ADJUDICATOR)
        return get_object_or_404(corpus.schemes, number=self.kwargs["version"])


class GuidelineSerializer(serializers.Serializer):
    """One version of what annotators are told."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    note = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a version",
            {
                "id": 3,
                "number": 2,
                "note": "irony",
                "created_at": "2026-03-02T09:30:00+08:00",
                "text": "# Sarcasm\n\nSomebody says the opposite …",
                "left_out": 0,
            },
            response_only=True,
        )
    ]
)
class GuidelineTextSerializer(GuidelineSerializer):
    """The same with its text in Markdown, without the `left_out` sections whose examples are from
    dialogues that you annotate blind.
    """

    text = serializers.CharField(allow_blank=True, source="shown_text")
    left_out = serializers.IntegerField()


class NewGuideline(Body):
    text = serializers.CharField(max_length=200_000, trim_whitespace=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)


class Guidelines(ListView):
    """The versions of the guideline of a corpus that you lead or adjudicate, newest first."""

    tag = "schemes"
    ordering = ("-number",)
    serializer_class = GuidelineSerializer
    bodies = {"POST": NewGuideline}
    answers = {"POST": (201, GuidelineTextSerializer)}

    def rows(self):
        return corpus_of(self.request, self.kwargs["pk"], LEAD, ADJUDICATOR).guidelines.all()

    def post(self, request, pk):
        """The next version; the same words as the newest one make none."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        guard_guideline(request.user, corpus.guidelines.first())
        made = Guideline.draw_up(request.user, corpus, sent["text"], sent.get("note", ""))
        return self.created(readable(request, made), reverse("api_guideline", args=[made.pk]))


class GuidelineThing(ThingView):
    """One version of the guideline of a corpus that you belong to."""

    tag = "schemes"
    serializer_class = GuidelineTextSerializer

    def thing(self):
        mine = Guideline.objects.filter(corpus__in=Corpus.objects.of(self.request.user))
        return readable(self.request, get_object_or_404(mine, pk=self.kwargs["pk"]))


def readable(request, guideline):
    """A guideline with the text that the person may read now."""
    guideline.shown_text, guideline.left_out = guideline_for(request.user, guideline)
    return guideline
