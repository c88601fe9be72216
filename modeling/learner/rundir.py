"""The directory of a run: what decided it, what happened, its checkpoint, its frozen result.

meta.json          release, recipe, seed, device, software
events.jsonl       what happened, a line each
lock               held by the process that trains
checkpoint.pt      where to go on, until the run is frozen
prepared.json      what was learned from the train split before the first step
model.safetensors  weights of the chosen epoch
results.json       figures on the dialogues that chose the epoch
frozen.json        digest of the weights, temperature and threshold a task; then nothing changes
tensorboard/       the curves as TensorBoard's files, where they were asked for
looks.jsonl        every look at the sealed split, a line each
evaluation.json, predictions.jsonl    what the last look gave
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from modeling.learner.finite import NotFinite

Emit = Callable[[dict[str, Any]], None]
PATIENCE = 90.0  # seconds that a process which is being stopped has to leave
DECIDES = ("release", "recipe", "seed")
SHAPES: dict[str, dict[str, type]] = {  # what a file must say to be used
    "meta.json": {"release": str, "recipe": dict, "seed": int},
    "frozen.json": {"weights": str, "calibration": dict},
    "results.json": {"best_epoch": int, "tasks": dict},
    "evaluation.json": {"release": dict, "split": str},
}
CHECKPOINT = {"progress", "learner", "optimiser", "best_state", "random", "events"}
FILES = frozenset(
    {"meta.json", "events.jsonl", "lock", "checkpoint.pt", "prepared.json", "model.safetensors",
     "results.json", "relations.json", "selection.jsonl", "frozen.json", "looks.jsonl",
     "evaluation.json", "predictions.jsonl"}
)  # fmt: skip


class RunError(ValueError):
    """A directory that holds another run, none, or one that is not as it was frozen."""


class RunDirectory:
    """See the module. `heard` gets each event after it is written."""

    def __init__(self, root: Path, heard: Emit = lambda event: None) -> None:
        self.root, self.heard = root, heard
        self._count = 0

    def path(self, name: str) -> Path:
        return self.root / name

    def read(self, name: str) -> dict[str, Any]:
        """Raises RunError where the run has no such file or it is damaged (see SHAPES)."""
        try:
            found: dict[str, Any] = json.loads(self.path(name).read_text("utf-8"))
        except OSError as error:
            raise RunError(f"{self.root} holds no run with a {name}.") from error
        except (ValueError, RecursionError) as error:
            raise RunError(f"{self.path(name)} is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise RunError(f"{self.path(name)} is damaged: it holds no JSON object.")
        for key, kind in SHAPES.get(name, {}).items():
            if not isinstance(found.get(key), kind) or isinstance(found[key], bool):
                raise RunError(f"{self.path(name)} is damaged: it does not say its {key}.")
        return found

    def write(self, name: str, value: Any) -> None:
        """Whole or not at all. Raises NotFinite for a figure that is no number."""
        with self._whole(name) as partial:
            partial.write_text(_json(value, name, indent=1) + "\n", "utf-8")

    def write_lines(self, name: str, rows: Iterable[Any]) -> None:
        """Rows as JSON lines, whole or not at all. Raises NotFinite as `write` does."""
        with self._whole(name) as partial, partial.open("w", encoding="utf-8") as stream:
            for row in rows:
                stream.write(_json(row, name) + "\n")

    @contextmanager
    def _whole(self, name: str) -> Iterator[Path]:
        """Where to write a file, which gets its name when it is whole; gone if it does not."""
        partial = self.path(f"{name}.partial")
        try:
            yield partial
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        partial.replace(self.path(name))

    # a run that is going on

    @contextmanager
    def alone(self, patience: float = PATIENCE) -> Iterator[None]:
        """Train here and keep others from it. One that is being stopped is waited for.

        Raises RunError if another process has not left the directory after `patience` seconds.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with self.path("lock").open("w") as lock:
            deadline = time.monotonic() + patience
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError as error:
                    if time.monotonic() > deadline:
                        words = f"Another process is training in {self.root}."
                        raise RunError(words) from error
                    time.sleep(0.1)
            yield

    @property
    def busy(self) -> bool:
        """Whether a process trains here at this moment, one that is being stopped included."""
        try:
            with self.path("lock").open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def begin(self, meta: dict[str, Any], anew: bool = False) -> dict[str, Any] | None:
        """Take the directory for a run; the checkpoint from which to go on, or None.

        Raises RunError if it holds a run that something else decided.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        self.claim(meta)
        if anew:
            for name in ("checkpoint.pt", "frozen.json"):
                self.path(name).unlink(missing_ok=True)
        self.write("meta.json", meta)
        state = self.checkpoint()
        self._rewind(state["events"] if state else 0)
        return state

    def emit(self, event: dict[str, Any]) -> None:
        with self.path("events.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(_json(event, "events.jsonl", ensure_ascii=True) + "\n")
        self._count += 1
        self.heard(event)

    def keep(self, state: dict[str, Any]) -> None:
        """Store a checkpoint, safe against being killed or losing power in the middle."""
        import torch  # here, so that whoever only reads runs need not load it

        with self._whole("checkpoint.pt") as partial, partial.open("wb") as stream:
            torch.save({**state, "events": self._count}, stream)
            stream.flush()
            os.fsync(stream.fileno())

    def claim(self, meta: dict[str, Any]) -> None:
        """Raises RunError if the directory holds a run that something else decided."""
        if not self.path("meta.json").exists():
            return
        there = self.read("meta.json")
        other = [key for key in DECIDES if not _same(there.get(key), meta.get(key))]
        if other:
            raise RunError(
                f"{self.root} holds a run of another {' and '.join(other)}."
                " Name another directory with --out."
            )

    def checkpoint(self) -> dict[str, Any] | None:
        """Where to go on; None where nothing was kept."""
        path = self.path("checkpoint.pt")
        if not path.exists():
            return None
        import torch

        try:
            found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            if not set(found) >= CHECKPOINT:
                raise ValueError("it lacks what a checkpoint has")
        except (EOFError, TypeError, ValueError, RuntimeError, UnpicklingError) as error:
            raise RunError(
                f"{path} is damaged; begin the run again with --anew, or in another directory."
            ) from error
        return found

    def _rewind(self, count: int) -> None:
        """Forget events that came after the checkpoint: they will come again."""
        path = self.path("events.jsonl")
        lines = _lines(path.read_text("utf-8")) if path.exists() else []
        path.write_text("".join(f"{line}\n" for line in lines[:count]), "utf-8")
        self._count = min(count, len(lines))

    # a run that is over

    def freeze(self, calibration: dict[str, Any]) -> None:
        """From here on nothing of the run changes; what it gives on the sealed split is decided."""
        frozen = {
            "weights": self._digest(),
            "calibration": calibration,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self.write("frozen.json", frozen)
        self.path("checkpoint.pt").unlink(missing_ok=True)

    @property
    def is_frozen(self) -> bool:
        return self.path("frozen.json").exists()

    def frozen(self) -> dict[str, Any]:
        """What was frozen. Raises RunError if nothing was, or if the weights are others now."""
        if not self.is_frozen:
            raise RunError(f"{self.root} holds no finished run: train it to its end first.")
        found = self.read("frozen.json")
        if found["weights"] != self._digest():
            raise RunError(f"The weights in {self.root} are not those that were frozen.")
        return found

    def look(self, release: str, split: str, what: str) -> int:
        """Write down that somebody looks at the sealed split; how many looks that makes."""
        line = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "release": release,
            "split": split,
            "what": what,
        }
        self.looks()  # so that nothing is added to what cannot be counted
        with self.path("looks.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")
        return len(self.looks())

    def looks(self) -> list[dict[str, Any]]:
        """Raises RunError where they cannot be read."""
        path = self.path("looks.jsonl")
        text = path.read_text("utf-8") if path.exists() else ""
        if text and not text.endswith("\n"):
            raise RunError(f"{path} is damaged: its last line is not whole.")
        try:
            return [json.loads(line) for line in _lines(text)]
        except ValueError as error:
            raise RunError(f"{path} is damaged: a line of it is no JSON.") from error

    def _digest(self) -> str:
        with self.path("model.safetensors").open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def _json(value: Any, name: str, ensure_ascii: bool = False, indent: int | None = None) -> str:
    """What is written of a run: never a NaN or an infinity, which no result is (and no JSON)."""
    try:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, allow_nan=False)
    except ValueError as error:
        raise NotFinite(f"{name} is not written: a figure in it is no number ({error}).") from error


def _lines(text: str) -> list[str]:
    """Whole lines; `splitlines` would part them at other separators as well."""
    return text.split("\n")[:-1]


def _same(there: Any, now: Any) -> bool:
    """Whether two say the same; a field that an older version did not have yet decides nothing."""
    if isinstance(there, dict) and isinstance(now, dict):
        return all(there[key] == now.get(key) for key in there)
    return bool(there == now)


def runs_of(root: Path) -> list[RunDirectory]:
    """The run of a directory, or those of its seeds. Raises RunError where there is none."""
    if (root / "meta.json").exists():
        return [RunDirectory(root)]
    seeds = [p for p in root.glob("seed-*/meta.json") if p.parent.name[5:].isdecimal()]
    found = sorted(seeds, key=lambda p: int(p.parent.name[5:]))
    if not found:
        raise RunError(f"{root} holds no run, nor seed-1, seed-2 and so on.")
    return [RunDirectory(path.parent) for path in found]
