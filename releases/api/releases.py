"""Releases: the list, freezing one, its facts, its retraction, who may read it."""

from django.db.models import Prefetch
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.models import Round
from core.api.inputs import Body, Filters, Id, check_form
from corpus.api.jobs import JobSerializer, described, job_address
from corpus.permissions import LEAD, corpus_of
from jobs.models import JobStatus
from people.access_tokens import Scope
from people.api.views import ApiView, ListView, ThingView
from releases.forms import ErrorsForm, ReleaseForm, RetractionForm, proposed_release
from releases.integrity import faulty_dialogues, refuse, undecided
from releases.models import MemberAccess, Release, Retraction
from releases.models.releases import LICENCES
from releases.permissions import frozen_of, given_of, release_of

EXAMPLE = {
    "id": 3,
    "corpus": 1,
    "version": "1.1.0",
    "state": "done",
    "withheld": "",
    "rounds": [4],
    "licence": "cc-by-nc-4.0",
    "media": "dialogues",
    "speakers": "pseudonyms",
    "split_unit": "source",
    "for_members": True,
    "retraction": None,
    "created_at": "2026-03-02T09:30:00+08:00",
    "frozen_at": "2026-03-02T09:31:10+08:00",
    "digest": "5f2b" * 16,
    "contents": "a04c" * 16,
    "dialogues": {"train": 70, "valid": 15, "test": 15},
    "utterances": {"train": 1400, "valid": 310, "test": 290},
    "judgements": 12000,
    "files": 108,
    "bytes": 73400320,
}


class RetractionSerializer(serializers.Serializer):
    """That a release should not be used any more, and why; `by` is the one that took its place."""

    kind = serializers.ChoiceField(choices=Retraction.Kind.choices)
    reason = serializers.CharField()
    by = serializers.IntegerField(source="by_id", allow_null=True)
    at = serializers.DateTimeField()


@extend_schema_serializer(examples=[OpenApiExample("a release", EXAMPLE, response_only=True)])
class ReleaseSerializer(serializers.Serializer):
    """A release. While you annotate its dialogues blind, `withheld` says why its figures are null;
    so they are until it is frozen.
    """

    id = serializers.IntegerField()
    corpus = serializers.IntegerField(source="corpus_id")
    version = serializers.CharField()
    state = serializers.ChoiceField(choices=JobStatus.choices, source="status")
    withheld = serializers.CharField(allow_blank=True)
    rounds = serializers.SerializerMethodField()
    licence = serializers.ChoiceField(choices=LICENCES)
    media = serializers.ChoiceField(choices=Release.Media.choices)
    speakers = serializers.ChoiceField(choices=Release.Speakers.choices)
    split_unit = serializers.ChoiceField(choices=Release.SplitUnit.choices)
    for_members = serializers.BooleanField(source="is_for_members")
    retraction = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    frozen_at = serializers.DateTimeField(source="finished_at", allow_null=True)
    digest = serializers.SerializerMethodField(help_text="SHA-256 of manifest.json")
    contents = serializers.SerializerMethodField(help_text="SHA-256 over the data alone")
    dialogues = serializers.SerializerMethodField(help_text="of each split")
    utterances = serializers.SerializerMethodField(help_text="of each split")
    judgements = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()
    bytes = serializers.SerializerMethodField()

    def get_rounds(self, release) -> list[int]:
        return [round.pk for round in release.rounds.all()]

    def get_retraction(self, release) -> RetractionSerializer(allow_null=True):  # type: ignore[valid-type]
        newest = next(iter(release.retractions.all()), None)
        return RetractionSerializer(newest).data if newest else None

    def get_digest(self, release) -> str | None:
        return self._figure(release, release.digest)

    def get_contents(self, release) -> str | None:
        return self._figure(release, release.contents)

    def get_dialogues(self, release) -> dict[str, int] | None:
        return self._figure(release, release.summary.get("dialogues"))

    def get_utterances(self, release) -> dict[str, int] | None:
        return self._figure(release, release.summary.get("utterances"))

    def get_judgements(self, release) -> int | None:
        return self._figure(release, release.summary.get("judgements"))

    def get_files(self, release) -> int | None:
        return self._figure(release, release.summary.get("files"))

    def get_bytes(self, release) -> int | None:
        return self._figure(release, release.summary.get("bytes"))

    def _figure(self, release, value):
        return value if release.is_frozen and not release.withheld else None


