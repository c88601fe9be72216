"""What the administrators of the installation decide about corpora; nobody else finds it."""

from django.contrib import messages
from django.db.models import Count, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.pagination import page_of
from core.parameters import number, posted, text
from corpus.forms import InstallationForm, QuotaForm
from corpus.models import Corpus, CorpusDeletion, Installation
from people.models import Event, Person

MEASURED_AT_ONCE = 20  # corpora whose storage a page measures; the others show what they had


def _administrator(request):
    """Raises Http404 but for an administrator of the installation."""
    if not request.user.is_superuser:
        raise Http404


def installation_settings(request):
    """Who may create corpora, and how much a corpus may store and train."""
    _administrator(request)
    form = InstallationForm(posted(request), instance=Installation.load())
    if request.method == "POST" and form.is_valid():
        Installation.load().set(request.user, **form.cleaned_data)
        messages.success(request, _("Settings saved."))
        return redirect("installation_settings")
    page = {"tab": "settings", "form": form}
    return render(request, "corpus/installation_settings.html", page)


def installation_corpora(request):
    """Every corpus with its owner, its size and what it may store; nothing of what is in it."""
    _administrator(request)
    last = Event.objects.filter(corpus_id=OuterRef("pk")).order_by().values("corpus_id")
    corpora = Corpus.objects.select_related("owner", "archival").annotate(
        member_count=Count("memberships"),
        active_at=Coalesce(Subquery(last.annotate(at=Max("at")).values("at")), "created_at"),
    )
    page = page_of(request, corpora.order_by("name"), 50)
    for place, corpus in enumerate(page):
        if place < MEASURED_AT_ONCE:
            corpus.measured_storage()
        corpus.orphaned = corpus.owner is None or not corpus.owner.is_active
    deleting = CorpusDeletion.objects.exclude(status=CorpusDeletion.Status.DONE)
    shown = {
        "tab": "corpora",
        "page": page,
        "deleting": {deletion.corpus_id: deletion for deletion in deleting},
    }
    return render(request, "corpus/installation_corpora.html", shown)


def installation_corpus(request, pk):
    """What a corpus may store; who owns it, where its owner is gone."""
    _administrator(request)
    corpus = get_object_or_404(Corpus.objects.select_related("owner"), pk=pk)
    form = QuotaForm(posted(request), initial={"storage_quota": corpus.storage_quota})
    if request.method == "POST" and form.is_valid():
        corpus.set(request.user, **form.cleaned_data)
        messages.success(request, _("Settings saved."))
        return redirect("installation_corpora")
    orphaned = Corpus.objects.orphaned().filter(pk=pk).exists()
    page = {
        "tab": "corpora",
        "subject": corpus,
        "form": form,
        "orphaned": orphaned,
        "members": corpus.people().filter(person__is_active=True),
        "installation": Installation.load(),
    }
    return render(request, "corpus/installation_corpus.html", page)


@require_POST
def appoint_owner(request, pk):
    """Give a corpus whose owner is gone another one: a member, or whoever has the name."""
    _administrator(request)
    corpus = get_object_or_404(Corpus.objects.orphaned(), pk=pk)
    name = text(request.POST, "username")
    people = Person.objects.filter(is_active=True)
    person = people.filter(pk=number(request.POST.get("person"))).first()
    person = people.filter(username=name).first() if name else person
    if person is None:
        messages.error(request, _("There is no account “%(name)s”.") % {"name": name})
        return redirect("installation_corpus", pk)
    corpus.appoint_owner(request.user, person)
    messages.success(request, _("%(name)s owns this corpus now.") % {"name": person})
    return redirect("installation_corpora")
