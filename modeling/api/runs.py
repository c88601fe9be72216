"""Runs: their list, their state, their results, their evaluations on the test set."""

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters, IdParameter
from corpus.api.jobs import job_address
from corpus.permissions import LEAD, corpus_of
from jobs.models import JobStatus
from modeling.api.withheld import mark
from modeling.configurations import mean_score, run_results
from modeling.models import Evaluation, RegisteredModel, TrainingRun
from modeling.models.runs import Device, OnFailure
from modeling.permissions import evaluation_of, run_of, visible_run_of
from modeling.predictions import most_probable, predicted_rows
from modeling.run_suggestions import suggest_predictions
from modeling.views.tensorboard import run_tensorboard
from people.api.views import ApiView, FileView, LinesView, ListView, ThingView

EXAMPLE = {
    "id": 12,
    "experiment": 4,
    "release": 3,
    "recipe": "hard-text",
    "seed": 1,
    "device": "auto",
    "on_failure": "fail",
    "settings": {"epochs": 20},
    "state": "done",
    "progress": 1.0,
    "job": "/api/jobs/trainingrun/12/",
    "withheld": "",
    "failure": "",
    "validation_macro_f1": 0.412,
    "test_macro_f1": None,
    "queued_at": "2026-03-02T09:30:00+08:00",
    "started_at": "2026-03-02T09:30:02+08:00",
    "finished_at": "2026-03-02T09:34:40+08:00",
}


@extend_schema_serializer(examples=[OpenApiExample("a run", EXAMPLE, response_only=True)])
class RunSerializer(serializers.Serializer):
    """A run. While you annotate dialogues of its release blind, `withheld` says why its results are
    null. It is stopped and resumed as the job whose address is `job`.
    """

    id = serializers.IntegerField()
    experiment = serializers.IntegerField(source="experiment_id", allow_null=True)
    release = serializers.IntegerField(source="release_id")
    recipe = serializers.CharField()
    seed = serializers.IntegerField()
    device = serializers.ChoiceField(choices=Device.choices)
    on_failure = serializers.ChoiceField(choices=OnFailure.choices)
    settings = serializers.DictField(source="options", help_text="that differ from the recipe")
    state = serializers.ChoiceField(choices=JobStatus.choices, source="status")
    progress = serializers.FloatField()
    job = serializers.SerializerMethodField()
    withheld = serializers.CharField(allow_blank=True)
    failure = serializers.SerializerMethodField()
    validation_macro_f1 = serializers.SerializerMethodField(help_text="the mean over the tasks")
    test_macro_f1 = serializers.SerializerMethodField(help_text="null before an evaluation")
    queued_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_job(self, run) -> str:
        return job_address(run)

    def get_failure(self, run) -> str:
        return "" if run.withheld else run.failure_text

    def get_validation_macro_f1(self, run) -> float | None:
        return None if run.withheld else mean_score(run_results(run, "validation"))

    def get_test_macro_f1(self, run) -> float | None:
        return None if run.withheld else mean_score(run_results(run, "held_out"))


class RunFilters(Filters):
    experiment = IdParameter(required=False)
    release = IdParameter(required=False)
    recipe = serializers.CharField(required=False, max_length=40)
    state = serializers.ChoiceField(choices=JobStatus.choices, required=False, source="status")


class CorpusRuns(ListView):
    """The runs of a corpus that you lead, the newest first."""

    tag = "experiments"
    serializer_class = RunSerializer
    filters = RunFilters
    ordering = ("-pk",)

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        runs = TrainingRun.objects.of(self.request.user).filter(release__corpus=corpus)
        return runs.prefetch_related("evaluations")

    def prepare(self, page):
        return mark(self.request.user, page)


class RunThing(ThingView):
    """A run."""

    tag = "experiments"
    serializer_class = RunSerializer

    def thing(self):
        run = run_of(self.request, self.kwargs["pk"])
        run.withheld = run.release.why_withheld(self.request.user)
        return run

    def delete(self, request, pk):
        """Delete a run with its files; not one that was evaluated on the test set."""
        run_of(request, pk).delete_by(request.user)
        return self.answer(None)


class ResultsSerializer(serializers.Serializer):
    """What the learner reported: metrics of each task and class, confusion matrices, baselines.
    `test` is the last evaluation on the test set.
    """

    validation = serializers.DictField(allow_null=True)
    test = serializers.DictField(allow_null=True)


class RunResults(ThingView):
    """All results of a run; 403 while you annotate dialogues of its release blind."""

    tag = "experiments"
    serializer_class = ResultsSerializer

    def thing(self):
        run = visible_run_of(self.request, self.kwargs["pk"])
        return {
            "validation": run_results(run, "validation") or None,
            "test": run_results(run, "held_out") or None,
        }


class RunEvents(LinesView):
    """What a run has reported so far, oldest first: loss and scores of each epoch."""

    tag = "experiments"
    name = "events.ndjson"

    def rows(self):
        return _Listed(visible_run_of(self.request, self.kwargs["pk"]).events())

    def line(self, row):
        return row


class _Listed(list):
    """Rows that are there, to be read as a queryset is."""

    def iterator(self, chunk_size):
        return iter(self)


class PredictionFilters(Filters):
    split = serializers.ChoiceField(
        choices=["validation", "test"],
        required=False,
        help_text="`validation` unless given; `test` once the run was evaluated on it",
    )

    def by_split(self, rows, split):
        return rows  # which are of it already


