"""Members of a corpus, and who is invited to join it: for its leads."""

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters, Id
from core.errors import ValidationError, gettext_noop
from corpus import invitee_list, round_offers
from corpus.models import Corpus, Invitation, InvitationEmail, Membership
from corpus.models.invitations import DAYS, Status
from corpus.permissions import LEAD, corpus_of
from people.access_tokens import Scope
from people.api.views import ApiView, ListView, ThingView


class PersonSerializer(serializers.Serializer):
    """An account, as others see it."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField(source="__str__")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a member",
            {
                "id": 7,
                "person": {"id": 3, "username": "lin", "name": "林黛玉"},
                "role": "annotator",
                "owner": False,
            },
            response_only=True,
        )
    ]
)
class MemberSerializer(serializers.Serializer):
    """That a person belongs to a corpus, and as what."""

    id = serializers.IntegerField()
    person = PersonSerializer()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    owner = serializers.SerializerMethodField()

    def get_owner(self, member) -> bool:
        return member.person_id == member.corpus.owner_id


class MemberFilters(Filters):
    role = serializers.ChoiceField(choices=Membership.Role.choices, required=False)


class Members(ListView):
    """The members of a corpus that you lead."""

    tag = "members"
    serializer_class = MemberSerializer
    filters = MemberFilters

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        return corpus.memberships.select_related("person", "corpus")


class RoleChange(Body):
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class Member(ThingView):
    """A member of a corpus that you lead."""

    tag = "members"
    change_scope = Scope.MANAGE
    serializer_class = MemberSerializer
    bodies = {"PATCH": RoleChange}

    def thing(self):
        led = Membership.objects.filter(corpus__in=Corpus.objects.led_by(self.request.user))
        return get_object_or_404(led.select_related("person", "corpus"), pk=self.kwargs["pk"])

    def patch(self, request, pk):
        """Give a member another role; a corpus keeps a lead, and its owner is one."""
        member = self.thing()
        member.appoint(request.user, self.body()["role"])
        return self.answer(member)

    def delete(self, request, pk):
        """End a membership; what the person did stays."""
        member = self.thing()
        member.dismiss(request.user)
        return self.answer(None)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "an invitation",
            {
                "id": 4,
                "name": "",
                "email": "lin@example.org",
                "person": None,
                "role": "annotator",
                "round": None,
                "status": "created",
                "link": "https://example.org/invitations/…/",
                "created_at": "2026-03-02T09:30:00+08:00",
                "expires_at": "2026-03-16T09:30:00+08:00",
            },
            response_only=True,
        )
    ]
)
class InvitationSerializer(serializers.Serializer):
    """That somebody is asked to join. `link` is told to who invited them, while it is open."""

    id = serializers.IntegerField()
    name = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    person = PersonSerializer(allow_null=True)
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    round = serializers.IntegerField(source="round_id", allow_null=True)
    status = serializers.ChoiceField(choices=Status.choices)
    link = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()

    def get_link(self, invitation) -> str:
        request = self.context["request"]
        mine = invitation.invited_by_id == request.user.pk
        is_open = invitation.status in (Status.CREATED, Status.SENT, Status.OPENED)
        token = invitation.token if mine and is_open else ""
        return request.build_absolute_uri(reverse("invitation", args=[token])) if token else ""


@extend_schema_serializer(
    examples=[
        OpenApiExample("by e-mail", {"email": "lin@example.org", "role": "annotator"}),
        OpenApiExample("an account", {"username": "lin", "role": "adjudicator", "days": 7}),
    ]
)
class NewInvitation(Body):
    """Whom to invite: an e-mail address, the username of an account, or neither for a link that
    anybody may use who has it. `round` is for annotators. `send` sends it to the address.
    """

    email = serializers.CharField(required=False, allow_blank=True, max_length=254)
    username = serializers.CharField(required=False, allow_blank=True, max_length=150)
    name = serializers.CharField(required=False, allow_blank=True, max_length=80)
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    round = Id(required=False, allow_null=True)
    days = serializers.IntegerField(required=False, min_value=1, max_value=365)
    message = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    send = serializers.BooleanField(required=False)


class InvitationFilters(Filters):
    status = serializers.ChoiceField(choices=Status.choices, required=False)


NO_ROUND = gettext_noop("The round %(round)d is no open round of this corpus.")


class Invitations(ListView):
    """The invitations into a corpus that you lead, the latest first."""

    tag = "members"
    change_scope = Scope.MANAGE
    ordering = ("-pk",)
    secret = ("link",)
    serializer_class = InvitationSerializer
    filters = InvitationFilters
    bodies = {"POST": NewInvitation}

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        return corpus.invitations.with_status().select_related("person")

    def post(self, request, pk):
        """Invite somebody; nobody belongs to the corpus before they accept."""
        corpus, sent = corpus_of(request, pk, LEAD), self.body()
        who = self._invitee(corpus, sent)
        if sent.get("round") and sent["round"] not in dict(round_offers.open_rounds(corpus)):
            raise ValidationError(NO_ROUND, round=sent["round"])
        invitation = Invitation.invite(
            request.user, corpus, name=who.name, email=who.email, person=who.person,
            role=sent["role"], round_id=sent.get("round"), days=sent.get("days", DAYS),
            message=sent.get("message", ""),
        )  # fmt: skip
        if sent.get("send") and invitation.email and settings.EMAIL_ENABLED:
            site = request.build_absolute_uri("/")
            InvitationEmail.request(request.user, invitation, site, get_language())
        return self.created(corpus.invitations.with_status().get(pk=invitation.pk))

    def _invitee(self, corpus, sent):
        """Whom the body names. Raises the UserError of who cannot be invited."""
        email, username = sent.get("email", ""), sent.get("username", "")
        person = invitee_list.Invitee(
            1, name=sent.get("name", ""), email=email, username=username, role=sent["role"]
        )
        if not email and not username:
            return person
        found = invitee_list.checked(corpus, [person], sent["role"])
        if found.faults:
            raise found.faults[0].error
        return found.people[0]


class InvitationThing(ApiView):
    """An invitation into a corpus that you lead."""

    tag = "members"
    change_scope = Scope.MANAGE

    def delete(self, request, pk):
        """Close the link of an invitation that nobody has accepted."""
        led = Invitation.objects.filter(corpus__in=Corpus.objects.led_by(request.user))
        get_object_or_404(led, pk=pk).revoke(request.user)
        return self.answer(None)
