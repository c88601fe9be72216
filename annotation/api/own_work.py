"""What an annotator does with a dialogue as a whole, beside answering: leave it, open it again;
and everything that they have answered.
"""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.answers import skip_assignment, undo_skip
from annotation.models import Assignment, Judgement, Skip
from annotation.reopening import reopen
from annotation.views.access import assignment_of
from core.api.inputs import Body
from people.access_tokens import Scope
from people.api.views import ApiView, LinesView


class WorkStateSerializer(serializers.Serializer):
    """Whether a dialogue is yours to judge."""

    assignment = serializers.IntegerField(source="pk")
    round = serializers.IntegerField(source="round_id")
    dialogue = serializers.IntegerField(source="dialogue_id")
    state = serializers.CharField(
        help_text="held, submitted, skipped, or freed: its lease is over, and others may get it"
    )


class OwnWork(ApiView):
    """Something that you do with an assignment of yours."""

    tag = "assignments"
    required_scope = change_scope = Scope.ANNOTATE
    serializer_class = WorkStateSerializer


@extend_schema_serializer(examples=[OpenApiExample("a bad clip", {"reason": "bad_clip"})])
class NewSkip(Body):
    reason = serializers.ChoiceField(choices=Skip.Reason.choices)
    words = serializers.CharField(required=False, allow_blank=True, max_length=300)


class AssignmentSkip(OwnWork):
    """That you leave a dialogue to others."""

    bodies = {"POST": NewSkip}

    def post(self, request, pk):
        """Leave a dialogue to others, saying why."""
        assignment, sent = assignment_of(request, pk), self.body()
        skip_assignment(assignment, sent["reason"], sent.get("words", ""))
        return self.answer(assignment_of(request, pk))

    def delete(self, request, pk):
        """Go on with a dialogue that you left; 409 where others have it now."""
        undo_skip(assignment_of(request, pk))
        return self.answer(None)


class AssignmentReopening(OwnWork):
    """That a dialogue which you submitted is yours to judge again."""

    def post(self, request, pk):
        """Take a submission back, for as long as the round lets you; your answers stay."""
        reopen(assignment_of(request, pk))
        return self.answer(assignment_of(request, pk))


class OwnJudgementLines(LinesView):
    """Your current answers in all rounds, submitted or not: the newest to each question, an object
    a line, with `round`, `assignment`, `utterance` (and its `uid`), `task`, `value`, `confidence`,
    `seconds` and `at`.
    """

    tag = "assignments"
    name = "judgements.ndjson"
    COLUMNS = {
        "id": "id",
        "round": "assignment__round",
        "assignment": "assignment",
        "utterance": "utterance",
        "uid": "utterance__uid",
        "task": "task",
        "value": "value",
        "confidence": "confidence",
        "seconds": "seconds",
        "at": "at",
    }

    def rows(self):
        own = Assignment.objects.of(self.request.user).order_by()
        return Judgement.objects.filter(assignment__in=own).current().order_by("pk")

    def prepare(self, rows):
        return rows.values_list(*self.COLUMNS.values())

    def line(self, row):
        return dict(zip(self.COLUMNS, row, strict=True))
