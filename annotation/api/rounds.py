"""Rounds: opening and closing them, who takes part, which dialogues they have."""

from django.db import transaction
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.blinding import guard
from annotation.forms import ExtensionForm, RoundForm
from annotation.models import Participant, Report, Round
from annotation.models.rounds import resting
from annotation.progress import with_submission_counts
from annotation.rounds import (
    admit,
    choose_consensus,
    extend_as_chosen,
    open_as_chosen,
    reopen_round,
)
from annotation.views.access import results_of, round_of
from annotation.withdrawal import reinstate, withdraw
from core.api.inputs import Body, Filters, Id, IdParameter, check_form
from corpus.api.jobs import JobSerializer, job_address
from corpus.permissions import ADJUDICATOR, LEAD, corpus_of
from jobs.models import JobStatus
from people.access_tokens import Scope
from people.api.views import ApiView, ListView, ThingView
from people.models import Person

STATES = ["open", "paused", "closed"]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a round",
            {
                "id": 5,
                "corpus": 1,
                "name": "Round 2",
                "kind": "judging",
                "state": "open",
                "view": "full",
                "order": "sequential",
                "overlap": 3,
                "scheme": 2,
                "guideline": 3,
                "consensus": "majority",
                "submitted": 120,
                "wanted": 300,
                "due": "2026-05-01",
                "opened_at": "2026-03-02T09:30:00+08:00",
            },
            response_only=True,
        )
    ]
)
class RoundSerializer(serializers.Serializer):
    """One pass of judging; `scheme` is the number of a version, `wanted` counts submissions."""

    id = serializers.IntegerField()
    corpus = serializers.IntegerField(source="corpus_id")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Round.Kind.choices)
    state = serializers.SerializerMethodField()
    view = serializers.ChoiceField(choices=Round.View.choices)
    order = serializers.ChoiceField(choices=Round.Order.choices)
    overlap = serializers.IntegerField()
    scheme = serializers.IntegerField(source="scheme_version.number")
    guideline = serializers.IntegerField(source="guideline_id", allow_null=True)
    consensus = serializers.ChoiceField(choices=Round.Consensus.choices)
    submitted = serializers.IntegerField(source="submission_count")
    wanted = serializers.IntegerField()
    due = serializers.DateField(allow_null=True)
    opened_at = serializers.DateTimeField()

    def get_state(self, round) -> str:
        if not round.is_open:
            return "closed"
        return "paused" if round.resting else "open"


def described(rows):
    """Rounds with what their serializer says of them."""
    counted = with_submission_counts(rows).select_related("closure", "scheme_version")
    return counted.annotate(resting=resting("pk"))


def one(round):
    return described(Round.objects.filter(pk=round.pk)).get()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "three people a dialogue",
            {"name": "Round 2", "annotators": [3, 4, 5], "overlap": 3, "due": "2026-05-01"},
        )
    ]
)
class NewRound(Body):
    """What is left out is as the form of the page leaves it. People are named by the ids of their
    accounts, sources, guideline and qualification test by theirs, the scheme by its number.
    """

    name = serializers.CharField(max_length=80)
    annotators = serializers.ListField(child=Id(), min_length=1, max_length=1000)
    openly = serializers.ListField(child=Id(), required=False, max_length=1000)
    overlap = serializers.IntegerField(min_value=1, max_value=20)
    sources = serializers.ListField(
        child=Id(), required=False, max_length=1000, help_text="all of the corpus without it"
    )
    most = serializers.IntegerField(
        required=False, min_value=1, max_value=10**6, help_text="dialogues"
    )
    quota = serializers.IntegerField(required=False, min_value=1, max_value=10**6)
    scheme = serializers.IntegerField(required=False, min_value=1, max_value=10**6)
    guideline = Id(required=False)
    kind = serializers.ChoiceField(choices=Round.Kind.choices, required=False)
    view = serializers.ChoiceField(choices=Round.View.choices, required=False)
    order = serializers.ChoiceField(choices=Round.Order.choices, required=False)
    suggestions = serializers.ChoiceField(choices=Round.Shown.choices, required=False)
    consensus = serializers.ChoiceField(choices=Round.Consensus.choices, required=False)
    confidence = serializers.BooleanField(required=False)
    cannot_tell = serializers.BooleanField(required=False)
    qualification = Id(required=False)
    gold_percent = serializers.IntegerField(required=False, min_value=0, max_value=100)
    lease_minutes = serializers.IntegerField(required=False, min_value=0, max_value=100_000)
    due = serializers.DateField(required=False)


