"""A protocol whose report is written by hand: no run takes its time."""

import json

from django.utils import timezone

from jobs.models import JobStatus
from modeling.models import Protocol, ProtocolPart
from modeling.models.protocols import REPORT, REPORT_FILES

VALUES = {
    "name": "protocol",
    "recipe": {"modalities": ["text"], "epochs": 1, "width": 32},
    "systems": [{"recipe": "hard-text"}, {"recipe": "bc-lstm"}],
}


def make_protocol(person, release, utterance=None):
    """One of two runs that are done, with a report in which an utterance failed."""
    now = timezone.now()
    protocol = Protocol.objects.create(
        release=release, name="protocol", specification=VALUES, runs=2, started_by=person
    )
    for number in (REPORT, 1):
        ProtocolPart.objects.create(
            protocol=protocol, number=number, status=JobStatus.DONE, started_at=now,
            finished_at=now, tested=2 * number,
        )  # fmt: skip
    folder = protocol.directory
    (folder / "parts").mkdir(parents=True)
    state = {"done": 2, "total": 2, "tested": 2, "doing": {}}
    (folder / "parts" / "1-of-1.json").write_text(json.dumps(state), "utf-8")
    for name in REPORT_FILES:
        (folder / name).write_text("the report", "utf-8")
    (folder / "tables.json").write_text(json.dumps(_tables(utterance)), "utf-8")
    return protocol


def _tables(utterance):
    def table(kind, header, rows, best=(), **of):
        return {"kind": kind, "of": of, "title": "", "note": "", "header": header, "rows": rows,
                "best": list(best)}  # fmt: skip

    tables = [
        table("main", ["", "emotion"], [["hard-text", "61.0 [58.1, 63.9]"], ["bc-lstm", "62.5"],
                                        ["majority class", "20.0"]], [[1, 1]]),
        table("gains", ["", "emotion"], [["bc-lstm", "+1.5 [+0.2, +2.9], p = 0.021 *"]]),
        table("metric", ["", "emotion"], [["bc-lstm", "–"]], metric="auroc"),
        table("classes", ["", "joy (n = 3)"], [["bc-lstm", "50.0"]], task="emotion"),
        table("groups", ["", "S (n = 12)"], [["bc-lstm", "50.0"]], by="source", task="emotion"),
        table("robustness", ["", "as it is", "without audio"], [["bc-lstm", "50.0", "41.0"]]),
        table("runs", ["system", "fold", "training set", "seed", "macro-F1", "best epoch",
                       "test evaluations", "directory"],
              [[name, "official", "100%", "1", "50.0", "1", "1", f"runs/{name}/official/seed-1"]
               for name in ("hard-text", "bc-lstm")]),
    ]  # fmt: skip
    if utterance:
        header = ["utterance", "gold", "predicted most", "probability of gold", "text", "clip"]
        row = [utterance.uid, "joy", "anger", "4.5", utterance.text, ""]
        tables.append(table("failures", header, [row], task="emotion"))
    missing = [{"system": "bc-lstm", "run": "bc-lstm, official, seed 2", "reason": "not done yet"}]
    return {"methods": "We compared 2 systems.", "dialogues": 6, "utterances": 30, "runs": 2,
            "missing": missing, "tables": tables}  # fmt: skip
