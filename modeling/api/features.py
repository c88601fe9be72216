"""Features from elsewhere: files that are read, imported or forgotten; language models as judges;
the features of a run's clips.
"""

from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Id, check_form
from core.errors import UserError, gettext_noop
from corpus.api.jobs import JobSerializer, described, job_address
from corpus.permissions import LEAD, corpus_of, with_role
from jobs.models import JobStatus
from modeling.feature_import_form import FeatureImportForm
from modeling.language_model_form import MOST, LanguageModelJudgeForm
from modeling.models import FeatureImport, ImportedFeatures
from modeling.models.imported_features import Modality
from modeling.models.language_model_judges import PromptLanguage
from modeling.models.runs import Device
from modeling.permissions import run_of
from modeling.training_workers import training_worker_count
from modeling.views.imported_features import import_of
from people.api.views import ApiView, ListView, ThingView


class FeatureImportSerializer(serializers.Serializer):
    """Files of features. A draft was read and waits to be confirmed; `tables` say how many numbers
    of which modality were read, and how many utterances of the release they are of.
    """

    id = serializers.IntegerField()
    release = serializers.IntegerField(source="release_id")
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=JobStatus.choices, source="status")
    tables = serializers.SerializerMethodField()
    job = serializers.SerializerMethodField()

    def get_tables(self, row) -> list[dict[str, Any]]:
        return row.report.get("tables", [])

    def get_job(self, row) -> str:
        return job_address(row)


@extend_schema_serializer(
    examples=[OpenApiExample("one array", {"release": 3, "modality": "audio", "uploads": ["kq3…"]})]
)
class NewFeatureImport(Body):
    """Complete uploads by their tokens: one file of features, and a list of ids where it names no
    utterances. Files of MMSA say their modalities themselves.
    """

    release = Id()
    modality = serializers.ChoiceField(choices=Modality.choices, required=False)
    uploads = serializers.ListField(
        child=serializers.CharField(max_length=64), min_length=1, max_length=2
    )
    name = serializers.CharField(required=False, allow_blank=True, max_length=100)
    rate = serializers.FloatField(
        required=False, min_value=0.001, max_value=1e6, help_text="frames a second"
    )


class FeatureImports(ListView):
    """The imports of features for releases of a corpus that you lead, the latest first."""

    tag = "experiments"
    ordering = ("-pk",)
    serializer_class = FeatureImportSerializer
    bodies = {"POST": NewFeatureImport}

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        return FeatureImport.objects.of(self.request.user).filter(release__corpus=corpus)

    def post(self, request, pk):
        """Have files read; nothing is imported before that is confirmed."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        data = sent | {"uploads": ",".join(sent["uploads"])}
        form = FeatureImportForm(data, None, corpus=corpus, person=request.user)
        check_form(form, {"files": "uploads"})
        with transaction.atomic():
            row = form.begin()
        return self.created(row, reverse("api_feature_import", args=[row.pk]))


class FeatureImportThing(ThingView):
    """An import of features."""

    tag = "experiments"
    serializer_class = FeatureImportSerializer

    def thing(self):
        return import_of(self.request, self.kwargs["pk"])

    def delete(self, request, pk):
        """Forget what was uploaded, unless it is being read or was imported."""
        if not self.thing().discard(request.user):
            raise UserError(gettext_noop("The import is under way, or was confirmed."))
        return self.answer(None)


class FeaturesSerializer(serializers.Serializer):
    """Features of the utterances of a release that came from elsewhere."""

    id = serializers.IntegerField()
    release = serializers.IntegerField(source="release_id")
    name = serializers.CharField()
    modality = serializers.ChoiceField(choices=Modality.choices)
    dims = serializers.IntegerField()
    utterances = serializers.IntegerField()
    digest = serializers.CharField()


class ConfirmedSerializer(serializers.Serializer):
    """What was imported; nothing where it had been confirmed before."""

    features = FeaturesSerializer(many=True)


class FeatureImportConfirmation(ApiView):
    """That features which were read are imported."""

    tag = "experiments"
    serializer_class = ConfirmedSerializer

    def post(self, request, pk):
        """Import what was read; twice changes nothing."""
        row = import_of(request, pk)
        if row.status not in (JobStatus.DRAFT, JobStatus.DONE):
            raise UserError(gettext_noop("The files were not read, or not yet."))
        return self.answer({"features": row.confirm(request.user)})


class CorpusFeatures(ListView):
    """The imported features of releases of a corpus that you lead, the latest first."""

    tag = "experiments"
    ordering = ("-pk",)
    serializer_class = FeaturesSerializer

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        return ImportedFeatures.objects.of(self.request.user).filter(release__corpus=corpus)


class FeaturesThing(ThingView):
    """Imported features."""

    tag = "experiments"
    serializer_class = FeaturesSerializer

    def thing(self):
        row = get_object_or_404(
            ImportedFeatures.objects.of(self.request.user), pk=self.kwargs["pk"]
        )
        with_role(self.request, row.release.corpus, LEAD)
        return row

    def delete(self, request, pk):
        """Remove features with their files; not those that a run needs which waits or trains."""
        with transaction.atomic():
            self.thing().remove_by(request.user)
        return self.answer(None)


@extend_schema_serializer(
    examples=[OpenApiExample("zero-shot", {"release": 3, "encoder": "qwen", "language": "zh"})]
)
class NewLanguageModelJudge(Body):
    """Which installed language model is asked about which release, and how."""

    release = Id()
    encoder = serializers.CharField(max_length=100)
    language = serializers.ChoiceField(choices=PromptLanguage.choices)
    turns = serializers.IntegerField(required=False, min_value=0, max_value=MOST)
    shots = serializers.IntegerField(required=False, min_value=0, max_value=MOST)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    half = serializers.BooleanField(required=False)
    device = serializers.ChoiceField(choices=Device.choices, required=False)


class LanguageModelJudges(ApiView):
    """Language models that are asked about the utterances of a release."""

    tag = "experiments"
    serializer_class = JobSerializer
    bodies = {"POST": NewLanguageModelJudge}
    answers = {"POST": (202, JobSerializer)}

    def post(self, request, pk):
        """Have a language model asked; its scores become features of the release."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        data = {"turns": 4, "shots": 0, "seed": 1} | sent
        form = LanguageModelJudgeForm(data, corpus=corpus, gpus=training_worker_count("gpu"))
        check_form(form)
        judge = form.save(commit=False)
        judge.request_by(request.user)
        return self.answer(described(request, judge))


class RunFeatures(ApiView):
    """The features that a run needs of the clips of its release."""

    tag = "experiments"
    answers = {"POST": (204, None)}

    def post(self, request, pk):
        """Extract what is missing of them."""
        run_of(request, pk).extract_missing(request.user)
        return self.answer(None)
