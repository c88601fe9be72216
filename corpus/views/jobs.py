"""Jobs of a corpus or of the installation: listed, cancelled, tried again."""

from typing import cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.data_table import Column, DataTable
from core.errors import UserError
from core.filter_form import FilterForm
from core.translation import translate_error
from corpus import installation_state
from corpus.job_access import describe, job_of
from corpus.models import Corpus
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from jobs.job_list import STATES, corpus_of_job, kinds, listed_jobs, rows_of

JOBS = DataTable(
    "jobs",
    [
        Column("job", gettext_lazy("job"), fixed=True),
        Column("state", gettext_lazy("state")),
        Column("person", gettext_lazy("requested by")),
        Column("queued", gettext_lazy("queued at"), hidden=True),
        Column("started", gettext_lazy("started")),
        Column("duration", gettext_lazy("duration"), numeric=True),
    ],
    size=30,
)


class JobFilter(FilterForm):
    """Which jobs."""

    q = forms.CharField(
        label=gettext_lazy("name, corpus or person"), required=False, max_length=200, strip=True
    )
    state = forms.ChoiceField(
        label=gettext_lazy("state"),
        required=False,
        choices=[("", gettext_lazy("all")), *((state.value, state.label) for state in STATES)],
    )
    kind = forms.ChoiceField(label=gettext_lazy("type"), required=False)

    def __init__(self, data):
        super().__init__(data)
        named = sorted(
            ((name, str(model.kind_label)) for name, model in kinds().items()),
            key=lambda pair: pair[1],
        )
        cast(forms.ChoiceField, self.fields["kind"]).choices = [("", _("all")), *named]

    def found(self, corpus):
        """The entries of `listed_jobs`."""
        if not self.is_valid():
            return []
        asked = self.cleaned_data
        return listed_jobs(corpus, asked["kind"], asked["state"], asked["q"])


def corpus_jobs(request, pk):
    """The jobs of one corpus, for its leads."""
    corpus = corpus_of(request, pk, LEAD)
    table = _list(request, corpus)
    page = context(corpus, "jobs", **_more(request, table))
    return table.render(_template(request, "corpus/jobs.html"), page)


def installation_jobs(request):
    """The jobs of every corpus, for the administrators of the installation."""
    if not request.user.is_superuser:
        raise Http404
    table = _list(request)
    page = {"tab": "jobs", "all_corpora": True, **_more(request, table)}
    return table.render(_template(request, "corpus/installation_jobs.html"), page)


def _template(request, page):
    """The page, or what of it asks again while jobs are active."""
    return "corpus/_job_list.html" if request.htmx.target == "job-list" else page


def _list(request, corpus=None):
    form = JobFilter(request.GET)

    def prepare(entries):
        jobs = rows_of(entries)
        describe(request.user, jobs)
        return jobs

    return JOBS.page(request, form.found(corpus), form, prepare=prepare)


def _more(request, table):
    return {
        "active": any(job.active for job in table.rows),
        "address": request.get_full_path(),
    }


@require_POST
def job_stop(request, kind, pk):
    job = job_of(request, kind, pk)
    job.stop_by(request.user)
    return _back(request, job)


@require_POST
def job_attempt(request, kind, pk):
    job = job_of(request, kind, pk)
    try:
        job.retry_by(request.user)
    except UserError as error:
        messages.error(request, translate_error(error))
    return _back(request, job)


def _back(request, job):
    """The list that the person came from, with its filters."""
    address = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure()):
        corpus = corpus_of_job(job)
        address = reverse("corpus_jobs", args=[corpus.pk]) if corpus else reverse("home")
    return redirect(address)


def machine(request):
    """Workers, queues, disk and versions, for who leads a corpus or administers the installation.

    A part of its own, as busy workers take seconds to answer.
    """
    person = request.user
    if not (person.is_superuser or Corpus.objects.led_by(person).exists()):
        raise Http404
    queues = installation_state.queues()
    answers = any(queue.workers is not None for queue in queues)
    page = {
        "queues": queues,
        "redis_answers": answers,
        "eager": settings.CELERY_TASK_ALWAYS_EAGER,
        "disk": installation_state.disk(),
        "data_dir": settings.DATA_DIR if person.is_superuser else "",
        "bucket": settings.S3_BUCKET,
        "unconfined": installation_state.unconfined(),
        "unconfined_learner": installation_state.unconfined_learner(),
        "versions": installation_state.versions(answers).items(),
    }
    part = "corpus/_machine.html" if request.htmx else "corpus/machine.html"
    return render(request, part, page)
