"""TrainingRun: one recipe learned from one frozen release."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from core import shared_folders
from core.errors import UserError, gettext_noop
from corpus.models import Corpus, Installation
from jobs.models import SHORT_STALE_AFTER, Job, JobStatus
from modeling import encoders
from modeling.learner.features.face_detector import check_detector
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.recipes import IMPORTED_FIELDS, RECIPES, SEEDS, RecipeError
from modeling.learner.run_directory import RunDirectory, current_keys
from modeling.learner_process import lines_of
from modeling.models.features import (
    CLIPS,
    FeaturePart,
    extraction_progress,
    features_directory,
    key_of,
)
from modeling.run_configuration import display
from people.models import Event
from releases.models import Release

LEARNED = ("checkpoint.pt", "model.safetensors")  # what pages do not need


class Recipes(models.TextChoices):
    """The learner's recipes by name; a test compares them with the learner's own list."""

    HARD_SMALL = "hard-small", gettext_lazy("hard sharing, small")
    HARD_TEXT = "hard-text", gettext_lazy("hard sharing, text only")
    HARD_BASE = "hard-base", gettext_lazy("hard sharing, base")
    READING_SMALL = (
        "reading-small",
        gettext_lazy("soft sharing with reading gates and relation chain"),
    )
    READING_TEXT = (
        "reading-text",
        gettext_lazy("soft sharing with reading gates and relation chain, text only"),
    )
    READING_BASE = (
        "reading-base",
        gettext_lazy("soft sharing with reading gates and relation chain, base"),
    )
    SOFT_SMALL = "soft-small", gettext_lazy("soft sharing with relation gates")
    SOFT_TEXT = "soft-text", gettext_lazy("soft sharing with relation gates, text only")
    SOFT_BASE = "soft-base", gettext_lazy("soft sharing with relation gates, base")
    EF_LSTM = "ef-lstm", "EF-LSTM"
    LMF = "lmf", gettext_lazy("LMF (Liu et al. 2018)")
    TFN = "tfn", gettext_lazy("TFN (Zadeh et al. 2017)")
    MFN = "mfn", gettext_lazy("MFN (Zadeh et al. 2018)")
    MULT = "mult", gettext_lazy("MulT (Tsai et al. 2019)")
    BC_LSTM = "bc-lstm", gettext_lazy("bc-LSTM (Poria et al. 2017)")
    DIALOGUE_RNN = "dialogue-rnn", gettext_lazy("DialogueRNN (Majumder et al. 2019)")
    CIM_ATT = (
        "cim-att",
        gettext_lazy("CIM-Att, inter-modal attention (Ghosal et al. 2018)"),
    )
    GATED_ATT = "gated-att", gettext_lazy("Gated attention (Kumar and Vepa 2020)")
    QMSA = "qmsa", gettext_lazy("QMSA, quantum-inspired (Zhang et al. 2018)")
    MIDDYA = "middya", gettext_lazy("Model-level fusion (Middya et al. 2022)")
    CONTEXT_GATED_CONV = (
        "context-gated-conv",
        gettext_lazy("Context-gated convolution (Wen et al. 2021)"),
    )
    MIMN = "mimn", gettext_lazy("MIMN, memory network (Xu et al. 2019)")
    QIN = "qin", gettext_lazy("QIN, quantum-inspired (Zhang et al. 2019)")
    MISA = "misa", gettext_lazy("MISA (Hazarika et al. 2020)")
    MMGCN = "mmgcn", gettext_lazy("MMGCN (Hu et al. 2021)")
    DIALOGUE_GCN = "dialogue-gcn", gettext_lazy("DialogueGCN (Ghosal et al. 2019)")
    MM_DFN = "mm-dfn", gettext_lazy("MM-DFN (Hu et al. 2022)")
    SELF_MM = "self-mm", gettext_lazy("Self-MM (Yu et al. 2021)")
    MMIM = "mmim", gettext_lazy("MMIM (Han et al. 2021)")
    LF_DNN = "lf-dnn", gettext_lazy("LF-DNN (Yu et al. 2020)")
    M2FNET = "m2fnet", gettext_lazy("M2FNet (Chudasama et al. 2022)")
    M2SEQ2SEQ = "m2seq2seq", gettext_lazy("M2Seq2Seq (Zhang et al. 2023), in its manner")
    MIL = "mil", gettext_lazy("MIL (Zhang et al. 2023), in its manner")
    SVM_EARLY = "svm-early", gettext_lazy("SVM, early fusion")
    SVM_LATE = "svm-late", gettext_lazy("SVM, late fusion of decisions")
    HMM = "hmm", gettext_lazy("HMM, hidden Markov models")
    TF_IDF = "tf-idf", gettext_lazy("TF-IDF and logistic regression, text only")
    LANGUAGE_MODEL = "language-model", gettext_lazy("Language model as a judge, text only")


def recipe_choices():
    """The recipes with their names; a function, so that a new one needs no migration."""
    return Recipes.choices


class OnFailure(models.TextChoices):
    """What becomes of a clip from which no features can be extracted."""

    FAIL = "fail", gettext_lazy("stop the run and list them")
    MISSING = "missing", gettext_lazy("train without their sound and picture")


class Device(models.TextChoices):
    """What a run computes on. The queue `gpu` is taken by workers whose machine has one."""

    AUTO = "auto", gettext_lazy("any device")
    CPU = "cpu", gettext_lazy("processor")
    GPU = "cuda", gettext_lazy("GPU")


class TrainingRunQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(release__corpus__in=Corpus.objects.led_by(person)).select_related(
            "release__corpus", "started_by"
        )


def hours_this_month(rows):
    """How long jobs worked since the first day of the month, as far as it is known."""
    first = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = rows.filter(started_at__isnull=False).filter(
        models.Q(finished_at__gte=first) | models.Q(finished_at=None)
    )
    now = timezone.now()
    spans = (
        (finished or now) - max(started, first)
        for started, finished in rows.values_list("started_at", "finished_at")
    )
    return sum(span.total_seconds() for span in spans) / 3600


# corpus -> the jobs that its limits count
trained: list[Callable[[Corpus], models.QuerySet[Any]]] = [
    lambda corpus: TrainingRun.objects.filter(release__corpus=corpus)
]


def room_for_runs(corpus):
    """How many more runs of a corpus may wait or train, None without a limit. Raises UserError once
    it has trained for as long as it may in a month.
    """
    limits, own = Installation.load(), [rows_of(corpus) for rows_of in trained]
    if limits.hours_a_month and sum(map(hours_this_month, own)) >= limits.hours_a_month:
        raise UserError(
            gettext_noop(
                "This corpus has trained for %(hours)s hours this month, which is the limit of this"
                " installation. Nothing was started. Wait for next month, or ask an administrator."
            ),
            hours=limits.hours_a_month,
        )
    if limits.runs_at_once is None:
        return None
    states = [JobStatus.QUEUED, JobStatus.RUNNING]
    active = sum(rows.filter(status__in=states).count() for rows in own)
    return max(0, limits.runs_at_once - active)


def guard_runs(corpus):
    """Raises UserError if the corpus may have no more runs now."""
    if room_for_runs(corpus) == 0:
        raise UserError(
            gettext_noop(
                "At most %(most)s runs of a corpus may wait or train at once here. Nothing was"
                " started. Wait until some have ended, or choose fewer."
            ),
            most=Installation.load().runs_at_once,
        )


class TrainingRun(Job):
    """Supervises `python -m modeling.learner train` and keeps what it reported.

    `results` are of the validation set; an Evaluation has those of the held-out test set.
    """

    release = models.ForeignKey(Release, models.PROTECT, related_name="runs")
    recipe = models.CharField(
        gettext_lazy("recipe"), max_length=40, choices=recipe_choices, default=Recipes.HARD_SMALL
    )
    on_failure = models.CharField(
        gettext_lazy("clips without features"), max_length=8, choices=OnFailure,
        default=OnFailure.FAIL,
    )  # fmt: skip
    seed = models.PositiveIntegerField(gettext_lazy("seed"), default=1)
    device = models.CharField(
        gettext_lazy("computed on"), max_length=4, choices=Device, default=Device.AUTO
    )
    options = models.JSONField(default=dict, editable=False)  # fields that differ from the recipe
    experiment = models.ForeignKey(
        "modeling.Experiment", models.PROTECT, null=True, related_name="runs"
    )
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    code_version = models.CharField(max_length=40, blank=True, editable=False)
    results = models.JSONField(default=dict, editable=False)

    verb = "train"
    work = "modeling.training.train"
    follow_up = "modeling.training.update_experiment"
    stale_after = SHORT_STALE_AFTER
    kind_label = gettext_lazy("training run")
    corpus_field = "release__corpus"
    person_field = "started_by"
    name_fields = ("recipe", "release__version", "experiment__name")
    related_fields = ("release__corpus",)
    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.release} · {self.recipe} · {self.seed}"

    @property
    def recipe_label(self):
        """The recipe's name; behind it what the run reads, where that is not as in the recipe."""
        name, read = self.get_recipe_display(), self.options.get("modalities")
        recipe = RECIPES.get(self.recipe)
        if not read or (recipe and set(read) == set(recipe.modalities)):
            return name
        return f"{name} · {display(read)}"

    @classmethod
    def corpus_files(cls, corpus):
        """(kind, folder) of the runs of a corpus, by its id."""
        for run in cls.objects.filter(release__corpus=corpus):
            yield "runs", run.folder

    @property
    def page_url(self):
        return reverse("run", args=[self.pk])

    @property
    def log_url(self):
        return f"{self.page_url}?tab=log"

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @property
    def news(self):
        """Of an experiment, only the run that ends last."""
        if self.experiment_id:
            runs = TrainingRun.objects.filter(experiment=self.experiment_id)
            if runs.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]).exists():
                return False
        return super().news

    @property
    def folder(self):
        """Where its files lie on each host that has them."""
        return settings.RUNS_DIR / str(self.pk)

    @property
    def directory(self):
        """The folder as it is read here, without what it learned, unless that is here."""
        shared_folders.fetch(self.folder, LEARNED)
        return self.folder

    @classmethod
    @transaction.atomic
    def request(
        cls,
        person,
        release,
        recipe=Recipes.HARD_SMALL,
        seed=1,
        on_failure=OnFailure.FAIL,
        experiment=None,
        device=Device.AUTO,
        own=None,
    ):
        """Queue a run, and the extraction of its release's features where these are missing. `own`
        are its settings beside those of the experiment.

        Raises UserError unless the release is frozen, or if it is withdrawn; for a recipe, a
        setting or a seed that the learner does not take; for an encoder or a published network that
        would have nothing to read; and where the installation allows its corpus no more runs.
        """
        if release.status != JobStatus.DONE:
            raise UserError(gettext_noop("Only a frozen release can be trained on."))
        release.guard_open()
        guard_runs(release.corpus)
        options = {**(experiment.options if experiment else {}), **(own or {})}
        if recipe in RECIPES and RECIPES[recipe].network != "likelihoods":
            options.pop("likelihoods", None)  # of an experiment, for another recipe
        encoders.check_encoders(release, recipe, options)
        run = cls(
            release=release,
            recipe=recipe,
            seed=seed,
            on_failure=on_failure,
            experiment=experiment,
            device=device,
            options=options,
            started_by=person,
            code_version=settings.VERSION,
        )
        run.guard_imported()
        run.guard_modalities()
        run.guard_faces()
        run.guard_seed()
        run.save()
        Event.record(person, "train", run, recipe=recipe, release=release.version)
        run.request_features()
        return run

    def why_failure_withheld(self, person):
        """It may name utterances and their labels."""
        return self.release.why_withheld(person)

    @property
    def queue(self):  # type: ignore[override]  # of the row; of other jobs it is the model's
        """A run that must have a GPU waits for a worker whose machine has one."""
        return "gpu" if self.device == Device.GPU else "train"

    @property
    def base(self):
        """The recipe without the run's own settings. Raises UserError where this version has none
        of the name, as a newer one may have had.
        """
        recipe = RECIPES.get(self.recipe)
        if recipe is None:
            raise UserError(
                gettext_noop("This version has no recipe “%(recipe)s”."), recipe=self.recipe
            )
        return recipe

    @property
    def reads_imported(self):
        """Whether it reads imported features, which no utterance outside its release has."""
        return any(self.options.get(name) for name in IMPORTED_FIELDS)

    @property
    def has_epochs(self):
        """Whether it is trained epoch by epoch, as all but classical systems are."""
        recipe = RECIPES.get(self.recipe)
        return recipe is None or not recipe.classical

    @property
    def shows_relations(self):
        """Whether it can be read off its network how tasks move each other."""
        recipe = RECIPES.get(self.recipe)
        gated = recipe is not None and recipe.sharing == "relgate"
        return gated or "learned" in (self.results or {})

    def whole_recipe(self):
        """The recipe with the run's own settings, as the learner takes it. Raises UserError with
        the learner's sentence for settings that are none, as those of another version may be.
        """
        chosen = {name: self.in_recipe(name, value) for name, value in self.options.items()}
        if self.options.get("vision_region", "frame") != "frame":
            chosen["face_detector"] = self.face_detector
        try:
            return self.base.with_fields({"on_failure": self.on_failure, **chosen})
        except RecipeError as error:
            raise UserError("%(reason)s", reason=str(error)) from error

    @property
    def face_detector(self):
        """The file with which faces are found; empty for OpenCV's own."""
        return settings.FACE_DETECTOR

    def in_recipe(self, name, value):
        """A setting as the learner takes it: encoders and features by their directories."""
        if name.endswith("_encoder"):
            return encoders.encoder_path(value)
        if name in IMPORTED_FIELDS and value:
            return str(features_directory(self.release_id, value))
        return value

    def guard_imported(self):
        """Raises UserError for imported features that its release does not have."""
        for name, modality in IMPORTED_FIELDS.items():
            digest = self.options.get(name)
            rows = self.release.imported_features.filter(modality=modality, digest=digest)
            if digest and not rows.exists():
                raise UserError(
                    gettext_noop(
                        "The imported features %(digest)s are not there for release %(version)s."
                        " Import them for it, or choose others."
                    ),
                    digest=str(digest)[:12],
                    version=self.release.version,
                )

    def guard_modalities(self):
        """Raises UserError for a published network that would read films where there are none."""
        recipe = self.whole_recipe()
        if recipe.network == "own" or recipe.classical or self.release.media != Release.Media.NONE:
            return
        if {"audio", "vision"} & ({*recipe.modalities} - {*recipe.imported}):
            raise UserError(
                gettext_noop(
                    "Release %(version)s holds no films, and the published network %(recipe)s would"
                    " read their sound and picture. Choose text alone under Input in the advanced"
                    " settings, or take a release with clips."
                ),
                version=self.release.version,
                recipe=self.recipe,
            )

    def guard_faces(self):
        """Raises UserError for faces of films that are not there, or where none can be found."""
        recipe = self.whole_recipe()
        if recipe.vision_region == "frame" or "vision_region" in recipe.unused:
            return
        if self.release.media not in CLIPS:
            raise UserError(
                gettext_noop(
                    "Release %(version)s holds no films, in whose pictures there could be faces."
                    " Choose whole pictures, or take a release with clips."
                ),
                version=self.release.version,
            )
        try:
            check_detector(settings.FACE_DETECTOR)
        except FeatureError as error:
            raise UserError("%(reason)s", reason=str(error)) from error

    def guard_seed(self):
        """Raises UserError for a seed that the learner or the database cannot take."""
        low, high = SEEDS
        if not low <= self.seed <= high:
            raise UserError(
                gettext_noop("The seed must be from %(low)s to %(high)s."), low=low, high=high
            )

    @property
    def extracted_features(self):
        """What has to be extracted before it can learn: the fields that choose an encoder, of each
        that it reads with; {} where default features of clips are among it.
        """
        recipe = RECIPES.get(self.recipe)
        modalities = self.options.get("modalities", recipe.modalities if recipe else ())
        clips = self.release.media in CLIPS
        read = [
            m
            for m in modalities
            if (m == "text" or clips)
            and not encoders.is_tuned(self.options, m)
            and not any(self.options.get(f) for f, of in IMPORTED_FIELDS.items() if of == m)
        ]
        chosen = [encoders.fields_of(self.options, m) for m in read]
        found = [fields for fields in chosen if fields]
        default = any(m != "text" and not f for m, f in zip(read, chosen, strict=True))
        return [{}, *found] if default else found

    def request_features(self, again=False):
        """Have extracted what is missing of them; with `again` also where a clip failed."""
        for encoder in self.extracted_features:
            FeaturePart.request(self.release, again, encoder)

    @transaction.atomic
    def extract_missing(self, person):
        """Have extracted what is missing of its features, also where a clip failed before."""
        self.request_features(again=True)
        Event.record(person, "extract", self.release)

    def extraction_progress(self):
        """See the function of this name; None where nothing has to be extracted."""
        keys = [key_of(encoder) for encoder in self.extracted_features]
        return extraction_progress(self.release, keys) if keys else None

    @property
    def waits(self):  # type: ignore[override]  # of the row; other jobs never wait
        """Whether features that it will learn from are still being extracted."""
        keys = [key_of(encoder) for encoder in self.extracted_features]
        parts = self.release.feature_parts.filter(encoder_key__in=keys) if keys else ()
        return any(part.alive for part in parts)

    def events(self):
        """What the learner reported so far, oldest first."""
        return [current_keys(event) for event in lines_of(self.directory / "events.jsonl")]

    @property
    def has_checkpoint(self):
        return shared_folders.holds(self.folder, "checkpoint.pt")

    @property
    def stopping(self):
        """Whether it was asked to stop and its process is still writing the checkpoint."""
        return self.status == JobStatus.STOPPED and RunDirectory(self.folder).busy

    @property
    def live(self):
        return self.active or self.stopping

    @property
    def evaluation(self):
        """Its last finished evaluation on the test set, or None."""
        finished = (each for each in self.evaluations.all() if each.status == JobStatus.DONE)
        return next(finished, None)

    @property
    def runs_ahead(self):
        """How many runs wait before this one."""
        waiting = TrainingRun.objects.filter(status=JobStatus.QUEUED)
        return waiting.filter(queued_at__lt=self.queued_at).exclude(pk=self.pk).count()

    @transaction.atomic
    def delete_by(self, person):
        """Delete the run with its files. Raises UserError while it works, or where it was evaluated
        on the test set: that is counted for good.
        """
        if self.status == JobStatus.RUNNING and not self.stale:
            raise UserError(gettext_noop("Stop the run first."))
        if self.evaluations.exists():
            raise UserError(
                gettext_noop("A run that was evaluated on the test set cannot be deleted.")
            )
        if hasattr(self, "registered"):
            raise UserError(gettext_noop("The run of a registered model cannot be deleted."))
        Event.record(person, "delete", self, recipe=self.recipe, seed=self.seed)
        folder = self.folder
        self.delete()
        shared_folders.remove_with_row(folder)
