"""Searching the transcripts of a corpus for what may be personal data; the work of a
PersonalDataReport.
"""

from django.db import transaction
from django.utils import timezone

from core.batches import batches, create
from corpus.models import Utterance
from releases.models import PersonalDataCandidate, PersonalDataReport
from releases.personal_data import PersonalDataMatch, find_personal_data

FIELDS = ("text", "translation")  # of an utterance
AT_ONCE = 2000  # utterances


def matches_in(*texts: str) -> list[PersonalDataMatch]:
    """What may be personal data in the texts of an utterance, one after the other."""
    return [match for text in texts for match in find_personal_data(text)]


def list_candidates(report: PersonalDataReport) -> None:
    """Put the utterances with a match now in the place of those of the report."""
    now = timezone.now()
    spoken = Utterance.objects.filter(corpus=report.corpus).order_by("pk")
    rows = spoken.values_list("pk", *FIELDS).iterator(chunk_size=AT_ONCE)
    found = [pk for pk, *texts in rows if matches_in(*texts)]
    report.report_progress(0.8)
    with transaction.atomic():
        PersonalDataCandidate.objects.filter(corpus=report.corpus).delete()
        for part in batches(found, AT_ONCE):  # without those that are gone meanwhile
            there = spoken.filter(pk__in=part).values_list("pk", flat=True)
            create(
                PersonalDataCandidate,
                (PersonalDataCandidate(corpus=report.corpus, utterance_id=pk) for pk in there),
            )
        report.set_date(now)
