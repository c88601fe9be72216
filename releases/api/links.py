"""Links that give a release to people without an account."""

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, check_form
from corpus.permissions import LEAD
from people.access_tokens import Scope
from people.api.views import ApiView, ListView
from releases.forms import ShareForm
from releases.models import Share
from releases.permissions import frozen_of, release_of

EXAMPLE = {
    "id": 5,
    "label": "reviewers",
    "address": "https://example.org/shared/9fT…/",
    "terms": "For research alone.",
    "expires_at": "2026-04-01T23:59:59+08:00",
    "alive": True,
    "created_at": "2026-03-02T09:30:00+08:00",
}


@extend_schema_serializer(examples=[OpenApiExample("a link", EXAMPLE, response_only=True)])
class LinkSerializer(serializers.Serializer):
    """A link to a release. Whoever has its address and accepts its terms may download."""

    id = serializers.IntegerField()
    label = serializers.CharField(allow_blank=True)
    address = serializers.SerializerMethodField()
    terms = serializers.CharField()
    expires_at = serializers.DateTimeField()
    alive = serializers.BooleanField()
    created_at = serializers.DateTimeField(source="at")

    def get_address(self, link) -> str:
        path = reverse("shared", args=[link.token])
        return self.context["request"].build_absolute_uri(path)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a new link",
            {"label": "reviewers", "terms": "For research alone.", "expires_at": "2026-04-01"},
        )
    ]
)
class NewLink(Body):
    """`expires_at` is the last day on which it works."""

    label = serializers.CharField(required=False, allow_blank=True, max_length=80)
    terms = serializers.CharField(max_length=20_000)
    expires_at = serializers.DateField()


class ReleaseLinks(ListView):
    """The links to a frozen release of a corpus that you lead."""

    tag = "releases"
    required_scope = Scope.MANAGE
    change_scope = Scope.MANAGE
    serializer_class = LinkSerializer
    bodies = {"POST": NewLink}
    ordering = ("-pk",)

    def rows(self):
        return frozen_of(self.request, self.kwargs["pk"], LEAD).links.select_related("release")

    def post(self, request, pk):
        """Make a link."""
        release = frozen_of(request, pk, LEAD)
        form = ShareForm(self.body())
        check_form(form)
        return self.created(Share.give(request.user, release, **form.cleaned_data))


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "who accepted",
            {
                "id": 2,
                "name": "Lin",
                "affiliation": "A university",
                "email": "",
                "at": "2026-03-03T10:00:00+08:00",
            },
            response_only=True,
        )
    ]
)
class GrantSerializer(serializers.Serializer):
    """Who accepted the terms of a link, as they named themselves."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    affiliation = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class LinkGrants(ListView):
    """Who accepted the terms of a link to a release of a corpus that you lead, the newest first."""

    tag = "releases"
    required_scope = Scope.MANAGE
    serializer_class = GrantSerializer
    ordering = ("-pk",)

    def rows(self):
        link = get_object_or_404(Share, pk=self.kwargs["pk"])
        frozen_of(self.request, link.release_id, LEAD)
        return link.grants.all()


class LinkRevocation(ApiView):
    """That a link works no longer."""

    tag = "releases"
    change_scope = Scope.MANAGE
    serializer_class = LinkSerializer

    def post(self, request, pk):
        """Close a link, and whatever was got with it."""
        link = get_object_or_404(Share.objects.select_related("release"), pk=pk)
        release_of(request, link.release_id, LEAD)
        link.revoke(request.user)
        return self.answer(link)
