"""A published dialogue that was edited: what publishing it would do to its judgements, and that."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.blinding import blind_dialogues
from annotation.republishing import changes, republish
from core.api.inputs import Body
from core.errors import UserError, gettext_noop
from corpus.api.editing import EditedTurnSerializer
from corpus.permissions import LEAD, dialogue_of
from corpus.visibility import guard
from people.api.views import ThingView


class ChangeSerializer(serializers.Serializer):
    """An utterance before and after. The judgements of a `material` change are set aside unless it
    is kept; how many there are is null while you annotate the dialogue blind.
    """

    uid = serializers.CharField()
    kind = serializers.ChoiceField(choices=["added", "removed", "material", "small"])
    before = EditedTurnSerializer(allow_null=True)
    after = EditedTurnSerializer(allow_null=True)
    judgements = serializers.SerializerMethodField()
    people = serializers.SerializerMethodField()

    def get_judgements(self, change) -> int | None:
        return None if self.context["blind"] else change.judgements

    def get_people(self, change) -> int | None:
        return None if self.context["blind"] else change.people


class ChangesSerializer(serializers.Serializer):
    """What annotators would see differently."""

    changes = ChangeSerializer(many=True)


@extend_schema_serializer(examples=[OpenApiExample("one that holds", {"keep": ["e1_003_U_4"]})])
class NewRepublication(Body):
    """The `uid` of utterances whose judgements hold although they changed."""

    keep = serializers.ListField(
        child=serializers.CharField(max_length=120), required=False, max_length=2000
    )


class RepublishedSerializer(serializers.Serializer):
    """How many utterances are judged anew, and how many submissions were opened for that."""

    anew = serializers.IntegerField()
    reopened = serializers.IntegerField()


class Republication(ThingView):
    """The edits of a published dialogue that annotators do not see yet."""

    tag = "dialogues"
    selects = False
    serializer_class = ChangesSerializer
    bodies = {"POST": NewRepublication}
    answers = {"POST": (200, RepublishedSerializer)}

    def edited(self):
        """A dialogue that the person leads. Raises UserError where there is nothing to publish."""
        dialogue = dialogue_of(self.request, self.kwargs["pk"], LEAD)
        guard(self.request.user, dialogue)
        if not dialogue.is_published or not dialogue.has_draft:
            raise UserError(
                gettext_noop("%(dialogue)s is not published, or was not edited since."),
                dialogue=dialogue.uid,
            )
        return dialogue

    def thing(self):
        dialogue = dialogue_of(self.request, self.kwargs["pk"], LEAD)
        guard(self.request.user, dialogue)
        self.blind = blind_dialogues(self.request.user).filter(pk=dialogue.pk).exists()
        shown = dialogue.is_published and dialogue.has_draft
        return {"changes": changes(dialogue) if shown else []}

    def context(self):
        return super().context() | {"blind": getattr(self, "blind", True)}

    def post(self, request, pk):
        """Show the edits to annotators; submissions that now lack answers are opened."""
        dialogue, keep = self.edited(), self.body().get("keep", [])
        anew, reopened = republish(dialogue, request.user, keep)
        return self.answer({"anew": anew, "reopened": reopened})
