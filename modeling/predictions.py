"""The predictions that a run has kept, and what a line of them says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.http import Http404

from core.api.lines import JsonLines
from modeling.learner.run_directory import PREDICTION_FILES, RunDirectory


def predictions_file(run: Any, role: str) -> Path | None:
    """The file with the predictions of a run for the dialogues of a role, "held_out" or
    "validation"; None where there is none.
    """
    path = RunDirectory(run.directory).path(PREDICTION_FILES[role])
    return path if path.exists() else None


def predicted_rows(run: Any, split: str | None) -> JsonLines:
    """What a run predicted for its split "test", or "validation". Raises Http404 where there is
    nothing, as of a test set before the run was evaluated on it.
    """
    path = _file_of(run, "test" if split == "test" else "validation")
    if path is None:
        raise Http404
    return JsonLines(path)


def predicted_splits(run: Any) -> list[str]:
    """The splits of which there are predictions: "validation", "test"."""
    return [split for split in ("validation", "test") if _file_of(run, split)]


def _file_of(run: Any, split: str) -> Path | None:
    if split == "test" and not run.evaluation:
        return None
    return predictions_file(run, "held_out" if split == "test" else "validation")


def most_probable(row: Mapping[str, Any], task: str) -> str:
    """The most probable class of a task; files of earlier versions do not name it."""
    named = row.get("most_probable", {}).get(task)
    probabilities = row["probabilities"][task]
    return str(named or max(probabilities, key=probabilities.get))