class DecisionBody(Body):
    """What is done about errors of the integrity check: of a kind, or of one dialogue (its id),
    which counts first.
    """

    kind = serializers.CharField(required=False, max_length=40)
    dialogue = Id(required=False)
    choice = serializers.ChoiceField(choices=["exclude", "accept"])
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)

    def validate(self, data):
        if ("kind" in data) == ("dialogue" in data):
            raise serializers.ValidationError("kind | dialogue")
        return data


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a new release", {"version": "1.1.0", "rounds": [4], "shares": "80/10/10", "seed": 7}
        )
    ]
)
class NewRelease(Body):
    """What is left out is as in the form: as the last release was made, and one version on."""

    version = serializers.CharField(required=False, max_length=20)
    rounds = serializers.ListField(child=Id(), required=False, max_length=1000)
    licence = serializers.ChoiceField(choices=LICENCES, required=False)
    media = serializers.ChoiceField(choices=Release.Media.choices, required=False)
    speakers = serializers.ChoiceField(choices=Release.Speakers.choices, required=False)
    split_unit = serializers.ChoiceField(choices=Release.SplitUnit.choices, required=False)
    shares = serializers.CharField(required=False, max_length=11)
    keep_splits = serializers.BooleanField(required=False)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    authors = serializers.CharField(required=False, allow_blank=True, max_length=4000)
    description = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    decisions = DecisionBody(many=True, required=False, help_text="about errors that are found")


class ReleaseFilters(Filters):
    state = serializers.ChoiceField(choices=JobStatus.choices, required=False, source="status")
    version = serializers.CharField(required=False, max_length=20)


class Releases(ListView):
    """The releases of a corpus that you may know of, the newest first."""

    tag = "releases"
    serializer_class = ReleaseSerializer
    filters = ReleaseFilters
    bodies = {"POST": NewRelease}
    answers = {"POST": (202, JobSerializer)}
    ordering = ("-pk",)

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"])
        return readable(Release.objects.of(self.request.user).filter(corpus=corpus))

    def prepare(self, page):
        person = self.request.user
        pks = [row.pk for row in page if row.is_frozen]
        found = Release.objects.filter(pk__in=pks).withheld_from(person) if pks else []
        hidden = {row.pk for row in found}
        for row in page:
            row.withheld = row.why_withheld(person) if row.pk in hidden else ""
        return page

    def post(self, request, pk):
        """Freeze a release of a corpus that you lead. The answer is its job, which has its id."""
        corpus = corpus_of(request, pk, LEAD)
        said = self.body()
        decisions = said.pop("decisions", [])
        data = proposed_release(corpus)
        data |= {"keep_splits": True, "rounds": [round.pk for round in data["rounds"]]} | said
        form = ReleaseForm(data, corpus=corpus)
        check_form(form)
        faulty = faulty_dialogues(form.chosen_rounds, form.cleaned_data["media"])
        release = form.freeze(request.user, self._decided(faulty, decisions))
        release.refresh_from_db()
        answer = self.created(described(request, release), job_address(release))
        answer.status_code = 202
        return answer

    def _decided(self, faulty, decisions):
        """The decisions as a release keeps them. Raises UserError, ValidationError."""
        data: dict[str, str] = {}
        for row in decisions:
            name = f"kind-{row['kind']}" if "kind" in row else f"dialogue-{row['dialogue']}"
            data |= {name: row["choice"], f"{name}-reason": row.get("reason", "")}
        form = EveryErrorForm(data, faulty=faulty, person=self.request.user)
        if unknown := data.keys() - {*form.fields}:
            raise serializers.ValidationError({"decisions": sorted(unknown)})
        if not form.is_valid() and form.non_field_errors():
            refuse(undecided(faulty, form.decisions))
        check_form(form, dict.fromkeys(form.fields, "decisions"))
        return form.decisions


