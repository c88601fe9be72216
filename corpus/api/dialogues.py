"""Dialogues, their utterances and who speaks. What is withheld from somebody who annotates is left
out here as on the pages.
"""

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters, FlagParameter, Id, IdParameter
from core.normalization import search_key, visible
from corpus.forms import TRAITS
from corpus.models import Dialogue, Speaker, Utterance
from corpus.permissions import LEAD, corpus_of, dialogue_of, with_role
from corpus.publication_undo import undo_publication, undoable_by
from corpus.search import contains
from corpus.visibility import WORDS, withheld
from people.api.views import ApiView, LinesView, ListView, ThingView


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a dialogue",
            {
                "id": 101,
                "uid": "episode1_003",
                "source": 12,
                "number": 3,
                "start": 61.2,
                "end": 95.8,
                "split": "",
                "published": True,
                "utterances": 14,
            },
            response_only=True,
        )
    ]
)
class DialogueSerializer(serializers.Serializer):
    """A stretch of talk that is judged as one; times are seconds of its episode."""

    id = serializers.IntegerField()
    uid = serializers.CharField()
    source = serializers.IntegerField(source="source_id")
    number = serializers.IntegerField()
    start = serializers.FloatField(allow_null=True)
    end = serializers.FloatField(allow_null=True)
    split = serializers.CharField(allow_blank=True)
    published = serializers.BooleanField(source="is_published")
    utterances = serializers.IntegerField(source="size")


class DialogueFilters(Filters):
    source = IdParameter(required=False)
    published = FlagParameter(required=False)
    split = serializers.CharField(required=False, max_length=8)

    def by_published(self, rows, value):
        return rows.filter(publication__isnull=not value)


class Dialogues(ListView):
    """The dialogues of a corpus: all of them for its leads, the published ones for the others."""

    tag = "dialogues"
    serializer_class = DialogueSerializer
    filters = DialogueFilters

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"])
        mine = Dialogue.objects.of(self.request.user).filter(corpus=corpus)
        return mine.select_related("publication").sized()


class DialogueThing(ThingView):
    """A dialogue that you may open."""

    tag = "dialogues"
    serializer_class = DialogueSerializer

    def thing(self):
        return sized(dialogue_of(self.request, self.kwargs["pk"]))


def sized(dialogue):
    return Dialogue.objects.filter(pk=dialogue.pk).select_related("publication").sized().get()


class DialoguePublication(ApiView):
    """That a dialogue is ready for annotators."""

    tag = "dialogues"
    serializer_class = DialogueSerializer

    def post(self, request, pk):
        """Publish a dialogue; twice changes nothing."""
        dialogue = dialogue_of(request, pk, LEAD)
        dialogue.publish(request.user)
        return self.answer(sized(dialogue))

    def delete(self, request, pk):
        """Take back what you published within the last hour; 409 where it is in use or edited."""
        dialogue = dialogue_of(request, pk, LEAD)
        made = get_object_or_404(undoable_by(request.user), dialogue=dialogue)
        undo_publication(request.user, made, made.pk)
        return self.answer(None)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "an utterance",
            {
                "id": 2001,
                "uid": "episode1_003_U_4",
                "dialogue": 101,
                "number": 4,
                "speaker": 5,
                "text": "真巧啊，又是你。",
                "translation": "",
                "start": 1.7,
                "end": 2.6,
                "machine": False,
            },
            response_only=True,
        )
    ]
)
class UtteranceSerializer(serializers.Serializer):
    """What one speaker says in one go; times are seconds of the clip of its dialogue."""

    id = serializers.IntegerField()
    uid = serializers.CharField()
    dialogue = serializers.IntegerField(source="dialogue_id")
    number = serializers.IntegerField()
    speaker = serializers.IntegerField(source="speaker_id", allow_null=True)
    text = serializers.CharField(allow_blank=True)
    translation = serializers.CharField(allow_blank=True)
    start = serializers.FloatField(allow_null=True)
    end = serializers.FloatField(allow_null=True)
    machine = serializers.BooleanField(help_text="words that no person has confirmed yet")


class UtteranceFilters(Filters):
    q = serializers.CharField(
        required=False, max_length=200, help_text="words, whatever their case and width"
    )
    dialogue = IdParameter(required=False)
    source = IdParameter(required=False)
    speaker = IdParameter(required=False)
    machine = FlagParameter(required=False)

    def by_source(self, rows, value):
        return rows.filter(dialogue__source=value)

    def by_q(self, rows, value):
        key = search_key(value)
        return rows.filter(contains("search", key)) if key else rows.none()


