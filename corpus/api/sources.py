"""Sources: episodes with their transcripts, from the upload to published dialogues."""

from contextlib import contextmanager

from django.core.files import File
from django.http import QueryDict
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters, check_form
from core.errors import UserError, ValidationError, gettext_noop
from core.translation import translate, translate_error
from corpus import deletion
from corpus.api.jobs import JobSerializer, described, job_address
from corpus.forms import ReadingForm, ReplacementForm, SourceForm
from corpus.import_plan import resegment
from corpus.import_report import track_label
from corpus.models import ImportProblem, Source, Upload
from corpus.permissions import LEAD, corpus_of, source_of
from corpus.source_preview import check_of, obstacle_of, reading_of
from corpus.visibility import WORDS, guard
from jobs.models import JobStatus
from people.access_tokens import Scope
from people.api.views import ApiView, LinesView, ListView, ThingView

STREAM = {"min_value": 0, "max_value": 10_000}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a source",
            {
                "id": 12,
                "corpus": 1,
                "kind": "episode",
                "title": "episode 1",
                "state": "done",
                "inspected": True,
                "has_media": True,
                "counts": {"dialogues": 14, "utterances": 310, "published": 14},
                "job": "/api/jobs/source/12/",
            },
            response_only=True,
        )
    ]
)
class SourceSerializer(serializers.Serializer):
    """An episode with its transcript, or a published table. A draft waits to be confirmed; its job
    is that of the worker who looks into it, null where there was nothing to look into.
    """

    id = serializers.IntegerField()
    corpus = serializers.IntegerField(source="corpus_id")
    kind = serializers.ChoiceField(choices=Source.Kind.choices)
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=JobStatus.choices, source="status")
    inspected = serializers.BooleanField(
        source="is_inspected", help_text="a draft can be confirmed once a worker has looked into it"
    )
    has_media = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    job = serializers.SerializerMethodField()

    def get_job(self, source) -> str | None:
        if source.status != JobStatus.DRAFT:
            return job_address(source)
        inspection = getattr(source, "inspection_job", None)
        return job_address(inspection) if inspection else None


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a film and its subtitles",
            {"title": "episode 1", "media": "kq3…", "transcript": "Zt0…"},
        )
    ]
)
class NewSource(Body):
    """Uploads by their tokens: media, a transcript, or both."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=80)
    media = serializers.CharField(required=False, max_length=64)
    transcript = serializers.CharField(required=False, max_length=64)


class TrackSerializer(serializers.Serializer):
    stream = serializers.IntegerField(source="index")
    name = serializers.SerializerMethodField()

    def get_name(self, track) -> str:
        return track_label(track)


class SourceDetailSerializer(SourceSerializer):
    """The same with the streams of its media from which sound and words can be taken."""

    sound_tracks = serializers.SerializerMethodField()
    subtitle_tracks = serializers.SerializerMethodField()

    def get_sound_tracks(self, source) -> TrackSerializer(many=True):  # type: ignore[valid-type]
        return TrackSerializer(source.probed.audio if source.probe else [], many=True).data

    def get_subtitle_tracks(self, source) -> TrackSerializer(many=True):  # type: ignore[valid-type]
        return TrackSerializer(usable_subtitles(source), many=True).data


def usable_subtitles(source):
    """The subtitles inside the media that are text."""
    return [track for track in source.probed.subtitles if track.text] if source.probe else []


class SourceChange(Body):
    """Which streams of its media a draft takes; whatever is left out stays as it is."""

    sound_track = serializers.IntegerField(required=False, **STREAM)
    subtitle_track = serializers.IntegerField(
        required=False, allow_null=True, help_text="null: the words that came with it", **STREAM
    )


class SourceFilters(Filters):
    state = serializers.ChoiceField(choices=JobStatus.choices, required=False)

    def by_state(self, rows, value):
        return rows.filter(status=value)


class Sources(ListView):
    """The sources of a corpus that you lead, the latest first."""

    tag = "sources"
    ordering = ("-pk",)
    serializer_class = SourceSerializer
    filters = SourceFilters
    bodies = {"POST": NewSource}

    def rows(self):
        rows = corpus_of(self.request, self.kwargs["pk"], LEAD).sources.all()
        return rows.select_related("inspection_job")

    def post(self, request, pk):
        """Make a draft of uploads that are complete. A worker looks into it; confirm it then."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        with transcript_of(corpus, sent.get("transcript")) as files:
            data = {"title": sent.get("title", ""), "upload": sent.get("media", "")}
            form = SourceForm(data, files, corpus=corpus)
            check_form(form)
            source = form.bring_in(request.user)
        return self.created(source, reverse("api_source", args=[source.pk]))


