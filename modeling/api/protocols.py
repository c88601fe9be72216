"""Protocols: started from the text of their file, their state, their report."""

from django.db import transaction
from django.http import Http404, HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.api.inputs import Body, Filters, IdParameter, check_form
from corpus.permissions import LEAD, corpus_of
from jobs.models import JobStatus
from modeling.models import Protocol
from modeling.models.protocols import MOST_AT_ONCE, REPORT_FILES
from modeling.models.runs import Device
from modeling.permissions import protocol_of, visible_protocol_of
from modeling.protocol_file import read_protocol, shown_file
from modeling.protocol_form import ProtocolFileForm
from modeling.protocol_plan import plan_of, start_protocol
from people.api.views import ApiView, FileView, ListView, ThingView
from people.models import Event

TYPES = {"html": "text/html", "csv": "text/csv", "json": "application/json"}
OWN_FILE = "experiment.toml"
EXAMPLE = {
    "id": 2,
    "name": "Does the dialogue help?",
    "release": 3,
    "test_release": None,
    "runs": 60,
    "trials": 0,
    "at_once": 2,
    "device": "auto",
    "state": "running",
    "done": 14,
    "files": [],
    "withheld": "",
    "started_at": "2026-03-02T09:30:00+08:00",
}


@extend_schema_serializer(examples=[OpenApiExample("a protocol", EXAMPLE, response_only=True)])
class ProtocolSerializer(serializers.Serializer):
    """Systems, seeds, splits, tuning and robustness as one file says. `runs` and `trials` are how
    many it asks for, `done` how many of them are done, `files` those of its report.
    """

    id = serializers.IntegerField()
    name = serializers.CharField()
    release = serializers.IntegerField(source="release_id")
    test_release = serializers.IntegerField(source="test_release_id", allow_null=True)
    runs = serializers.IntegerField()
    trials = serializers.IntegerField()
    at_once = serializers.IntegerField()
    device = serializers.ChoiceField(choices=Device.choices)
    state = serializers.ChoiceField(choices=JobStatus.choices, source="status")
    done = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()
    withheld = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField()

    def get_done(self, protocol) -> int:
        return sum(part.state().get("done", 0) for part in protocol.work_parts)

    def get_files(self, protocol) -> list[str]:
        if protocol.withheld:
            return []
        reported = [name for name in REPORT_FILES if (protocol.directory / name).is_file()]
        return [OWN_FILE, *reported]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a new protocol",
            {
                "text": 'name = "Does the dialogue help?"\nrelease = "1.1.0"\nseeds = 3\n'
                '[[systems]]\nrecipe = "hard-text"\n[[systems]]\nrecipe = "bc-lstm"\n',
                "at_once": 2,
            },
        )
    ]
)
class NewProtocol(Body):
    """The file of a protocol, TOML, as its page and the command line take it."""

    text = serializers.CharField(max_length=100_000, trim_whitespace=False)
    at_once = serializers.IntegerField(required=False, min_value=1, max_value=MOST_AT_ONCE)
    device = serializers.ChoiceField(choices=Device.choices, required=False)


class ProtocolFilters(Filters):
    release = IdParameter(required=False)


class Protocols(ListView):
    """The protocols of a corpus that you lead, the newest first."""

    tag = "experiments"
    serializer_class = ProtocolSerializer
    filters = ProtocolFilters
    bodies = {"POST": NewProtocol}
    answers = {"POST": (202, ProtocolSerializer)}
    ordering = ("-pk",)

    def rows(self):
        corpus = corpus_of(self.request, self.kwargs["pk"], LEAD)
        found = Protocol.objects.of(self.request.user).filter(release__corpus=corpus)
        return found.prefetch_related("parts__protocol")

    def prepare(self, page):
        return [seen(self.request, row) for row in page]

    def post(self, request, pk):
        """Start a protocol from the text of its file."""
        corpus = corpus_of(request, pk, LEAD)
        form = checked(self.body())
        release, other, values = read_protocol(request.user, corpus, form["text"])
        made = start_protocol(request.user, release, other, values, form["at_once"], form["device"])
        answer = self.created(seen(request, made), reverse("api_protocol", args=[made.pk]))
        answer.status_code = 202
        return answer


def checked(said):
    """What the form takes of a body. Raises ValidationError."""
    form = ProtocolFileForm({"at_once": 1} | said)
    check_form(form)
    return form.cleaned_data


def seen(request, protocol):
    protocol.withheld = protocol.why_withheld(request.user)
    return protocol


class PlanSerializer(serializers.Serializer):
    """What a protocol would train, and about how long; null where no such run has finished."""

    systems = serializers.IntegerField()
    folds = serializers.IntegerField()
    seeds = serializers.IntegerField()
    sizes = serializers.IntegerField()
    runs = serializers.IntegerField()
    trials = serializers.IntegerField()
    seconds = serializers.FloatField(allow_null=True)


class ProtocolPlans(ApiView):
    """What the file of a protocol asks for."""

    tag = "experiments"
    serializer_class = PlanSerializer
    bodies = {"POST": NewProtocol}

    def post(self, request, pk):
        """Check the file of a protocol and say what it would train, without starting it."""
        corpus = corpus_of(request, pk, LEAD)
        form = checked(self.body())
        release, other, values = read_protocol(request.user, corpus, form["text"])
        return self.answer(plan_of(release, other, values, form["at_once"]))


class ProtocolThing(ThingView):
    """A protocol: how far it is, and the files of its report."""

    tag = "experiments"
    serializer_class = ProtocolSerializer

    def thing(self):
        return seen(self.request, protocol_of(self.request, self.kwargs["pk"]))

    def delete(self, request, pk):
        """Delete a protocol with its files; not one whose runs were tested: it is counted."""
        with transaction.atomic():
            protocol_of(request, pk).delete_by(request.user)
        return self.answer(None)


class ProtocolVerb(ApiView):
    """Something that is done to a protocol."""

    tag = "experiments"
    serializer_class = ProtocolSerializer

    def done(self, request, pk):
        return self.answer(seen(request, protocol_of(request, pk)))


class ProtocolStop(ProtocolVerb):
    """That a protocol is to end."""

    def post(self, request, pk):
        """Stop every part of a protocol; each keeps its checkpoint."""
        protocol_of(request, pk).stop_by(request.user)
        return self.done(request, pk)


class ProtocolAttempts(ProtocolVerb):
    """That a protocol is gone on with."""

    def post(self, request, pk):
        """Go on with what is not done, also with runs that failed."""
        protocol_of(request, pk).resume_by(request.user)
        return self.done(request, pk)


class ProtocolReport(ProtocolVerb):
    """The report of a protocol."""

    def post(self, request, pk):
        """Write the report of what is done so far, again where there is one."""
        protocol_of(request, pk).report_by(request.user)
        return self.done(request, pk)


class ProtocolFile(FileView):
    """A file of the report of a protocol, or `experiment.toml`, the protocol itself."""

    tag = "experiments"

    def give(self, request, pk, name):
        protocol = visible_protocol_of(request, pk)
        path = protocol.directory / name
        if name == OWN_FILE:
            content, kind = shown_file(protocol).encode(), "application/toml"
        elif name in REPORT_FILES and path.is_file():
            content, kind = path.read_bytes(), TYPES.get(path.suffix[1:], "text/plain")
        else:
            raise Http404
        Event.record_once(request.user, "download", protocol, what=name)
        response = HttpResponse(content, content_type=f"{kind}; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