def readable_utterances(request, pk):
    """The utterances of a corpus whose words the person may read now: no filter says anything of
    the others.
    """
    corpus = corpus_of(request, pk)
    rows = Utterance.objects.filter(corpus=corpus)
    if corpus.my_role != LEAD:
        rows = rows.filter(dialogue__publication__isnull=False)
    hidden = withheld(request.user, WORDS).filter(corpus=corpus)
    if hidden.exists():
        rows = rows.exclude(dialogue__in=hidden.order_by().values("pk"))
    return rows


class Utterances(ListView):
    """The utterances of a corpus that you may read now. Those of dialogues whose words are withheld
    from you while you annotate them are left out.
    """

    tag = "utterances"
    serializer_class = UtteranceSerializer
    filters = UtteranceFilters

    def rows(self):
        return readable_utterances(self.request, self.kwargs["pk"])


class UtteranceLines(LinesView):
    """All of them, an object a line."""

    tag = "utterances"
    serializer_class = UtteranceSerializer
    filters = UtteranceFilters
    name = "utterances.ndjson"
    NAMES = [
        *("id", "uid", "dialogue", "number", "speaker"),
        *("text", "translation", "start", "end", "machine"),
    ]

    def rows(self):
        return readable_utterances(self.request, self.kwargs["pk"]).order_by("pk")

    def prepare(self, rows):
        columns = [f"{n}_id" if n in ("dialogue", "speaker") else n for n in self.NAMES]
        return rows.values_list(*columns)

    def line(self, row):
        return dict(zip(self.NAMES, row, strict=True))


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a speaker",
            {"id": 5, "name": "小唐", "pseudonym": "S2", "traits": {"gender": "female"}},
            response_only=True,
        )
    ]
)
class SpeakerSerializer(serializers.Serializer):
    """Who speaks."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    pseudonym = serializers.CharField(allow_blank=True)
    traits = serializers.DictField(child=serializers.CharField())


class NewSpeaker(Body):
    name = serializers.CharField(max_length=80)


class Speakers(ListView):
    """The speakers of a corpus that you lead."""

    tag = "speakers"
    serializer_class = SpeakerSerializer
    bodies = {"POST": NewSpeaker}

    def rows(self):
        return corpus_of(self.request, self.kwargs["pk"], LEAD).speakers.all()

    def post(self, request, pk):
        """The speaker of a name, made if there is none."""
        corpus, name = corpus_of(request, pk, LEAD), visible(self.body()["name"])
        speaker = Speaker.introduce(request.user, corpus, name)
        return self.created(speaker, reverse("api_speaker", args=[speaker.pk]))


class SpeakerChange(Body):
    """Whatever is left out stays as it is."""

    name = serializers.CharField(required=False, max_length=80)
    pseudonym = serializers.CharField(required=False, allow_blank=True, max_length=40)
    gender = serializers.ChoiceField(choices=["", *Speaker.Gender.values], required=False)
    age = serializers.ChoiceField(choices=["", *Speaker.Age.values], required=False)
    role = serializers.ChoiceField(choices=["", *Speaker.Role.values], required=False)


class SpeakerThing(ThingView):
    """A speaker of a corpus that you lead."""

    tag = "speakers"
    serializer_class = SpeakerSerializer
    bodies = {"PATCH": SpeakerChange}

    def thing(self):
        return speaker_of(self.request, self.kwargs["pk"])

    def patch(self, request, pk):
        """Rename a speaker, or say what they are like."""
        speaker = self.thing()
        sent = self.body()
        traits = {trait: sent[trait] for trait in TRAITS if trait in sent}
        name = sent.get("name", speaker.name)
        pseudonym = sent.get("pseudonym", speaker.pseudonym)
        speaker.update_details(request.user, name, pseudonym, traits)
        return self.answer(speaker)


def speaker_of(request, pk):
    """A speaker of a corpus that the person leads."""
    speaker = get_object_or_404(Speaker.objects.of(request.user).select_related("corpus"), pk=pk)
    with_role(request, speaker.corpus, LEAD)
    return speaker


class Merger(Body):
    into = Id()


class SpeakerMerger(ApiView):
    """That a speaker is really another one."""

    tag = "speakers"
    serializer_class = SpeakerSerializer
    bodies = {"POST": Merger}

    def post(self, request, pk):
        """Give all utterances of a speaker to another one, which is answered."""
        speaker = speaker_of(request, pk)
        into = self.body()["into"]
        other = get_object_or_404(Speaker.objects.filter(corpus=speaker.corpus), pk=into)
        speaker.merge(request.user, other)
        return self.answer(other)


class PseudonymsSerializer(serializers.Serializer):
    given = serializers.IntegerField()


class Pseudonyms(ApiView):
    """Pseudonyms of the speakers of a corpus that you lead."""

    tag = "speakers"
    serializer_class = PseudonymsSerializer

    def post(self, request, pk):
        """Give a pseudonym to each speaker who has none; how many were given."""
        corpus = corpus_of(request, pk, LEAD)
        return self.answer({"given": Speaker.pseudonymise(request.user, corpus)})
