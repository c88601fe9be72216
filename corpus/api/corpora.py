"""Corpora: yours, new ones, their settings."""

from django.db.models import F
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters, FlagParameter
from corpus.forms import LANGUAGES
from corpus.models import Corpus, Membership
from corpus.permissions import LEAD, corpus_of, owned_corpus
from people.access_tokens import Scope
from people.api.views import ApiView, ListView, ThingView

EXAMPLE = {
    "id": 1,
    "name": "Hotpot",
    "description": "Sitcom dialogues",
    "language": "zh",
    "role": "lead",
    "archived": False,
    "blind_adjudication": True,
    "media_policy": "leads",
    "created_at": "2026-03-02T09:30:00+08:00",
}


@extend_schema_serializer(examples=[OpenApiExample("a corpus", EXAMPLE, response_only=True)])
class CorpusSerializer(serializers.Serializer):
    """A corpus, and your role in it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    role = serializers.ChoiceField(choices=Membership.Role.choices, source="my_role")
    archived = serializers.BooleanField(source="is_archived")
    blind_adjudication = serializers.BooleanField()
    media_policy = serializers.ChoiceField(choices=Corpus.MediaPolicy.choices)
    created_at = serializers.DateTimeField()


class CountsSerializer(serializers.Serializer):
    dialogues = serializers.IntegerField()
    published = serializers.IntegerField()
    utterances = serializers.IntegerField()


class CorpusDetailSerializer(CorpusSerializer):
    """The same with how much is in it."""

    counts = CountsSerializer()


@extend_schema_serializer(
    examples=[OpenApiExample("a new corpus", {"name": "Hotpot", "language": "zh"})]
)
class NewCorpus(Body):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(allow_blank=True, required=False, max_length=20_000)
    language = serializers.ChoiceField(choices=LANGUAGES, required=False)


@extend_schema_serializer(
    examples=[OpenApiExample("another description", {"description": "Two seasons"})]
)
class CorpusChange(Body):
    """Whatever is left out stays as it is."""

    name = serializers.CharField(required=False, max_length=120)
    description = serializers.CharField(allow_blank=True, required=False, max_length=20_000)
    language = serializers.ChoiceField(choices=LANGUAGES, required=False)
    blind_adjudication = serializers.BooleanField(required=False)
    media_policy = serializers.ChoiceField(choices=Corpus.MediaPolicy.choices, required=False)


class CorpusFilters(Filters):
    role = serializers.ChoiceField(choices=Membership.Role.choices, required=False)
    archived = FlagParameter(required=False)

    def by_role(self, rows, value):
        return rows.filter(my_role=value)

    def by_archived(self, rows, value):
        return rows.filter(archival__isnull=not value)


class Corpora(ListView):
    """The corpora that you belong to."""

    tag = "corpora"
    change_scope = Scope.MANAGE
    serializer_class = CorpusSerializer
    filters = CorpusFilters
    bodies = {"POST": NewCorpus}

    def rows(self):
        mine = Corpus.objects.of(self.request.user).select_related("archival")
        return mine.annotate(my_role=F("memberships__role"))

    def post(self, request):
        """A new corpus, which you own and lead."""
        corpus = Corpus.create(request.user, **self.body())
        corpus.my_role = LEAD
        return self.created(corpus, reverse("api_corpus", args=[corpus.pk]))


class CorpusThing(ThingView):
    """A corpus, and how much is in it."""

    tag = "corpora"
    change_scope = Scope.MANAGE
    serializer_class = CorpusDetailSerializer
    bodies = {"PATCH": CorpusChange}

    def thing(self):
        return corpus_of(self.request, self.kwargs["pk"])

    def patch(self, request, pk):
        """Change settings of a corpus that you lead."""
        corpus = corpus_of(request, pk, LEAD)
        corpus.set(request.user, **self.body())
        return self.answer(corpus)


class CorpusArchival(ApiView):
    """That a corpus is read-only."""

    tag = "corpora"
    change_scope = Scope.MANAGE
    in_archive = True
    serializer_class = CorpusSerializer

    def post(self, request, pk):
        """Make a corpus that you own read-only."""
        corpus = owned_corpus(request, pk)
        corpus.archive(request.user)
        return self.answer(corpus_of(request, pk))

    def delete(self, request, pk):
        """Let a corpus that you own be changed again."""
        owned_corpus(request, pk).unarchive(request.user)
        return self.answer(None)
