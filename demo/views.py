"""The demo corpus as the administrator sees it: load it, remove it."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from core.fragments import live_part
from demo.load import is_complete
from demo.models import DemoJob
from demo.people import accounts
from demo.removal import find_corpus


def demo(request):
    """Whether the demo is there, what goes on, and the one button that fits."""
    _require_administrator(request)
    corpus, job = find_corpus(), DemoJob.objects.first()
    page = {
        "job": job,
        "progress_url": reverse("demo_progress"),
        "demo": corpus,
        "is_complete": corpus is not None and is_complete(corpus),
        "is_member": corpus is not None and corpus.role_of(request.user) is not None,
        "accounts": accounts().values() if corpus else (),
        "tab": "demo",
    }
    return render(request, "demo/demo.html", page)


def demo_progress(request):
    _require_administrator(request)
    job = DemoJob.objects.first()
    if job is None:
        raise Http404
    values = {"job": job, "name": "demo", "url": reverse("demo_progress")}
    return live_part(request, "_progress.html", job.active, values)


@require_POST
def load_demo(request):
    _require_administrator(request)
    DemoJob.request(request.user, DemoJob.Kind.LOAD)
    return redirect("demo")


@require_POST
def remove_demo(request):
    _require_administrator(request)
    DemoJob.request(request.user, DemoJob.Kind.REMOVE)
    return redirect("demo")


def _require_administrator(request):
    if not request.user.is_superuser:
        raise Http404
