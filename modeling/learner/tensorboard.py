"""The curves of runs as TensorBoard's event files, for those who watch several runs there.

    python -m modeling.learner.tensorboard EVENTS DIRECTORY [EVENTS DIRECTORY …]

writes those of each events.jsonl into a directory. tensorboardX imports PyTorch where it is
installed, which takes seconds and 200 MB, so the web process has them written by a process of its
own that finds none.
"""

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from modeling.learner.run_directory import current_keys

DIRECTORY = "tensorboard"
Event = dict[str, Any]


def write_events(events: Iterable[Event], directory: Path) -> None:
    """Write the epochs among a run's events as new files in a directory."""
    writer = _writer(directory)
    for event in events:
        _add_event(writer, event)
    writer.close()


class TensorBoardWriter:
    """Writes events of a run to OUT/tensorboard as they come (see `on_event` of RunDirectory).

    The files are written again from events.jsonl when a run starts or resumes, so that epochs after
    the checkpoint, which are repeated, are there once.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._writer: Any = None

    def add(self, event: Event) -> None:
        """Add an event that has just been written to events.jsonl."""
        if self._writer is None:
            self._writer = _writer(self.root / DIRECTORY)
            with (self.root / "events.jsonl").open(encoding="utf-8") as lines:
                for line in lines:
                    _add_event(self._writer, json.loads(line))
        else:
            _add_event(self._writer, event)
        self._writer.flush()

    def close(self) -> None:
        """Close the files."""
        if self._writer is not None:
            self._writer.close()


def _writer(directory: Path) -> Any:
    from tensorboardX import SummaryWriter  # takes half a second to import, and is optional

    shutil.rmtree(directory, ignore_errors=True)
    return SummaryWriter(str(directory))


def _add_event(writer: Any, event: Event) -> None:
    if event["event"] == "fit":
        name = f"validation_macro_f1/{_tag(event['task'])}"
        writer.add_scalar(name, event["validation_macro_f1"][event["task"]], 0)
    if event["event"] != "epoch":
        return
    event = current_keys(event)
    scores = event["validation_macro_f1"]
    values = {f"loss/{_tag(name)}": value for name, value in event["losses"].items()}
    values |= {f"validation_macro_f1/{_tag(name)}": value for name, value in scores.items()}
    values |= {f"used/{name}": value for name, value in event["used"].items()}
    if event["loss"] is not None:
        values["loss/mean"] = event["loss"]
    if scores:
        values["validation_macro_f1/mean"] = sum(scores.values()) / len(scores)
    for name, value in values.items():
        writer.add_scalar(name, value, event["epoch"])


def main(arguments: Sequence[str]) -> None:
    """Write the files of each pair of an events.jsonl and a directory."""
    for source, directory in zip(arguments[::2], arguments[1::2], strict=True):
        with Path(source).open(encoding="utf-8") as lines:
            write_events(
                (json.loads(line) for line in lines if line.endswith("\n")), Path(directory)
            )


def _tag(task: str) -> str:
    """A task as the end of a tag: "mean" is that of all tasks."""
    return f"{task}-task" if task == "mean" or task.endswith("-task") else task


if __name__ == "__main__":
    sys.modules["torch"] = None  # type: ignore[assignment]  # `import torch` finds nothing
    main(sys.argv[1:])
