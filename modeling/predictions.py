"""The predictions that a run has kept, and what a line of them says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modeling.learner.run_directory import PREDICTION_FILES, RunDirectory


def predictions_file(run: Any, role: str) -> Path | None:
    """The file with the predictions of a run for the dialogues of a role, "held_out" or
    "validation"; None where there is none.
    """
    path = RunDirectory(run.directory).path(PREDICTION_FILES[role])
    return path if path.exists() else None


def most_probable(row: Mapping[str, Any], task: str) -> str:
    """The most probable class of a task; files of earlier versions do not name it."""
    named = row.get("most_probable", {}).get(task)
    probabilities = row["probabilities"][task]
    return str(named or max(probabilities, key=probabilities.get))
