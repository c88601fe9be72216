"""A corpus as a whole: who owns it, its deletion, its storage."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Id
from corpus import deletion
from corpus.api.jobs import EXAMPLE, JobSerializer, described
from corpus.api.members import PersonSerializer
from corpus.models import CorpusDeletion, OwnershipOffer
from corpus.permissions import LEAD, corpus_of, owned_corpus
from corpus.storage_kinds import KINDS
from people.access_tokens import Scope
from people.api.views import ApiView, ThingView


class OfferSerializer(serializers.Serializer):
    """That the owner of a corpus offers it to another lead."""

    person = PersonSerializer()
    at = serializers.DateTimeField()


class NewOffer(Body):
    person = Id(help_text="another lead of the corpus")


class Offer(ThingView):
    """To whom a corpus that you lead is offered, while nobody has accepted it."""

    tag = "corpora"
    change_scope = Scope.MANAGE
    in_archive = True
    serializer_class = OfferSerializer
    bodies = {"POST": NewOffer}
    answers: dict[str, tuple[int, Any]] = {"POST": (201, OfferSerializer)}

    def thing(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        return get_object_or_404(OwnershipOffer.objects.select_related("person"), corpus=corpus)

    def post(self, request, pk):
        """Offer a corpus that you own to another lead, who owns it by accepting."""
        corpus = owned_corpus(request, pk)
        member = get_object_or_404(corpus.people(LEAD), person=self.body()["person"])
        return self.created(OwnershipOffer.make(request.user, corpus, member.person))

    def delete(self, request, pk):
        """Take your offer back, or decline what is offered to you."""
        offer = self.thing()
        if request.user.pk not in (offer.corpus.owner_id, offer.person_id):
            raise Http404
        offer.withdraw(request.user)
        return self.answer(None)


class Ownership(ApiView):
    """That you own a corpus."""

    tag = "corpora"
    change_scope = Scope.MANAGE
    in_archive = True
    answers = {"POST": (204, None)}

    def post(self, request, pk):
        """Accept a corpus that is offered to you."""
        corpus = corpus_of(request, pk, LEAD)
        get_object_or_404(OwnershipOffer, corpus=corpus, person=request.user).accept()
        return self.answer(None)


class CopySerializer(serializers.Serializer):
    """A release that goes with its corpus; `downloaded` by somebody, as far as is known."""

    key = serializers.CharField()
    name = serializers.CharField()
    downloaded = serializers.BooleanField()


class LossSerializer(serializers.Serializer):
    """What is deleted with a corpus."""

    name = serializers.CharField()
    rows = serializers.DictField(child=serializers.IntegerField())
    bytes = serializers.IntegerField()
    copies = CopySerializer(many=True)


DELETION = EXAMPLE | {"kind": "corpusdeletion", "url": "/api/deletions/12/", "page": ""}


@extend_schema_serializer(examples=[OpenApiExample("a deletion", DELETION, response_only=True)])
class DeletionSerializer(JobSerializer):
    """The work of deleting a corpus, which its members do not meet any more."""

    url = serializers.SerializerMethodField()

    def get_url(self, job) -> str:
        return reverse("api_deletion", args=[job.pk])


@extend_schema_serializer(
    examples=[OpenApiExample("a corpus", {"name": "Hotpot", "copies": ["release-3"]})]
)
class NewDeletion(Body):
    """The name of the corpus, to be sure, and the `key` of each release of which you have a copy
    without having downloaded it here.
    """

    name = serializers.CharField(max_length=120)
    copies = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=1000
    )


class Deletion(ThingView):
    """What would be deleted with a corpus that you own."""

    tag = "corpora"
    change_scope = Scope.MANAGE
    in_archive = True
    selects = False
    serializer_class = LossSerializer
    bodies = {"POST": NewDeletion}
    answers = {"POST": (202, DeletionSerializer)}

    def thing(self):
        corpus = owned_corpus(self.request, self.kwargs["pk"])
        return {
            "name": corpus.name,
            "rows": deletion.lost_with(corpus),
            "bytes": corpus.measured_storage().total(),
            "copies": deletion.exports_of(corpus),
        }

    def post(self, request, pk):
        """Delete a corpus that you own with everything in it; the answer is the work. 409, and
        nothing is deleted, unless its name is written and there is a copy of each release.
        """
        corpus, sent = owned_corpus(request, pk), self.body()
        deletion.guard_corpus_deletion(corpus, sent["name"], sent.get("copies", []))
        job = deletion.request_corpus_deletion(request.user, corpus)
        answer = self.answer(described(request, job))
        answer["Location"] = reverse("api_deletion", args=[job.pk])
        return answer


def deletion_of(request, pk):
    """A deletion that the person has asked for."""
    found = get_object_or_404(CorpusDeletion.objects.filter(person=request.user), pk=pk)
    return described(request, found)


class DeletionThing(ThingView):
    """A deletion of a corpus that you have asked for."""

    tag = "corpora"
    serializer_class = DeletionSerializer

    def thing(self):
        return deletion_of(self.request, self.kwargs["pk"])


class DeletionAttempts(ApiView):
    """That a deletion is gone on with."""

    tag = "corpora"
    change_scope = Scope.MANAGE
    serializer_class = DeletionSerializer

    def post(self, request, pk):
        """Go on with a deletion that has failed."""
        deletion_of(request, pk).retry_by(request.user)
        return self.answer(deletion_of(request, pk))


STORAGE = {"bytes": {"sources": 52428800, "clips": 8388608}, "total": 60817408, "quota": None}


@extend_schema_serializer(examples=[OpenApiExample("a corpus", STORAGE, response_only=True)])
class StorageSerializer(serializers.Serializer):
    """Bytes of the files of a corpus by kind, as they were last measured; its quota, or null."""

    bytes = serializers.DictField(child=serializers.IntegerField())
    total = serializers.IntegerField()
    quota = serializers.IntegerField(allow_null=True)


class Storage(ThingView):
    """What the files of a corpus that you lead take."""

    tag = "corpora"
    serializer_class = StorageSerializer

    def thing(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        sizes = corpus.measured_storage()
        found = {kind: sizes.get(kind, 0) for kind in KINDS}
        return {"bytes": found, "total": sizes.total(), "quota": corpus.quota}
