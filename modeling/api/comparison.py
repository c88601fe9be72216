"""Runs of several recipes or settings compared: differences, and whether they are significant."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Filters
from core.input_checks import whole_number
from corpus.permissions import LEAD, corpus_of
from modeling.api.experiments import ConfigurationSerializer, described_configuration
from modeling.configurations import configuration_pairs, configurations_of
from modeling.models import TrainingRun
from modeling.views.comparison import why_not_comparable
from people.api.views import ThingView

INTERVAL: dict[str, Any] = {"gain": 0.031, "low": 0.004, "high": 0.058}
SIDE = {"mean": 0.42, "low": None, "high": None, "seeds": 3}
EXAMPLE = {
    "release": 3,
    "configurations": [
        {"label": "MulT", "recipe": "mult", "settings": {}, "runs": [12, 13, 14],
         "validation": SIDE, "test": None},
        {"label": "TFN", "recipe": "tfn", "settings": {}, "runs": [15, 16, 17],
         "validation": SIDE, "test": None},
    ],
    "validation": [
        INTERVAL
        | {"one": "MulT", "other": "TFN", "seeds": [1, 2, 3], "dialogues": 40}
        | {"tasks": [{"task": "emotion", "p": 0.012, "p_holm": 0.024} | INTERVAL]},
    ],
    "test": [],
}  # fmt: skip


class IdList(serializers.CharField):
    """Numbers with commas between them, in an address."""

    def to_internal_value(self, data):
        numbers = [whole_number(each) for each in super().to_internal_value(data).split(",")]
        if None in numbers:
            what = "numbers with commas between them, such as 12,13"
            raise serializers.ValidationError(_("Expected %(what)s.") % {"what": what})
        return numbers


class ComparisonFilters(Filters):
    runs = IdList(required=False, max_length=2000, help_text="numbers of runs, such as 12,13")
    experiments = IdList(required=False, max_length=2000, help_text="of experiments, all runs")


class DifferenceSerializer(serializers.Serializer):
    """A difference in macro-F1 and its 95 % interval, null for too few seeds or dialogues."""

    gain = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class TaskDifferenceSerializer(DifferenceSerializer):
    """The same of a task over dialogues (paired bootstrap), with p, also corrected after Holm."""

    task = serializers.CharField()
    p = serializers.FloatField(allow_null=True)
    p_holm = serializers.FloatField(allow_null=True)


class PairSerializer(DifferenceSerializer):
    """By how much the configuration `one` is above `other` in the mean of the tasks, with the
    interval over the `seeds` that both have.
    """

    one = serializers.CharField(help_text="the label of a configuration")
    other = serializers.CharField()
    seeds = serializers.ListField(child=serializers.IntegerField())
    dialogues = serializers.IntegerField()
    tasks = TaskDifferenceSerializer(many=True)


@extend_schema_serializer(examples=[OpenApiExample("two recipes", EXAMPLE, response_only=True)])
class RunComparisonSerializer(serializers.Serializer):
    """Configurations of one release, and their differences on the validation and on the test set.
    Of more than three configurations the best one is compared with each other.
    """

    release = serializers.IntegerField()
    configurations = ConfigurationSerializer(many=True)
    validation = PairSerializer(many=True)
    test = PairSerializer(many=True)


class RunComparison(ThingView):
    """Runs of a corpus that you lead, compared by recipe and settings. 400 unless they are of one
    release and of two to nine configurations; 403 while you annotate dialogues of it blind.
    """

    tag = "experiments"
    selects = False
    filters = ComparisonFilters
    serializer_class = RunComparisonSerializer

    def thing(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        asked = self.filters(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        named = asked.validated_data
        wanted = Q(pk__in=named.get("runs", ())) | Q(experiment__in=named.get("experiments", ()))
        chosen = TrainingRun.objects.of(self.request.user).filter(wanted, release__corpus=corpus)
        groups = configurations_of(list(chosen.prefetch_related("evaluations")))
        releases = {run.release for group in groups for run in group.runs}
        for release in releases:
            release.guard_blind(self.request.user)
        if problem := why_not_comparable(groups, releases):
            raise serializers.ValidationError(problem)
        (release,) = releases
        return {
            "release": release.pk,
            "configurations": [described_configuration(group) for group in groups],
            "validation": _pairs(release, groups, "validation"),
            "test": _pairs(release, groups, "held_out"),
        }


def _pairs(release, groups, role):
    return [_pair(pair) for pair in configuration_pairs(release, groups, role)]


def _pair(pair):
    overall, found = pair.overall(), pair.by_task()
    tasks = [{"task": key} | row["macro_f1"] for key, row in found["tasks"].items()]
    return {
        "one": str(pair.one.label),
        "other": str(pair.other.label),
        "gain": overall["mean"],
        "low": overall["low"],
        "high": overall["high"],
        "seeds": pair.seeds,
        "dialogues": found["dialogues"],
        "tasks": tasks,
    }
