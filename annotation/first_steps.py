"""The steps of the checklist that are about annotation."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.models import Report, Round
from corpus.checklist import Step, add_step
from jobs.models import JobStatus


def add_steps():
    """Add them to the checklist."""
    add_step(
        Step(
            name="round",
            order=40,
            title=_("Open a round"),
            purpose=_("A round gives dialogues to annotators, several annotators to a dialogue."),
            button=_("Open a round"),
            guide="rounds",
            rows=_rounds,
            address=lambda corpus: reverse("new_round", args=[corpus.pk]),
        )
    )
    add_step(
        Step(
            name="agreement",
            order=50,
            title=_("Measure the first agreement"),
            purpose=_("Once two annotators have submitted the same dialogues, the round shows it."),
            button=_("Show agreement"),
            guide="rounds",
            rows=_reports,
            address=_agreement_of,
        )
    )


def _rounds(person, corpora):
    return Round.objects.filter(corpus__in=corpora)


def _reports(person, corpora):
    measured = Report.objects.filter(kind=Report.Kind.AGREEMENT, status=JobStatus.DONE)
    return measured.filter(round__corpus__in=corpora)


def _agreement_of(corpus):
    newest = corpus.rounds.order_by("-pk").first()
    if newest is None:
        return reverse("rounds", args=[corpus.pk])
    return reverse("agreement", args=[newest.pk])
