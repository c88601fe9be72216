"""The checklist of whoever sets up an installation or a corpus."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from corpus import checklist
from corpus.models import ChecklistDismissal


def getting_started(request):
    """Every step with its state and one button."""
    _require(request.user)
    rows = checklist.checklist(request.user)
    page = {
        "steps": rows,
        "corpus": checklist.own_corpora(request.user).order_by("-pk").first(),
        "done": sum(state == "done" for _step, state, _address in rows),
        "is_finished": checklist.is_finished(rows),
        "is_dismissed": ChecklistDismissal.objects.filter(person=request.user).exists(),
    }
    return render(request, "corpus/getting_started.html", page)


@require_POST
def checklist_dismissal(request):
    """Take the checklist off the start page, or put it back."""
    _require(request.user)
    if request.POST.get("shown") == "1":
        ChecklistDismissal.objects.filter(person=request.user).delete()
        return redirect("getting_started")
    ChecklistDismissal.objects.get_or_create(person=request.user)
    return redirect("home")


def _require(person):
    if not checklist.is_for(person):
        raise Http404
