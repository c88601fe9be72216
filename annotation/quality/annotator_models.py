"""Annotators as instruments: models of them over a round, and the rules of consensus they make."""

from collections import defaultdict

from annotation.consensus import DawidSkene, Majority, Weighted
from annotation.models import Item, Report, Round

MAJORITY = Majority()


def report(report, beat):
    """The models of every task of a round, for its Report."""
    from annotation.quality.reliability import fitted  # slow to import

    rows = defaultdict(list)
    items = Item.objects.filter(round=report.round, size__gt=1).order_by("pk")
    for item in items.only("utterance_id", "task", "answers").iterator():
        for who, value in item.given.items():
            rows[item.task].append((item.utterance_id, who, value))
    scheme, found = report.round.scheme, {}
    for number, task in enumerate(scheme.tasks, 1):
        found[task.key] = fitted(rows[task.key], task.keys, seed=report.round.seed)
        beat(number / len(scheme.tasks))
    return {"tasks": found}


def rules_of(round):
    """How a round settles its items: task key -> rule; by majority where there is no model."""
    found = dict.fromkeys(round.scheme.keys, MAJORITY)
    if round.consensus == Round.Consensus.MAJORITY:
        return found
    known = Report.of(round, Report.Kind.RELIABILITY)
    for task, model in (known.result.get("tasks", {}) if known else {}).items():
        if "people" in model:
            found[task] = _rule(round.consensus, model)
    return found


def _rule(consensus, model):
    if consensus == Round.Consensus.WEIGHTED:
        return Weighted({int(who): row["weight"] for who, row in model["people"].items()})
    answers = {int(who): row["answers"] for who, row in model["people"].items()}
    return DawidSkene(model["priors"], answers)
