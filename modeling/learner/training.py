"""The training loop: steps, epochs, early stopping."""

import math
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from modeling.learner.batches import DialogueBatch
from modeling.learner.checkpoints import Checkpointer, Progress, learned_state, on_cpu, restore
from modeling.learner.losses import Objective
from modeling.learner.networks.tuned_encoders import TunedEncoder
from modeling.learner.numeric_checks import NonFiniteError
from modeling.learner.recipes import GRADIENT_METHODS, Recipe, RecipeError
from modeling.learner.run_directory import Emit

MIN_GAIN = 1e-3  # in macro-F1, for an epoch to be better
MAX_GRADIENT_NORM = 1.0
NAMED_DIALOGUES = 5  # of a batch, in an error message
ADVICE = (
    "Take a lower learning_rate, precision fp32 or other features, and another directory or"
    " --restart."
)


class TrainingModule(nn.Module):
    """A network with its objective, as one module."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: DialogueBatch) -> tuple[Tensor | None, dict[str, Tensor]]:
        """What is minimised, None where the batch holds no label, and its parts."""
        return self.objective(self.model(batch), batch)


Orders = Callable[[int], Sequence[Sequence[int]]]


def fit(
    module: TrainingModule,
    orders: Orders,
    batch: Callable[[Sequence[int]], DialogueBatch],
    score: Callable[[], dict[str, float]],
    emit: Emit,
    checkpointer: Checkpointer | None = None,
    accelerator: Accelerator | None = None,
    network: nn.Module | None = None,
) -> tuple[dict[str, Tensor], int]:
    """Train until `score` (macro-F1 by task, on the validation set) has not risen for
    `recipe.patience` epochs; the parameters of the best epoch, and which it was.

    `orders(epoch)` gives the numbers of dialogues of each batch and depends on nothing else,
    `batch` makes tensors of them. Of several processes each takes every so many-th batch; where the
    batches of an epoch do not come out even, its first ones are repeated. `recipe.accumulation`
    batches of a process make a step. `network` is the module in another
    form (compiled). Raises Interrupted, and NonFiniteError naming step and dialogues where a loss
    or a gradient is not finite.
    """
    recipe = module.objective.recipe
    world = accelerator.num_processes if accelerator else 1
    rank = accelerator.process_index if accelerator else 0
    if world > 1 and recipe.weighting in GRADIENT_METHODS:
        raise RecipeError(f"weighting {recipe.weighting!r} works on one process only.")
    optimiser = torch.optim.AdamW(parameter_groups(module, recipe))
    rates = [group["lr"] for group in optimiser.param_groups]  # the highest of each
    progress, best_state = Progress(), on_cpu(learned_state(module.model))
    if checkpointer and checkpointer.resumed:
        progress, best_state = restore(checkpointer.resumed, module, optimiser, rank)
    network = module if network is None else network
    if accelerator and world > 1:
        network = accelerator.prepare_model(network)
    step = _TrainingStep(module, network, optimiser, recipe.precision == "bf16", accelerator)
    clock = time.monotonic() - progress.seconds
    while progress.epoch <= recipe.epochs:
        module.train()
        order = list(orders(progress.epoch))
        order += order[: -len(order) % world]
        own = order[rank::world]
        # batches of each step; those of the last one may be fewer
        own_steps = [
            own[i : i + recipe.accumulation] for i in range(0, len(own), recipe.accumulation)
        ]
        while progress.step < len(own_steps):
            progress.seconds = time.monotonic() - clock
            if checkpointer:
                checkpointer.save_if_due(progress, module, optimiser, best_state, accelerator)
            current, step_losses = [batch(each) for each in own_steps[progress.step]], {}
            share = rate_share(recipe, progress.epoch, progress.step, len(own_steps))
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * share
            try:
                step_losses = step(current)
            except NonFiniteError as error:
                raise NonFiniteError(
                    f"Epoch {progress.epoch}, step {progress.step + 1} of {len(own_steps)},"
                    f" learning rate {optimiser.param_groups[0]['lr']:g}: {error} in the batch of"
                    f" {_dialogue_names(current)}. Nothing of it is kept as a result. {ADVICE}"
                ) from error
            for name, loss in step_losses.items():
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
                "validation_macro_f1": scores,
                "seconds": round(time.monotonic() - clock, 2),
                "used": resource_usage(),
            }
        )
        if mean > progress.best + MIN_GAIN:
            progress.best, progress.best_epoch = mean, progress.epoch
            best_state = on_cpu(learned_state(module.model))
        elif progress.epoch - progress.best_epoch >= recipe.patience:
            break
        if recipe.minutes and time.monotonic() - clock > 60 * recipe.minutes:
            break
        progress.epoch, progress.step, progress.sums = progress.epoch + 1, 0, {}
    return best_state, progress.best_epoch


def parameter_groups(module: TrainingModule, recipe: Recipe) -> list[dict[str, Any]]:
    """What AdamW takes: a group of all parameters of the network, and of each encoder that is tuned
    those by learning rate and weight decay.
    """
    tuned = [each for each in module.modules() if isinstance(each, TunedEncoder)]
    theirs = {id(p) for encoder in tuned for p in encoder.network.parameters()}
    own = [p for p in module.parameters() if id(p) not in theirs]
    groups: list[dict[str, Any]] = [
        {"params": own, "lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    ]
    for encoder in tuned:
        for (rate, decay), parameters in encoder.learning_rates(recipe.weight_decay).items():
            groups.append({"params": parameters, "lr": rate, "weight_decay": decay})
    return groups


def rate_share(recipe: Recipe, epoch: int, step: int, steps: int) -> float:
    """Share of its learning rate that counts in a step (from 0) of an epoch (from 1) of so many
    `steps`: the same after a resumption.

    It rises evenly over the first `recipe.warmup` of all steps; "cosine" then falls as the half of
    a cosine, to nothing after the last epoch (Loshchilov & Hutter 2017, without restarts).
    """
    done = (epoch - 1) * steps + step
    total = recipe.epochs * steps
    rising = recipe.warmup * total
    if done + 1 < rising:
        return (done + 1) / rising
    if recipe.schedule == "constant":
        return 1.0
    share = (done - rising) / max(1.0, total - rising)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, share))))


def _check_losses(losses: Mapping[str, float]) -> None:
    """Raises NonFiniteError naming the first task whose loss is not finite."""
    for name, loss in losses.items():
        if not math.isfinite(loss):
            raise NonFiniteError(f"the loss of {name} is {loss}")


def _dialogue_names(batches: Sequence[DialogueBatch]) -> str:
    names = [name for batch in batches for name in batch.dialogues or batch.ids]
    more = f" and {len(names) - NAMED_DIALOGUES} more" if len(names) > NAMED_DIALOGUES else ""
    return ", ".join(names[:NAMED_DIALOGUES]) + more


@dataclass
class _TrainingStep:
    """One step of the optimiser."""

    module: TrainingModule
    network: nn.Module  # the module, perhaps compiled, perhaps one of several
    optimiser: torch.optim.Optimizer
    half: bool
    accelerator: Accelerator | None

    def __post_init__(self) -> None:
        recipe = self.module.objective.recipe
        self.balance = None
        if recipe.weighting in GRADIENT_METHODS:
            # TorchJD takes half a second to import, and few recipes need it
            from modeling.learner.gradient_aggregation import GradientAggregation

            self.balance = GradientAggregation(recipe.weighting)
        # separate networks are clipped one by one: nothing couples their gradients
        model = self.module.model
        self.alone = list(getattr(model, "models", {}).values()) or [model]

    def __call__(self, batches: Sequence[DialogueBatch]) -> dict[str, float]:
        """The losses by name, of the mean of batches; nothing is learned from one without a label,
        and no step is taken where none has any.
        """
        self.optimiser.zero_grad()
        found: dict[str, list[Tensor]] = {}
        for batch in batches:
            with torch.autocast(batch.index.device.type, torch.bfloat16, enabled=self.half):
                parts = self._gradients(batch, 1 / len(batches))
            for name, loss in (parts or {}).items():
                found.setdefault(name, []).append(loss.detach().float())
        if not found:
            return {}
        norms = [
            torch.nn.utils.clip_grad_norm_(part.parameters(), MAX_GRADIENT_NORM)
            for part in self.alone
        ]
        # one transfer from the device for all of them
        means = [torch.stack(each).mean() for each in found.values()]
        values = torch.stack([*means, *(norm.float() for norm in norms)]).tolist()
        losses = dict(zip(found, values))
        _check_losses(losses)
        if not all(map(math.isfinite, values[len(losses) :])):
            raise NonFiniteError("the gradients are no numbers, though the losses are,")
        self.optimiser.step()
        return losses

    def _gradients(self, batch: DialogueBatch, share: float) -> dict[str, Tensor] | None:
        """Add `share` of the gradients of a batch; its losses by name."""
        if self.balance:
            objective = self.module.objective
            terms = objective.terms(self.module.model(batch), batch)
            if not terms.parts:
                return None
            _check_losses({name: loss.item() for name, loss in terms.parts.items()})
            self.balance.backward(terms, objective.recipe.relation_weight)
            return terms.parts
        total, parts = self.network(batch)
        several = self.accelerator and self.accelerator.num_processes > 1
        if total is None and not several:
            return None
        if several:  # every process must reach every parameter, whatever its labels are
            nothing = torch.stack([p.sum() for p in self.module.parameters()]).sum() * 0
            total = nothing if total is None else total + nothing
        (share * total).backward()
        return parts


def resource_usage() -> dict[str, float]:
    """Of this process so far: CPU seconds, peak memory in MB, and peak memory of a GPU in MB."""
    process = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1024**2 if sys.platform == "darwin" else 1024
    usage = {
        "cpu": round(process.ru_utime + process.ru_stime, 1),
        "memory": round(process.ru_maxrss / unit),
    }
    if torch.cuda.is_available():
        usage["gpu_memory"] = round(torch.cuda.max_memory_allocated() / 1024**2)
    return usage