class RoundFilters(Filters):
    state = serializers.ChoiceField(choices=["open", "closed"], required=False)

    def by_state(self, rows, value):
        return rows.filter(closure__isnull=value == "open")


class Rounds(ListView):
    """The rounds of a corpus that you lead or adjudicate, the latest first."""

    tag = "rounds"
    ordering = ("-pk",)
    serializer_class = RoundSerializer
    filters = RoundFilters
    bodies = {"POST": NewRound}

    def rows(self):
        return described(corpus_of(self.request, self.kwargs["pk"], LEAD, ADJUDICATOR).rounds.all())

    def post(self, request, pk):
        """Open a round over published dialogues."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        form = RoundForm(_as_form(corpus, sent), corpus=corpus)
        check_form(form)
        opened = open_as_chosen(request.user, corpus, form)
        return self.created(one(opened), reverse("api_round", args=[opened.pk]))


def _as_form(corpus, sent):
    """What the form of the page would send. People who are no members are none of its choices."""
    data = QueryDict(mutable=True)
    seats = dict(corpus.memberships.values_list("person_id", "pk"))
    for name in ("annotators", "openly"):
        data.setlist(name, [str(seats.get(person, 0)) for person in sent.pop(name, [])])
    sources = sent.pop("sources", None)
    if sources is None:
        published = corpus.dialogues.published().order_by().values_list("source", flat=True)
        sources = published.distinct()
    data.setlist("sources", [str(source) for source in sources])
    if number := sent.pop("scheme", None):
        version = corpus.schemes.filter(number=number).first()
        data["scheme_version"] = str(version.pk if version else 0)
    for name, value in sent.items():
        if value is not False:
            data[name] = "on" if value is True else str(value)
    return data


class RoundThing(ThingView):
    """A round that you lead or adjudicate."""

    tag = "rounds"
    serializer_class = RoundSerializer

    def thing(self):
        return one(round_of(self.request, self.kwargs["pk"]))


class RoundClosure(ApiView):
    """That the judging of a round is over."""

    tag = "rounds"
    serializer_class = RoundSerializer

    def post(self, request, pk):
        """Close a round; what was judged stays."""
        found = round_of(request, pk, LEAD)
        found.close(request.user)
        return self.answer(one(found))

    def delete(self, request, pk):
        """Open a round again: openly for those who could see its results meanwhile."""
        reopen_round(round_of(request, pk, LEAD), request.user)
        return self.answer(None)


class RoundPause(ApiView):
    """That a round gives out nothing and takes no answers for a while."""

    tag = "rounds"
    serializer_class = RoundSerializer

    def post(self, request, pk):
        """Pause a round."""
        found = round_of(request, pk, LEAD)
        found.pause(request.user)
        return self.answer(one(found))

    def delete(self, request, pk):
        """Go on with a paused round."""
        round_of(request, pk, LEAD).resume(request.user)
        return self.answer(None)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "somebody at work",
            {
                "id": 9,
                "person": 3,
                "name": "林黛玉",
                "quota": None,
                "blocked": False,
                "left": False,
                "openly": False,
                "admitted_at": "2026-03-02T09:30:00+08:00",
            },
            response_only=True,
        )
    ]
)
class ParticipantSerializer(serializers.Serializer):
    """Somebody who judges in a round; `openly` if they may see the others' answers meanwhile."""

    id = serializers.IntegerField()
    person = serializers.IntegerField(source="person_id")
    name = serializers.CharField(source="person.__str__")
    quota = serializers.IntegerField(allow_null=True)
    blocked = serializers.BooleanField(source="blocked_at", read_only=True)
    left = serializers.BooleanField(source="left_at")
    openly = serializers.BooleanField(source="unblinded")
    admitted_at = serializers.DateTimeField()

    def to_representation(self, seat):
        found = super().to_representation(seat)
        for name, at in (("blocked", seat.blocked_at), ("left", seat.left_at)):
            if name in found:
                found[name] = at is not None
        return found


class NewParticipant(Body):
    person = Id()
    quota = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=1_000_000
    )
    openly = serializers.BooleanField(required=False)


class ParticipantChange(Body):
    """Blocked: given no more dialogues until unblocked."""

    blocked = serializers.BooleanField()


