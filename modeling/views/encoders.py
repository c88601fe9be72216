"""Encoders of the installation, for its administrators: what is there, what can be downloaded."""

import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.fragments import live_part
from core.parameters import text
from core.translation import translate_error
from jobs.models import JobStatus
from modeling import encoder_storage, encoders
from modeling.encoder_catalogue import CATALOGUE
from modeling.forms import EncoderForm
from modeling.models import EncoderImport
from modeling.run_configuration import MODALITY_NAMES

COMMAND = "manage.py encoders pull OWNER/NAME"
SHOWN_FOR = datetime.timedelta(days=7)  # what failed or was cancelled


def installation_encoders(request):
    """Installed encoders, what is on its way, and what can be had."""
    _require_administrator(request)
    return _page(request, EncoderForm())


def _page(request, form):
    uses = encoders.uses()
    found = [_row(encoder, uses) for encoder in encoders.installed()]
    names = {row["encoder"].name for row in found}
    jobs = _shown_jobs(names)
    arriving = sorted(set(encoders.arriving()) - names)
    moving = {*arriving, *(job.name for job in jobs if job.active)}
    groups = [
        {
            "name": name,
            "offers": [
                {"offer": offer, "there": offer.name in names, "moving": offer.name in moving}
                for offer in CATALOGUE
                if offer.modality == modality
            ],
        }
        for modality, name in MODALITY_NAMES.items()
    ]
    page = {
        "tab": "encoders",
        "rows": found,
        "broken": encoders.broken(),
        "arriving": arriving,
        "jobs": jobs,
        "groups": groups,
        "form": form,
        "directory": settings.ENCODERS_DIR,
        "free": encoder_storage.free_bytes() if settings.ENCODERS_DIR else 0,
        "writable": settings.ENCODERS_DIR and encoder_storage.is_writable(),
        "hub": settings.HF_ENDPOINT,
        "command": COMMAND,
    }
    return render(request, "modeling/installation_encoders.html", page)


def _row(encoder, uses):
    return {
        "encoder": encoder,
        "modality": MODALITY_NAMES[encoder.modality],
        "digest": encoder.origin.get("digest", ""),
        "source": _source(encoder.origin),
        "uses": uses.get(encoder.name),
    }


def _source(origin):
    """Repository and revision, where it was downloaded."""
    repo = origin.get("repo")
    return f"{repo}@{str(origin.get('revision', ''))[:12]}" if repo else ""


def _shown_jobs(names):
    """The newest job of each encoder that is not there: on its way, or ended badly of late."""
    newest: dict[str, EncoderImport] = {}
    since = timezone.now() - SHOWN_FOR
    for job in EncoderImport.objects.exclude(status=JobStatus.DONE).filter(queued_at__gte=since):
        newest.setdefault(job.name, job)
    return [_job(job) for job in newest.values() if job.active or job.name not in names]


def _job(job):
    """With where it asks how far it is, and what its button posts to."""
    route = "job_stop" if job.active else "job_attempt"
    job.progress_url = reverse("encoder_progress", args=[job.pk])
    job.action_url = reverse(route, args=[job.kind_name, job.pk])
    return job


def encoder_progress(request, pk):
    _require_administrator(request)
    job = get_object_or_404(EncoderImport, pk=pk)
    values = {"job": job, "name": "encoder", "url": reverse("encoder_progress", args=[pk])}
    return live_part(request, "_progress.html", job.active, values)


@require_POST
def download_encoder(request):
    """Have an encoder of the catalogue downloaded."""
    _require_administrator(request)
    repo = text(request.POST, "repo")
    if repo not in {offer.repo for offer in CATALOGUE}:
        raise Http404
    try:
        EncoderImport.download(request.user, repo)
    except UserError as error:
        messages.error(request, translate_error(error))
    return redirect("installation_encoders")


@require_POST
def import_encoder(request):
    """Import an encoder that was uploaded as a ZIP."""
    _require_administrator(request)
    form = EncoderForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            EncoderImport.upload(request.user, form.cleaned_data["name"], form.cleaned_data["file"])
        except UserError as error:
            form.add_error(None, translate_error(error))
        else:
            return redirect("installation_encoders")
    return _page(request, form)


@require_POST
def remove_encoder(request):
    _require_administrator(request)
    name = text(request.POST, "name")
    try:
        encoders.remove(request.user, name)
    except UserError as error:
        messages.error(request, translate_error(error))
    else:
        messages.success(request, _("Encoder removed: %(name)s") % {"name": name})
    return redirect("installation_encoders")


def _require_administrator(request):
    if not request.user.is_superuser:
        raise Http404
