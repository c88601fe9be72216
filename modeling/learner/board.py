"""A run's curves as TensorBoard's event files, for those who watch several runs there."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FOLDER = "tensorboard"
Event = dict[str, Any]


def write(events: Iterable[Event], directory: Path) -> None:
    """All epochs of a run's events as new files in a directory."""
    writer = _writer(directory)
    for event in events:
        _add(writer, event)
    writer.close()


class Board:
    """Writes events of a run to OUT/tensorboard as they come; see RunDirectory for `heard`.

    The files are made anew from events.jsonl when a run starts or goes on, so that epochs after the
    checkpoint, which come again, do not stand there twice.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._writer: Any = None

    def hear(self, event: Event) -> None:
        """Take an event that has just been written to events.jsonl."""
        if self._writer is None:
            self._writer = _writer(self.root / FOLDER)
            with (self.root / "events.jsonl").open(encoding="utf-8") as lines:
                for line in lines:
                    _add(self._writer, json.loads(line))
        else:
            _add(self._writer, event)
        self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _writer(directory: Path) -> Any:
    from tensorboardX import SummaryWriter  # half a second that only those pay who want it

    shutil.rmtree(directory, ignore_errors=True)
    return SummaryWriter(str(directory))


def _add(writer: Any, event: Event) -> None:
    if event["event"] != "epoch":
        return
    scores = event["selection_macro_f1"]
    told = {f"loss/{_tag(name)}": value for name, value in event["losses"].items()}
    told |= {f"selection_macro_f1/{_tag(name)}": value for name, value in scores.items()}
    told |= {f"used/{name}": value for name, value in event["used"].items()}
    if event["loss"] is not None:
        told["loss/mean"] = event["loss"]
    if scores:
        told["selection_macro_f1/mean"] = sum(scores.values()) / len(scores)
    for name, value in told.items():
        writer.add_scalar(name, value, event["epoch"])


def _tag(task: str) -> str:
    """A task as the end of a tag: "mean" is that of all tasks."""
    return f"{task}-task" if task == "mean" or task.endswith("-task") else task