class Participants(ListView):
    """Who takes part in a round that you lead."""

    tag = "rounds"
    serializer_class = ParticipantSerializer
    bodies = {"POST": NewParticipant}

    def rows(self):
        found = round_of(self.request, self.kwargs["pk"], LEAD)
        return found.participants.select_related("person")

    def post(self, request, pk):
        """Let a member of the corpus judge in the round, again if they had left it."""
        found, sent = round_of(request, pk, LEAD), self.body()
        who = get_object_or_404(
            Person.objects.filter(memberships__corpus=found.corpus), pk=sent["person"]
        )
        seat = admit(found, request.user, who, sent.get("quota"), sent.get("openly", False))
        return self.created(seat, reverse("api_participant", args=[seat.pk]))


class ParticipantThing(ThingView):
    """Somebody who takes part in a round that you lead."""

    tag = "rounds"
    serializer_class = ParticipantSerializer
    bodies = {"PATCH": ParticipantChange}

    def thing(self):
        seats = Participant.objects.select_related("round__corpus", "person")
        seat = get_object_or_404(seats, pk=self.kwargs["pk"])
        round_of(self.request, seat.round_id, LEAD)
        return seat

    def patch(self, request, pk):
        """Block somebody, or unblock them."""
        seat = self.thing()
        if self.body()["blocked"]:
            seat.block(request.user)
        else:
            seat.unblock(request.user)
        return self.answer(self.thing())

    def delete(self, request, pk):
        """Take somebody out: what they submitted stays, what they hold goes to others."""
        seat = self.thing()
        seat.round.dismiss(request.user, seat.person)
        return self.answer(None)


class RoundDialogueSerializer(serializers.Serializer):
    """A dialogue in a round."""

    id = serializers.IntegerField()
    dialogue = serializers.IntegerField(source="dialogue_id")
    position = serializers.IntegerField()
    withdrawn = serializers.BooleanField()


class RoundDialogues(ListView):
    """The dialogues of a round that you lead or adjudicate, in its order."""

    tag = "rounds"
    ordering = ("position", "pk")
    serializer_class = RoundDialogueSerializer

    def rows(self):
        return round_of(self.request, self.kwargs["pk"]).round_items.all()


class Withdrawal(Body):
    reason = serializers.CharField(max_length=200, help_text="annotators see it")


class RoundDialogueWithdrawal(ApiView):
    """That a dialogue is judged no more in a round."""

    tag = "rounds"
    serializer_class = RoundDialogueSerializer
    bodies = {"POST": Withdrawal}

    def item(self):
        found = round_of(self.request, self.kwargs["pk"], LEAD)
        rows = found.round_items.select_related("dialogue", "round")
        return get_object_or_404(rows, pk=self.kwargs["item"])

    def post(self, request, pk, item):
        """Withdraw a dialogue from a round."""
        withdraw(self.item(), request.user, self.body()["reason"])
        return self.answer(self.item())

    def delete(self, request, pk, item):
        """Put a withdrawn dialogue back."""
        reinstate(self.item(), request.user)
        return self.answer(None)


class ExtensionBody(Body):
    """Whatever is left out stays as it is. `sources` brings their published dialogues that the
    round does not have, at most `most` of them, chosen at random.
    """

    sources = serializers.ListField(child=Id(), required=False, max_length=1000)
    most = serializers.IntegerField(required=False, min_value=1, max_value=10**6)
    overlap = serializers.IntegerField(required=False, min_value=1, max_value=20)
    due = serializers.DateField(required=False, allow_null=True)


class RoundExtension(ApiView):
    """That a round has more dialogues, more people a dialogue, or another deadline."""

    tag = "rounds"
    serializer_class = RoundSerializer
    bodies = {"POST": ExtensionBody}

    def post(self, request, pk):
        """Extend a round."""
        found, sent = round_of(request, pk, LEAD), self.body()
        data = QueryDict(mutable=True)
        data.setlist("sources", [str(source) for source in sent.pop("sources", [])])
        due = sent.pop("due", found.due)
        data |= {name: str(value) for name, value in sent.items()}
        form = ExtensionForm(data, round=found)
        check_form(form)
        form.cleaned_data["due"] = due
        with transaction.atomic():
            extend_as_chosen(request.user, found, form)
        return self.answer(one(found))


class ConsensusChoice(Body):
    consensus = serializers.ChoiceField(choices=Round.Consensus.choices)


class RoundConsensus(ApiView):
    """What makes the gold labels of a round."""

    tag = "results"
    serializer_class = RoundSerializer
    bodies = {"POST": ConsensusChoice}

    def post(self, request, pk):
        """Choose it; gold labels are recomputed, by a worker where there are many."""
        found = results_of(request, pk, LEAD)
        choose_consensus(found, request.user, self.body()["consensus"])
        return self.answer(one(found))


class Compared(Body):
    round = Id(help_text="the other round of the same corpus")


