"""The loop: steps, epochs, early stopping, and checkpoints from which it goes on exactly."""

import math
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor, nn

from modeling.learner.batches import DialogueBatch
from modeling.learner.finite import NotFinite
from modeling.learner.losses import Objective
from modeling.learner.recipes import GRADIENTS, RecipeError
from modeling.learner.rundir import Emit, RunDirectory

MIN_GAIN = 1e-3
CLIP = 1.0  # norm of a gradient
NAMED = 5  # dialogues of a batch that a sentence names
ADVICE = (
    "Take a lower learning_rate, precision fp32 or other features, and another directory or --anew."
)


class Interrupted(Exception):
    """The run was asked to stop."""


class Learner(nn.Module):
    """A network and what it is trained on, as one module."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: DialogueBatch) -> tuple[Tensor | None, dict[str, Tensor]]:
        """What is minimised, None where the batch holds no label, and its parts."""
        return self.objective(self.model(batch), batch)


@dataclass
class Progress:
    """Where a run is: the next step of which epoch, and the best so far."""

    epoch: int = 1
    step: int = 0
    sums: dict[str, list[float]] = field(default_factory=dict)
    best: float = -1.0
    best_epoch: int = 0
    seconds: float = 0.0


class StopSignal:
    """Remembers that SIGTERM came, so that the run can end between two steps."""

    def __init__(self) -> None:
        self.received = False
        signal.signal(signal.SIGTERM, self._remember)

    def _remember(self, *_: object) -> None:
        self.received = True

    def check(self) -> None:
        if self.received:
            raise Interrupted


@dataclass
class Keeper:
    """Keeps a checkpoint every so many seconds, and one when the run is asked to stop."""

    run: RunDirectory
    stop: StopSignal
    every: float
    resumed: dict[str, Any] | None = None
    last: float = field(default_factory=time.monotonic)


Orders = Callable[[int], Sequence[Sequence[int]]]


def fit(
    learner: Learner,
    orders: Orders,
    batch: Callable[[Sequence[int]], DialogueBatch],
    score: Callable[[], dict[str, float]],
    emit: Emit,
    keeper: Keeper | None = None,
    accelerator: Accelerator | None = None,
    network: nn.Module | None = None,
) -> tuple[dict[str, Tensor], int]:
    """Train until `score` (by task, on what selects) has not risen for `recipe.patience` epochs;
    the parameters of the best epoch, and which it was.

    `orders(epoch)` gives the numbers of dialogues of each step and depends on nothing else, `batch`
    makes tensors of them. Of several processes each takes every so many-th step; an epoch's last
    steps start anew from its first where they do not come out even. `network` is the learner in
    another form (compiled). Raises Interrupted, and NotFinite naming step and dialogues where a
    loss or a gradient is none.
    """
    recipe = learner.objective.recipe
    world = accelerator.num_processes if accelerator else 1
    rank = accelerator.process_index if accelerator else 0
    if world > 1 and recipe.weighting in GRADIENTS:
        raise RecipeError(f"weighting {recipe.weighting!r} works on one process only.")
    optimiser = torch.optim.AdamW(
        learner.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    progress, best_state = Progress(), _state(learner.model)
    if keeper and keeper.resumed:
        progress, best_state = _resume(keeper.resumed, learner, optimiser, rank)
    network = learner if network is None else network
    if accelerator and world > 1:
        network = accelerator.prepare_model(network)
    step = _Step(learner, network, optimiser, recipe.precision == "bf16", accelerator)
    clock = time.monotonic() - progress.seconds
    while progress.epoch <= recipe.epochs:
        learner.train()
        order = list(orders(progress.epoch))
        order += order[: -len(order) % world]
        mine = order[rank::world]
        while progress.step < len(mine):
            progress.seconds = time.monotonic() - clock
            if keeper:
                _keep(keeper, progress, learner, optimiser, best_state, accelerator)
            told, taken = batch(mine[progress.step]), {}
            try:
                taken = step(told)
            except NotFinite as error:
                raise NotFinite(
                    f"Epoch {progress.epoch}, step {progress.step + 1} of {len(mine)}, learning"
                    f" rate {recipe.learning_rate:g}: {error} in the batch of {_named(told)}."
                    f" Nothing of it is kept as a result. {ADVICE}"
                ) from error
            for name, loss in taken.items():
                progress.sums.setdefault(name, []).append(loss)
            progress.step += 1
        scores = score()
        wanted = list(scores.values()) if recipe.stops_on == "mean" else [scores[recipe.stops_on]]
        mean = float(np.mean(wanted)) if wanted else 0.0
        losses = {name: float(np.mean(values)) for name, values in progress.sums.items()}
        emit(
            {
                "event": "epoch",
                "epoch": progress.epoch,
                "epochs": recipe.epochs,
                "loss": float(np.mean(list(losses.values()))) if losses else None,
                "losses": losses,
                "selection_macro_f1": scores,
                "seconds": round(time.monotonic() - clock, 2),
                "used": _used(),
            }
        )
        if mean > progress.best + MIN_GAIN:
            progress.best, progress.best_epoch = mean, progress.epoch
            best_state = _state(learner.model)
        elif progress.epoch - progress.best_epoch >= recipe.patience:
            break
        if recipe.minutes and time.monotonic() - clock > 60 * recipe.minutes:
            break
        progress.epoch, progress.step, progress.sums = progress.epoch + 1, 0, {}
    return best_state, progress.best_epoch


def _check(losses: Mapping[str, float]) -> None:
    """Raises NotFinite naming the first task whose loss is none."""
    for name, loss in losses.items():
        if not math.isfinite(loss):
            raise NotFinite(f"the loss of {name} is {loss}")


def _named(batch: DialogueBatch) -> str:
    names = batch.dialogues or batch.ids
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


@dataclass
class _Step:
    """One step of the optimiser."""

    learner: Learner
    network: nn.Module  # the learner, perhaps compiled, perhaps one of several
    optimiser: torch.optim.Optimizer
    half: bool
    accelerator: Accelerator | None

    def __post_init__(self) -> None:
        recipe = self.learner.objective.recipe
        self.balance = None
        if recipe.weighting in GRADIENTS:
            from modeling.learner.gradients import GradientBalance

            self.balance = GradientBalance(recipe.weighting)
        # separate networks are clipped one by one: nothing couples their gradients
        model = self.learner.model
        self.alone = list(getattr(model, "models", {}).values()) or [model]

    def __call__(self, batch: DialogueBatch) -> dict[str, float]:
        """The losses by name; nothing is learned from a batch without a label."""
        self.optimiser.zero_grad()
        with torch.autocast(batch.index.device.type, torch.bfloat16, enabled=self.half):
            parts = self._gradients(batch)
        if parts is None:
            return {}
        norms = [torch.nn.utils.clip_grad_norm_(part.parameters(), CLIP) for part in self.alone]
        # one transfer from the device for all of them
        told = [loss.detach().float() for loss in parts.values()]
        values = torch.stack([*told, *(norm.float() for norm in norms)]).tolist()
        losses = dict(zip(parts, values))
        _check(losses)
        if not all(map(math.isfinite, values[len(losses) :])):
            raise NotFinite("the gradients are no numbers, though the losses are,")
        self.optimiser.step()
        return losses

    def _gradients(self, batch: DialogueBatch) -> dict[str, Tensor] | None:
        if self.balance:
            objective = self.learner.objective
            terms = objective.terms(self.learner.model(batch), batch)
            if not terms.parts:
                return None
            _check({name: loss.item() for name, loss in terms.parts.items()})
            self.balance.backward(terms, objective.recipe.relation_weight)
            return terms.parts
        total, parts = self.network(batch)
        several = self.accelerator and self.accelerator.num_processes > 1
        if total is None and not several:
            return None
        if several:  # every process must reach every parameter, whatever its labels are
            nothing = torch.stack([p.sum() for p in self.learner.parameters()]).sum() * 0
            total = nothing if total is None else total + nothing
        total.backward()
        return parts


def _keep(
    keeper: Keeper,
    progress: Progress,
    learner: Learner,
    optimiser: torch.optim.Optimizer,
    best_state: dict[str, Tensor],
    accelerator: Accelerator | None,
) -> None:
    """Store a checkpoint where one is due or the run is to stop; raises Interrupted then."""
    stop, due = keeper.stop.received, time.monotonic() - keeper.last > keeper.every
    several = accelerator is not None and accelerator.num_processes > 1
    if accelerator is not None and several:
        flags = torch.tensor([float(stop), float(due)], device=accelerator.device)
        flags = accelerator.reduce(flags, "sum")
        stop, due = bool(flags[0] > 0), bool(flags[1] > 0)
    if not stop and not due:
        return
    random = [_random_state()]
    if several:
        random = gather_object(random)
    if accelerator is None or accelerator.is_main_process:
        keeper.run.keep(
            {
                "progress": asdict(progress),
                "learner": learner.state_dict(),
                "optimiser": optimiser.state_dict(),
                "best_state": best_state,
                "random": random,
            }
        )
    keeper.last = time.monotonic()
    if stop:
        raise Interrupted


def _resume(
    state: dict[str, Any], learner: Learner, optimiser: torch.optim.Optimizer, rank: int
) -> tuple[Progress, dict[str, Tensor]]:
    if rank >= len(state["random"]):
        raise RecipeError(
            f"The checkpoint is one of {len(state['random'])} processes; go on with as many."
        )
    learner.load_state_dict(state["learner"])
    optimiser.load_state_dict(state["optimiser"])
    random = state["random"][rank]
    torch.set_rng_state(random["cpu"])
    if torch.cuda.is_available() and "cuda" in random:
        torch.cuda.set_rng_state(random["cuda"])
    return Progress(**state["progress"]), state["best_state"]


def _used() -> dict[str, float]:
    """Of this process so far: CPU seconds, the most memory in MB, and of a GPU's."""
    mine = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1024**2 if sys.platform == "darwin" else 1024
    found = {"cpu": round(mine.ru_utime + mine.ru_stime, 1), "memory": round(mine.ru_maxrss / unit)}
    if torch.cuda.is_available():
        found["gpu_memory"] = round(torch.cuda.max_memory_allocated() / 1024**2)
    return found


def _random_state() -> dict[str, Tensor]:
    found = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda.get_rng_state()
    return found


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
