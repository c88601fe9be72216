"""The directory of a run: its configuration, its events, its checkpoint, its frozen result.

meta.json          release, recipe, seed, device, software
events.jsonl       features extracted, epochs, the end; a line each
lock               held by the process that trains
checkpoint.pt      where training resumes, until the run is frozen (see checkpoints.py)
prepared.json      vocabulary, normalisation and class frequencies of the train split
model.safetensors  weights of the best epoch
faces.jpg          what was cut out of some pictures, where faces are read
results.json, validation_predictions.jsonl    metrics and predictions on the validation set
frozen.json        digest of the weights, temperature and threshold a task; then nothing changes
tensorboard/       the curves as TensorBoard's files, with --tensorboard
test_evaluations.jsonl                every evaluation on the held-out test set, a line each
evaluation.json, predictions.jsonl    the last evaluation, and the predictions that it is of

Earlier versions wrote some files and keys under other names (OLD_FILES, OLD_KEYS); they are read as
if they had the names of today.
"""

import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modeling.learner.numeric_checks import NonFiniteError

Emit = Callable[[dict[str, Any]], None]
LOCK_SECONDS = 90.0  # that a process which is being stopped has to leave
IDENTITY = ("release", "recipe", "seed")  # keys of meta.json that tell one run from another
REQUIRED: dict[str, dict[str, type]] = {  # keys without which a file is damaged
    "meta.json": {"release": str, "recipe": dict, "seed": int},
    "frozen.json": {"weights": str, "calibration": dict},
    "results.json": {"best_epoch": int, "tasks": dict},
    "evaluation.json": {"release": dict, "split": str},
}
OLD_FILES = {
    "test_evaluations.jsonl": "looks.jsonl",
    "validation_predictions.jsonl": "selection.jsonl",
}
OLD_KEYS = {
    "sealed": "held_out",
    "selection": "validation",
    "looks": "test_evaluations",
    "selection_macro_f1": "validation_macro_f1",
}
RUN_FILES = frozenset(
    {"meta.json", "events.jsonl", "lock", "checkpoint.pt", "prepared.json", "model.safetensors",
     "results.json", "relations.json", "faces.jpg", "frozen.json", "evaluation.json",
     "predictions.jsonl",
     *OLD_FILES, *OLD_FILES.values()}
)  # fmt: skip
PREDICTION_FILES = {"held_out": "predictions.jsonl", "validation": "validation_predictions.jsonl"}


class RunError(ValueError):
    """A directory that holds another run, none, or one that is not as it was frozen."""