class ComparisonFilters(Filters):
    round = IdParameter()


class ComparisonSerializer(serializers.Serializer):
    """Two rounds beside each other: for each task their coefficients, and their differences with
    interval and corrected p where those could be determined.
    """

    job = serializers.CharField()
    state = serializers.ChoiceField(choices=JobStatus.choices)
    tasks = serializers.DictField()


class RoundComparison(ApiView):
    """Whether two rounds differ in agreement by more than chance."""

    tag = "results"
    selects = False
    serializer_class = ComparisonSerializer
    filters = ComparisonFilters
    bodies = {"POST": Compared}
    answers = {"POST": (202, JobSerializer)}

    def both(self, other):
        """The round and the other one. Raises Withheld if the person annotates one of them."""
        found = results_of(self.request, self.kwargs["pk"])
        rounds = found.corpus.rounds.exclude(pk=found.pk).exclude(kind__in=["practice", "test"])
        other = get_object_or_404(rounds, pk=other)
        guard(self.request.user, [other])
        return found, other

    def get(self, request, pk):
        """What was computed last about a round and another one; 404 if nothing was."""
        asked = self.filters(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        found, other = self.both(asked.validated_data["round"])
        report = Report.of(found, Report.Kind.COMPARISON, other)
        if report is None:
            raise Http404
        tasks = report.result.get("tasks", {})
        return self.answer({"job": job_address(report), "state": report.status, "tasks": tasks})

    def post(self, request, pk):
        """Have it computed."""
        found, other = self.both(self.body()["round"])
        return computed(self, Report.request(request.user, found, "comparison", other=other))


def computed(view, report):
    """The answer that a report is being computed."""
    report.of_corpus, report.shown_failure = report.round.corpus, report.failure_text
    response = view.answer(report)
    response["Location"] = job_address(report)
    return response


class ReportKind(Body):
    kind = serializers.ChoiceField(
        choices=[(kind.value, kind.label) for kind in Report.Kind if kind != "comparison"]
    )


class RoundReports(ApiView):
    """What takes a worker to compute about a round."""

    tag = "results"
    serializer_class = JobSerializer
    bodies = {"POST": ReportKind}
    answers = {"POST": (202, JobSerializer)}

    def post(self, request, pk):
        """Have intervals of agreement, models of annotators or quality flags computed."""
        found = results_of(request, pk)
        return computed(self, Report.request(request.user, found, self.body()["kind"]))


class RoundReportSerializer(serializers.Serializer):
    """What was computed last, from how many `submissions`; `outdated` once others have come.
    `result` has for each task intervals (`agreement`), models of annotators by their number
    (`reliability`), or how many flags were found (`quality`).
    """

    job = serializers.CharField()
    state = serializers.ChoiceField(choices=JobStatus.choices)
    computed_at = serializers.DateTimeField(allow_null=True)
    submissions = serializers.IntegerField()
    outdated = serializers.BooleanField()
    result = serializers.DictField()


class RoundReport(ThingView):
    """What a worker has computed about a round that you lead; 404 before it was asked for."""

    tag = "results"
    serializer_class = RoundReportSerializer

    def thing(self):
        kind = self.kwargs["kind"]
        found = results_of(self.request, self.kwargs["pk"], LEAD)
        report = Report.of(found, kind)
        if report is None or kind == Report.Kind.COMPARISON:
            raise Http404
        return {
            "job": job_address(report),
            "state": report.status,
            "computed_at": report.computed_at,
            "submissions": report.submissions,
            "outdated": report.is_old,
            "result": report.result,
        }


class TaskSerializer(serializers.Serializer):
    """A round that you annotate; POST to `next` gives a dialogue to judge."""

    round = serializers.IntegerField(source="round_id")
    name = serializers.CharField(source="round.name")
    corpus = serializers.CharField(source="round.corpus.name")
    view = serializers.ChoiceField(choices=Round.View.choices, source="round.view")
    scheme = serializers.ListField(
        child=serializers.DictField(), source="round.scheme_version.tasks"
    )
    paused = serializers.BooleanField(source="resting")
    due = serializers.DateField(source="round.due", allow_null=True)
    next = serializers.SerializerMethodField()

    def get_next(self, seat) -> str:
        return reverse("api_round_work", args=[seat.round_id])


class Tasks(ListView):
    """The open rounds that you annotate, with what is asked in them."""

    tag = "assignments"
    required_scope = Scope.ANNOTATE
    serializer_class = TaskSerializer

    def rows(self):
        return Participant.objects.of(self.request.user).at_work()
