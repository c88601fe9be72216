"""What machines would answer, stored as suggestions for annotators."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.suggestion_batch import LONGEST_ORIGIN, SuggestionBatch
from core.api.inputs import Body
from core.errors import ValidationError
from core.translation import translate_error
from corpus.permissions import LEAD, corpus_of
from people.api.views import ApiView

MOST = 10_000  # suggestions of a request
GUESS = {"utterance": "D1_U2", "task": "emotion", "value": "joy", "probability": 0.83}


class SuggestionInput(Body):
    """An answer with its probability; `utterance` is the `uid`, which releases call its id."""

    utterance = serializers.CharField(max_length=200)
    task = serializers.CharField(max_length=40)
    value = serializers.CharField(max_length=40)
    probability = serializers.FloatField(min_value=0, max_value=1)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "one answer", {"origin": "net 1.0", "suggestions": [GUESS]}, request_only=True
        )
    ]
)
class NewSuggestions(Body):
    """What the machine `origin` would answer, at most one value a question. All or none."""

    origin = serializers.CharField(max_length=LONGEST_ORIGIN, help_text="with its version")
    suggestions = serializers.ListField(child=SuggestionInput(), min_length=1, max_length=MOST)


@extend_schema_serializer(examples=[OpenApiExample("stored", {"stored": 1}, response_only=True)])
class StoredSuggestionsSerializer(serializers.Serializer):
    """How many suggestions were stored. A round shows them as its settings say."""

    stored = serializers.IntegerField()


class Suggestions(ApiView):
    """What machines would answer about utterances of a corpus."""

    tag = "rounds"
    serializer_class = StoredSuggestionsSerializer
    bodies = {"POST": NewSuggestions}
    answers = {"POST": (201, StoredSuggestionsSerializer)}

    def post(self, request, pk):
        """Store what a machine would answer, as suggestions of a corpus that you lead. Of each
        question the newest one counts.
        """
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        batch, faults = SuggestionBatch(corpus, sent["origin"]), {}
        for place, row in enumerate(sent["suggestions"]):
            try:
                batch.add(**row)
            except ValidationError as error:
                faults[place] = [translate_error(error)]
        if faults:
            raise serializers.ValidationError({"suggestions": faults})
        return self.created({"stored": batch.store(request.user)})
