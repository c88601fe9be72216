"""Experiments: asking for runs, their configurations, stopping, resuming, evaluating, deleting."""

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters, Id, IdParameter, check_form
from corpus.permissions import LEAD, corpus_of
from modeling.api.withheld import mark
from modeling.configurations import configurations_of
from modeling.experiment_request import ExperimentRequest
from modeling.experiment_results import result_rows
from modeling.forms import PARTS, SEARCHED, SEEDS
from modeling.models import Experiment
from modeling.models.runs import Device, OnFailure
from modeling.permissions import experiment_of, visible_experiment_of
from modeling.search_trials import resume_search
from modeling.views.tensorboard import experiment_tensorboard
from people.api.views import ApiView, FileView, LinesView, ListView, ThingView

EXAMPLE = {
    "id": 4,
    "name": "does sound help?",
    "release": 3,
    "settings": {"epochs": 20},
    "search": None,
    "active": False,
    "runs": [12, 13],
    "ended": 2,
    "withheld": "",
    "repeats": False,
    "follows": None,
    "started_at": "2026-03-02T09:30:00+08:00",
}
ASKED = {
    "release": 3,
    "recipes": ["hard-text", "hard-small"],
    "seeds": 3,
    "name": "does sound help?",
    "settings": {"epochs": 20, "dropout": 0.3},
}


class SearchBody(Body):
    """A search over settings of one recipe with one seed, a run a trial."""

    trials = serializers.IntegerField(min_value=2, max_value=200)
    fields_searched = serializers.ListField(
        child=serializers.ChoiceField(choices=[*SEARCHED]), min_length=1
    )
    at_once = serializers.IntegerField(min_value=1, max_value=8, required=False)
    prunes = serializers.BooleanField(required=False)


class SearchSerializer(serializers.Serializer):
    trials = serializers.IntegerField()
    fields_searched = serializers.ListField(child=serializers.CharField(), source="fields")
    at_once = serializers.IntegerField()
    prunes = serializers.BooleanField()


@extend_schema_serializer(examples=[OpenApiExample("an experiment", EXAMPLE, response_only=True)])
class ExperimentSerializer(serializers.Serializer):
    """Runs of some recipes with the same seeds on one release, or a search."""

    id = serializers.IntegerField()
    name = serializers.CharField(allow_blank=True)
    release = serializers.IntegerField(source="release_id")
    settings = serializers.DictField(source="options")
    search = serializers.SerializerMethodField()
    active = serializers.BooleanField(help_text="a run or an evaluation waits or works")
    runs = serializers.SerializerMethodField()
    ended = serializers.IntegerField(help_text="how many runs are over")
    withheld = serializers.CharField(allow_blank=True)
    repeats = serializers.SerializerMethodField(help_text="on each release that is frozen later")
    follows = serializers.IntegerField(source="follows_id", allow_null=True)
    started_at = serializers.DateTimeField()

    def get_search(self, experiment) -> SearchSerializer(allow_null=True):  # type: ignore[valid-type]
        return SearchSerializer(experiment.search).data if experiment.search else None

    def get_runs(self, experiment) -> list[int]:
        return sorted(run.pk for run in experiment.runs.all())

    def get_repeats(self, experiment) -> bool:
        return experiment.repeats_from is not None


class SummarySerializer(serializers.Serializer):
    """Mean macro-F1 over tasks and seeds, with its interval where there are several seeds."""

    mean = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    seeds = serializers.IntegerField()


class ConfigurationSerializer(serializers.Serializer):
    """Runs that differ in nothing but their seed."""

    label = serializers.CharField()
    recipe = serializers.CharField()
    settings = serializers.DictField(help_text="that the other configurations lack")
    runs = serializers.ListField(child=serializers.IntegerField())
    validation = SummarySerializer(allow_null=True)
    test = SummarySerializer(allow_null=True)


class ExperimentDetailSerializer(ExperimentSerializer):
    """The same with its configurations, null while its results are withheld from you."""

    configurations = serializers.SerializerMethodField()

    def get_configurations(self, experiment) -> ConfigurationSerializer(many=True, allow_null=True):  # type: ignore[valid-type]
        if experiment.withheld:
            return None
        runs = list(experiment.runs.order_by("seed", "pk").prefetch_related("evaluations"))
        return [described_configuration(group) for group in configurations_of(runs)]


def described_configuration(group):
    return {
        "label": str(group.label),
        "recipe": group.recipe,
        "settings": group.options,
        "runs": [run.pk for run in group.runs],
        "validation": _summary(group, "validation"),
        "test": _summary(group, "held_out"),
    }


def _summary(group, role):
    found = group.summary(role)
    if not found:
        return None
    return {
        "mean": found["mean"],
        "low": found.get("low"),
        "high": found.get("high"),
        "seeds": len(group.scores(role)),
    }


@extend_schema_serializer(examples=[OpenApiExample("a new experiment", ASKED)])
class NewExperiment(Body):
    """`settings` are fields of the recipe that differ from its own: their names, defaults and
    values are those of `/api/recipes/`.
    """

    release = Id()
    recipes = serializers.ListField(
        child=serializers.CharField(max_length=40), min_length=1, max_length=100
    )
    seeds = serializers.IntegerField(required=False, min_value=1, max_value=SEEDS)
    on_failure = serializers.ChoiceField(choices=OnFailure.choices, required=False)
    device = serializers.ChoiceField(choices=Device.choices, required=False)
    minutes = serializers.FloatField(required=False, min_value=0.1, max_value=10_000)
    name = serializers.CharField(required=False, allow_blank=True, max_length=100)
    settings = serializers.DictField(required=False)
    search = SearchBody(required=False)


