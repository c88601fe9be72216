"""The HTTP API of rounds: the next dialogue, saving answers, submitting; agreement."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.agreement.bootstrap import MIN_CLUSTERS
from annotation.agreement.measures import measure
from annotation.answers import AnswerConflict, parse_answer, save_and_submit
from annotation.blinding import guard, shows
from annotation.models import Assignment, Participant, Round
from annotation.queue.dispatch import claim_next_of
from core.api.problems import Conflict
from core.errors import UserError, ValidationError
from core.input_checks import shortened
from core.middleware import LARGEST_ID
from core.statements import Prepared
from core.translation import translate_error
from corpus.models import Utterance
from people.access_tokens import Scope


def refusal(error):
    """What a script or the workbench is told: why, and what stands where it was overtaken."""
    current = {"current": error.current} if isinstance(error, AnswerConflict) else {}
    return {"why": translate_error(error), **current}


def conflict(error):
    """The same as an answer of the API."""
    members = refusal(error)
    return Conflict(members["why"], **members)


class AnswerSerializer(serializers.Serializer):
    """One answer; `over` is the client_id of the answer that it replaces, as the sender saw it."""

    utterance = serializers.IntegerField(min_value=1, max_value=LARGEST_ID - 1)
    task = serializers.CharField(min_length=1, max_length=40)
    value = serializers.CharField(max_length=40, allow_blank=True)
    client_id = serializers.UUIDField()
    over = serializers.CharField(allow_blank=True, allow_null=True, required=False, max_length=36)
    confidence = serializers.IntegerField(min_value=1, max_value=3, allow_null=True, required=False)
    seconds = serializers.FloatField(min_value=0, max_value=86_400, allow_null=True, required=False)


class WorkSerializer(serializers.Serializer):
    """Answers to save, and whether the dialogue is submitted; one of the two at least."""

    answers = AnswerSerializer(many=True, required=False)
    submit = serializers.BooleanField(required=False)
    next = serializers.BooleanField(
        required=False,
        help_text="whether the answer holds the dialogue to judge then",
    )


def say_either(result, **_):
    """Into the schema what serializers cannot tell: of answers and submit one is needed."""
    work = result["components"]["schemas"]["Work"]
    work["anyOf"] = [{"required": ["answers"]}, {"required": ["submit"]}]
    return result


class TurnSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    uid = serializers.CharField()
    number = serializers.IntegerField()
    speaker = serializers.CharField(allow_null=True)
    start = serializers.FloatField(allow_null=True)
    end = serializers.FloatField(allow_null=True)
    text = serializers.CharField(allow_null=True, allow_blank=True)
    answers = serializers.DictField(child=serializers.CharField())


class AssignmentSerializer(serializers.Serializer):
    """A dialogue to judge; `assignment` is null, and stands alone, where nothing waits."""

    assignment = serializers.IntegerField(allow_null=True)
    round = serializers.IntegerField(required=False)
    view = serializers.CharField(required=False)
    expires_at = serializers.DateTimeField(allow_null=True, required=False)
    until = serializers.DateTimeField(
        allow_null=True, required=False, help_text="expires_at, as it was called before"
    )
    dialogue = serializers.IntegerField(required=False)
    workbench = serializers.CharField(required=False)
    utterances = TurnSerializer(many=True, required=False)


class SavedSerializer(serializers.Serializer):
    """What was stored; with `next` also what follows, null where nothing waits or may be had, and
    `why` it may not.
    """

    saved = serializers.IntegerField()
    submitted = serializers.BooleanField()
    next = AssignmentSerializer(allow_null=True, required=False)
    why = serializers.CharField(required=False)


class RoundWork(APIView):
    """The dialogue that you are to judge now in this round, the same one until it is done."""

    required_scope = Scope.ANNOTATE
    tag = "assignments"

    @extend_schema(
        request=None,
        responses=AssignmentSerializer,
    )
    def post(self, request, pk):
        try:
            assignment = claim_next_of(pk, request.user.pk)
        except Participant.DoesNotExist as error:
            raise Http404 from error
        except UserError as error:
            raise conflict(error) from error
        return Response(described(assignment) if assignment else {"assignment": None})


TURNS = Prepared(
    lambda dialogue: (
        Utterance.objects.filter(dialogue=dialogue)
        .order_by("number")
        .values_list("id", "uid", "number", "speaker__name", "start", "end", "text")
    )
)
TURN = ["id", "uid", "number", "speaker", "start", "end", "text"]


def described(assignment):
    """An assignment as a script needs it to judge."""
    round = assignment.round
    answers = {} if assignment.is_new else assignment.answers()
    turns = [dict(zip(TURN, row)) for row in TURNS.rows(assignment.dialogue_id)]
    words = shows(round.view).words
    for turn in turns:
        turn["answers"] = answers.get(turn["id"], {})
        if not words:
            turn["text"] = None
    return {
        "assignment": assignment.pk,
        "round": round.pk,
        "view": round.view,
        "expires_at": assignment.expires_at,
        "until": assignment.expires_at,  # as it was called before
        "dialogue": assignment.dialogue_id,
        "workbench": reverse("assignment", args=[assignment.pk]),
        "utterances": turns,
    }


class AssignmentWork(APIView):
    """Save answers, all or none, and with `submit` hand the dialogue in; with `next` the answer
    holds the dialogue to judge then.
    """

    required_scope = Scope.ANNOTATE
    tag = "assignments"

    @extend_schema(
        request=WorkSerializer,
        responses=SavedSerializer,
    )
    def post(self, request, pk):
        answers, submit, wants_next = work_in(request.data)
        try:
            assignment = save_and_submit(pk, request.user.pk, answers, submit)
        except Assignment.DoesNotExist as error:
            raise Http404 from error
        except UserError as error:
            raise conflict(error) from error
        saved = {"saved": len(answers), "submitted": assignment.is_submitted}
        return Response(saved | (following(assignment) if wants_next else {}))


def following(assignment):
    """The assignment after one that was saved. That there is none now, or why, is no failure: what
    was saved stays.
    """
    try:
        found = claim_next_of(assignment.round_id, assignment.person_id)
    except UserError as error:
        return {"next": None, "why": translate_error(error)}
    return {"next": described(found) if found else None}


FIELDS_OF_WORK = frozenset(WorkSerializer().fields)


def work_in(data):
    """The answers of a request, whether they are submitted, and whether the next dialogue is to be
    answered. Raises ParseError with a sentence.

    Checked by hand, by the types of JSON: the serializers, which tell the same in the schema, take
    longer than saving, and take "false" for a truth and "1" for an id.
    """
    if not isinstance(data, dict) or not ("answers" in data or "submit" in data):
        raise ParseError(_("Expected a JSON object with answers (a list), submit (true) or both."))
    if more := data.keys() - FIELDS_OF_WORK:
        words = {"name": shortened(min(more))}
        raise ParseError(_("Unknown field “%(name)s”. Allowed: answers, submit, next.") % words)
    rows = data.get("answers", [])
    submit, wants_next = data.get("submit", False), data.get("next", False)
    if not isinstance(rows, list):
        raise ParseError(_("answers must be a list of answers."))
    if submit is not True and submit is not False:
        raise ParseError(_("submit must be true or false."))
    if wants_next is not True and wants_next is not False:
        raise ParseError(_("next must be true or false."))
    answers = []
    for place, row in enumerate(rows, 1):
        try:
            answers.append(parse_answer(row))
        except ValidationError as error:
            details = {"place": place, "fault": translate_error(error)}
            raise ParseError(_("Answer %(place)d: %(fault)s") % details) from error
    return answers, submit, wants_next


class AlphaSerializer(serializers.Serializer):
    task = serializers.CharField()
    level = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    undefined = serializers.CharField(allow_blank=True)
    units = serializers.IntegerField()
    judgements = serializers.IntegerField()
    agreement = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(
        allow_null=True,
        help_text=f"null where fewer than {MIN_CLUSTERS} dialogues have two judgements",
    )
    high = serializers.FloatField(allow_null=True)
    coefficients = serializers.DictField()
    classes = serializers.DictField()
    openly = serializers.IntegerField(
        help_text="annotators who could see the others' answers before the round was closed"
    )


class RoundAgreement(GenericAPIView):
    """Krippendorff's alpha per task and correlation, with its 95 % interval over dialogues."""

    required_scope = Scope.READ
    tag = "results"
    serializer_class = AlphaSerializer
    pagination_class = None

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Round.objects.none()
        return Round.objects.of(self.request.user)

    @extend_schema(responses=AlphaSerializer(many=True))
    def get(self, request, pk):
        found = get_object_or_404(self.get_queryset(), pk=pk)
        guard(request.user, [found])
        openly = found.taking_part_openly().count()
        rows = [m.to_json() | {"openly": openly} for m in measure([found], found.scheme)]
        return Response(self.get_serializer(rows, many=True).data)