class RunPredictions(LinesView):
    """What a run predicted for each utterance, by task: the class that it decided for, the most
    probable one, calibrated probabilities, and how far the gate of each correlation is open where
    it has any. Gold labels are those of the release's utterances. 404 where there are none; 403
    while you annotate dialogues of the release blind.
    """

    tag = "experiments"
    filters = PredictionFilters
    name = "predictions.ndjson"

    def rows(self):
        run = visible_run_of(self.request, self.kwargs["pk"])
        asked = self.filters(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        return predicted_rows(run, asked.validated_data.get("split"))

    def line(self, row):
        return {
            "id": row["id"],
            "dialogue": row["dialogue"],
            "predicted": row["predicted"],
            "most_probable": {task: most_probable(row, task) for task in row["probabilities"]},
            "probabilities": row["probabilities"],
            "gates": row.get("gates", {}),
        }


class RunTensorBoard(FileView):
    """TensorBoard's files of a run, as a zip to be unpacked below its log directory. 404 before it
    has begun; 403 while you annotate dialogues of its release blind.
    """

    tag = "experiments"
    file_type = "application/zip"

    def give(self, request, pk):
        return run_tensorboard(request, pk)


class NewRunSuggestions(Body):
    split = serializers.ChoiceField(
        choices=["validation", "test"], required=False, help_text="`validation` unless given"
    )


@extend_schema_serializer(
    examples=[OpenApiExample("stored", {"stored": 400, "absent": 0}, response_only=True)]
)
class RunSuggestionsSerializer(serializers.Serializer):
    """How many suggestions were stored; `absent` utterances of the release are gone."""

    stored = serializers.IntegerField()
    absent = serializers.IntegerField()


class RunSuggestions(ApiView):
    """What a run predicted, as suggestions for annotators."""

    tag = "experiments"
    serializer_class = RunSuggestionsSerializer
    bodies = {"POST": NewRunSuggestions}
    answers = {"POST": (201, RunSuggestionsSerializer)}

    def post(self, request, pk):
        """Store what a run predicted as suggestions of its corpus, each value with its own
        probability. 404 where there are no predictions; 403 while you annotate dialogues of the
        release blind.
        """
        run, split = visible_run_of(request, pk), self.body().get("split")
        rows = predicted_rows(run, split).iterator(chunk_size=500)
        stored, absent = suggest_predictions(request.user, run, rows)
        return self.created({"stored": stored, "absent": absent})


class EvaluationSerializer(serializers.Serializer):
    """An evaluation of a run on the test set, which stays counted for its release."""

    id = serializers.IntegerField()
    run = serializers.IntegerField(source="training_run_id")
    state = serializers.ChoiceField(choices=JobStatus.choices, source="status")
    progress = serializers.FloatField()
    job = serializers.SerializerMethodField()
    queued_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_job(self, evaluation) -> str:
        return job_address(evaluation)


class RunEvaluations(ApiView):
    """The evaluations of a run on the test set."""

    tag = "experiments"
    serializer_class = EvaluationSerializer
    answers = {"POST": (202, EvaluationSerializer)}

    def post(self, request, pk):
        """Evaluate a run that has ended well on the test set. Each evaluation is counted: choose by
        the validation set, and evaluate once.
        """
        run = visible_run_of(request, pk)
        with transaction.atomic():
            made = Evaluation.request(request.user, run)
            made.later()
        made.refresh_from_db()
        answer = self.created(made, reverse("api_evaluation", args=[made.pk]))
        answer.status_code = 202
        return answer


class EvaluationThing(ThingView):
    """An evaluation on the test set. What it gave stands in the results of its run."""

    tag = "experiments"
    serializer_class = EvaluationSerializer

    def thing(self):
        return evaluation_of(self.request, self.kwargs["pk"])


class NewRegistration(Body):
    """The name of a model, what it is for, and where it fails."""

    name = serializers.CharField(max_length=100)
    use = serializers.CharField(max_length=20_000)
    limits = serializers.CharField(max_length=20_000)


class ModelSerializer(serializers.Serializer):
    """A run under a name. The newest of a corpus is its current model."""

    id = serializers.IntegerField()
    run = serializers.IntegerField(source="run_id")
    release = serializers.IntegerField(source="run.release_id")
    recipe = serializers.CharField(source="run.recipe")
    name = serializers.CharField()
    use = serializers.CharField()
    limits = serializers.CharField()
    withheld = serializers.CharField(allow_blank=True)
    validation_macro_f1 = serializers.SerializerMethodField()
    test_macro_f1 = serializers.SerializerMethodField()
    registered_at = serializers.DateTimeField()

    def get_validation_macro_f1(self, model) -> float | None:
        return None if model.withheld else mean_score(run_results(model.run, "validation"))

    def get_test_macro_f1(self, model) -> float | None:
        return None if model.withheld else mean_score(run_results(model.run, "held_out"))


class RunRegistration(ApiView):
    """That a run has a name and a card."""

    tag = "experiments"
    serializer_class = ModelSerializer
    bodies = {"POST": NewRegistration}
    answers = {"POST": (201, ModelSerializer)}

    def post(self, request, pk):
        """Register a run that has ended well as a model of its corpus."""
        run = visible_run_of(request, pk)
        model = RegisteredModel.register(request.user, run, **self.body())
        model.withheld = ""
        return self.created(model, reverse("api_model", args=[model.pk]))
