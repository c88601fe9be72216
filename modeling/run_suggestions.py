"""What a run predicted, stored as suggestions for annotators."""

from collections.abc import Iterable, Mapping
from typing import Any

from annotation.suggestion_batch import LONGEST_ORIGIN, SuggestionBatch
from modeling.models import TrainingRun
from people.models import Person


def suggest_predictions(
    person: Person, run: TrainingRun, rows: Iterable[Mapping[str, Any]]
) -> tuple[int, int]:
    """Store the predicted value of each task with its own probability; how many were stored, and of
    how many utterances the corpus has none any more. Raises ValidationError for a task or a value
    that no scheme of the corpus has.
    """
    batch = SuggestionBatch(run.release.corpus, f"run {run.pk} · {run}"[:LONGEST_ORIGIN])
    absent = 0
    for row in rows:
        if row["id"] not in batch.known:
            absent += 1
            continue
        for task, value in row["predicted"].items():
            share = min(row["probabilities"][task][value], 1.0)  # a sum of floats may be above
            batch.add(row["id"], task, value, share)
    return batch.store(person), absent
