"""The list of corpora, one corpus and its people."""

from django.contrib import messages
from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.pagination import page_of
from core.parameters import posted
from corpus.forms import CorpusForm, MemberForm
from corpus.models import Corpus, Membership
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of, resettable_people
from people.models import Event, Invitation


def home(request):
    """My corpora; a person with a single one goes straight there."""
    corpora = list(
        Corpus.objects.of(request.user).annotate(dialogue_count=Count("dialogues", distinct=True))
    )
    for corpus in corpora:
        corpus.my_role = corpus.memberships.get(person=request.user)
    return render(request, "corpus/home.html", {"corpora": corpora})


def new_corpus(request):
    form = CorpusForm(posted(request))
    if request.method == "POST" and form.is_valid():
        corpus = Corpus.create(request.user, **form.cleaned_data)
        return redirect("corpus", corpus.pk)
    return render(request, "corpus/new_corpus.html", {"form": form})


def corpus(request, pk):
    corpus = corpus_of(request, pk)
    counts = corpus.counts() | {"speakers": corpus.speakers.count()}
    page = context(corpus, "corpus", page=page_of(request, corpus.sources.all()), counts=counts)
    return render(request, "corpus/corpus.html", page)


def members(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    form = MemberForm(posted(request), corpus=corpus)
    if request.method == "POST" and form.is_valid():
        form.save(by=request.user)
        return redirect("members", corpus.pk)
    invitations = Invitation.objects.filter(invited_by=request.user, accepted_by=None)
    for invitation in invitations:
        address = reverse("invitation", args=[invitation.token])
        invitation.address = request.build_absolute_uri(address)  # type: ignore[attr-defined]
    people = list(corpus.people())
    resettable = resettable_people(request.user, [member.person for member in people])
    for member in people:
        member.is_resettable = member.person_id in resettable  # type: ignore[attr-defined]
    page = context(
        corpus,
        "people",
        form=form,
        members=people,
        roles=Membership.Role.choices,
        invitations=invitations,
    )
    return render(request, "corpus/members.html", page)


@require_POST
def blind_adjudication(request, pk):
    """Choose whether adjudicators see letters for the annotators, or names."""
    corpus = corpus_of(request, pk, LEAD)
    chosen = request.POST.get("shown")
    if chosen not in ("letters", "names"):
        raise Http404
    corpus.set_blind_adjudication(request.user, chosen == "letters")
    return redirect(f"{reverse('members', args=[pk])}#adjudication")


@require_POST
def invite(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    invitation = Invitation.objects.create(invited_by=request.user)
    Event.record(request.user, "invite", invitation)
    messages.success(request, _("Invitation created. Send the link below."))
    return redirect("members", corpus.pk)


@require_POST
def membership(request, pk):
    """Change a member's role or end the membership; a corpus keeps at least one lead."""
    led = Membership.objects.filter(corpus__in=Corpus.objects.led_by(request.user))
    member = get_object_or_404(led.select_related("person", "corpus"), pk=pk)
    role = request.POST.get("role", "")
    leads = member.corpus.people(LEAD)
    if member.role == LEAD and role != LEAD and leads.count() == 1:
        messages.error(
            request,
            _(
                "A corpus needs at least one lead. Nothing was changed; make another member lead"
                " first."
            ),
        )
    elif role in Membership.Role.values:
        _record_change(request, "appoint", member, role=role)
        member.role = role
        member.save(update_fields=["role"])
    elif role == "none":
        _record_change(request, "dismiss", member)
        member.delete()
    return redirect("members", member.corpus_id)


def _record_change(request, verb, member, **more):
    """Record what becomes of a member, with the role they had."""
    Event.record(request.user, verb, member, person=member.person.username, was=member.role, **more)
