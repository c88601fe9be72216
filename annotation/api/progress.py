"""How far a round is, when it will be done, and how fast people annotate."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.pace import at_work
from annotation.progress import forecast, history
from annotation.views.access import round_of
from corpus.api.members import PersonSerializer
from corpus.permissions import LEAD, corpus_of
from people.api.views import ThingView

PROGRESS = {
    "submitted": 40,
    "wanted": 120,
    "days": [{"day": "2026-03-02", "submissions": 25}, {"day": "2026-03-03", "submissions": 15}],
    "forecast": None,
}
PACE = {
    "person": {"id": 7, "username": "wang", "name": "王小明"},
    "submissions": 12,
    "utterances": 240,
    "seconds": 3600.0,
    "utterances_a_minute": 4.0,
    "usual": None,
    "last": "2026-03-03",
}


class DaySerializer(serializers.Serializer):
    day = serializers.DateField()
    submissions = serializers.IntegerField()


class ForecastSerializer(serializers.Serializer):
    """When the rest will be submitted at the pace of the last `days` days; in four of five cases
    between `earliest` and `latest`, which are null after a few days.
    """

    per_day = serializers.FloatField()
    days = serializers.IntegerField()
    left = serializers.IntegerField()
    end = serializers.DateField()
    earliest = serializers.DateField(allow_null=True)
    latest = serializers.DateField(allow_null=True)


@extend_schema_serializer(examples=[OpenApiExample("a round", PROGRESS, response_only=True)])
class ProgressSerializer(serializers.Serializer):
    """Submissions of a round, day by day until today (the first of a year of days has what was
    before). `forecast` is null where too little was submitted, or nothing is going on.
    """

    submitted = serializers.IntegerField()
    wanted = serializers.IntegerField()
    days = DaySerializer(many=True)
    forecast = ForecastSerializer(allow_null=True)


class RoundProgress(ThingView):
    """How far a round is, and when it will be done, of a corpus that you lead or adjudicate."""

    tag = "rounds"
    serializer_class = ProgressSerializer

    def thing(self):
        found = round_of(self.request, self.kwargs["pk"])
        done, wanted = found.share_done()
        known = history(found)
        days = zip(known.days, known.counts, strict=True)
        return {
            "submitted": done,
            "wanted": wanted,
            "days": [{"day": day, "submissions": count} for day, count in days],
            "forecast": forecast(found, done, wanted, known),
        }


class PaceSerializer(serializers.Serializer):
    """What somebody annotated in the last seven days, and how fast. `usual` is the median of their
    days in utterances a minute, null after a few days; `last` the last day with work.
    """

    person = PersonSerializer()
    submissions = serializers.IntegerField(source="pace.week.submissions")
    utterances = serializers.IntegerField(source="pace.week.utterances")
    seconds = serializers.FloatField(source="pace.week.seconds")
    utterances_a_minute = serializers.FloatField(source="pace.per_minute", allow_null=True)
    usual = serializers.FloatField(source="pace.usual", allow_null=True)
    last = serializers.DateField(source="pace.last", allow_null=True)


@extend_schema_serializer(
    examples=[OpenApiExample("one person", {"people": [PACE]}, response_only=True)]
)
class CorpusPaceSerializer(serializers.Serializer):
    people = PaceSerializer(many=True)


class CorpusPace(ThingView):
    """Everybody who annotates in an open round of a corpus that you lead: how much in the last
    seven days, how fast beside usual.
    """

    tag = "rounds"
    selects = False
    serializer_class = CorpusPaceSerializer

    def thing(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        return {"people": at_work(corpus)}
