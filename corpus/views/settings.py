"""Settings of a corpus; its archive, owner and deletion."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.parameters import number, posted, text
from core.translation import translate_error
from core.undo import undoable
from corpus import deletion
from corpus.archive import in_archive
from corpus.forms import SettingsForm
from corpus.models import Corpus, CorpusDeletion, Membership, OwnershipOffer
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of, owned_corpus
from corpus.storage_kinds import KINDS


def corpus_settings(request, pk):
    """Name, description, language, who sees what."""
    corpus = corpus_of(request, pk, LEAD)
    form = SettingsForm(posted(request), instance=Corpus.objects.get(pk=pk))
    if request.method == "POST" and form.is_valid():
        corpus.set(request.user, **form.cleaned_data)
        messages.success(request, _("Settings saved."))
        return redirect("corpus_settings", pk)
    page = context(corpus, "settings", tab="general", form=form)
    return render(request, "corpus/settings.html", page)


def corpus_storage(request, pk):
    """How much each kind of file takes."""
    corpus = corpus_of(request, pk, LEAD)
    sizes = corpus.measured_storage()
    page = context(
        corpus,
        "settings",
        tab="storage",
        rows=[(words, sizes.get(kind, 0)) for kind, words in KINDS.items()],
        total=sizes.total(),
        quota=corpus.quota,
    )
    return render(request, "corpus/settings_storage.html", page)


def corpus_administration(request, pk):
    """Archive, owner and deletion: what only the owner decides, and the others are told."""
    return _administration(request, corpus_of(request, pk, LEAD))


def _administration(request, corpus, error="", status=200):
    leads = corpus.people(LEAD).exclude(person=corpus.owner_id)
    page = context(
        corpus,
        "settings",
        tab="administration",
        owned=corpus.owner_id == request.user.pk,
        offer=OwnershipOffer.objects.filter(corpus=corpus).select_related("person").first(),
        leads=leads,
        lost=deletion.named(deletion.lost_with(corpus)),
        stored=corpus.measured_storage().total(),
        exports=deletion.exports_of(corpus),
        error=error,
    )
    return render(request, "corpus/settings_administration.html", page, status=status)


@require_POST
def archive_corpus(request, pk):
    """Make the corpus read-only."""
    corpus = owned_corpus(request, pk)
    corpus.archive(request.user)
    words = _("The corpus is archived and read-only.")
    undoable(request, words, reverse("unarchive_corpus", args=[pk]))
    return redirect("corpus_administration", pk)


@in_archive
@require_POST
def unarchive_corpus(request, pk):
    """Let the corpus be changed again."""
    corpus = owned_corpus(request, pk)
    corpus.unarchive(request.user)
    messages.success(request, _("The corpus can be changed again."))
    return redirect("corpus_administration", pk)


@in_archive
@require_POST
def offer_ownership(request, pk):
    """Offer the corpus to another lead, who becomes its owner by accepting."""
    corpus = owned_corpus(request, pk)
    leads = corpus.people(LEAD)
    member: Membership = get_object_or_404(leads, person=number(request.POST.get("person")))
    try:
        OwnershipOffer.make(request.user, corpus, member.person)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    return redirect("corpus_administration", pk)


@in_archive
@require_POST
def withdraw_offer(request, pk):
    """The owner takes the offer back, or whom it was made to declines."""
    corpus = corpus_of(request, pk, LEAD)
    offer = get_object_or_404(OwnershipOffer, corpus=corpus)
    if request.user.pk not in (corpus.owner_id, offer.person_id):
        raise Http404
    offer.withdraw(request.user)
    return redirect("corpus_administration", pk)


@in_archive
@require_POST
def accept_ownership(request, pk):
    """Own the corpus from now on, as its owner has offered."""
    corpus = corpus_of(request, pk, LEAD)
    offer = get_object_or_404(OwnershipOffer, corpus=corpus, person=request.user)
    offer.accept()
    messages.success(request, _("You own this corpus now."))
    return redirect("corpus_administration", pk)


@in_archive
@require_POST
def delete_corpus(request, pk):
    """Delete the corpus with everything in it, once its name was typed."""
    corpus = owned_corpus(request, pk)
    try:
        name, ticked = text(request.POST, "name"), request.POST.getlist("copy")
        deletion.guard_corpus_deletion(corpus, name, ticked)
        deletion.request_corpus_deletion(request.user, corpus)
    except UserError as refusal:
        return _administration(request, corpus, translate_error(refusal), 422)
    messages.success(request, _("The corpus “%(name)s” is being deleted.") % {"name": corpus.name})
    return redirect("home")


@require_POST
def attempt_deletion(request, pk):
    """Go on with a deletion that has failed."""
    own = get_object_or_404(CorpusDeletion.objects.filter(person=request.user), pk=pk)
    own.retry_by(request.user)
    return redirect("home")