class RunDirectory:
    """See the module. `on_event` is called with each event after it is written."""

    def __init__(self, root: Path, on_event: Emit = lambda event: None) -> None:
        self.root, self.on_event = root, on_event
        self.event_count = 0

    def path(self, name: str) -> Path:
        """Of a file, under the name of an earlier version where the run has it under that."""
        path = self.root / name
        if name in OLD_FILES and not path.exists():
            old = self.root / OLD_FILES[name]
            return old if old.exists() else path
        return path

    def read(self, name: str) -> dict[str, Any]:
        """A JSON file with the keys of today. Raises RunError where the run has no such file, or
        where it is damaged (see REQUIRED).
        """
        try:
            value: dict[str, Any] = json.loads(self.path(name).read_text("utf-8"))
        except OSError as error:
            raise RunError(f"{self.root} holds no run with a {name}.") from error
        except (ValueError, RecursionError) as error:
            raise RunError(f"{self.path(name)} is no JSON: {error}") from error
        if not isinstance(value, dict):
            raise RunError(f"{self.path(name)} is damaged: it holds no JSON object.")
        for key, kind in REQUIRED.get(name, {}).items():
            if not isinstance(value.get(key), kind) or isinstance(value[key], bool):
                raise RunError(f"{self.path(name)} is damaged: it does not say its {key}.")
        return current_keys(value) if name in REQUIRED else value

    def write(self, name: str, value: Any) -> None:
        """A JSON file, whole or not at all. Raises NonFiniteError for NaN or infinity."""
        with self.whole_file(name) as partial:
            partial.write_text(_json(value, name, indent=1) + "\n", "utf-8")

    def write_lines(self, name: str, rows: Iterable[Any]) -> None:
        """Rows as JSON lines, whole or not at all. Raises NonFiniteError as `write` does."""
        with self.whole_file(name) as partial, partial.open("w", encoding="utf-8") as stream:
            for row in rows:
                stream.write(_json(row, name) + "\n")

    @contextmanager
    def whole_file(self, name: str) -> Iterator[Path]:
        """Where to write a file, which gets its name when it is whole; gone if it does not."""
        partial = self.path(f"{name}.partial")
        try:
            yield partial
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        partial.replace(self.path(name))

    # while it trains

    @contextmanager
    def exclusive(self, seconds: float = LOCK_SECONDS) -> Iterator[None]:
        """Hold the lock of the directory. A process that is being stopped is waited for.

        Raises RunError if another process still holds it after so many seconds.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with self.path("lock").open("w") as lock:
            deadline = time.monotonic() + seconds
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError as error:
                    if time.monotonic() > deadline:
                        message = f"Another process is training in {self.root}."
                        raise RunError(message) from error
                    time.sleep(0.1)
            yield

    @property
    def busy(self) -> bool:
        """Whether a process holds the lock, one that is being stopped included."""
        try:
            with self.path("lock").open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def begin(self, meta: dict[str, Any], restart: bool = False) -> None:
        """Take the directory for a run; with `restart` what it holds of the same run is forgotten.

        Raises RunError if it holds another run.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        self.check_identity(meta)
        if restart:
            for name in ("checkpoint.pt", "frozen.json"):
                self.path(name).unlink(missing_ok=True)
        self.write("meta.json", meta)

    def emit(self, event: dict[str, Any]) -> None:
        """Append an event to events.jsonl. Raises NonFiniteError as `write` does."""
        with self.path("events.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(_json(event, "events.jsonl", ensure_ascii=True) + "\n")
        self.event_count += 1
        self.on_event(event)

    def check_identity(self, meta: dict[str, Any]) -> None:
        """Raises RunError if the directory holds a run of another release, recipe or seed."""
        if not self.path("meta.json").exists():
            return
        stored = self.read("meta.json")
        other = [key for key in IDENTITY if not is_same(stored.get(key), meta.get(key))]
        if other:
            raise RunError(
                f"{self.root} holds a run of another {' and '.join(other)}."
                " Name another directory with --out."
            )

    def rewind_events(self, count: int) -> None:
        """Keep the first `count` events only."""
        path = self.path("events.jsonl")
        lines = _lines(path.read_text("utf-8")) if path.exists() else []
        path.write_text("".join(f"{line}\n" for line in lines[:count]), "utf-8")
        self.event_count = min(count, len(lines))

    # once it is frozen

    def freeze(self, calibration: dict[str, Any]) -> None:
        """Write the digest of the weights, and the temperature and threshold of each task: from
        here on nothing of the run changes.
        """
        frozen = {
            "weights": self._digest(),
            "calibration": calibration,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self.write("frozen.json", frozen)
        self.path("checkpoint.pt").unlink(missing_ok=True)

    @property
    def is_frozen(self) -> bool:
        """Whether the run has ended well."""
        return self.path("frozen.json").exists()

    def read_frozen(self) -> dict[str, Any]:
        """frozen.json. Raises RunError without one, or if the weights are others now."""
        if not self.is_frozen:
            raise RunError(f"{self.root} holds no finished run: train it to its end first.")
        frozen = self.read("frozen.json")
        if frozen["weights"] != self._digest():
            raise RunError(f"The weights in {self.root} are not those that were frozen.")
        return frozen

    def record_test_evaluation(self, release: str, split: str, what: str) -> int:
        """Count an evaluation on the held-out test set before it is done; how many that makes."""
        line = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "release": release,
            "split": split,
            "what": what,
        }
        self.test_evaluations()  # so that nothing is added to what cannot be counted
        with self.path("test_evaluations.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")
        return len(self.test_evaluations())

    def test_evaluations(self) -> list[dict[str, Any]]:
        """All that were counted, oldest first. Raises RunError where they cannot be read."""
        path = self.path("test_evaluations.jsonl")
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


def current_keys(value: dict[str, Any]) -> dict[str, Any]:
    """A JSON object of a run with the keys of today in place of those of earlier versions."""
    return {OLD_KEYS.get(key, key): each for key, each in value.items()}


def _json(value: Any, name: str, ensure_ascii: bool = False, indent: int | None = None) -> str:
    """What is written of a run: never a NaN or an infinity, which no result is (and no JSON)."""
    try:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, allow_nan=False)
    except ValueError as error:
        raise NonFiniteError(
            f"{name} is not written: a figure in it is no number ({error})."
        ) from error


def _lines(text: str) -> list[str]:
    """Whole lines; `splitlines` would split at other separators as well."""
    return text.split("\n")[:-1]


def is_same(stored: Any, given: Any) -> bool:
    """Whether two are equal; a field that an earlier version did not have yet does not count."""
    if isinstance(stored, dict) and isinstance(given, dict):
        return all(stored[key] == given.get(key) for key in stored)
    return bool(stored == given)


def find_runs(root: Path) -> list[RunDirectory]:
    """The run of a directory, or those of its seeds. Raises RunError where there is none."""
    if (root / "meta.json").exists():
        return [RunDirectory(root)]
    seeds = [p for p in root.glob("seed-*/meta.json") if p.parent.name[5:].isdecimal()]
    if not seeds:
        raise RunError(f"{root} holds no run, nor seed-1, seed-2 and so on.")
    ordered = sorted(seeds, key=lambda p: int(p.parent.name[5:]))
    return [RunDirectory(path.parent) for path in ordered]
