"""Coming into a corpus: invitations that are accepted, declined, renewed; the join link of a corpus
and who asks by it.
"""

from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters, FlagParameter, Id, check_form
from core.errors import ValidationError
from corpus import round_offers
from corpus.api.members import NO_ROUND, InvitationSerializer, PersonSerializer
from corpus.invitation_forms import JoinLinkForm
from corpus.models import Corpus, Invitation, InvitationEmail, JoinLink, JoinRequest
from corpus.permissions import LEAD, corpus_of
from people.access_tokens import Scope
from people.api.views import ApiView, ListView, ThingView

DAYS = {"min_value": 1, "max_value": 365}


def invitation_of(request, pk):
    """An invitation into a corpus that the person leads."""
    led = Invitation.objects.filter(corpus__in=Corpus.objects.led_by(request.user))
    return get_object_or_404(led, pk=pk)


def with_status(invitation):
    return Invitation.objects.with_status().select_related("person").get(pk=invitation.pk)


class Renewal(Body):
    send = serializers.BooleanField(required=False, help_text="to the address, by e-mail")


class InvitationRenewal(ApiView):
    """That an invitation has another link."""

    tag = "members"
    change_scope = Scope.MANAGE
    secret = ("link",)
    serializer_class = InvitationSerializer
    bodies = {"POST": Renewal}
    answers: dict[str, tuple[int, Any]] = {"POST": (201, InvitationSerializer)}

    def post(self, request, pk):
        """Replace the link of an invitation by a new one, which is answered."""
        renewed = invitation_of(request, pk).renew(request.user)
        if self.body().get("send") and renewed.email and settings.EMAIL_ENABLED:
            site = request.build_absolute_uri("/")
            InvitationEmail.request(request.user, renewed, site, get_language())
        return self.created(with_status(renewed))


class NewExpiry(Body):
    days = serializers.IntegerField(help_text="from now on", **DAYS)


class InvitationExtension(ApiView):
    """That an invitation is valid for longer."""

    tag = "members"
    change_scope = Scope.MANAGE
    secret = ("link",)
    serializer_class = InvitationSerializer
    bodies = {"POST": NewExpiry}

    def post(self, request, pk):
        """Let the link of an invitation be valid for so many days from now."""
        invitation = invitation_of(request, pk)
        invitation.extend(request.user, self.body()["days"])
        return self.answer(with_status(invitation))


class OwnInvitationSerializer(serializers.Serializer):
    """An invitation of your account."""

    id = serializers.IntegerField()
    corpus = serializers.CharField(source="corpus.name", allow_null=True, default=None)
    role = serializers.CharField()
    invited_by = PersonSerializer()
    message = serializers.CharField(allow_blank=True)
    expires_at = serializers.DateTimeField()


class OwnInvitations(ListView):
    """The invitations of your account that wait for your answer."""

    tag = "account"
    serializer_class = OwnInvitationSerializer

    def rows(self):
        mine = Invitation.objects.for_account(self.request.user)
        return mine.select_related("corpus", "invited_by")


class InvitationAnswer(ApiView):
    """What you answer to an invitation of your account."""

    tag = "account"
    change_scope = Scope.MANAGE
    answers = {"POST": (204, None)}

    def mine(self):
        bound = Invitation.objects.filter(person=self.request.user)
        return get_object_or_404(bound.select_related("corpus"), pk=self.kwargs["pk"])


class InvitationAcceptance(InvitationAnswer):
    """That you join a corpus into which you are invited."""

    def post(self, request, pk):
        """Accept an invitation of your account."""
        self.mine().accept(request.user)
        return self.answer(None)


class InvitationRefusal(InvitationAnswer):
    """That you do not join a corpus into which you are invited."""

    def post(self, request, pk):
        """Decline an invitation of your account."""
        self.mine().decline(request.user)
        return self.answer(None)


class JoinLinkSerializer(serializers.Serializer):
    """The link by which people ask to join as annotators; `used` counts requests."""

    link = serializers.SerializerMethodField()
    expires_at = serializers.DateTimeField(allow_null=True)
    most = serializers.IntegerField(allow_null=True)
    email_domain = serializers.CharField(allow_blank=True)
    used = serializers.SerializerMethodField()

    def get_link(self, link) -> str:
        address = reverse("join", args=[link.token]) if link.token else ""
        return self.context["request"].build_absolute_uri(address) if address else ""

    def get_used(self, link) -> int:
        return link.counted().count()


@extend_schema_serializer(
    examples=[
        OpenApiExample("a month for a university", {"days": 30, "email_domain": "pku.edu.cn"})
    ]
)
class NewJoinLink(Body):
    """What limits the link; without `days` and `most` nothing does."""

    days = serializers.IntegerField(required=False, **DAYS)
    most = serializers.IntegerField(required=False, min_value=1, max_value=100_000)
    email_domain = serializers.CharField(required=False, allow_blank=True, max_length=120)


class JoinLinkThing(ThingView):
    """The join link of a corpus that you lead; 404 while it is switched off."""

    tag = "members"
    change_scope = Scope.MANAGE
    selects = False
    secret = ("link",)
    serializer_class = JoinLinkSerializer
    bodies = {"POST": NewJoinLink}
    answers: dict[str, tuple[int, Any]] = {"POST": (201, JoinLinkSerializer)}

    def thing(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        return get_object_or_404(corpus.join_links.current())

    def post(self, request, pk):
        """Switch a join link on; the one that the corpus had is closed."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        days = sent.pop("days", None)
        form = JoinLinkForm(sent)
        check_form(form)
        limits = form.cleaned_data | {"days": days}
        return self.created(JoinLink.switch_on(request.user, corpus, **limits))

    def delete(self, request, pk):
        """Switch the join link off; requests that wait stay."""
        JoinLink.switch_off(request.user, corpus_of(request, pk, LEAD))
        return self.answer(None)


class JoinRequestSerializer(serializers.Serializer):
    """That somebody asks to join; `approved` is null until a lead decides."""

    id = serializers.IntegerField()
    person = PersonSerializer()
    created_at = serializers.DateTimeField()
    approved = serializers.BooleanField(allow_null=True)


class JoinRequestFilters(Filters):
    waiting = FlagParameter(required=False)

    def by_waiting(self, rows, value):
        return rows.filter(decided_at__isnull=value)


class JoinRequests(ListView):
    """Who asked to join a corpus that you lead."""

    tag = "members"
    serializer_class = JoinRequestSerializer
    filters = JoinRequestFilters

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        return corpus.join_requests.select_related("person")


class Decision(Body):
    approved = serializers.BooleanField()
    round = Id(required=False, allow_null=True, help_text="in which they annotate from now on")


class JoinRequestDecision(ApiView):
    """What a lead decides about who asks to join."""

    tag = "members"
    change_scope = Scope.MANAGE
    serializer_class = JoinRequestSerializer
    bodies = {"POST": Decision}

    def post(self, request, pk):
        """Let somebody join, or not."""
        led = JoinRequest.objects.filter(corpus__in=Corpus.objects.led_by(request.user))
        found = get_object_or_404(led.select_related("corpus", "person"), pk=pk)
        sent = self.body()
        if not sent["approved"]:
            found.decline(request.user)
            return self.answer(found)
        wanted = sent.get("round")
        if wanted and wanted not in dict(round_offers.open_rounds(found.corpus)):
            raise ValidationError(NO_ROUND, round=wanted)
        found.approve(request.user, wanted)
        return self.answer(found)