@contextmanager
def transcript_of(corpus, token):
    """An upload as a form takes the file of a transcript; it is discarded once it was taken. Raises
    ValidationError for one that is not complete.
    """
    if not token:
        yield None
        return
    upload = Upload.objects.filter(corpus=corpus, token=token).first()
    if upload is None or not upload.is_complete:
        faults = {"transcript": [SourceForm.INCOMPLETE]}
        raise serializers.ValidationError(faults, code="incomplete")
    with upload.path.open("rb") as file:
        yield {"transcript": File(file, name=upload.name)}
    upload.discard()


class SourceThing(ThingView):
    """A source of a corpus that you lead."""

    tag = "sources"
    serializer_class = SourceDetailSerializer
    bodies = {"PATCH": SourceChange}

    def thing(self):
        return source_of(self.request, self.kwargs["pk"])

    def patch(self, request, pk):
        """Take the sound or the words of a draft from other streams of its media."""
        source, sent = self.thing(), self.body()
        if source.status != JobStatus.DRAFT:
            raise UserError(gettext_noop("This source was confirmed; its streams are chosen."))
        sound, words = sent.get("sound_track"), sent.get("subtitle_track")
        if sound is not None:
            check_stream(sound, source.probed.audio if source.probe else [])
        if words is not None:
            check_stream(words, usable_subtitles(source))
        if sound is not None:
            source.choose_track(request.user, sound)
        if "subtitle_track" in sent:
            source.choose_subtitles(request.user, words)
        return self.answer(self.thing())


def check_stream(stream, tracks):
    """Raises ValidationError for a stream that is none of these."""
    known = [track.index for track in tracks]
    if stream not in known:
        raise ValidationError(
            gettext_noop("There is no such stream: %(stream)d. Expected one of: %(known)s."),
            stream=stream,
            known=", ".join(map(str, known)) or "–",
        )


class Segmentation(Body):
    """What is left out stays as it is; `scene` null parts dialogues at silence alone."""

    gap = serializers.FloatField(required=False, min_value=0.05, max_value=600)
    scene = serializers.FloatField(required=False, allow_null=True, min_value=0.05, max_value=1)


class SourceSegmentation(ApiView):
    """Where the dialogues of a source part."""

    tag = "sources"
    serializer_class = JobSerializer
    bodies = {"POST": Segmentation}
    answers = {"POST": (202, JobSerializer)}

    def post(self, request, pk):
        """Divide an episode that was cut anew; what was corrected stays. 409 where a published
        dialogue would not stay as it is.
        """
        source, sent = source_of(request, pk), self.body()
        if source.status != JobStatus.DONE or source.kind != Source.Kind.EPISODE:
            raise UserError(gettext_noop("Only an episode that was imported is divided anew."))
        guard(request.user, source.dialogues.all())
        gap, scene = sent.get("gap", source.gap), sent.get("scene", source.scene)
        resegment(source, request.user, gap, scene)
        return self.answer(described(request, source))


class Replacement(Body):
    """Uploads by their tokens: other media, another transcript, or both."""

    media = serializers.CharField(required=False, max_length=64)
    transcript = serializers.CharField(required=False, max_length=64)


