"""The HTTP API of rounds: taking dialogues, saving answers, handing in; agreement."""

import uuid

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.blinding import guard
from annotation.measuring import measure
from annotation.models import Answer, Assignment, Overtaken, Participant, Round
from corpus.complaints import Complaint
from corpus.jobs import sentence
from corpus.models import Utterance
from people.statements import Prepared


class Conflict(APIException):
    """What the queue or an assignment refuses, in a sentence."""

    status_code = 409

    def __init__(self, complaint):
        self.detail = refusal(complaint)  # as it is; the base class makes texts of numbers


def refusal(complaint):
    """What a script or the workbench is told: why, and what stands where it was overtaken."""
    current = {"current": complaint.current} if isinstance(complaint, Overtaken) else {}
    return {"why": sentence(complaint), **current}


class AnswerSerializer(serializers.Serializer):
    """One answer; `over` is the client_id of the answer that it replaces, as the sender saw it."""

    utterance = serializers.IntegerField()
    task = serializers.CharField(max_length=40)
    value = serializers.CharField(max_length=40, allow_blank=True)
    client_id = serializers.UUIDField()
    over = serializers.CharField(allow_blank=True, required=False, max_length=36)
    confidence = serializers.IntegerField(min_value=1, max_value=3, required=False)
    seconds = serializers.FloatField(min_value=0, max_value=86_400, required=False)


class WorkSerializer(serializers.Serializer):
    answers = AnswerSerializer(many=True)
    submit = serializers.BooleanField(default=False)


class AssignmentSerializer(serializers.Serializer):
    """A dialogue to judge; `assignment` is null where nothing waits."""

    assignment = serializers.IntegerField(allow_null=True)
    round = serializers.IntegerField()
    view = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)
    dialogue = serializers.IntegerField()
    workbench = serializers.CharField()
    utterances = serializers.ListField(child=serializers.DictField())


class RoundWork(APIView):
    """The dialogue that you are to judge now in this round, the same one until it is done."""

    @extend_schema(request=None, responses=AssignmentSerializer)
    def post(self, request, pk):
        try:
            assignment = Participant.take_in(pk, request.user.pk)
        except Participant.DoesNotExist as error:
            raise Http404 from error
        except Complaint as complaint:
            raise Conflict(complaint) from complaint
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
    for turn in turns:
        turn["answers"] = answers.get(turn["id"], {})
        if not round.shows_words:
            turn["text"] = None
    return {
        "assignment": assignment.pk,
        "round": round.pk,
        "view": round.view,
        "until": assignment.until,
        "dialogue": assignment.dialogue_id,
        "workbench": reverse("assignment", args=[assignment.pk]),
        "utterances": turns,
    }


class AssignmentWork(APIView):
    """Save answers, all or none, and with `submit` hand the dialogue in."""

    @extend_schema(request=WorkSerializer, responses=None)
    def post(self, request, pk):
        answers = answers_in(request.data)
        try:
            assignment = Assignment.work_on(
                pk, request.user.pk, answers, bool(request.data.get("submit"))
            )
        except Assignment.DoesNotExist as error:
            raise Http404 from error
        except Complaint as complaint:
            raise Conflict(complaint) from complaint
        return Response({"saved": len(answers), "submitted": assignment.is_submitted})


def answers_in(data):
    """The answers of a request. Raises ValidationError that names each place of the fault.

    Plain checks: the serializer, which tells the same in the schema, takes longer than saving.
    """
    rows = data.get("answers", []) if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise ValidationError({"answers": "Expected a list of answers."})
    try:
        return [answer_in(row) for row in rows]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        checked = AnswerSerializer(data=rows, many=True)
        checked.is_valid(raise_exception=True)
        raise ValidationError({"answers": str(error)}) from error


def answer_in(row):
    """One answer out of JSON or a form. Raises KeyError, TypeError or ValueError."""
    confidence, seconds = row.get("confidence"), float(row.get("seconds") or 0.0)
    task, value, over = row["task"], row["value"], row.get("over")
    if not (isinstance(task, str) and isinstance(value, str) and len(value) <= 40):
        raise ValueError("task and value are short texts")
    if confidence and int(confidence) not in (1, 2, 3):
        raise ValueError("confidence is 1, 2 or 3")
    if not 0 <= seconds <= 86_400:
        raise ValueError("seconds are those of one day at most")
    return Answer(
        utterance=int(row["utterance"]),
        task=task,
        value=value,
        client_id=uuid.UUID(row["client_id"]),
        over=None if over is None else str(over),
        confidence=int(confidence) if confidence else None,
        seconds=seconds,
    )


class AlphaSerializer(serializers.Serializer):
    task = serializers.CharField()
    level = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    undefined = serializers.CharField(allow_blank=True)
    units = serializers.IntegerField()
    judgements = serializers.IntegerField()
    agreement = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    coefficients = serializers.DictField()
    classes = serializers.DictField()
    openly = serializers.IntegerField(
        help_text="annotators who could see the others' answers before the round was closed"
    )


class RoundAgreement(GenericAPIView):
    """Krippendorff's alpha per task and correlation, with its 95 % interval over dialogues."""

    serializer_class = AlphaSerializer
    pagination_class = None

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Round.objects.none()
        return Round.objects.of(self.request.user)

    def get(self, request, pk):
        found = get_object_or_404(self.get_queryset(), pk=pk)
        guard(request.user, [found])
        openly = found.taking_part_openly().count()
        rows = [m.to_json() | {"openly": openly} for m in measure([found], found.scheme)]
        return Response(self.get_serializer(rows, many=True).data)