class ExperimentFilters(Filters):
    release = IdParameter(required=False)


class Experiments(ListView):
    """The experiments of a corpus that you lead, the newest first."""

    tag = "experiments"
    serializer_class = ExperimentSerializer
    filters = ExperimentFilters
    bodies = {"POST": NewExperiment}
    answers = {"POST": (202, ExperimentSerializer)}
    ordering = ("-pk",)

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        found = Experiment.objects.of(self.request.user).filter(release__corpus=corpus)
        return found.prefetch_related("runs")

    def prepare(self, page):
        return mark(self.request.user, page)

    def post(self, request, pk):
        """Queue a run of each recipe with each seed, or a search. Checked as the form checks it."""
        corpus = corpus_of(request, pk, LEAD)
        asked = ExperimentRequest(corpus, form_data(self.body()))
        if unknown := unknown_settings(request.data.get("settings", {}), asked):
            raise serializers.ValidationError({"settings": unknown})
        if not asked.is_valid():
            for form in asked.forms:
                check_form(form, names_of(form, asked))
        experiment = asked.start(request.user)
        experiment.withheld = experiment.release.why_withheld(request.user)
        answer = self.created(experiment, reverse("api_experiment", args=[experiment.pk]))
        answer.status_code = 202
        return answer


def form_data(said):
    """What a body says as the parts of the form take it. Parts of a network that are left out are
    False among the settings, and a list of their names in the form.
    """
    settings, search = said.pop("settings", {}), said.pop("search", None)
    left_out = [name for name in PARTS if settings.get(name) is False]
    data = {"seeds": 1, "on_failure": OnFailure.FAIL} | said
    data |= {name: value for name, value in settings.items() if name not in PARTS}
    data |= {"without": left_out}
    if search:
        data |= {"trials": search["trials"], "searched": search["fields_searched"]}
        data |= {"at_once": search.get("at_once", 1), "prunes": search.get("prunes", True)}
    return data


def unknown_settings(settings, asked):
    """Names of settings that there are not, and of parts that are neither true nor false."""
    known = {*asked.recipe_form.fields, *PARTS} - {"without"}
    return [*sorted({*settings} - known)] + [
        name for name in PARTS if name in settings and not isinstance(settings[name], bool)
    ]


def names_of(form, asked):
    """Field of a part of the form -> what the body calls it."""
    if form is asked.recipe_form:
        return {name: f"settings.{name}" for name in form.fields} | {"__all__": "settings"}
    if form is asked.search_form:
        names = {name: f"search.{name}" for name in form.fields}
        return names | {"searched": "search.fields_searched"}
    return {}


class ExperimentThing(ThingView):
    """An experiment with its configurations."""

    tag = "experiments"
    serializer_class = ExperimentDetailSerializer

    def thing(self):
        return seen(self.request, experiment_of(self.request, self.kwargs["pk"]))

    def delete(self, request, pk):
        """Delete an experiment with its runs; not one that was evaluated on the test set."""
        with transaction.atomic():
            experiment_of(request, pk).delete_by(request.user)
        return self.answer(None)


def seen(request, experiment):
    experiment.withheld = experiment.release.why_withheld(request.user)
    return experiment


class ExperimentVerb(ApiView):
    """Something that is done to an experiment."""

    tag = "experiments"
    serializer_class = ExperimentSerializer

    def done(self, request, pk):
        return self.answer(seen(request, experiment_of(request, pk)))


class ExperimentStop(ExperimentVerb):
    """That an experiment is to end."""

    def post(self, request, pk):
        """Stop every run that waits or works; each keeps its checkpoint. A search ends."""
        experiment_of(request, pk).stop_by(request.user)
        return self.done(request, pk)


class ExperimentAttempts(ExperimentVerb):
    """That a search is gone on with."""

    def post(self, request, pk):
        """Go on with a search that was stopped or has given up. Runs are resumed as jobs."""
        resume_search(experiment_of(request, pk), request.user)
        return self.done(request, pk)


class RepetitionBody(Body):
    wanted = serializers.BooleanField()


class ExperimentRepetition(ExperimentVerb):
    """Whether an experiment is repeated on each release that is frozen later."""

    bodies = {"POST": RepetitionBody}

    def post(self, request, pk):
        """Repeat an experiment on each release that is frozen from now on, or no longer."""
        wanted = self.body()["wanted"]
        experiment_of(request, pk).repeat_by(request.user, wanted)
        return self.done(request, pk)


class ExperimentEvaluations(ExperimentVerb):
    """The evaluations of all runs of an experiment on the test set."""

    answers = {"POST": (202, ExperimentSerializer)}

    def post(self, request, pk):
        """Evaluate every run that has ended well and was not yet evaluated on the test set; each
        evaluation is counted.
        """
        visible_experiment_of(request, pk).evaluate_by(request.user)
        answer = self.done(request, pk)
        answer.status_code = 202
        return answer


class ExperimentResults(LinesView):
    """Every metric of every run that has ended, a line a run, split and task."""

    tag = "experiments"
    name = "results.ndjson"

    def rows(self):
        return _Rows(visible_experiment_of(self.request, self.kwargs["pk"]))

    def line(self, row):
        return row


class _Rows:
    """The rows of an experiment, to be read as a queryset is."""

    def __init__(self, experiment):
        self.experiment = experiment

    def iterator(self, chunk_size):
        return result_rows(self.experiment)


class ExperimentTensorBoard(FileView):
    """TensorBoard's files of the runs of an experiment that have begun, a folder each, as a zip.
    404 where none has; 403 while you annotate dialogues of its release blind.
    """

    tag = "experiments"
    file_type = "application/zip"

    def give(self, request, pk):
        return experiment_tensorboard(request, pk)