class SourceReplacement(ApiView):
    """That a source has other files."""

    tag = "sources"
    serializer_class = SourceSerializer
    bodies = {"POST": Replacement}

    def post(self, request, pk):
        """Give a source other files: it is a draft again, and its dialogues are deleted. 409 where
        they were judged.
        """
        source, sent = source_of(request, pk), self.body()
        with transcript_of(source.corpus, sent.get("transcript")) as files:
            data = {"upload": sent.get("media", "")}
            form = ReplacementForm(data, files, corpus=source.corpus)
            check_form(form)
            form.replace(request.user, source)
        return self.answer(source_of(request, pk))


@extend_schema_serializer(examples=[OpenApiExample("as it was recognised", {"gap": 4.0})])
class SourceConfirmation(Body):
    """How a draft is read; what is left out is as it was recognised. The four columns are those of
    a transcript that is a table.
    """

    encoding = serializers.CharField(required=False, max_length=20)
    gap = serializers.FloatField(required=False, min_value=0.05, max_value=600)
    scene = serializers.FloatField(required=False, min_value=0.05, max_value=1)
    start = serializers.CharField(required=False, max_length=200)
    end = serializers.CharField(required=False, max_length=200)
    text = serializers.CharField(required=False, max_length=200)
    speaker = serializers.CharField(required=False, max_length=200)
    replace = serializers.BooleanField(required=False, help_text="unreadable bytes by �")
    sheet = serializers.CharField(required=False, max_length=200, help_text="of a workbook")
    prefixes = serializers.ChoiceField(
        choices=["proposed", "listed", "none"], required=False, help_text="names before a colon"
    )
    names = serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, max_length=500,
        help_text="of speakers, where prefixes are listed",
    )  # fmt: skip
    bilingual = serializers.ChoiceField(
        choices=["proposed", "first", "second", "no"], required=False,
        help_text="which lines are the transcript",
    )  # fmt: skip
    dashes = serializers.BooleanField(
        required=False, help_text="a dash at the start of a line: another speaker"
    )
    rolling = serializers.BooleanField(required=False, help_text="captions: each line once")


class DraftSpeakerSerializer(serializers.Serializer):
    """A speaker, and how many utterances are theirs."""

    name = serializers.CharField()
    utterances = serializers.IntegerField()


class DraftDialogueSerializer(serializers.Serializer):
    """A dialogue that would be made: its times in seconds of the source, its utterances."""

    start = serializers.FloatField()
    end = serializers.FloatField()
    utterances = serializers.IntegerField()


class ReadingProblemSerializer(serializers.Serializer):
    line = serializers.IntegerField(help_text="0: the file as a whole")
    column = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(choices=ImportProblem.Outcome.choices)
    reason = serializers.CharField()


READING = {
    "obstacle": "",
    "encoding": "utf-8",
    "dialogues": [{"start": 0.4, "end": 21.8, "utterances": 9}],
    "speakers": [{"name": "小唐", "utterances": 5}],
    "problems": [],
    "bytes": 1_400_000,
}


@extend_schema_serializer(examples=[OpenApiExample("a reading", READING, response_only=True)])
class DraftReadingSerializer(serializers.Serializer):
    """What would come of a draft. `obstacle` says why it cannot be confirmed like this, if it
    cannot; `bytes` is what its clips take at most.
    """

    obstacle = serializers.CharField(allow_blank=True)
    encoding = serializers.CharField(allow_blank=True, help_text="of the transcript")
    dialogues = DraftDialogueSerializer(many=True)
    speakers = DraftSpeakerSerializer(many=True)
    problems = ReadingProblemSerializer(many=True)
    bytes = serializers.IntegerField()


class DraftReading(ApiView):
    """How a draft would be read."""

    tag = "sources"
    required_scope = change_scope = Scope.READ
    serializer_class = DraftReadingSerializer
    bodies = {"POST": SourceConfirmation}

    def post(self, request, pk):
        """Say what would come of a draft that is read like this; nothing is stored. 409 for a
        source that is no draft.
        """
        source, sent = source_of(request, pk), self.body()
        if source.status != JobStatus.DRAFT:
            raise UserError(gettext_noop("This source is no draft any more."))
        draft = reading_of(source, as_form(sent))
        obstacle, check, error = obstacle_of(source, draft), None, None
        if obstacle is None:
            check, error = check_of(source, draft.form, draft.reading)
        return self.answer(described_reading(draft, check, error or words_of(obstacle)))


