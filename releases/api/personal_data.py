"""What may be personal data in the transcripts of a corpus, and what was decided about it."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body
from corpus.models import Utterance
from corpus.permissions import LEAD, corpus_of
from corpus.visibility import WORDS, withheld
from people.api.views import ApiView, LinesView
from releases.models import PersonalDataReview
from releases.personal_data_search import FIELDS, matches_in
from releases.views.personal_data import review_words

NAME = "personal-data.ndjson"


class PersonalDataLines(LinesView):
    """Words that may be personal data, an object a line, with what was decided about them. What is
    not cleared is masked in every release. Dialogues whose words are withheld from you are left
    out.
    """

    tag = "releases"
    name = NAME

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        hidden = withheld(self.request.user, WORDS).order_by()
        rows = Utterance.objects.filter(corpus=corpus).order_by("pk")
        return _Matches(rows.exclude(dialogue__in=hidden.values("pk")))

    def line(self, row):
        return row


class _Matches:
    """The matches in utterances, to be read as a queryset is."""

    def __init__(self, rows):
        self.rows = rows

    def iterator(self, chunk_size):
        for pk, *texts in self.rows.values_list("pk", *FIELDS).iterator(chunk_size=chunk_size):
            matches = matches_in(*texts)
            outcomes = PersonalDataReview.outcomes([pk])[pk] if matches else {}
            for match in matches:
                about = {"utterance": pk, "words": match.words, "kind": match.kind}
                yield about | {"outcome": outcomes.get(match.words[:200], "")}


@extend_schema_serializer(
    examples=[OpenApiExample("a number of nobody", {"words": "110", "outcome": "keep"})]
)
class NewPersonalDataReview(Body):
    """Words as they were found, and whether they stay or are masked."""

    words = serializers.CharField(max_length=5000, trim_whitespace=False)
    outcome = serializers.ChoiceField(choices=PersonalDataReview.Outcome.choices)


class PersonalDataReviewSerializer(serializers.Serializer):
    """What was decided about words of an utterance."""

    utterance = serializers.IntegerField(source="utterance_id")
    words = serializers.CharField()
    kind = serializers.CharField()
    outcome = serializers.ChoiceField(choices=PersonalDataReview.Outcome.choices)


class PersonalDataReviews(ApiView):
    """Whether words of an utterance are personal data."""

    tag = "releases"
    serializer_class = PersonalDataReviewSerializer
    bodies = {"POST": NewPersonalDataReview}

    def post(self, request, pk):
        """Decide it; 404 where these words were not found."""
        utterance = get_object_or_404(Utterance.objects.select_related("dialogue"), pk=pk)
        corpus_of(request, utterance.corpus_id, LEAD)
        sent = self.body()
        review = review_words(request.user, utterance, sent["words"], sent["outcome"])
        return self.answer(review)
