"""What people answered, commented and decided in a round. All of it is withheld from whoever
annotates the round, or another one on its dialogues, blind (`results_of`).
"""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from annotation.adjudication import adjudicate
from annotation.agreement import item_counts
from annotation.annotator_names import names_for
from annotation.blinding import guard_dialogue
from annotation.models import (
    Adjudication,
    Comment,
    ExpertLabel,
    Item,
    Judgement,
    QualityFlag,
    QualityFlagReview,
    SchemeVersion,
)
from annotation.views.access import assignment_of, results_of
from core.api.inputs import Body, Filters, FlagParameter, Id, IdParameter
from corpus.models import Utterance
from corpus.permissions import ADJUDICATOR, LEAD, dialogue_of
from people.access_tokens import Scope
from people.api.views import ApiView, LinesView, ListView

AT_ONCE = 50  # submissions that a request counts; the others are counted by the next
KEY = {"min_length": 1, "max_length": 40}


class JudgementSerializer(serializers.Serializer):
    """One current answer of a submission that counts."""

    id = serializers.IntegerField()
    dialogue = serializers.IntegerField(source="assignment.dialogue_id")
    utterance = serializers.IntegerField(source="utterance_id")
    annotator = serializers.IntegerField(source="assignment.person_id")
    task = serializers.CharField()
    value = serializers.CharField()
    confidence = serializers.IntegerField(allow_null=True)
    seconds = serializers.FloatField()
    at = serializers.DateTimeField()


class JudgementFilters(Filters):
    task = serializers.CharField(required=False, max_length=40)
    annotator = IdParameter(required=False)
    dialogue = IdParameter(required=False)

    def by_annotator(self, rows, value):
        return rows.filter(assignment__person=value)

    def by_dialogue(self, rows, value):
        return rows.filter(assignment__dialogue=value)


def judgements_of(request, pk):
    """The answers of a round that the person leads. Adjudicators have items: times and numbers of
    answers would tell them who is behind a letter.
    """
    found = results_of(request, pk, LEAD)
    return Judgement.objects.filter(assignment__round=found).submitted().current()


class Judgements(ListView):
    """The answers of a round that you lead, once submitted."""

    tag = "results"
    serializer_class = JudgementSerializer
    filters = JudgementFilters

    def rows(self):
        return judgements_of(self.request, self.kwargs["pk"]).select_related("assignment")


class JudgementLines(LinesView):
    """All of them, an object a line."""

    tag = "results"
    filters = JudgementFilters
    serializer_class = JudgementSerializer
    name = "judgements.ndjson"
    COLUMNS = {
        "id": "id",
        "dialogue": "assignment__dialogue",
        "utterance": "utterance",
        "annotator": "assignment__person",
        "task": "task",
        "value": "value",
        "confidence": "confidence",
        "seconds": "seconds",
        "at": "at",
    }

    def rows(self):
        return judgements_of(self.request, self.kwargs["pk"]).order_by("pk")

    def prepare(self, rows):
        return rows.values_list(*self.COLUMNS.values())

    def line(self, row):
        return dict(zip(self.COLUMNS, row, strict=True))


class GivenSerializer(serializers.Serializer):
    """What an annotator answered; adjudicators meet letters in place of names."""

    annotator = serializers.CharField()
    value = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a contested item",
            {
                "id": 7001,
                "utterance": 2001,
                "task": "emotion",
                "answers": [
                    {"annotator": "A", "value": "joy"},
                    {"annotator": "B", "value": "surprise"},
                ],
                "disagreement": 1.0,
                "open": True,
                "gold": None,
                "provenance": "contested",
            },
            response_only=True,
        )
    ]
)
class ItemSerializer(serializers.Serializer):
    """One task of one utterance: everybody's submitted answers, and what they come to."""

    id = serializers.IntegerField()
    utterance = serializers.IntegerField(source="utterance_id")
    task = serializers.CharField()
    answers = GivenSerializer(many=True, source="named_answers")
    disagreement = serializers.FloatField()
    open = serializers.BooleanField(help_text="contested, and nobody has decided it")
    gold = serializers.CharField(allow_null=True)
    provenance = serializers.CharField()


class ItemFilters(Filters):
    task = serializers.CharField(required=False, max_length=40)
    utterance = IdParameter(required=False)
    open = FlagParameter(required=False)


class Items(ListView):
    """The items of a round that you lead or adjudicate, by utterance."""

    tag = "results"
    ordering = ("utterance_id", "pk")
    serializer_class = ItemSerializer
    filters = ItemFilters

    def rows(self):
        self.round = results_of(self.request, self.kwargs["pk"])
        item_counts.catch_up(self.round, most=AT_ONCE)
        return Item.objects.filter(round=self.round)

    def prepare(self, page):
        names = names_for(self.round, self.round.corpus.my_role)
        for item in page:
            given = item.given
            item.named_answers = [
                {"annotator": names[who], "value": given[who]} for who in names.in_order(given)
            ]
        return page


