"""The parts of a protocol, done by the learner as a process of its own."""

from django.db import transaction

from core.errors import UserError, gettext_noop
from jobs.models import JobStatus
from modeling.learner_process import fetched, supervise, writing
from modeling.models import FeaturePart
from modeling.models.protocols import REPORT
from modeling.protocol_file import learner_file

FILE = "experiment.toml"


def work(part):
    """Do a claimed ProtocolPart. Raises UserError with the learner's sentence; Stopped."""
    protocol = part.protocol
    protocol.guard_open()
    for release in protocol.releases:
        fetched(part, release, protocol.specification)
    with writing(part, protocol.folder):
        _learn(part, protocol, part.directory)
    _count(part)
    if part.number != REPORT:
        with transaction.atomic():
            part.finish()


def _learn(part, protocol, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(learner_file(protocol), "utf-8")
    command = ["experiment", folder / FILE, "--out", protocol.folder, "--json"]
    if part.number == REPORT:
        supervise([*command, "--report", "--device", "cpu"], folder, part.report_progress)
        if protocol.tables() is None:
            raise UserError(gettext_noop("The learner wrote no report."))
        return
    supervise(
        [*command, "--part", part.share, "--no-report", "--device", protocol.device,
         "--cache", FeaturePart.cache()],
        folder,
        lambda: _beat(part),
    )  # fmt: skip


def _beat(part):
    state = _count(part)
    part.report_progress(state["done"] / max(1, state["total"]) if state else None)


def _count(part):
    """Keep how many runs are tested; the state."""
    state = part.state()
    if state and state["tested"] != part.tested:
        part.tested = state["tested"]
        part.save(update_fields=["tested"])
    return state


def report_when_over(part):
    """Have the report written when the last part that trains has ended, however."""
    if part.number != REPORT:
        _count(part)
        protocol = type(part.protocol).objects.get(pk=part.protocol_id)  # with its parts as now
        done = any(each.tested or each.status == JobStatus.DONE for each in protocol.work_parts)
        if done and not protocol.working:
            protocol.request_report()
