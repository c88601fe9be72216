"""The integrity check of a corpus: its issues, the comparison of clips with their sources, clips
that are cut again.
"""

from typing import Any

from django.db.models import Count
from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Filters
from core.errors import UserError, gettext_noop
from corpus.api.jobs import JobSerializer, described, job_address
from corpus.clip_faults import clips_to_recut
from corpus.integrity import KINDS
from corpus.integrity_access import shown_issues, shown_reasons
from corpus.models import ClipRecut, IntegrityCheck, IntegrityReport
from corpus.permissions import LEAD, corpus_of
from corpus.visibility import MODALITIES, notice
from jobs.models import JobStatus
from people.api.views import ApiView, ListView, ThingView

REPORT = {
    "state": "done",
    "job": "/api/jobs/integrityreport/3/",
    "listed_at": "2026-03-02T09:30:00+08:00",
    "issues": {"overlap": 2, "wordless": 1},
    "recuttable": 0,
    "stuck": 0,
    "withheld": "",
}
ISSUE = {
    "id": 41,
    "kind": "overlap",
    "name": "overlaps the previous utterance",
    "place": "D1_U2",
    "dialogue": 7,
    "utterance": 19,
    "other": None,
    "detail": "好的",
}


@extend_schema_serializer(examples=[OpenApiExample("a report", REPORT, response_only=True)])
class IntegrityReportSerializer(serializers.Serializer):
    """How many issues of each kind a worker found at `listed_at` (null before the first time), and
    how many clips can be cut again, or are wrong and cannot. Dialogues of which something is
    withheld from you are left out; then `withheld` says why.
    """

    state = serializers.ChoiceField(choices=JobStatus.choices)
    job = serializers.CharField()
    listed_at = serializers.DateTimeField(allow_null=True)
    issues = serializers.DictField(child=serializers.IntegerField(), help_text="by kind")
    recuttable = serializers.IntegerField()
    stuck = serializers.IntegerField()
    withheld = serializers.CharField(allow_blank=True)


class Report(ThingView):
    """The last integrity report of a corpus that you lead. Where the corpus may have changed since,
    a worker begins to make it anew, as when its page is opened.
    """

    tag = "corpora"
    serializer_class = IntegrityReportSerializer

    def thing(self):
        corpus, person = corpus_of(self.request, self.kwargs["pk"], LEAD), self.request.user
        report = IntegrityReport.of(corpus)
        issues, hidden = shown_issues(person, corpus)
        counts = issues.order_by().values_list("kind").annotate(Count("pk"))
        return {
            "state": report.status,
            "job": job_address(report),
            "listed_at": report.listed_at,
            "issues": dict(sorted(counts)),
            "recuttable": report.recuttable_count,
            "stuck": report.stuck_count,
            "withheld": "" if hidden is None else notice(person, hidden, MODALITIES),
        }


@extend_schema_serializer(examples=[OpenApiExample("an issue", ISSUE, response_only=True)])
class IntegrityIssueSerializer(serializers.Serializer):
    """What is wrong, where, and what about it; `name` is its kind in words. `other` is a
    dialogue that is repeated.
    """

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=[*KINDS])
    name = serializers.SerializerMethodField()
    place = serializers.CharField()
    dialogue = serializers.IntegerField(source="dialogue_id", allow_null=True)
    utterance = serializers.IntegerField(source="utterance_id", allow_null=True)
    other = serializers.IntegerField(source="other_id", allow_null=True)
    detail = serializers.CharField(allow_blank=True)

    def get_name(self, issue) -> str:
        return gettext(KINDS[issue.kind])


class IssueFilters(Filters):
    kind = serializers.ChoiceField(choices=[*KINDS], required=False)


class Issues(ListView):
    """The issues of the last integrity report of a corpus that you lead, without those of dialogues
    of which something is withheld from you. A new report numbers all of them anew.
    """

    tag = "corpora"
    serializer_class = IntegrityIssueSerializer
    filters = IssueFilters

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        return shown_issues(self.request.user, corpus)[0]


class CorpusWork(ApiView):
    """Work of a worker on all of a corpus that you lead."""

    tag = "corpora"
    serializer_class = JobSerializer
    answers: dict[str, tuple[int, Any]] = {"POST": (202, JobSerializer)}

    def queued(self, job):
        return self.answer(described(self.request, job))


class Reports(CorpusWork):
    """The integrity report of a corpus, made anew."""

    def post(self, request, pk):
        """List the issues of files, times, text and duplicates anew. Clips are not read."""
        corpus = corpus_of(request, pk, LEAD)
        return self.queued(IntegrityReport.request(corpus, by=request.user))


class Checks(CorpusWork):
    """The comparison of a corpus' clips with what was uploaded."""

    def post(self, request, pk):
        """Compare every clip with its source."""
        return self.queued(IntegrityCheck.request(request.user, corpus_of(request, pk, LEAD)))


class SkippedClipSerializer(serializers.Serializer):
    """A dialogue, by its name, whose clip is wrong and not cut again, and why."""

    dialogue = serializers.CharField()
    why = serializers.CharField()


class ClipRecutSerializer(serializers.Serializer):
    """Ids of the dialogues whose clips would be cut again, and those whose clips cannot be;
    `skipped` are those that were not when it was done last.
    """

    dialogues = serializers.ListField(child=serializers.IntegerField())
    impossible = SkippedClipSerializer(many=True)
    skipped = SkippedClipSerializer(many=True)


class Recuts(ThingView):
    """The clips of a corpus that you lead that are wrong: what cutting them again would do."""

    tag = "corpora"
    selects = False
    serializer_class = ClipRecutSerializer
    answers = {"POST": (202, JobSerializer)}

    def thing(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        dialogues, impossible = clips_to_recut(corpus)
        last = ClipRecut.objects.filter(corpus=corpus).first()
        return {
            "dialogues": [row.pk for row in dialogues],
            "impossible": _reasons(impossible),
            "skipped": _reasons(shown_reasons(self.request.user, last)),
        }

    def post(self, request, pk):
        """Cut again the clips that a comparison found wrong; 409 where there are none."""
        corpus, chosen = corpus_of(request, pk, LEAD), self.thing()["dialogues"]
        if not chosen:
            raise UserError(gettext_noop("No clip of this corpus needs to be cut again."))
        job = ClipRecut.request(request.user, corpus, dialogues=chosen)
        return self.answer(described(request, job))


def _reasons(pairs):
    return [{"dialogue": name, "why": why} for name, why in pairs]
