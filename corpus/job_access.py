"""Jobs as somebody may see them: of the corpora that they lead, or all for administrators."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from corpus.models import Corpus, Source
from corpus.visibility import WORDS, withheld
from jobs.job_list import corpus_of_job, kinds, person_of_job, with_names
from jobs.models import JobStatus


def describe(person, jobs):
    """Set on each job its corpus, who asked for it, and what may be said of its failure."""
    sources = [job.pk for job in jobs if isinstance(job, Source) and job.failure]
    hidden = withheld(person, WORDS).filter(source__in=sources) if sources else None
    wordless = set(hidden.values_list("source", flat=True)) if hidden is not None else set()
    for job in jobs:
        job.of_corpus, job.asked_by_person = corpus_of_job(job), person_of_job(job)
        quotes = isinstance(job, Source) and job.pk in wordless
        withheld_words = _("Withheld while you annotate its dialogues.") if quotes else ""
        why = withheld_words or (job.why_failure_withheld(person) if job.failure else "")
        job.shown_failure = why or job.failure_text


def withholds_reason(job, person):
    """Whether the person may not read now why a job failed."""
    describe(person, [job])
    return job.shown_failure != job.failure_text


def job_of(request, kind, pk):
    """A job that the person may act on: of a corpus that they lead, or any for administrators."""
    model = kinds().get(kind)
    if model is None:
        raise Http404
    rows = with_names(model).exclude(status=JobStatus.DRAFT)
    if not request.user.is_superuser:
        if not model.corpus_field:
            raise Http404
        rows = rows.filter(**{f"{model.corpus_field}__in": Corpus.objects.led_by(request.user)})
    return get_object_or_404(rows, pk=pk)
