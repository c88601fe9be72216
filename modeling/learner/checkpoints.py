"""Checkpoints of the training loop: when they are written, and how training resumes from one.

checkpoint.pt of a run directory holds the progress, the parameters, the state of the optimiser, the
parameters of the best epoch so far, the state of the random generators of each process, and how
many events the run had reported.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pickle import UnpicklingError
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor, nn

from modeling.learner.recipes import RecipeError
from modeling.learner.run_directory import RunDirectory, RunError
from modeling.learner.stop_signal import Interrupted, StopSignal

FILE = "checkpoint.pt"
CHECKPOINT_KEYS = {"progress", "learner", "optimiser", "best_state", "random", "events"}


@dataclass
class Progress:
    """Where a run is: the next step of which epoch, and the best so far."""

    epoch: int = 1
    step: int = 0
    sums: dict[str, list[float]] = field(default_factory=dict)  # losses of the epoch's steps
    best: float = -1.0
    best_epoch: int = 0
    seconds: float = 0.0


@dataclass
class Checkpointer:
    """Writes a checkpoint every so many seconds, and one when the run is asked to stop."""

    run: RunDirectory
    stop: StopSignal
    seconds: float
    resumed: dict[str, Any] | None = None  # the checkpoint that training resumes from
    last: float = field(default_factory=time.monotonic)

    def save_if_due(
        self,
        progress: Progress,
        module: nn.Module,
        optimiser: torch.optim.Optimizer,
        best_state: dict[str, Tensor],
        accelerator: Accelerator | None,
    ) -> None:
        """Write a checkpoint where one is due or the run is to stop; raises Interrupted then.

        Of several processes all must call it: they agree on whether one is due.
        """
        stop, due = self.stop.received, time.monotonic() - self.last > self.seconds
        distributed = accelerator is not None and accelerator.num_processes > 1
        if accelerator is not None and distributed:
            flags = torch.tensor([float(stop), float(due)], device=accelerator.device)
            flags = accelerator.reduce(flags, "sum")
            stop, due = bool(flags[0] > 0), bool(flags[1] > 0)
        if not stop and not due:
            return
        random_states = [_random_state()]
        if distributed:
            random_states = gather_object(random_states)
        if accelerator is None or accelerator.is_main_process:
            state = {
                "progress": asdict(progress),
                "learner": learned_state(module),
                "optimiser": optimiser.state_dict(),
                "best_state": best_state,
                "random": random_states,
            }
            write_checkpoint(self.run, state)
        self.last = time.monotonic()
        if stop:
            raise Interrupted


def begin_or_resume(
    run: RunDirectory, meta: dict[str, Any], restart: bool = False
) -> dict[str, Any] | None:
    """Take the directory for a run; the checkpoint that training resumes from, or None.

    Events that were reported after the checkpoint are removed: they will be reported again. Raises
    RunError if the directory holds another run, or a damaged checkpoint.
    """
    run.begin(meta, restart)
    state = read_checkpoint(run)
    run.rewind_events(state["events"] if state else 0)
    return state


def write_checkpoint(run: RunDirectory, state: dict[str, Any]) -> None:
    """Store a checkpoint, safe against being killed or losing power in the middle."""
    with run.whole_file(FILE) as partial, partial.open("wb") as stream:
        torch.save({**state, "events": run.event_count}, stream)
        stream.flush()
        os.fsync(stream.fileno())


def read_checkpoint(run: RunDirectory) -> dict[str, Any] | None:
    """The checkpoint of a run; None where there is none. Raises RunError for a damaged one."""
    path = run.path(FILE)
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if not set(state) >= CHECKPOINT_KEYS:
            raise ValueError("it lacks what a checkpoint has")
    except (EOFError, TypeError, ValueError, RuntimeError, UnpicklingError) as error:
        raise RunError(
            f"{path} is damaged; begin the run again with --restart, or in another directory."
        ) from error
    return state


def restore(
    state: dict[str, Any], module: nn.Module, optimiser: torch.optim.Optimizer, rank: int
) -> tuple[Progress, dict[str, Tensor]]:
    """Load a checkpoint into the module, the optimiser and the random generators of the process
    `rank`; the progress, and the parameters of the best epoch so far.

    Raises RecipeError where the checkpoint is one of fewer processes.
    """
    if rank >= len(state["random"]):
        raise RecipeError(
            f"The checkpoint is one of {len(state['random'])} processes; go on with as many."
        )
    load_learned(module, state["learner"])
    optimiser.load_state_dict(state["optimiser"])
    random_state = state["random"][rank]
    torch.set_rng_state(random_state["cpu"])
    if torch.cuda.is_available() and "cuda" in random_state:
        torch.cuda.set_rng_state(random_state["cuda"])
    return Progress(**state["progress"]), state["best_state"]


def learned_state(module: nn.Module) -> dict[str, Tensor]:
    """All parameters that are learned, and buffers, by name: not the frozen ones of a pretrained
    network, which its directory holds.
    """
    frozen = _frozen(module)
    return {name: each for name, each in module.state_dict().items() if name not in frozen}


def load_learned(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load what `learned_state` gave. Raises RuntimeError where it is of another network."""
    found = module.load_state_dict(state, strict=False)
    missing = {*found.missing_keys} - _frozen(module)
    if missing or found.unexpected_keys:
        odd = sorted(missing) or sorted(found.unexpected_keys)
        words = "misses" if missing else "has besides"
        raise RuntimeError(f"It is the state of another network: it {words} {odd[0]}.")


def _frozen(module: nn.Module) -> set[str]:
    """Names of the parameters that are not learned."""
    return {name for name, each in module.named_parameters() if not each.requires_grad}


def on_cpu(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A copy that what is learned further does not change."""
    return {name: value.detach().cpu().clone() for name, value in state.items()}


def _random_state() -> dict[str, Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states