class AdjudicationSerializer(serializers.Serializer):
    """A decision on one task of one utterance; the newest one counts."""

    id = serializers.IntegerField()
    utterance = serializers.IntegerField(source="utterance_id")
    task = serializers.CharField()
    verdict = serializers.ChoiceField(choices=Adjudication.Verdict.choices)
    value = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    error = serializers.ChoiceField(choices=Adjudication.Error.choices, allow_blank=True)
    at = serializers.DateTimeField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a value",
            {"utterance": 2001, "task": "emotion", "value": "joy", "reason": "he laughs"},
        )
    ]
)
class NewAdjudication(Body):
    utterance = Id()
    task = serializers.CharField(**KEY)
    verdict = serializers.ChoiceField(choices=Adjudication.Verdict.choices, required=False)
    value = serializers.CharField(required=False, allow_blank=True, max_length=40)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    error = serializers.ChoiceField(
        choices=Adjudication.Error.choices, allow_blank=True, required=False
    )


class Adjudications(ListView):
    """What was decided about items of a round that you lead or adjudicate."""

    tag = "results"
    serializer_class = AdjudicationSerializer
    bodies = {"POST": NewAdjudication}

    def rows(self):
        return Adjudication.objects.filter(round=results_of(self.request, self.kwargs["pk"]))

    def post(self, request, pk):
        """Decide one task of one utterance; the item follows it."""
        found, sent = results_of(request, pk), self.body()
        utterance = get_object_or_404(
            Utterance.objects.filter(items__round=found).distinct(), pk=sent["utterance"]
        )
        ruling = adjudicate(
            request.user, found, utterance, sent["task"], sent.get("value", ""),
            sent.get("verdict", Adjudication.Verdict.VALUE),
            sent.get("reason", ""), sent.get("error", ""),
        )  # fmt: skip
        return self.created(ruling)


class ReplySerializer(serializers.Serializer):
    by = serializers.CharField()
    words = serializers.CharField()


class CommentSerializer(serializers.Serializer):
    """A comment or a flag on an utterance; adjudicators meet letters in place of names."""

    id = serializers.IntegerField()
    utterance = serializers.IntegerField(source="utterance_id")
    kind = serializers.ChoiceField(choices=Comment.Kind.choices)
    words = serializers.CharField(allow_blank=True)
    annotator = serializers.CharField()
    resolved = serializers.BooleanField()
    replies = ReplySerializer(many=True, source="named_replies")
    at = serializers.DateTimeField()


class CommentFilters(Filters):
    kind = serializers.ChoiceField(choices=Comment.Kind.choices, required=False)
    resolved = FlagParameter(required=False)

    def by_resolved(self, rows, value):
        return rows.filter(resolution__isnull=not value)


def named_comments(round, comments):
    """Comments with what their author and those who answered are called."""
    names = names_for(round, round.corpus.my_role)
    for comment in comments:
        comment.annotator = names[comment.assignment.person_id]
        comment.resolved = hasattr(comment, "resolution")
        comment.named_replies = [
            {"by": names.of(reply.person), "words": reply.words} for reply in comment.replies.all()
        ]
    return comments


COMMENTS = Comment.objects.select_related("assignment__person", "resolution").prefetch_related(
    "replies__person"
)


class RoundComments(ListView):
    """Comments and flags in a round that you lead or adjudicate, the latest first."""

    tag = "comments"
    ordering = ("-pk",)
    serializer_class = CommentSerializer
    filters = CommentFilters

    def rows(self):
        self.round = results_of(self.request, self.kwargs["pk"])
        return COMMENTS.filter(assignment__round=self.round, taken_back=False)

    def prepare(self, page):
        return named_comments(self.round, page)


class NewReply(Body):
    words = serializers.CharField(max_length=2000)


class CommentView(ApiView):
    """A comment in a round that the person leads or adjudicates."""

    tag = "comments"
    serializer_class = CommentSerializer

    def comment(self):
        rows = Comment.objects.select_related("assignment__round", "utterance")
        comment = get_object_or_404(rows, pk=self.kwargs["pk"])
        self.round = results_of(self.request, comment.assignment.round_id, LEAD, ADJUDICATOR)
        return comment

    def answer_about(self, comment):
        rows = COMMENTS.filter(pk=comment.pk)
        return self.answer(named_comments(self.round, rows)[0])


class CommentReplies(CommentView):
    """What was answered to a comment."""

    bodies = {"POST": NewReply}

    def post(self, request, pk):
        """Answer a comment."""
        comment = self.comment()
        comment.reply(request.user, self.body()["words"])
        return self.answer_about(comment)


class CommentResolution(CommentView):
    """That a comment is dealt with."""

    def post(self, request, pk):
        """Say that a comment is dealt with; twice changes nothing."""
        comment = self.comment()
        comment.resolve(request.user)
        return self.answer_about(comment)

    def delete(self, request, pk):
        """Take that back."""
        self.comment().unresolve(request.user)
        return self.answer(None)


class NewComment(Body):
    """`client_id`: the same twice is one comment."""

    utterance = Id()
    kind = serializers.ChoiceField(choices=Comment.Kind.choices)
    words = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    client_id = serializers.UUIDField(required=False)


class OwnCommentSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    utterance = serializers.IntegerField(source="utterance_id")
    kind = serializers.ChoiceField(choices=Comment.Kind.choices)
    words = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class OwnComments(ListView):
    """Your own comments and flags on a dialogue that you judge."""

    tag = "comments"
    required_scope = change_scope = Scope.ANNOTATE
    serializer_class = OwnCommentSerializer
    bodies = {"POST": NewComment}

    def rows(self):
        return assignment_of(self.request, self.kwargs["pk"]).comments.filter(taken_back=False)

    def post(self, request, pk):
        """Comment on an utterance, or flag it, for the leads."""
        assignment, sent = assignment_of(request, pk), self.body()
        utterance = get_object_or_404(assignment.dialogue.utterances.all(), pk=sent["utterance"])
        comment = Comment.make(
            assignment, utterance, sent["kind"], sent.get("words", ""), sent.get("client_id")
        )
        return self.created(comment)


class ExpertLabelSerializer(serializers.Serializer):
    """What an expert says is right, and why."""

    id = serializers.IntegerField()
    utterance = serializers.IntegerField(source="utterance_id")
    task = serializers.CharField()
    value = serializers.CharField()
    why = serializers.CharField(allow_blank=True)


class ExpertLabelInput(Body):
    utterance = Id()
    task = serializers.CharField(**KEY)
    value = serializers.CharField(allow_blank=True, max_length=40, help_text="empty: none")
    why = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class NewExpertLabels(Body):
    labels = ExpertLabelInput(many=True)


class ExpertLabelsSerializer(serializers.Serializer):
    labels = ExpertLabelSerializer(many=True)


class ExpertLabels(ApiView):
    """Labels that an expert wrote down for a dialogue, of a corpus that you lead or adjudicate."""

    tag = "expert labels"
    selects = False
    serializer_class = ExpertLabelsSerializer
    bodies = {"POST": NewExpertLabels}

    def dialogue(self):
        dialogue = dialogue_of(self.request, self.kwargs["pk"], LEAD, ADJUDICATOR)
        guard_dialogue(self.request.user, dialogue)
        return dialogue

    def get(self, request, pk):
        return self.answer(self._labels(self.dialogue()))

    def post(self, request, pk):
        """Write down what is right; what is not named stays as it was."""
        dialogue, sent = self.dialogue(), self.body()
        version = dialogue.corpus.schemes.first() or SchemeVersion.of(dialogue.corpus)
        utterances = {utterance.pk: utterance for utterance in dialogue.utterances.all()}
        answers = []
        for label in sent["labels"]:
            if label["utterance"] not in utterances:
                words = _("%(pk)d is no utterance of this dialogue.")
                raise serializers.ValidationError({"labels": [words % {"pk": label["utterance"]}]})
            if label["value"]:
                version.scheme.check(label["task"], label["value"])
            why = label.get("why", "") if label["value"] else ""
            answers.append((utterances[label["utterance"]], label["task"], label["value"], why))
        ExpertLabel.write(request.user, dialogue, answers)
        return self.answer(self._labels(dialogue))

    def _labels(self, dialogue):
        known = ExpertLabel.known([dialogue])
        rows = [known[utterance][task] for utterance in known for task in known[utterance]]
        return {"labels": sorted(rows, key=lambda row: row.pk)}


class ReviewSerializer(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=QualityFlagReview.Outcome.choices)
    words = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class QualityFlagSerializer(serializers.Serializer):
    """Something in the answers of a round that chance would hardly make; no verdict."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=QualityFlag.Kind.choices)
    person = serializers.IntegerField(source="person_id", allow_null=True)
    task = serializers.CharField(allow_blank=True)
    neg_log10_p = serializers.FloatField()
    count = serializers.IntegerField()
    utterances = serializers.ListField(child=serializers.IntegerField(), source="rows")
    evidence = serializers.DictField()
    gone = serializers.BooleanField(help_text="not found any more by the newest computation")
    reviews = ReviewSerializer(many=True, source="reviews.all")


class QualityFlags(ListView):
    """Quality flags of a round that you lead."""

    tag = "quality"
    serializer_class = QualityFlagSerializer

    def rows(self):
        found = results_of(self.request, self.kwargs["pk"], LEAD)
        return found.quality_flags.prefetch_related("reviews")


class NewReview(Body):
    outcome = serializers.ChoiceField(choices=QualityFlagReview.Outcome.choices)
    words = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class QualityFlagReviews(ApiView):
    """What people found out about a quality flag."""

    tag = "quality"
    serializer_class = QualityFlagSerializer
    bodies = {"POST": NewReview}

    def post(self, request, pk):
        """Say what a flag was."""
        flag = get_object_or_404(QualityFlag.objects.select_related("round"), pk=pk)
        results_of(request, flag.round_id, LEAD)
        sent = self.body()
        flag.review(request.user, sent["outcome"], sent.get("words", ""))
        return self.answer(flag)