def words_of(obstacle):
    """The sentence of an error; "" for none."""
    return translate_error(obstacle) if obstacle else ""


def described_reading(draft, check, obstacle):
    """The reading of a draft as it is sent; without `check` what is known before it is cut."""
    parts = zip(check.spans, check.parts, strict=True) if check else ()
    problems = check.problems if check else draft.reading.problems if draft.reading else []
    return {
        "obstacle": obstacle,
        "encoding": draft.reading.encoding if draft.reading else "",
        "dialogues": [{"start": a, "end": b, "utterances": len(cues)} for (a, b), cues in parts],
        "speakers": [{"name": n, "utterances": k} for n, k in (check.speakers if check else [])],
        "problems": [problem_line(row, translate(row.reason, row.details)) for row in problems],
        "bytes": check.needed if check else 0,
    }


def problem_line(row, reason):
    """What was found in a transcript, as it is sent."""
    about = {"line": row.line, "column": row.column, "value": row.value}
    return about | {"outcome": row.outcome, "reason": reason}


class Confirmation(ApiView):
    """How a draft is read."""

    tag = "sources"
    serializer_class = JobSerializer
    bodies = {"POST": SourceConfirmation}
    answers = {"POST": (202, JobSerializer)}

    def post(self, request, pk):
        """Accept how a draft is read and have it cut; the answer is the job that does it."""
        source, sent = source_of(request, pk), self.body()
        if source.status == JobStatus.DRAFT:
            draft = reading_of(source, as_form(sent))
            if obstacle := obstacle_of(source, draft):
                raise obstacle
            source.confirm(request.user, **draft.decisions)
        return self.answer(described(request, source))


def as_form(sent):
    """What the page would send: checkboxes that are shown, and of these those that are ticked."""
    data = QueryDict(mutable=True)
    for name, value in sent.items():
        if name in ReadingForm.SWITCHES:
            data.appendlist("asked", name)
            if value:
                data[name] = "on"
        else:
            data[name] = ", ".join(value) if name == "names" else str(value)
    return data


class SourceDeletion(Body):
    """Where judgements are lost with it, the title of the source has to be written."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=80)


class Deletion(ApiView):
    """That a source goes with everything that was made of it."""

    tag = "sources"
    change_scope = Scope.MANAGE
    bodies = {"POST": SourceDeletion}
    answers = {"POST": (204, None)}

    def post(self, request, pk):
        """Delete a source; of a draft its uploads."""
        source, sent = source_of(request, pk), self.body()
        if source.status == JobStatus.DRAFT:
            source.discard(request.user)
        else:
            deletion.delete_source(request.user, source, sent.get("title", ""))
        return self.answer(None)


class PublishedSerializer(serializers.Serializer):
    published = serializers.IntegerField()


class Publication(ApiView):
    """That the dialogues of a source are ready for annotators."""

    tag = "sources"
    serializer_class = PublishedSerializer

    def post(self, request, pk):
        """Publish all dialogues of a source; how many were not yet."""
        made = source_of(request, pk).publish(request.user)
        return self.answer({"published": len(made)})


class ProblemFilters(Filters):
    outcome = serializers.ChoiceField(choices=ImportProblem.Outcome.choices, required=False)


class SourceProblemLines(LinesView):
    """What was repaired, left out or is doubtful in the transcript or table of a source that is
    imported, an object a line: `line`, `column`, `value`, `outcome`, `reason`. 403 while its words
    are withheld from you.
    """

    tag = "sources"
    filters = ProblemFilters
    name = "problems.ndjson"

    def rows(self):
        source = source_of(self.request, self.kwargs["pk"])
        guard(self.request.user, source.dialogues.all(), WORDS)
        return source.import_problems.all()

    def line(self, row):
        return problem_line(row, row.why)
