"""Dialogues as the editor has them: their turns as a document, its revisions, and where a dialogue
begins and ends.
"""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Id
from corpus.api.jobs import JobSerializer, described
from corpus.dialogue_boundaries import join_with_next, split_at
from corpus.permissions import LEAD, dialogue_of
from corpus.turns import LONGEST_TEXT, MOST_TURNS
from corpus.visibility import guard
from people.api.views import ApiView, ListView, ThingView

REVISION = {"min_value": 0, "max_value": 10**6}
TURN = {
    "uid": "episode1_003_U_4",
    "speaker": 5,
    "text": "真巧啊，又是你。",
    "translation": "",
    "start": 1.7,
    "end": 2.6,
    "machine": False,
}


def edited(request, pk):
    """A dialogue that the person leads. Raises Withheld while they may not see all of it."""
    dialogue = dialogue_of(request, pk, LEAD)
    guard(request.user, dialogue)
    return dialogue


class EditedTurnSerializer(serializers.Serializer):
    """An utterance as it is edited; `uid` names it for as long as it stays the same one."""

    uid = serializers.CharField()
    speaker = serializers.IntegerField(allow_null=True)
    text = serializers.CharField(allow_blank=True)
    translation = serializers.CharField(allow_blank=True)
    start = serializers.FloatField(allow_null=True)
    end = serializers.FloatField(allow_null=True)
    machine = serializers.BooleanField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a dialogue that is edited",
            {
                "id": 101,
                "head": 3,
                "draft": True,
                "published": True,
                "can_undo": True,
                "can_redo": False,
                "duration": 34.6,
                "turns": [TURN],
            },
            response_only=True,
        )
    ]
)
class DocumentSerializer(serializers.Serializer):
    """The turns of a dialogue at its head; a `draft` differs from what annotators see. `duration`
    is that of its clip, null without one.
    """

    id = serializers.IntegerField()
    head = serializers.IntegerField()
    draft = serializers.BooleanField(source="has_draft")
    published = serializers.BooleanField(source="is_published")
    can_undo = serializers.BooleanField()
    can_redo = serializers.BooleanField()
    duration = serializers.SerializerMethodField()
    turns = EditedTurnSerializer(many=True)

    def get_duration(self, dialogue) -> float | None:
        return round(dialogue.duration, 3) if dialogue.clip else None


@extend_schema_serializer(
    examples=[
        OpenApiExample("back to what was before", {"base": 3, "to": "undo"}),
        OpenApiExample("to a revision", {"base": 3, "revision": 1}),
    ]
)
class Move(Body):
    """`base` is the head as you saw it; `to` goes a step back or forward, `revision` anywhere."""

    base = serializers.IntegerField(**REVISION)
    to = serializers.ChoiceField(choices=["undo", "redo"], required=False)
    revision = serializers.IntegerField(required=False, **REVISION)

    def validate(self, sent):
        if ("to" in sent) == ("revision" in sent):
            raise serializers.ValidationError(_("Expected undo, redo or a revision's number."))
        return sent


class DialogueHead(ThingView):
    """The turns of a dialogue that you lead, as they are edited now."""

    tag = "dialogues"
    selects = False
    serializer_class = DocumentSerializer
    bodies = {"POST": Move}

    def thing(self):
        return edited(self.request, self.kwargs["pk"])

    def post(self, request, pk):
        """Undo, redo, or go to a revision; 409 where `base` is not the head any more."""
        dialogue, sent = self.thing(), self.body()
        if "revision" in sent:
            dialogue.restore(request.user, sent["base"], sent["revision"])
        else:
            getattr(dialogue, sent["to"])(request.user, sent["base"])
        return self.answer(self.thing())


class RevisionSerializer(serializers.Serializer):
    """One edit of a dialogue: who made it, from which revision, and what it changed."""

    number = serializers.IntegerField()
    parent = serializers.IntegerField(allow_null=True)
    person = serializers.IntegerField(source="person_id", allow_null=True)
    summary = serializers.DictField(help_text="kind of change -> how many turns")
    at = serializers.DateTimeField()


class NewTurn(Body):
    """A turn without `uid` is a new one; times are seconds of the clip."""

    uid = serializers.CharField(required=False, allow_null=True, max_length=120)
    speaker = Id(required=False, allow_null=True)
    text = serializers.CharField(allow_blank=True, max_length=LONGEST_TEXT)
    translation = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_TEXT)
    start = serializers.FloatField(required=False, allow_null=True)
    end = serializers.FloatField(required=False, allow_null=True)
    machine = serializers.BooleanField(required=False)


@extend_schema_serializer(examples=[OpenApiExample("other words", {"base": 3, "turns": [TURN]})])
class NewRevision(Body):
    """All turns as they are to be: those that are left out are removed, new ones are added, texts,
    times and speakers are as they stand here. The same `client_id` makes one revision.
    """

    base = serializers.IntegerField(help_text="the head as you saw it", **REVISION)
    turns = NewTurn(many=True, min_length=1, max_length=MOST_TURNS)
    client_id = serializers.UUIDField(required=False)


class Revisions(ListView):
    """The edits of a dialogue that you lead, the latest first."""

    tag = "dialogues"
    ordering = ("-number",)
    serializer_class = RevisionSerializer
    bodies = {"POST": NewRevision}
    answers = {"POST": (201, DocumentSerializer)}

    def rows(self):
        return edited(self.request, self.kwargs["pk"]).revisions.all()

    def post(self, request, pk):
        """Split, merge, move, rewrite turns; 409 where `base` is not the head any more. Annotators
        see it once it is published, at once where the dialogue is not published yet.
        """
        dialogue, sent = edited(request, pk), self.body()
        turns = [dict(turn) for turn in sent["turns"]]
        dialogue.edit(request.user, sent["base"], turns, sent.get("client_id"))
        return self.created(edited(request, pk))


class SplitAt(Body):
    utterance = Id(help_text="with which the new dialogue begins")


class DialogueSplit(ApiView):
    """That a dialogue is two."""

    tag = "dialogues"
    serializer_class = JobSerializer
    bodies = {"POST": SplitAt}
    answers = {"POST": (202, JobSerializer)}

    def post(self, request, pk):
        """Let a new dialogue begin at an utterance; the job cuts the source again. Dialogues that
        are published stay as they are.
        """
        dialogue, wanted = edited(request, pk), self.body()["utterance"]
        utterance = get_object_or_404(dialogue.utterances, pk=wanted)
        split_at(request.user, dialogue, utterance)
        return self.answer(described(request, dialogue.source))


class DialogueJoin(ApiView):
    """That a dialogue and the next one are one."""

    tag = "dialogues"
    serializer_class = JobSerializer
    answers = {"POST": (202, JobSerializer)}

    def post(self, request, pk):
        """Join a dialogue with the one after it; the job cuts the source again."""
        dialogue = edited(request, pk)
        join_with_next(request.user, dialogue)
        return self.answer(described(request, dialogue.source))