class EveryErrorForm(ErrorsForm):
    """The decisions of a script, which may name any dialogue."""

    SHOWN = 10**6


def readable(rows):
    """Releases with what their serializer reads beside their columns."""
    rounds = Prefetch("rounds", Round.objects.only("pk").order_by("pk"))
    return rows.prefetch_related(rounds, "retractions")


class ReleaseThing(ThingView):
    """A release. Before it is frozen leads alone know of it; 403 while you annotate it blind."""

    tag = "releases"
    serializer_class = ReleaseSerializer

    def thing(self):
        release = release_of(self.request, self.kwargs["pk"])
        if release.is_frozen:
            release.guard_blind(self.request.user)
        release.withheld = ""
        return release

    def delete(self, request, pk):
        """Delete a release that was never frozen, so that its version is free again."""
        release_of(request, pk, LEAD).discard(request.user)
        return self.answer(None)


class NewRetraction(Body):
    """`by` is the release that takes its place, of one that is superseded."""

    kind = serializers.ChoiceField(choices=Retraction.Kind.choices)
    reason = serializers.CharField(max_length=4000)
    by = Id(required=False, allow_null=True)


class ReleaseRetractions(ApiView):
    """That a release should not be used any more; it is never taken back."""

    tag = "releases"
    serializer_class = RetractionSerializer
    bodies = {"POST": NewRetraction}
    answers = {"POST": (201, RetractionSerializer)}

    def post(self, request, pk):
        """Withdraw a frozen release of a corpus that you lead, or say which one supersedes it."""
        release = frozen_of(request, pk, LEAD)
        form = RetractionForm(self.body(), release=release)
        check_form(form)
        return self.created(release.retract(request.user, **form.cleaned_data))


class ReleaseMemberAccess(ApiView):
    """That the members of the corpus may read a release."""

    tag = "releases"
    change_scope = Scope.MANAGE
    serializer_class = ReleaseSerializer

    def post(self, request, pk):
        """Let the members of the corpus read it."""
        release = frozen_of(request, pk, LEAD)
        MemberAccess.allow(request.user, release)
        release = release_of(request, pk, LEAD)
        release.withheld = ""
        return self.answer(release)

    def delete(self, request, pk):
        """Let leads alone read it again."""
        MemberAccess.disallow(request.user, release_of(request, pk, LEAD))
        return self.answer(None)


class VerificationSerializer(serializers.Serializer):
    """What is wrong with the files on disk; nothing, if they are as they were frozen."""

    faults = serializers.ListField(child=serializers.CharField())


class ReleaseVerification(ApiView):
    """Whether the files on disk are as they were frozen."""

    tag = "releases"
    change_scope = Scope.READ
    in_archive = True
    serializer_class = VerificationSerializer

    def post(self, request, pk):
        """Check the files on disk against what was frozen."""
        return self.answer({"faults": given_of(request, pk).verify()})


class ReleaseSettingsSerializer(serializers.Serializer):
    """What new releases of a corpus start with; no licence: that of the release before."""

    licence = serializers.CharField(source="default_licence", allow_blank=True)
    members_may_read = serializers.BooleanField(source="members_read_releases")


class ReleaseSettingsChange(Body):
    """Whatever is left out stays as it is."""

    licence = serializers.ChoiceField(choices=LICENCES, allow_blank=True, required=False)
    members_may_read = serializers.BooleanField(required=False)


class ReleaseSettings(ThingView):
    """What new releases of a corpus that you lead start with."""

    tag = "releases"
    change_scope = Scope.MANAGE
    serializer_class = ReleaseSettingsSerializer
    bodies = {"PATCH": ReleaseSettingsChange}

    def thing(self):
        return corpus_of(self.request, self.kwargs["pk"], LEAD)

    def patch(self, request, pk):
        """Change it."""
        corpus, sent = self.thing(), self.body()
        names = {"licence": "default_licence", "members_may_read": "members_read_releases"}
        corpus.set(request.user, **{names[name]: value for name, value in sent.items()})
        return self.answer(corpus)
