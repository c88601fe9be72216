"""A run's curves as TensorBoard's event files, for those who watch several runs there."""

import json
import shutil
from pathlib import Path
from typing import Any

FOLDER = "tensorboard"


class Board:
    """Writes events of a run to OUT/tensorboard; see RunDirectory for `heard`.

    The files are made anew from events.jsonl when a run starts or goes on, so that epochs after the
    checkpoint, which come again, do not stand there twice.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._writer: Any = None

    def hear(self, event: dict[str, Any]) -> None:
        """Take an event that has just been written to events.jsonl."""
        if self._writer is None:
            self._open()
            lines = (self.root / "events.jsonl").read_text("utf-8").splitlines()
            for line in lines:
                self._add(json.loads(line))
        else:
            self._add(event)
        self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _open(self) -> None:
        from tensorboardX import SummaryWriter  # takes seconds to import

        shutil.rmtree(self.root / FOLDER, ignore_errors=True)
        self._writer = SummaryWriter(str(self.root / FOLDER))

    def _add(self, event: dict[str, Any]) -> None:
        if event["event"] != "epoch":
            return
        scores = event["selection_macro_f1"]
        told = {f"loss/{name}": value for name, value in event["losses"].items()}
        told |= {f"selection_macro_f1/{name}": value for name, value in scores.items()}
        told |= {f"used/{name}": value for name, value in event["used"].items()}
        if event["loss"] is not None:
            told["loss/mean"] = event["loss"]
        if scores:
            told["selection_macro_f1/mean"] = sum(scores.values()) / len(scores)
        for name, value in told.items():
            self._writer.add_scalar(name, value, event["epoch"])
